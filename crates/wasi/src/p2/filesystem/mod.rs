//! `wasi:filesystem`.

mod convert;
mod descriptor;
mod entries;
mod read;
mod seen;

pub(crate) use descriptor::Descriptor;
pub(crate) use entries::{Entries, NextEntry};
pub(crate) use read::ReadAt;
use seen::Asked;
pub(super) use seen::Seen;

use super::Host;
use super::bindings::wasi::filesystem::preopens;
use super::bindings::wasi::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use super::error::{IoError, code_of, guest_code};
use super::streams::{FileInput, InputStream, OutputStream};
use convert::{advice, hash, set_time, stat};
use std::io::IoSlice;
use wayleave_component::{Borrow, Caller, Own};
use wayleave_engine::Stop;
use wayleave_system::fs::{self, Stat, SyncKind};

/// What an operation gives: its result, the error that the guest is told, or the guest's end.
type Outcome<T> = Result<Result<T, ErrorCode>, Stop>;

/// What the guest is told of a result.
fn told<T>(result: wayleave_system::Result<T>) -> Outcome<T> {
    Ok(result.map_err(guest_code))
}

fn follow(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

impl Host {
    /// A descriptor, for a call that is not the second half of the one before.
    #[inline]
    fn descriptor(&mut self, this: Borrow<Descriptor>) -> Result<&Descriptor, Stop> {
        self.seen.forget();
        self.descriptors.get(this)
    }

    /// Whether what was seen may be kept for the next call: not of a guest that is recorded, as how
    /// much time passes until then must not decide what is asked again.
    fn remembers(&self) -> bool {
        self.waiter.watch.is_none()
    }

    /// What is told of the metadata of what is at a path, for both calls that ask for it.
    #[inline]
    fn stat_at<R>(
        &mut self,
        asked: Asked,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
        tell: impl FnOnce(&Stat) -> R,
    ) -> Outcome<R> {
        if let Some(stat) = self.seen.stat(asked, this, path_flags, path) {
            return Ok(Ok(tell(stat)));
        }
        let dir = self.descriptors.get(this)?.dir();
        let found = match dir.and_then(|dir| dir.stat_at(path, follow(path_flags))) {
            Ok(found) => found,
            Err(code) => return told(Err(code)),
        };
        if self.remembers() {
            self.seen.path(asked, this, path_flags, path, &found);
        }
        Ok(Ok(tell(&found)))
    }

    #[inline(never)]
    fn hash_at(
        &mut self,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
    ) -> Outcome<MetadataHashValue> {
        self.stat_at(Asked::Hash, this, path_flags, path, |found| hash(found.into()))
    }
}

impl preopens::Host for Host {
    fn get_directories(&mut self) -> Result<Vec<(Own<Descriptor>, String)>, Stop> {
        let mut directories = Vec::new();
        for preopen in self.grants.preopens.iter().chain(&self.grants.elsewhere) {
            let descriptor = Descriptor::preopen(preopen.dir.clone());
            let own = self.descriptors.add_or_trap(descriptor)?;
            directories.push((own, preopen.guest.clone()));
        }
        Ok(directories)
    }
}

impl types::Host for Host {
    fn descriptor_read_via_stream(
        &mut self,
        this: Borrow<Descriptor>,
        offset: u64,
    ) -> Outcome<Own<InputStream>> {
        let file = match self.descriptor(this)?.readable() {
            Ok(file) => file.clone(),
            Err(code) => return told(Err(code)),
        };
        told(self.inputs.add(InputStream::File(FileInput::new(file, offset))))
    }

    fn descriptor_write_via_stream(
        &mut self,
        this: Borrow<Descriptor>,
        offset: u64,
    ) -> Outcome<Own<OutputStream>> {
        let file = match self.descriptor(this)?.writable() {
            Ok(file) => file.clone(),
            Err(code) => return told(Err(code)),
        };
        told(self.outputs.add(OutputStream::File { file, position: offset }))
    }

    fn descriptor_append_via_stream(
        &mut self,
        this: Borrow<Descriptor>,
    ) -> Outcome<Own<OutputStream>> {
        let file = match self.descriptor(this)?.writable() {
            Ok(file) => file.clone(),
            Err(code) => return told(Err(code)),
        };
        told(self.outputs.add(OutputStream::Append(file)))
    }

    fn descriptor_advise(
        &mut self,
        this: Borrow<Descriptor>,
        offset: u64,
        length: u64,
        how: Advice,
    ) -> Outcome<()> {
        let file = self.descriptor(this)?.file();
        told(file.and_then(|file| file.advise(offset, length, advice(how))))
    }

    fn descriptor_sync_data(&mut self, this: Borrow<Descriptor>) -> Outcome<()> {
        told(self.descriptor(this)?.sync(SyncKind::Data))
    }

    fn descriptor_sync(&mut self, this: Borrow<Descriptor>) -> Outcome<()> {
        told(self.descriptor(this)?.sync(SyncKind::All))
    }

    fn descriptor_get_flags(&mut self, this: Borrow<Descriptor>) -> Outcome<DescriptorFlags> {
        Ok(Ok(self.descriptor(this)?.flags()))
    }

    fn descriptor_get_type(&mut self, this: Borrow<Descriptor>) -> Outcome<DescriptorType> {
        told(self.descriptor(this)?.kind())
    }

    fn descriptor_set_size(&mut self, this: Borrow<Descriptor>, size: u64) -> Outcome<()> {
        let file = self.descriptor(this)?.writable();
        told(file.and_then(|file| file.set_size(size)))
    }

    fn descriptor_set_times(
        &mut self,
        this: Borrow<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Outcome<()> {
        self.seen.forget();
        let descriptor = self.descriptors.get(this)?;
        let times = set_time(accessed).and_then(|a| Ok((a, set_time(modified)?)));
        told(match times {
            Ok((accessed, modified)) => {
                self.waiter.in_parts(|| descriptor.set_times(accessed, modified))?
            }
            Err(error) => Err(error),
        })
    }

    // So that what it returns is nowhere put together to be taken apart again.
    #[inline(always)]
    fn descriptor_read(
        caller: &mut impl Caller<Self>,
        this: Borrow<Descriptor>,
        length: u64,
        offset: u64,
    ) -> Result<ReadAt, Stop> {
        read::read(caller, this, length, offset)
    }

    #[inline]
    fn descriptor_write(
        &mut self,
        this: Borrow<Descriptor>,
        buffer: &[u8],
        offset: u64,
    ) -> Outcome<u64> {
        let file = self.descriptor(this)?.writable();
        let written = file.and_then(|file| file.write_at(&[IoSlice::new(buffer)], offset));
        told(written.map(|written| written as u64))
    }

    fn descriptor_read_directory(&mut self, this: Borrow<Descriptor>) -> Outcome<Own<Entries>> {
        let walk = self.descriptor(this)?.dir().and_then(|dir| Entries::new(dir.clone()));
        told(walk.and_then(|walk| self.entries.add(walk)))
    }

    fn descriptor_create_directory_at(
        &mut self,
        this: Borrow<Descriptor>,
        path: &str,
    ) -> Outcome<()> {
        told(self.descriptor(this)?.dir().and_then(|dir| dir.create_dir(path)))
    }

    fn descriptor_stat(&mut self, this: Borrow<Descriptor>) -> Outcome<DescriptorStat> {
        told(self.descriptor(this)?.stat().map(|found| stat(&found)))
    }

    fn descriptor_stat_at(
        &mut self,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
    ) -> Outcome<DescriptorStat> {
        self.stat_at(Asked::Stat, this, path_flags, path, stat)
    }

    fn descriptor_set_times_at(
        &mut self,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Outcome<()> {
        self.seen.forget();
        let dir = self.descriptors.get(this)?.dir();
        told(self.waiter.in_parts(|| {
            let (accessed, modified) = (set_time(accessed), set_time(modified));
            dir?.set_times_at(path, follow(path_flags), accessed?, modified?)
        })?)
    }

    fn descriptor_link_at(
        &mut self,
        this: Borrow<Descriptor>,
        old_path_flags: PathFlags,
        old_path: &str,
        new_descriptor: Borrow<Descriptor>,
        new_path: &str,
    ) -> Outcome<()> {
        self.seen.forget();
        let from = self.descriptors.get(this)?.dir();
        let to = self.descriptors.get(new_descriptor)?.dir();
        told(
            self.waiter.in_parts(|| {
                fs::link(&**from?, old_path, follow(old_path_flags), &**to?, new_path)
            })?,
        )
    }

    fn descriptor_open_at(
        &mut self,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Outcome<Own<Descriptor>> {
        self.seen.forget();
        let dir = self.descriptors.get(this)?;
        let open = || dir.open(path, follow(path_flags), open_flags, flags);
        let opened = self.waiter.in_parts(open)?;
        told(opened.and_then(|opened| self.descriptors.add(opened)))
    }

    fn descriptor_readlink_at(&mut self, this: Borrow<Descriptor>, path: &str) -> Outcome<String> {
        let target = self.descriptor(this)?.dir().and_then(|dir| dir.read_link(path));
        told(target.and_then(|target| {
            String::from_utf8(target).map_err(|_| wayleave_system::ErrorCode::IllegalSequence)
        }))
    }

    fn descriptor_remove_directory_at(
        &mut self,
        this: Borrow<Descriptor>,
        path: &str,
    ) -> Outcome<()> {
        told(self.descriptor(this)?.dir().and_then(|dir| dir.remove_dir(path)))
    }

    fn descriptor_rename_at(
        &mut self,
        this: Borrow<Descriptor>,
        old_path: &str,
        new_descriptor: Borrow<Descriptor>,
        new_path: &str,
    ) -> Outcome<()> {
        self.seen.forget();
        let from = self.descriptors.get(this)?.dir();
        let to = self.descriptors.get(new_descriptor)?.dir();
        told(self.waiter.in_parts(|| fs::rename(&**from?, old_path, &**to?, new_path))?)
    }

    fn descriptor_symlink_at(
        &mut self,
        this: Borrow<Descriptor>,
        old_path: &str,
        new_path: &str,
    ) -> Outcome<()> {
        told(self.descriptor(this)?.dir().and_then(|dir| dir.symlink(old_path, new_path)))
    }

    fn descriptor_unlink_file_at(&mut self, this: Borrow<Descriptor>, path: &str) -> Outcome<()> {
        told(self.descriptor(this)?.dir().and_then(|dir| dir.remove_file(path)))
    }

    fn descriptor_is_same_object(
        &mut self,
        this: Borrow<Descriptor>,
        other: Borrow<Descriptor>,
    ) -> Result<bool, Stop> {
        self.seen.forget();
        let one = self.descriptors.get(this)?.stat();
        let other = self.descriptors.get(other)?.stat();
        Ok(match (one, other) {
            (Ok(one), Ok(other)) => (one.device, one.inode) == (other.device, other.inode),
            _ => false,
        })
    }

    fn descriptor_metadata_hash(&mut self, this: Borrow<Descriptor>) -> Outcome<MetadataHashValue> {
        told(self.descriptor(this)?.stat().map(|found| hash((&found).into())))
    }

    // For an entry that was just read nothing is asked of the system, and C libraries ask it of each.
    #[inline(always)]
    fn descriptor_metadata_hash_at(
        &mut self,
        this: Borrow<Descriptor>,
        path_flags: PathFlags,
        path: &str,
    ) -> Outcome<MetadataHashValue> {
        if let Ok(dir) = self.descriptors.get(this)?.dir()
            && let Some(file) = self.seen.entry_file(dir, path_flags, path)
        {
            return Ok(Ok(hash(file)));
        }
        self.hash_at(this, path_flags, path)
    }

    fn descriptor_drop(&mut self, this: Own<Descriptor>) -> Result<(), Stop> {
        self.seen.forget();
        self.descriptors.remove(&this).map(drop)
    }

    #[inline(always)]
    fn directory_entry_stream_read_directory_entry(
        caller: &mut impl Caller<Self>,
        this: Borrow<Entries>,
    ) -> Result<NextEntry, Stop> {
        entries::next(caller, this)
    }

    fn directory_entry_stream_drop(&mut self, this: Own<Entries>) -> Result<(), Stop> {
        self.seen.forget();
        self.entries.remove(&this).map(drop)
    }

    fn filesystem_error_code(&mut self, err: Borrow<IoError>) -> Result<Option<ErrorCode>, Stop> {
        Ok(code_of(err).map(guest_code))
    }
}
