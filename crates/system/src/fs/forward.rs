//! What wrappers of files and of folders leave to the one inside.

/// Methods of [`File`](crate::fs::File) that a wrapper hands on to its field, by name: those that it
/// changes it writes itself, and the compiler asks for any that are left out.
///
/// It would not ask for those that the trait has something to do for. These are handed on without
/// being named, but for what comes after `but`: that the wrapper writes itself.
macro_rules! forward_file {
    ($field:ident $(, but $($own:ident)+)?: $($method:ident),* $(,)?) => {
        $($crate::fs::forward::forward_file! { @$method $field })*
        $crate::fs::forward::forward_file! { @but prepare $field $($($own)+)? }
        $crate::fs::forward::forward_file! { @but permissions $field $($($own)+)? }
        $crate::fs::forward::forward_file! { @but set_permissions $field $($($own)+)? }
    };
    (@but prepare $field:ident prepare $($own:ident)*) => {};
    (@but permissions $field:ident permissions $($own:ident)*) => {};
    (@but set_permissions $field:ident set_permissions $($own:ident)*) => {};
    (@but $method:ident $field:ident $other:ident $($own:ident)*) => {
        $crate::fs::forward::forward_file! { @but $method $field $($own)* }
    };
    (@but $method:ident $field:ident) => {
        $crate::fs::forward::forward_file! { @$method $field }
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
/// wrapper knows what the other one has to be. Nor is `open_direct`: what it opens would come out
/// unwrapped; a wrapper without it is opened through the slower way.
macro_rules! forward_dir {
    ($field:ident $(, but $($own:ident)+)?: $($method:ident),* $(,)?) => {
        $($crate::fs::forward::forward_dir! { @$method $field })*
        $crate::fs::forward::forward_dir! { @but permissions $field $($($own)+)? }
        $crate::fs::forward::forward_dir! { @but set_permissions $field $($($own)+)? }
    };
    (@but permissions $field:ident permissions $($own:ident)*) => {};
    (@but set_permissions $field:ident set_permissions $($own:ident)*) => {};
    (@but $method:ident $field:ident $other:ident $($own:ident)*) => {
        $crate::fs::forward::forward_dir! { @but $method $field $($own)* }
    };
    (@but $method:ident $field:ident) => {
        $crate::fs::forward::forward_dir! { @$method $field }
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

#[cfg(test)]
pub(crate) mod tests {
    use crate::Result;
    use crate::fs::{Dir, File, FileNumbers, MemoryDir, Node, OpenOptions, Reproducible};
    use crate::fs::{ReadOnly, ReproducibleFile, Timestamp};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A file that knows how often it was asked for what files need not have.
    pub(crate) struct Asked {
        file: Arc<dyn File>,
        pub(crate) times: AtomicU32,
    }

    impl Asked {
        pub(crate) fn new() -> Arc<Self> {
            let options = OpenOptions { create: true, write: true, ..OpenOptions::default() };
            match MemoryDir::new(1 << 20).open("file", &options).unwrap() {
                Node::File(file) => Arc::new(Self { file, times: AtomicU32::new(0) }),
                Node::Dir(_) => unreachable!(),
            }
        }

        /// All three, of a wrapper of it: what has come through.
        pub(crate) fn through(&self, wrapper: &dyn File) -> u32 {
            let before = self.times.load(Ordering::Relaxed);
            let _ = (wrapper.prepare(None), wrapper.permissions(), wrapper.set_permissions(0));
            self.times.load(Ordering::Relaxed) - before
        }

        fn asked(&self) {
            self.times.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl File for Asked {
        forward_file!(file, but permissions prepare set_permissions: read, write, read_at, write_at, seek, kind, stat, set_size, allocate, advise, set_times, sync, set_append, available, readiness);

        fn prepare(&self, _: Option<u64>) -> Result<()> {
            self.asked();
            Ok(())
        }

        fn permissions(&self) -> Option<u16> {
            self.asked();
            None
        }

        fn set_permissions(&self, _: u16) -> Result<()> {
            self.asked();
            Ok(())
        }
    }

    fn numbers() -> Arc<FileNumbers> {
        Arc::new(FileNumbers::new(Timestamp::default()))
    }

    struct Plain {
        file: Arc<dyn File>,
    }

    impl File for Plain {
        forward_file!(file: read, write, read_at, write_at, seek, kind, stat, set_size, allocate, advise, set_times, sync, set_append, available, readiness);
    }

    #[test]
    fn wrappers_hand_on_what_nothing_asks_them_for() {
        let asked = Asked::new();
        assert_eq!(asked.through(&*asked), 3);
        assert_eq!(asked.through(&Plain { file: asked.clone() }), 3);
        assert_eq!(asked.through(&ReproducibleFile::new(asked.clone(), numbers())), 3);
        // Nothing is changed through this one.
        let read_only = crate::fs::read_only::ReadOnlyFile::new(asked.clone());
        assert_eq!(asked.through(&read_only), 2);
    }

    #[cfg(unix)]
    #[test]
    fn folders_hand_on_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let dir: Arc<dyn Dir> = Arc::new(crate::fs::OsDir::open_ambient(folder.path()).unwrap());
        dir.set_permissions(0o750).unwrap();
        let reproducible = Reproducible::new(dir.clone(), numbers());
        assert_eq!(reproducible.permissions(), Some(0o750));
        reproducible.set_permissions(0o700).unwrap();
        assert_eq!(dir.permissions(), Some(0o700));
        let read_only = ReadOnly::new(dir.clone());
        assert_eq!(read_only.permissions(), Some(0o700));
        assert!(read_only.set_permissions(0o750).is_err());
        assert_eq!(dir.permissions(), Some(0o700));
    }
}
