//! What wrappers of files and of folders leave to the one inside.

/// Methods of [`File`](crate::fs::File) that a wrapper hands on to its field, by name: those that it
/// changes it writes itself, and the compiler asks for any that are left out.
macro_rules! forward_file {
    ($field:ident: $($method:ident),* $(,)?) => {
        $($crate::fs::forward::forward_file! { @$method $field })*
    };
    (@read $field:ident) => {
        fn read(
            &self,
            buffers: &mut [std::io::IoSliceMut<'_>],
            blocking: $crate::wait::Blocking,
        ) -> $crate::Result<usize> {
            self.$field.read(buffers, blocking)
        }
    };
    (@write $field:ident) => {
        fn write(
            &self,
            buffers: &[std::io::IoSlice<'_>],
            blocking: $crate::wait::Blocking,
        ) -> $crate::Result<usize> {
            self.$field.write(buffers, blocking)
        }
    };
    (@read_at $field:ident) => {
        fn read_at(
            &self,
            buffers: &mut [std::io::IoSliceMut<'_>],
            offset: u64,
        ) -> $crate::Result<usize> {
            self.$field.read_at(buffers, offset)
        }
    };
    (@prepare $field:ident) => {
        fn prepare(&self, offset: Option<u64>) -> $crate::Result<()> {
            self.$field.prepare(offset)
        }
    };
    (@write_at $field:ident) => {
        fn write_at(&self, buffers: &[std::io::IoSlice<'_>], offset: u64) -> $crate::Result<usize> {
            self.$field.write_at(buffers, offset)
        }
    };
    (@seek $field:ident) => {
        fn seek(&self, to: std::io::SeekFrom) -> $crate::Result<u64> {
            self.$field.seek(to)
        }
    };
    (@kind $field:ident) => {
        fn kind(&self) -> $crate::Result<$crate::fs::FileKind> {
            self.$field.kind()
        }
    };
    (@stat $field:ident) => {
        fn stat(&self) -> $crate::Result<$crate::fs::Stat> {
            self.$field.stat()
        }
    };
    (@set_size $field:ident) => {
        fn set_size(&self, size: u64) -> $crate::Result<()> {
            self.$field.set_size(size)
        }
    };
    (@allocate $field:ident) => {
        fn allocate(&self, offset: u64, length: u64) -> $crate::Result<()> {
            self.$field.allocate(offset, length)
        }
    };
    (@advise $field:ident) => {
        fn advise(
            &self,
            offset: u64,
            length: u64,
            advice: $crate::fs::Advice,
        ) -> $crate::Result<()> {
            self.$field.advise(offset, length, advice)
        }
    };
    (@set_times $field:ident) => {
        fn set_times(
            &self,
            accessed: $crate::fs::SetTime,
            modified: $crate::fs::SetTime,
        ) -> $crate::Result<()> {
            self.$field.set_times(accessed, modified)
        }
    };
    (@sync $field:ident) => {
        fn sync(&self, kind: $crate::fs::SyncKind) -> $crate::Result<()> {
            self.$field.sync(kind)
        }
    };
    (@set_append $field:ident) => {
        fn set_append(&self, append: bool) -> $crate::Result<()> {
            self.$field.set_append(append)
        }
    };
    (@available $field:ident) => {
        fn available(&self) -> $crate::Result<u64> {
            self.$field.available()
        }
    };
    (@readiness $field:ident) => {
        fn readiness(&self, interest: $crate::wait::Interest) -> $crate::wait::Readiness<'_> {
            self.$field.readiness(interest)
        }
    };
    (@permissions $field:ident) => {
        fn permissions(&self) -> Option<u16> {
            self.$field.permissions()
        }
    };
    (@set_permissions $field:ident) => {
        fn set_permissions(&self, permissions: u16) -> $crate::Result<()> {
            self.$field.set_permissions(permissions)
        }
    };
}

/// The same of [`Dir`](crate::fs::Dir). Methods that take another folder are not among these: a
/// wrapper knows what the other one has to be.
macro_rules! forward_dir {
    ($field:ident: $($method:ident),* $(,)?) => {
        $($crate::fs::forward::forward_dir! { @$method $field })*
    };
    (@stat_at $field:ident) => {
        fn stat_at(&self, path: &str, follow: bool) -> $crate::Result<$crate::fs::Stat> {
            self.$field.stat_at(path, follow)
        }
    };
    (@set_times_at $field:ident) => {
        fn set_times_at(
            &self,
            path: &str,
            follow: bool,
            accessed: $crate::fs::SetTime,
            modified: $crate::fs::SetTime,
        ) -> $crate::Result<()> {
            self.$field.set_times_at(path, follow, accessed, modified)
        }
    };
    (@create_dir $field:ident) => {
        fn create_dir(&self, path: &str) -> $crate::Result<()> {
            self.$field.create_dir(path)
        }
    };
    (@symlink $field:ident) => {
        fn symlink(&self, target: &str, path: &str) -> $crate::Result<()> {
            self.$field.symlink(target, path)
        }
    };
    (@read_link $field:ident) => {
        fn read_link(&self, path: &str) -> $crate::Result<Vec<u8>> {
            self.$field.read_link(path)
        }
    };
    (@stat $field:ident) => {
        fn stat(&self) -> $crate::Result<$crate::fs::Stat> {
            self.$field.stat()
        }
    };
    (@set_times $field:ident) => {
        fn set_times(
            &self,
            accessed: $crate::fs::SetTime,
            modified: $crate::fs::SetTime,
        ) -> $crate::Result<()> {
            self.$field.set_times(accessed, modified)
        }
    };
    (@sync $field:ident) => {
        fn sync(&self, kind: $crate::fs::SyncKind) -> $crate::Result<()> {
            self.$field.sync(kind)
        }
    };
    (@entries $field:ident) => {
        fn entries(&self) -> $crate::Result<Box<dyn $crate::fs::Entries>> {
            self.$field.entries()
        }
    };
    (@is_read_only $field:ident) => {
        fn is_read_only(&self) -> bool {
            self.$field.is_read_only()
        }
    };
    (@permissions $field:ident) => {
        fn permissions(&self) -> Option<u16> {
            self.$field.permissions()
        }
    };
    (@set_permissions $field:ident) => {
        fn set_permissions(&self, permissions: u16) -> $crate::Result<()> {
            self.$field.set_permissions(permissions)
        }
    };
}

pub(crate) use {forward_dir, forward_file};
