//! `filestat` and the times in it.

use super::Layout;
use crate::GuestMemory;
use wayleave_system::fs::{FileKind, SetTime, Stat, Timestamp};
use wayleave_system::{ErrorCode, Result};

const NANOSECONDS: u64 = 1_000_000_000;

/// Stores a `filestat`:
///
/// ```text
///  0 dev   8 ino   16 filetype   L nlink   S size   S+8 atim   S+16 mtim   S+24 ctim   S+32
/// ```
///
/// where `L` and `S` depend on the version.
pub(super) fn store<L: Layout>(
    memory: &mut GuestMemory<'_>,
    address: u32,
    stat: &Stat,
) -> Result<()> {
    let mut bytes = [0; 64];
    let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(0, stat.device);
    put(8, stat.inode);
    put(L::FILESTAT_SIZE, stat.size);
    put(L::FILESTAT_SIZE + 8, nanoseconds(stat.accessed));
    put(L::FILESTAT_SIZE + 16, nanoseconds(stat.modified));
    put(L::FILESTAT_SIZE + 24, nanoseconds(stat.changed));
    bytes[16] = filetype(stat.kind);
    let width = L::FILESTAT_LINKS_BYTES;
    let widest = u64::MAX >> (64 - 8 * width);
    bytes[L::FILESTAT_LINKS..][..width]
        .copy_from_slice(&stat.links.min(widest).to_le_bytes()[..width]);
    memory.set(address, &bytes[..L::FILESTAT_SIZE + 32])
}

/// The `filetype` of a kind. FIFOs have none.
pub(super) fn filetype(kind: FileKind) -> u8 {
    match kind {
        FileKind::Unknown | FileKind::Fifo => 0,
        FileKind::BlockDevice => 1,
        FileKind::CharacterDevice => 2,
        FileKind::Directory => 3,
        FileKind::Regular => 4,
        FileKind::Socket => 6,
        FileKind::SymbolicLink => 7,
    }
}

/// Access and modification time from two timestamps and `fstflags`.
///
/// # Errors
/// [`Invalid`](ErrorCode::Invalid) when one is to be set in two ways, or a flag is unknown.
pub(super) fn times(accessed: u64, modified: u64, flags: u32) -> Result<(SetTime, SetTime)> {
    if flags > 0b1111 {
        return Err(ErrorCode::Invalid);
    }
    Ok((time(accessed, flags & 0b11)?, time(modified, flags >> 2)?))
}

fn time(nanoseconds: u64, flags: u32) -> Result<SetTime> {
    match flags {
        0b00 => Ok(SetTime::Keep),
        0b01 => Ok(SetTime::To(timestamp(nanoseconds))),
        0b10 => Ok(SetTime::Now),
        _ => Err(ErrorCode::Invalid),
    }
}

fn timestamp(nanoseconds: u64) -> Timestamp {
    Timestamp {
        seconds: (nanoseconds / NANOSECONDS).cast_signed(),
        nanoseconds: (nanoseconds % NANOSECONDS) as u32,
    }
}

/// Nanoseconds since 1970. 0.1 knows no time before that and none after 2554.
fn nanoseconds(timestamp: Timestamp) -> u64 {
    match u64::try_from(timestamp.seconds) {
        Ok(seconds) => {
            seconds.saturating_mul(NANOSECONDS).saturating_add(timestamp.nanoseconds.into())
        }
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_times_saturate() {
        let at = |seconds, nanos| nanoseconds(Timestamp { seconds, nanoseconds: nanos });
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(-1, 999_999_999), 0);
        assert_eq!(at(i64::MIN, 0), 0);
        assert_eq!(at(i64::MAX, 999_999_999), u64::MAX);
        assert_eq!(at(1, 2), 1_000_000_002);
        for nanos in [0, 1, u64::MAX] {
            assert_eq!(nanoseconds(timestamp(nanos)), nanos);
        }
    }

    #[test]
    fn each_time_is_set_in_one_way() {
        let one = Timestamp { seconds: 0, nanoseconds: 1 };
        assert_eq!(times(1, 2, 0), Ok((SetTime::Keep, SetTime::Keep)));
        assert_eq!(times(1, 2, 0b1001), Ok((SetTime::To(one), SetTime::Now)));
        for flags in [0b11, 0b1100, 0b1111, 0b10000, u32::MAX] {
            assert_eq!(times(1, 2, flags), Err(ErrorCode::Invalid), "{flags:b}");
        }
    }
}
