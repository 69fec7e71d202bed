//! Between the system's types and those of the interface.

use crate::p2::bindings::wasi::clocks::wall_clock::Datetime;
use crate::p2::bindings::wasi::filesystem::types::{
    Advice, DescriptorStat, DescriptorType, MetadataHashValue, NewTimestamp,
};
use wayleave_system::fs::{self, FileKind, SetTime, Stat, Timestamp};
use wayleave_system::{ErrorCode, Result};

pub(super) fn kind(kind: FileKind) -> DescriptorType {
    match kind {
        FileKind::Unknown => DescriptorType::Unknown,
        FileKind::BlockDevice => DescriptorType::BlockDevice,
        FileKind::CharacterDevice => DescriptorType::CharacterDevice,
        FileKind::Directory => DescriptorType::Directory,
        FileKind::Fifo => DescriptorType::Fifo,
        FileKind::Regular => DescriptorType::RegularFile,
        FileKind::Socket => DescriptorType::Socket,
        FileKind::SymbolicLink => DescriptorType::SymbolicLink,
    }
}

#[inline]
pub(super) fn stat(found: &Stat) -> DescriptorStat {
    DescriptorStat {
        r#type: kind(found.kind),
        link_count: found.links,
        size: found.size,
        data_access_timestamp: datetime(found.accessed),
        data_modification_timestamp: datetime(found.modified),
        status_change_timestamp: datetime(found.changed),
    }
}

/// Times before 1970 can not be told.
fn datetime(time: Timestamp) -> Option<Datetime> {
    let seconds = u64::try_from(time.seconds).ok()?;
    Some(Datetime { seconds, nanoseconds: time.nanoseconds })
}

pub(super) fn set_time(time: NewTimestamp) -> Result<SetTime> {
    Ok(match time {
        NewTimestamp::NoChange => SetTime::Keep,
        NewTimestamp::Now => SetTime::Now,
        NewTimestamp::Timestamp(Datetime { nanoseconds: 1_000_000_000.., .. }) => {
            return Err(ErrorCode::Invalid);
        }
        NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) => {
            let seconds = i64::try_from(seconds).map_err(|_| ErrorCode::Overflow)?;
            SetTime::To(Timestamp { seconds, nanoseconds })
        }
    })
}

pub(super) fn advice(advice: Advice) -> fs::Advice {
    match advice {
        Advice::Normal => fs::Advice::Normal,
        Advice::Sequential => fs::Advice::Sequential,
        Advice::Random => fs::Advice::Random,
        Advice::WillNeed => fs::Advice::WillNeed,
        Advice::DontNeed => fs::Advice::DontNeed,
        Advice::NoReuse => fs::Advice::NoReuse,
    }
}

/// Which file it is, and nothing of what is in it: C libraries make the file's number of it. Mixed,
/// so that the host's own numbers do not show.
pub(super) fn hash(file: FileNumber) -> MetadataHashValue {
    let FileNumber { device, inode } = file;
    MetadataHashValue {
        lower: mix(mix(inode) ^ device),
        upper: mix(mix(device).wrapping_add(inode)),
    }
}

/// What tells a file from all others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileNumber {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl From<&Stat> for FileNumber {
    fn from(stat: &Stat) -> Self {
        Self { device: stat.device, inode: stat.inode }
    }
}

/// The finishing steps of SplitMix64: one to one, so that different numbers stay different.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
