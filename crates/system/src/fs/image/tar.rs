use super::source::Source;
use super::tree::{About, Body, Contents, Folder, Members};
use super::{ImageError, MOST_TABLE};
use crate::fs::Timestamp;
use std::io;
use tar::{Archive, Entry, EntryType, Header};

/// Whether a file starts with the header of a member, or with none and nothing else.
pub(super) fn is_tar(start: &[u8]) -> bool {
    if start.len() < 512 {
        return false;
    }
    if start.iter().all(|byte| *byte == 0) {
        return true;
    }
    let checksum = Header::from_byte_slice(start).cksum();
    // With the checksum itself read as spaces.
    let sum: u32 = start.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    let own: u32 = start[148..156].iter().map(|byte| u32::from(*byte)).sum();
    checksum.is_ok_and(|checksum| checksum == sum - own)
}

/// The members of a tar file.
pub(super) fn members(source: &Source) -> Result<Members, ImageError> {
    let mut members = Members::new();
    let mut archive = Archive::new(source.counted(MOST_TABLE));
    let result = read(&mut archive, source, &mut members);
    if archive.into_inner().is_used_up() {
        let megabytes = MOST_TABLE >> 20;
        return Err(ImageError::TooMuch(format!("more than {megabytes} MiB of headers")));
    }
    result.map(|()| members)
}

fn read<R: io::Read + io::Seek>(
    archive: &mut Archive<R>,
    source: &Source,
    members: &mut Members,
) -> Result<(), ImageError> {
    for entry in archive.entries_with_seek().map_err(damaged)? {
        add(&mut entry.map_err(damaged)?, source, members)?;
    }
    Ok(())
}

fn add<R: io::Read>(
    entry: &mut Entry<'_, R>,
    source: &Source,
    members: &mut Members,
) -> Result<(), ImageError> {
    let extensions = Extensions::of(entry)?;
    let path = entry.path_bytes().into_owned();
    let kind = entry.header().entry_type();
    if kind == EntryType::GNUSparse || extensions.sparse {
        return Err(ImageError::member(&path, "is a sparse file; pack it without --sparse"));
    }
    let seconds = entry.header().mtime().unwrap_or_default();
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let modified = extensions.modified.unwrap_or(Timestamp { seconds, nanoseconds: 0 });
    let mode = entry.header().mode().ok();
    let permissions = mode.and_then(|mode| u16::try_from(mode & 0o777).ok());
    let about = About { modified, permissions };
    let target = || {
        let name = entry.link_name_bytes().filter(|name| !name.is_empty());
        name.ok_or_else(|| ImageError::member(&path, "is a link to nothing"))
    };
    match kind {
        EntryType::Directory => members.add(&path, Body::Folder(Folder::default()), about),
        // Before there were folders of their own.
        EntryType::Regular if path.ends_with(b"/") => {
            members.add(&path, Body::Folder(Folder::default()), about)
        }
        EntryType::Regular | EntryType::Continuous => {
            let (start, size) = (entry.raw_file_position(), entry.size());
            if !source.holds(start, size) {
                return Err(ImageError::member(&path, "is cut off: the file ends before it"));
            }
            members.add(&path, Body::File(Contents::Stored { start, size }), about)
        }
        EntryType::Symlink => {
            let text = target()?;
            if text.contains(&0) || text.len() > 4095 {
                return Err(ImageError::member(&path, "is a symbolic link to no path"));
            }
            members.add(&path, Body::Link(text.into()), about)
        }
        EntryType::Link => members.link(&path, &target()?),
        // Nothing that a guest could use, or about the archive itself.
        EntryType::Char | EntryType::Block | EntryType::Fifo | EntryType::XGlobalHeader => Ok(()),
        kind => {
            let reason =
                format!("is of a kind that is not known ({:?})", char::from(kind.as_byte()));
            Err(ImageError::member(&path, reason))
        }
    }
}

/// What extended headers say beside names, links and sizes.
#[derive(Default)]
struct Extensions {
    modified: Option<Timestamp>,
    sparse: bool,
}

impl Extensions {
    fn of<R: io::Read>(entry: &mut Entry<'_, R>) -> Result<Self, ImageError> {
        let mut found = Self::default();
        // Of an archive as a whole they are not read.
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            return Ok(found);
        }
        for extension in entry.pax_extensions().map_err(damaged)?.into_iter().flatten() {
            let extension = extension.map_err(damaged)?;
            match extension.key_bytes() {
                b"mtime" => found.modified = extension.value().ok().and_then(timestamp),
                key => found.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(found)
    }
}

/// `1700000000.25`, as extended headers have it.
fn timestamp(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let (seconds, nanoseconds): (i64, u32) = (whole.parse().ok()?, digits.parse().ok()?);
    if !whole.starts_with('-') || nanoseconds == 0 {
        return Some(Timestamp { seconds, nanoseconds });
    }
    Some(Timestamp { seconds: seconds.checked_sub(1)?, nanoseconds: 1_000_000_000 - nanoseconds })
}

fn damaged(error: io::Error) -> ImageError {
    let text = error.to_string();
    ImageError::Damaged(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_extended_headers() {
        let time = |seconds, nanoseconds| Some(Timestamp { seconds, nanoseconds });
        assert_eq!(timestamp("12"), time(12, 0));
        assert_eq!(timestamp("12.25"), time(12, 250_000_000));
        assert_eq!(timestamp("12.1234567891"), time(12, 123_456_789));
        assert_eq!(timestamp("-1.25"), time(-2, 750_000_000));
        assert_eq!(timestamp("-0.5"), time(-1, 500_000_000));
        for text in ["", "x", "1.x", "1.-5", "99999999999999999999"] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }
}
