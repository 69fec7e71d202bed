//! How files and folders of which nothing can be changed answer: [`ErrorCode::ReadOnly`].
//!
//! [`ErrorCode::ReadOnly`]: crate::ErrorCode::ReadOnly

/// The methods of [`Dir`](crate::fs::Dir) that change something.
macro_rules! refuse_dir_changes {
    () => {
        fn set_times_at(
            &self,
            _: &str,
            _: bool,
            _: $crate::fs::SetTime,
            _: $crate::fs::SetTime,
        ) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn create_dir(&self, _: &str) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn remove_dir(&self, _: &str) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn remove_file(&self, _: &str) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn symlink(&self, _: &str, _: &str) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn rename_to(&self, _: &str, _: &dyn $crate::fs::Dir, _: &str) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn link_to(
            &self,
            _: &str,
            _: bool,
            _: &dyn $crate::fs::Dir,
            _: &str,
        ) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn set_times(&self, _: $crate::fs::SetTime, _: $crate::fs::SetTime) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn is_read_only(&self) -> bool {
            true
        }

        fn set_permissions(&self, _: u16) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }
    };
}

/// The methods of [`File`](crate::fs::File) that change something.
macro_rules! refuse_file_changes {
    () => {
        fn write(
            &self,
            _: &[std::io::IoSlice<'_>],
            _: $crate::wait::Blocking,
        ) -> $crate::Result<usize> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn write_at(&self, _: &[std::io::IoSlice<'_>], _: u64) -> $crate::Result<usize> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn set_size(&self, _: u64) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn allocate(&self, _: u64, _: u64) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn set_times(&self, _: $crate::fs::SetTime, _: $crate::fs::SetTime) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }

        fn set_append(&self, append: bool) -> $crate::Result<()> {
            if append { Err($crate::ErrorCode::ReadOnly) } else { Ok(()) }
        }

        fn set_permissions(&self, _: u16) -> $crate::Result<()> {
            Err($crate::ErrorCode::ReadOnly)
        }
    };
}

pub(crate) use {refuse_dir_changes, refuse_file_changes};
