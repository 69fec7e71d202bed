//! The tables of zip files, as PKWARE's APPNOTE describes them: the end record (4.3.16) leads to the
//! central directory (4.3.12), each of whose headers leads to a member's own (4.3.7), behind which
//! its contents are.

use super::source::Source;
use super::tree::{About, Body, Contents, Folder, Members};
use super::unpack::{Packed, Unpacker};
use super::{ImageError, MOST_TABLE};
use crate::fs::Timestamp;
use std::io::IoSliceMut;

/// Deflate gives at most 258 bytes for 2 bits.
const MOST_FROM_A_BYTE: u64 = 1032;

/// The members of a zip file.
pub(super) fn members(source: &Source) -> Result<Members, ImageError> {
    let end = End::find(source)?;
    let size = usize::try_from(end.size).ok().filter(|_| end.size <= MOST_TABLE);
    let size = size.ok_or_else(|| {
        ImageError::TooMuch(format!("more than {} MiB of names", MOST_TABLE >> 20))
    })?;
    let mut table = vec![0; size];
    source.read_at(&mut table, end.start)?;
    let mut members = Members::new();
    let mut ranges = Vec::new();
    let mut rest = &table[..];
    for _ in 0..end.count {
        let (header, behind) = Header::parse(rest)?;
        rest = behind;
        ranges.extend(header.add(source, &end, &mut members)?);
    }
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        Some(_) => Err(damaged("two of its members lie in one place")),
        None => Ok(members),
    }
}

/// What the records at the end say.
struct End {
    /// Where the central directory is, and how long.
    start: u64,
    size: u64,
    count: u64,
    /// Where the zip file starts: something may be put before it.
    base: u64,
}

impl End {
    fn find(source: &Source) -> Result<Self, ImageError> {
        // Behind the record is a comment of at most 65,535 bytes.
        let length = usize::try_from(source.length()).unwrap_or(usize::MAX).min(22 + 0xffff);
        let mut tail = vec![0; length];
        let tail_at = source.length() - length as u64;
        source.read_at(&mut tail, tail_at)?;
        let is_end = |at: &usize| {
            let record = &tail[*at..];
            record.starts_with(b"PK\x05\x06")
                && record.len() >= 22
                && usize::from(u16_at(record, 20)) == record.len() - 22
        };
        let at = (0..length).rev().find(is_end).ok_or(ImageError::Unknown)?;
        let record = &tail[at..];
        let mut found = Record {
            at: tail_at + at as u64,
            disks: u16_at(record, 4) != 0 || u16_at(record, 6) != 0,
            count: u16_at(record, 10).into(),
            size: u32_at(record, 12).into(),
            offset: u32_at(record, 16).into(),
        };
        let large =
            found.count == 0xffff || found.size == 0xffff_ffff || found.offset == 0xffff_ffff;
        if large && let Some(larger) = Record::zip64(source, found.at)? {
            found = larger;
        }
        if found.disks {
            return Err(damaged("it is one of several parts"));
        }
        let start = found.at.checked_sub(found.size);
        let base = start.and_then(|start| start.checked_sub(found.offset));
        match (start, base) {
            (Some(start), Some(base)) => {
                Ok(Self { start, size: found.size, count: found.count, base })
            }
            _ => Err(damaged("its table of members lies outside of the file")),
        }
    }
}

/// An end record, of either size.
struct Record {
    at: u64,
    disks: bool,
    count: u64,
    size: u64,
    offset: u64,
}

impl Record {
    /// The larger record (4.3.14), found by its locator (4.3.15) right before the smaller one.
    fn zip64(source: &Source, end: u64) -> Result<Option<Self>, ImageError> {
        let Some(at) = end.checked_sub(20 + 56) else { return Ok(None) };
        let mut record = [0; 56 + 20];
        source.read_at(&mut record, at)?;
        if !record.starts_with(b"PK\x06\x06") || !record[56..].starts_with(b"PK\x06\x07") {
            return Ok(None);
        }
        Ok(Some(Self {
            at,
            disks: u32_at(&record, 16) != 0 || u32_at(&record, 20) != 0,
            count: u64_at(&record, 32),
            size: u64_at(&record, 40),
            offset: u64_at(&record, 48),
        }))
    }
}

/// A header of the central directory.
struct Header<'a> {
    flags: u16,
    method: u16,
    modified: Timestamp,
    packed: u64,
    size: u64,
    /// Of the member's own header, from where the zip file starts.
    offset: u64,
    /// Of Unix: kind and permissions; or 0.
    mode: u32,
    name: &'a [u8],
}

impl<'a> Header<'a> {
    /// The first header, and what is behind it.
    fn parse(table: &'a [u8]) -> Result<(Self, &'a [u8]), ImageError> {
        let cut_off = || damaged("its table of members ends too early");
        if table.len() < 46 {
            return Err(cut_off());
        }
        if !table.starts_with(b"PK\x01\x02") {
            return Err(damaged("its table of members has something else in it"));
        }
        let lengths = [28, 30, 32].map(|at| usize::from(u16_at(table, at)));
        let (name, behind) = table[46..].split_at_checked(lengths[0]).ok_or_else(cut_off)?;
        let (extra, behind) = behind.split_at_checked(lengths[1]).ok_or_else(cut_off)?;
        let (_, behind) = behind.split_at_checked(lengths[2]).ok_or_else(cut_off)?;
        let mut header = Self {
            flags: u16_at(table, 8),
            method: u16_at(table, 10),
            modified: dos_time(u16_at(table, 14), u16_at(table, 12)),
            packed: u32_at(table, 20).into(),
            size: u32_at(table, 24).into(),
            offset: u32_at(table, 42).into(),
            mode: u32_at(table, 38) >> 16,
            name,
        };
        header.read_extra(extra)?;
        Ok((header, behind))
    }

    /// What the extra fields say: sizes that need 64 bits (4.5.3), and a time in UTC.
    fn read_extra(&mut self, mut extra: &[u8]) -> Result<(), ImageError> {
        while extra.len() >= 4 {
            let (kind, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let Some((mut field, behind)) = extra[4..].split_at_checked(length) else { break };
            extra = behind;
            match kind {
                0x0001 => {
                    for value in [&mut self.size, &mut self.packed, &mut self.offset] {
                        if *value != 0xffff_ffff {
                            continue;
                        }
                        let Some((bytes, behind)) = field.split_first_chunk() else {
                            return Err(ImageError::member(self.name, "has no size"));
                        };
                        (*value, field) = (u64::from_le_bytes(*bytes), behind);
                    }
                }
                0x5455 if field.len() >= 5 && field[0] & 1 != 0 => {
                    let seconds = i32::from_le_bytes([field[1], field[2], field[3], field[4]]);
                    self.modified = Timestamp { seconds: seconds.into(), nanoseconds: 0 };
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds the member, and says where in the file its contents are.
    fn add(
        &self,
        source: &Source,
        end: &End,
        members: &mut Members,
    ) -> Result<Option<(u64, u64)>, ImageError> {
        let wrong = |reason: &str| ImageError::member(self.name, reason);
        let kind = self.mode & 0o170_000;
        let permissions = u16::try_from(self.mode & 0o777).ok().filter(|_| self.mode != 0);
        let about = About { modified: self.modified, permissions };
        if self.name.ends_with(b"/") || kind == 0o040_000 {
            members.add(self.name, Body::Folder(Folder::default()), about)?;
            return Ok(None);
        }
        // Encrypted, with a patch, strongly encrypted, and its header encrypted.
        if self.flags & (1 | 1 << 6 | 1 << 13) != 0 {
            return Err(wrong("is encrypted"));
        }
        let start = self.contents_start(source, end)?;
        let stop = start.checked_add(self.packed).filter(|stop| *stop <= end.start);
        let stop = stop.ok_or_else(|| wrong("lies outside of the file"))?;
        let contents = match self.method {
            0 if self.size == self.packed => Contents::Stored { start, size: self.size },
            0 => return Err(wrong("is stored as it is, and says that it has two sizes")),
            8 if self.size > self.packed.saturating_mul(MOST_FROM_A_BYTE) => {
                return Err(wrong("says that it is larger than it can be"));
            }
            8 => Contents::Packed(Packed { start, packed: self.packed, size: self.size }),
            method => {
                let reason = format!(
                    "is compressed in a way that is not known here (method {method}); Deflate is"
                );
                return Err(wrong(&reason));
            }
        };
        match kind {
            0 | 0o100_000 => members.add(self.name, Body::File(contents), about)?,
            0o120_000 => {
                let text = self.link_text(source, &contents)?;
                members.add(self.name, Body::Link(text.into()), about)?;
            }
            // Devices and pipes: nothing that a guest could use.
            _ => {}
        }
        Ok((start < stop).then_some((start, stop)))
    }

    /// Where the member's contents start: behind its own header.
    fn contents_start(&self, source: &Source, end: &End) -> Result<u64, ImageError> {
        let wrong = |reason| ImageError::member(self.name, reason);
        let at = end.base.checked_add(self.offset).filter(|at| source.holds(*at, 30));
        let at = at.ok_or_else(|| wrong("lies outside of the file"))?;
        let mut header = [0; 30];
        source.read_at(&mut header, at)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(wrong("is not where the table of members says"));
        }
        Ok(at + 30 + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28)))
    }

    fn link_text(&self, source: &Source, contents: &Contents) -> Result<Vec<u8>, ImageError> {
        let wrong = || ImageError::member(self.name, "is a symbolic link to no path");
        let length = usize::try_from(contents.size()).map_err(|_| wrong())?;
        if !(1..=4095).contains(&length) {
            return Err(wrong());
        }
        let mut text = vec![0; length];
        let read = match contents {
            Contents::Stored { start, .. } => source.read_at(&mut text, *start).map(|()| length),
            Contents::Packed(packed) => {
                let buffers = &mut [IoSliceMut::new(&mut text)];
                Unpacker::new().read_at(source, packed, buffers, 0)
            }
        };
        match read {
            Ok(read) if read == length && !text.contains(&0) => Ok(text),
            _ => Err(wrong()),
        }
    }
}

/// A date and time as MS-DOS has them, taken for UTC.
fn dos_time(date: u16, time: u16) -> Timestamp {
    let [day, month, year] = [date & 31, date >> 5 & 15, date >> 9].map(i64::from);
    let [second, minute, hour] = [(time & 31) * 2, time >> 5 & 63, time >> 11].map(i64::from);
    if day == 0 || month == 0 {
        return Timestamp::default();
    }
    // Days since 1970-01-01, with years that begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (1980 + year, month - 3) } else { (1979 + year, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = days - 719_468;
    Timestamp { seconds: ((days * 24 + hour) * 60 + minute) * 60 + second, nanoseconds: 0 }
}

fn damaged(reason: &str) -> ImageError {
    ImageError::Damaged(reason.to_owned())
}

/// Numbers at places that are known to be there.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_dos() {
        let date = |year: u16, month: u16, day: u16| (year - 1980) << 9 | month << 5 | day;
        let time = |hour: u16, minute: u16, second: u16| hour << 11 | minute << 5 | second / 2;
        let cases = [
            (date(1980, 1, 1), time(0, 0, 0), 315_532_800),
            (date(2000, 2, 29), time(12, 34, 56), 951_827_696),
            (date(2024, 12, 31), time(23, 59, 58), 1_735_689_598),
            (0, 0, 0),
        ];
        for (date, time, seconds) in cases {
            assert_eq!(dos_time(date, time).seconds, seconds);
        }
    }
}
