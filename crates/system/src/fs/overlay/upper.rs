use super::folder::open_folder;
use super::known::Known;
use crate::fs::forward::forward_dir;
use crate::fs::{Dir, Node, OpenOptions, Stat};
use crate::{ErrorCode, Result};
use std::any::Any;
use std::sync::Arc;

/// A folder of the upper layer, which is not asked for names that it is known not to have.
///
/// All that the overlay changes there it changes through this, by single names.
pub(super) struct Upper {
    dir: Arc<dyn Dir>,
    known: Arc<Known>,
}

impl Upper {
    /// The top of an upper layer.
    pub(super) fn top(dir: Arc<dyn Dir>) -> Arc<Self> {
        Arc::new(Self { dir, known: Known::top() })
    }

    /// The folder as its provider has it, to look at.
    pub(super) fn dir(&self) -> &Arc<dyn Dir> {
        &self.dir
    }

    /// Opens the folder `name`, if there is one.
    ///
    /// # Errors
    /// What opening and reading it gives.
    pub(super) fn folder(&self, name: &str) -> Result<Option<Arc<Self>>> {
        if self.lacks(name) {
            return Ok(None);
        }
        let Some(dir) = open_folder(&*self.dir, name)? else { return Ok(None) };
        let known = self.known.folder(name);
        known.read(&*dir)?;
        Ok(Some(Arc::new(Self { dir, known })))
    }

    /// Which names it may have; `None` where that can not be found out.
    pub(super) fn known(&self) -> Option<Arc<Known>> {
        self.known.read(&*self.dir).ok()?;
        Some(Arc::clone(&self.known))
    }

    fn lacks(&self, name: &str) -> bool {
        self.known.read(&*self.dir).is_ok() && self.known.lacks(name)
    }

    fn of(dir: &dyn Dir) -> Result<&Self> {
        (dir as &dyn Any).downcast_ref().ok_or(ErrorCode::CrossDevice)
    }

    /// Makes something by a name.
    fn make<T>(&self, name: &str, make: impl FnOnce() -> Result<T>) -> Result<T> {
        // Before it is there: nothing may be there without being known.
        self.known.add(name);
        let made = make()?;
        self.known.try_case(&*self.dir, name);
        Ok(made)
    }
}

impl Dir for Upper {
    forward_dir!(dir: set_times_at, read_link, stat, set_times, sync, entries, is_read_only);

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
        match options.create {
            true => self.make(path, || self.dir.open(path, options)),
            false => self.dir.open(path, options),
        }
    }

    fn open_direct(&self, path: &str, options: &OpenOptions) -> Option<Result<Node>> {
        self.dir.open_direct(path, options)
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        if self.lacks(path) {
            return Err(ErrorCode::NoEntry);
        }
        self.dir.stat_at(path, follow)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.make(path, || self.dir.create_dir(path))?;
        self.known.add_folder(path);
        Ok(())
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.dir.remove_dir(path)?;
        self.known.remove(path);
        Ok(())
    }

    fn remove_file(&self, path: &str) -> Result<()> {
        self.dir.remove_file(path)?;
        self.known.remove(path);
        Ok(())
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        self.make(path, || self.dir.symlink(target, path))
    }

    fn rename_to(&self, path: &str, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = Self::of(to_dir)?;
        to_dir.known.add(to);
        crate::fs::rename(&*self.dir, path, &*to_dir.dir, to)?;
        self.known.rename(path, &to_dir.known, to);
        to_dir.known.try_case(&*to_dir.dir, to);
        Ok(())
    }

    fn link_to(&self, path: &str, follow: bool, to_dir: &dyn Dir, to: &str) -> Result<()> {
        let to_dir = Self::of(to_dir)?;
        to_dir.make(to, || crate::fs::link(&*self.dir, path, follow, &*to_dir.dir, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{MemoryDir, SetTime};

    /// A layer for which letters have no case.
    struct Folding {
        dir: MemoryDir,
    }

    impl Dir for Folding {
        forward_dir!(dir: read_link, stat, set_times, sync, entries, is_read_only);

        fn open(&self, path: &str, options: &OpenOptions) -> Result<Node> {
            self.dir.open(&path.to_lowercase(), options)
        }

        fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
            self.dir.stat_at(&path.to_lowercase(), follow)
        }

        fn set_times_at(&self, path: &str, _: bool, a: SetTime, m: SetTime) -> Result<()> {
            self.dir.set_times_at(&path.to_lowercase(), false, a, m)
        }

        fn create_dir(&self, path: &str) -> Result<()> {
            self.dir.create_dir(&path.to_lowercase())
        }

        fn remove_dir(&self, path: &str) -> Result<()> {
            self.dir.remove_dir(&path.to_lowercase())
        }

        fn remove_file(&self, path: &str) -> Result<()> {
            self.dir.remove_file(&path.to_lowercase())
        }

        fn symlink(&self, target: &str, path: &str) -> Result<()> {
            self.dir.symlink(target, &path.to_lowercase())
        }

        fn rename_to(&self, _: &str, _: &dyn Dir, _: &str) -> Result<()> {
            Err(ErrorCode::NotSupported)
        }

        fn link_to(&self, _: &str, _: bool, _: &dyn Dir, _: &str) -> Result<()> {
            Err(ErrorCode::NotSupported)
        }
    }

    const NEW: OpenOptions = OpenOptions {
        read: false,
        write: true,
        append: false,
        create: true,
        exclusive: true,
        truncate: false,
        directory: false,
        follow: false,
        sync: None,
    };

    #[test]
    fn a_layer_without_case_is_always_asked() {
        let upper = Upper::top(Arc::new(Folding { dir: MemoryDir::new(1 << 16) }));
        assert_eq!(upper.stat_at("file", false).unwrap_err(), ErrorCode::NoEntry);
        drop(upper.open("File", &NEW).unwrap());
        upper.stat_at("FILE", false).unwrap();
        // One that was filled before.
        let again = Upper::top(Arc::clone(&upper.dir));
        again.stat_at("FILE", false).unwrap();
        assert!(again.known().unwrap().at("FILE").is_none());
    }

    #[test]
    fn what_is_there_is_always_known() {
        let upper = Upper::top(Arc::new(MemoryDir::new(1 << 24)));
        let mut seen = Vec::new();
        // More than are known.
        for at in 0..20_000 {
            let name = format!("{at}");
            drop(upper.open(&name, &NEW).unwrap());
            if at % 2 == 0 {
                upper.remove_file(&name).unwrap();
                assert_eq!(upper.stat_at(&name, false).unwrap_err(), ErrorCode::NoEntry);
            } else {
                seen.push(name);
            }
        }
        seen.iter().for_each(|name| assert!(upper.stat_at(name, false).is_ok()));
        for at in 0..20_000 {
            drop(upper.open(&format!("x{at}"), &NEW).unwrap());
        }
        assert!(upper.known().unwrap().at("no").is_none());
        seen.iter().for_each(|name| assert!(upper.stat_at(name, false).is_ok()));
        upper.stat_at("x19999", false).unwrap();
        // Room that was given back is there for others.
        assert!(Upper::top(Arc::clone(&upper.dir)).known().unwrap().at("no").is_none());
    }

    #[test]
    fn deep_trees_are_forgotten_without_a_deep_stack() {
        let top: Arc<dyn Dir> = Arc::new(MemoryDir::new(1 << 24));
        let upper = Upper::top(top);
        let mut here = Arc::clone(&upper);
        for _ in 0..10_000 {
            here.create_dir("d").unwrap();
            here = here.folder("d").unwrap().unwrap();
        }
        drop(here);
        let small = std::thread::Builder::new().stack_size(128 << 10);
        small.spawn(move || drop(upper)).unwrap().join().unwrap();
    }
}
