use std::io;

/// Why something could not be recorded or replayed. Each is one line for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("not a recording of a program")]
    NotARecording,
    /// Its format is of another version.
    #[error("a recording in format {found}; this version reads format {known}: record it again")]
    Version {
        /// The version of the recording.
        found: u32,
        /// What is known here.
        known: u32,
    },
    /// It is not what was written.
    #[error("the recording is damaged at byte {offset}")]
    Damaged {
        /// Where that was noticed.
        offset: u64,
    },
    /// It ends in the middle: whoever wrote it was killed, or it is not the whole file.
    #[error("the recording is cut off after {bytes} bytes: the program's end is not in it")]
    CutOff {
        /// How much of it is good.
        bytes: u64,
    },
    /// It is of another program.
    #[error(
        "the recording is of another program: of one with the hash {recorded}, and this has {found}"
    )]
    OtherProgram {
        /// The recorded program's hash.
        recorded: String,
        /// The hash of the one given.
        found: String,
    },
    /// The program does not do again what it did.
    #[error("the program strays from the recording at call {call}: recorded {recorded}, now {now}")]
    Strayed {
        /// Which call, counted from 1.
        call: u64,
        /// What the recording has there.
        recorded: String,
        /// What the program does instead.
        now: String,
    },
    /// The program may use more than is usual.
    #[error(
        "the recorded program may use {recorded} {what}, and a replay is given no more than {most}"
    )]
    Limits {
        /// What of.
        what: &'static str,
        /// The recorded limit.
        recorded: usize,
        /// What is usual.
        most: usize,
    },
    /// The time for the replay is used up.
    #[error("the replay was ended, as its time is used up")]
    TimedOut,
    /// What the program writes could not be shown.
    #[error("what the program wrote can not be written: {0}")]
    Output(wayleave_system::ErrorCode),
    /// The guest was given what can not be recorded.
    #[error("{what} can not be recorded yet: take it away, or do not record")]
    NotRecordable {
        /// What that is.
        what: &'static str,
    },
}
