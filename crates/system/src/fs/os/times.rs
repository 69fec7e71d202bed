use super::{OsDir, stat};
use crate::fs::SetTime;
use crate::fs::path::GuestPath;
use crate::{ErrorCode, Result};
use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

const SECOND: u32 = 1_000_000_000;

pub(super) fn set_times_at(
    dir: &OsDir,
    path: GuestPath<'_>,
    follow: bool,
    times: &Timestamps,
) -> Result<()> {
    let place = if follow || path.slash { dir.followed(&path) } else { dir.parent(&path) }?;
    if place.slash {
        stat::check_slash(stat::stat_name(&place.folder, place.name())?, true)?;
    }
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    Ok(rustix::fs::utimensat(&place.folder, place.name(), times, flags)?)
}

/// # Errors
/// `Invalid` for a second or more of nanoseconds. The system moves seconds that its file system
/// can not hold to the nearest that it can.
pub(super) fn timestamps(accessed: SetTime, modified: SetTime) -> Result<Timestamps> {
    Ok(Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? })
}

fn timespec(time: SetTime) -> Result<Timespec> {
    match time {
        SetTime::Keep => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }),
        SetTime::Now => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        // More would include the two special values above.
        SetTime::To(time) if time.nanoseconds >= SECOND => Err(ErrorCode::Invalid),
        SetTime::To(time) => {
            Ok(Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() })
        }
    }
}
