use std::fmt;

/// Every call that there is: its number in the file, whether it may be kept back for a moment when
/// it is recorded, and what people are told.
macro_rules! ops {
    ($($name:ident = $number:literal, $quick:literal, $words:literal;)*) => {
        /// A call of a capability.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Op { $($name,)* }

        impl Op {
            pub(super) fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            pub(super) fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// Whether nothing is lost when it is not written at once: guests ask by the million,
            /// and change nothing by it.
            pub(super) fn is_quick(self) -> bool {
                match self { $(Self::$name => $quick,)* }
            }
        }

        impl fmt::Display for Op {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $words,)* })
            }
        }
    };
}

// 0 is the end.
ops! {
    Now = 1, true, "the time";
    Resolution = 2, true, "a clock's resolution";
    Random = 3, true, "random bytes";
    Wait = 4, false, "a wait";

    Read = 10, false, "a read";
    Write = 11, false, "a write";
    ReadAt = 12, false, "a read at an offset";
    WriteAt = 13, false, "a write at an offset";
    Seek = 14, true, "a seek";
    FileKind = 15, true, "the kind";
    FileStat = 16, true, "the metadata";
    SetSize = 17, false, "a change of size";
    Allocate = 18, false, "an allocation";
    Advise = 19, true, "advice on the use";
    SetFileTimes = 20, false, "a change of times";
    SyncFile = 21, false, "a sync";
    SetAppend = 22, true, "a change to append";
    Available = 23, true, "the bytes there";
    FileReadiness = 24, true, "the readiness";

    Open = 30, false, "the opening";
    StatAt = 31, true, "the metadata";
    SetTimesAt = 32, false, "a change of times";
    CreateDir = 33, false, "the making of a folder";
    RemoveDir = 34, false, "the removal of a folder";
    RemoveFile = 35, false, "the removal";
    Symlink = 36, false, "the making of a link";
    ReadLink = 37, true, "the text of a link";
    Rename = 38, false, "a new name";
    Link = 39, false, "a second name";
    DirStat = 40, true, "the metadata";
    SetDirTimes = 41, false, "a change of times";
    SyncDir = 42, false, "a sync";
    Entries = 43, true, "the entries";
    EntriesSeek = 44, true, "a place in the entries";
    Entry = 45, true, "an entry";

    Accept = 50, false, "the next connection";
    ListenerReadiness = 51, true, "the readiness of a listener";
    Receive = 52, false, "bytes received";
    Send = 53, false, "bytes sent";
    Shutdown = 54, false, "the end of a connection";
    ConnectionAvailable = 55, true, "the bytes there";
    ConnectionReadiness = 56, true, "the readiness of a connection";

    Tcp = 60, false, "a TCP socket";
    Udp = 61, false, "a UDP socket";
    Resolve = 62, false, "the look-up";
    Bind = 63, false, "the binding";
    Connect = 64, false, "the connecting";
    Connected = 65, false, "how connecting went";
    Listen = 66, false, "the listening";
    Room = 67, true, "the room to send";
    LocalAddress = 68, true, "the local address";
    RemoteAddress = 69, true, "the remote address";
    Option = 70, true, "an option";
    SetOption = 71, false, "a change of an option";
    ReceiveFrom = 72, false, "a datagram";
    SendTo = 73, false, "a datagram sent";
    UdpReadiness = 74, true, "the readiness of a socket";
    Addresses = 75, true, "the addresses";
    LookupReadiness = 76, true, "the readiness of a look-up";

    Request = 80, false, "the request";
    Response = 81, false, "the response";
    BodyRoom = 82, true, "the room in a body";
    BodyWrite = 83, false, "bytes of a body";
    BodyFlush = 84, true, "the flushing of a body";
    BodyFinish = 85, false, "the end of a body";
    BodyRead = 86, false, "a read of a body";
    BodyReadiness = 87, true, "the readiness of a body";
    BodyError = 88, true, "why a body failed";
    Trailers = 89, false, "the trailers";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_one_call_each() {
        let known: Vec<Op> = (0..=u8::MAX).filter_map(Op::from_number).collect();
        assert!(known.len() > 50);
        assert!(known.iter().all(|op| Op::from_number(op.number()) == Some(*op)));
        assert_eq!(Op::from_number(0), None);
    }
}
