//! Records as guests lay them out.

use super::Version;

/// A list of buffers: address and length of each.
pub(crate) fn iovecs(buffers: &[(u32, u32)]) -> Vec<u8> {
    buffers.iter().flat_map(|(at, len)| [at.to_le_bytes(), len.to_le_bytes()].concat()).collect()
}

/// What `poll_oneoff` waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subscription {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

impl Subscription {
    /// A time from now on the monotonic clock.
    pub(crate) fn after(timeout: u64) -> Self {
        Self::Clock { id: 1, timeout, absolute: false }
    }

    /// As the guest writes it.
    pub(crate) fn bytes(self, version: Version, userdata: u64) -> Vec<u8> {
        let (size, clock) = match version {
            Version::Snapshot1 => (48, 16),
            Version::Unstable => (56, 24),
        };
        // What is not set is noise: the host must not look at it.
        let mut bytes = vec![0xa5; size];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &userdata.to_le_bytes());
        match self {
            Self::Clock { id, timeout, absolute } => {
                put(8, &[0]);
                put(clock, &id.to_le_bytes());
                put(clock + 8, &timeout.to_le_bytes());
                put(clock + 16, &0u64.to_le_bytes());
                put(clock + 24, &u16::from(absolute).to_le_bytes());
            }
            Self::Read(fd) => {
                put(8, &[1]);
                put(16, &fd.to_le_bytes());
            }
            Self::Write(fd) => {
                put(8, &[2]);
                put(16, &fd.to_le_bytes());
            }
        }
        bytes
    }
}

/// What `poll_oneoff` says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) userdata: u64,
    pub(crate) error: u16,
    pub(crate) kind: u8,
    pub(crate) nbytes: u64,
    pub(crate) flags: u16,
}

impl Event {
    /// From the 32 bytes that the host writes.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self {
            userdata: u64::from_le_bytes(bytes[0..8].try_into().unwrap()),
            error: u16::from_le_bytes(bytes[8..10].try_into().unwrap()),
            kind: bytes[10],
            nbytes: u64::from_le_bytes(bytes[16..24].try_into().unwrap()),
            flags: u16::from_le_bytes(bytes[24..26].try_into().unwrap()),
        }
    }
}
