use crate::Stream;
use std::net::SocketAddr;
use std::path::PathBuf;
use wayleave_system::ErrorCode;

/// Why a grant was not given. One line for people: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text that is no folder grant.
    #[error(
        "folder grant {text:?}: {reason}; write HOST[::GUEST][::MODE], with ro, rw or overlay and \
         limits as MODE"
    )]
    Dir {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no grant of a file.
    #[error("file grant {text:?}: {reason}; write HOST[::GUEST][::ro]")]
    File {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no grant of a folder in memory.
    #[error("memory grant {text:?}: {reason}; write GUEST[::bytes=SIZE], or other limits")]
    Memory {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no grant of an image.
    #[error("image grant {text:?}: {reason}; write FILE::GUEST")]
    Image {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no variable, or a variable that the host does not have.
    #[error("environment grant {text:?}: {reason}")]
    Env {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no host for HTTP requests.
    #[error("HTTP grant {text:?}: {reason}; write HOST[:PORT], or * for every host")]
    Http {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An argument or variable with a NUL byte, which guests could not tell from its end.
    #[error("{what} contains a NUL byte")]
    Nul {
        /// Which one.
        what: String,
    },
    /// A folder that can not be opened.
    #[error("folder {} can not be granted: {code}", path.display())]
    OpenDir {
        /// The folder on the host.
        path: PathBuf,
        /// Why.
        code: ErrorCode,
    },
    /// A file that can not be opened.
    #[error("file {} can not be granted: {code}", path.display())]
    OpenFile {
        /// The file on the host.
        path: PathBuf,
        /// Why.
        code: ErrorCode,
    },
    /// An archive that can not be used as an image.
    #[error("image {} can not be granted: {reason}", path.display())]
    OpenImage {
        /// The archive on the host.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificates that can not be used.
    #[error("certificates of {}: {reason}", path.display())]
    Authorities {
        /// The file on the host.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder for the changes of an overlay that can not be used.
    #[error("folder {} can not hold the changes of an overlay: {reason}", path.display())]
    OverlayFolder {
        /// The folder on the host.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A guest path under which nothing can be granted.
    #[error("guest path {guest:?}: {reason}; grant it under another path")]
    GuestPath {
        /// The guest path.
        guest: String,
        /// Why.
        reason: String,
    },
    /// Text that is no stream grant.
    #[error("stream grant {text:?} is not understood; write inherit, null or file:PATH")]
    Stream {
        /// The text.
        text: String,
    },
    /// A file for a stream that can not be opened.
    #[error("file {} can not be used as {stream}: {code}", path.display())]
    OpenStream {
        /// Which stream.
        stream: Stream,
        /// The file on the host.
        path: PathBuf,
        /// Why.
        code: ErrorCode,
    },
    /// Two folders or files under one guest path.
    #[error("two grants are for {guest:?}; give one of them another guest path")]
    SameGuestPath {
        /// The guest path.
        guest: String,
    },
    /// An address that can not be listened on.
    #[error("can not listen on {address}: {code}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        code: ErrorCode,
    },
    /// A rule for addresses that makes no sense in this direction.
    #[error("network rule {text:?}: {reason}")]
    RuleDirection {
        /// The rule.
        text: String,
        /// Why it makes none.
        reason: String,
    },
    /// Text that is no rule for addresses.
    #[error(
        "network rule {text:?}: {reason}; write tcp://HOST:PORTS, udp://HOST:PORTS, http://HOST or \
         https://HOST"
    )]
    AddressRule {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no rule for names.
    #[error("name rule {text:?}: {reason}; write NAME, *.NAME or *")]
    NameRule {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no grant of clocks.
    #[error(
        "clock grant {text:?}: {reason}; write real, fixed:TIME, offset:DURATION or coarse:DURATION"
    )]
    Clock {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that is no grant of random numbers.
    #[error("random grant {text:?} is not understood; write secure, or seed:N with a whole number")]
    Random {
        /// The text.
        text: String,
    },
    /// Things that are asked for and do not go together.
    #[error("{reason}")]
    Contradiction {
        /// What, and what to do.
        reason: String,
    },
}
