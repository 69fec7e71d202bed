use rustix::io::Errno;

/// The result of a system operation.
pub type Result<T> = std::result::Result<T, ErrorCode>;

/// One table for everything that is known about an error: name, number, the operating system's
/// counterpart and the words for people.
macro_rules! error_codes {
    ($($name:ident = $number:literal, $os:ident, $words:literal;)*) => {
        /// Why a system operation failed: the errors that POSIX names, and
        /// [`NotCapable`](ErrorCode::NotCapable).
        ///
        /// The numbers are those of WASI 0.1's `errno` (the names in alphabetical order, from 1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[repr(u16)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", stringify!($os), "`: ", $words, ".")] #[error($words)] $name = $number,)*
            /// What was asked leaves what the handle grants: a path that leads out of its folder.
            #[error("not permitted by the handle's capabilities")]
            NotCapable = 76,
        }

        impl ErrorCode {
            /// The code of a number; `None` when no code has it.
            #[must_use]
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    76 => Some(Self::NotCapable),
                    _ => None,
                }
            }
        }

        impl From<Errno> for ErrorCode {
            #[allow(unreachable_patterns, reason = "some systems give two names one number")]
            fn from(errno: Errno) -> Self {
                match errno {
                    $(Errno::$os => Self::$name,)*
                    _ => Self::Io,
                }
            }
        }
    };
}

error_codes! {
    TooBig = 1, TOOBIG, "argument list too long";
    Access = 2, ACCESS, "permission denied";
    AddrInUse = 3, ADDRINUSE, "address in use";
    AddrNotAvailable = 4, ADDRNOTAVAIL, "address not available";
    AfNotSupported = 5, AFNOSUPPORT, "address family not supported";
    Again = 6, AGAIN, "resource unavailable, or operation would block";
    Already = 7, ALREADY, "connection already in progress";
    BadDescriptor = 8, BADF, "bad descriptor";
    BadMessage = 9, BADMSG, "bad message";
    Busy = 10, BUSY, "device or resource busy";
    Cancelled = 11, CANCELED, "operation cancelled";
    NoChild = 12, CHILD, "no child processes";
    ConnectionAborted = 13, CONNABORTED, "connection aborted";
    ConnectionRefused = 14, CONNREFUSED, "connection refused";
    ConnectionReset = 15, CONNRESET, "connection reset";
    Deadlock = 16, DEADLK, "resource deadlock would occur";
    DestinationRequired = 17, DESTADDRREQ, "destination address required";
    Domain = 18, DOM, "argument out of the function's domain";
    Quota = 19, DQUOT, "quota exceeded";
    Exists = 20, EXIST, "file exists";
    Fault = 21, FAULT, "bad address";
    FileTooBig = 22, FBIG, "file too large";
    HostUnreachable = 23, HOSTUNREACH, "host is unreachable";
    IdentifierRemoved = 24, IDRM, "identifier removed";
    IllegalSequence = 25, ILSEQ, "illegal byte sequence";
    InProgress = 26, INPROGRESS, "operation in progress";
    Interrupted = 27, INTR, "interrupted";
    Invalid = 28, INVAL, "invalid argument";
    Io = 29, IO, "input/output error";
    IsConnected = 30, ISCONN, "socket is connected";
    IsDirectory = 31, ISDIR, "is a directory";
    Loop = 32, LOOP, "too many levels of symbolic links";
    TooManyOpen = 33, MFILE, "too many open descriptors";
    TooManyLinks = 34, MLINK, "too many links";
    MessageTooBig = 35, MSGSIZE, "message too large";
    Multihop = 36, MULTIHOP, "multihop attempted";
    NameTooLong = 37, NAMETOOLONG, "file name too long";
    NetworkDown = 38, NETDOWN, "network is down";
    NetworkReset = 39, NETRESET, "connection aborted by the network";
    NetworkUnreachable = 40, NETUNREACH, "network unreachable";
    SystemTooManyOpen = 41, NFILE, "too many open files in the system";
    NoBuffers = 42, NOBUFS, "no buffer space available";
    NoDevice = 43, NODEV, "no such device";
    NoEntry = 44, NOENT, "no such file or folder";
    NotExecutable = 45, NOEXEC, "executable file format error";
    NoLock = 46, NOLCK, "no locks available";
    NoLink = 47, NOLINK, "link has been severed";
    NoMemory = 48, NOMEM, "not enough space";
    NoMessage = 49, NOMSG, "no message of the desired type";
    NoProtocolOption = 50, NOPROTOOPT, "protocol not available";
    NoSpace = 51, NOSPC, "no space left on device";
    NotSupportedCall = 52, NOSYS, "function not supported";
    NotConnected = 53, NOTCONN, "socket is not connected";
    NotDirectory = 54, NOTDIR, "not a directory";
    NotEmpty = 55, NOTEMPTY, "directory not empty";
    NotRecoverable = 56, NOTRECOVERABLE, "state not recoverable";
    NotSocket = 57, NOTSOCK, "not a socket";
    NotSupported = 58, NOTSUP, "not supported";
    NotTerminal = 59, NOTTY, "inappropriate control operation";
    NoSuchDevice = 60, NXIO, "no such device or address";
    Overflow = 61, OVERFLOW, "value too large";
    OwnerDead = 62, OWNERDEAD, "previous owner died";
    NotPermitted = 63, PERM, "operation not permitted";
    BrokenPipe = 64, PIPE, "broken pipe";
    Protocol = 65, PROTO, "protocol error";
    ProtocolNotSupported = 66, PROTONOSUPPORT, "protocol not supported";
    WrongProtocol = 67, PROTOTYPE, "wrong protocol type for socket";
    Range = 68, RANGE, "result too large";
    ReadOnly = 69, ROFS, "read-only file system";
    NotSeekable = 70, SPIPE, "invalid seek";
    NoProcess = 71, SRCH, "no such process";
    Stale = 72, STALE, "stale file handle";
    TimedOut = 73, TIMEDOUT, "timed out";
    TextBusy = 74, TXTBSY, "text file busy";
    CrossDevice = 75, XDEV, "cross-device link";
}

impl From<std::io::Error> for ErrorCode {
    fn from(error: std::io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => Self::Io,
        }
    }
}
