use std::fs;
use std::io::{IoSlice, IoSliceMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use wayleave_grants::Grants;
use wayleave_system::fs::{Dir, File, MemoryDir, Node, OpenOptions, OsDir, ReadOnly, Resolver};
use wayleave_system::wait::Blocking;

/// Who provides a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    /// The operating system; the kernel resolves paths.
    Kernel,
    /// The operating system; our own walk resolves paths.
    Walk,
    /// Memory.
    Memory,
}

impl Provider {
    pub(crate) const ALL: [Self; 3] = [Self::Kernel, Self::Walk, Self::Memory];
}

/// A folder to give a guest, `inside`; what is of the operating system has an `outside` next to it
/// with a file `secret` and a folder `sub`.
pub(crate) struct Sandbox {
    pub(crate) provider: Provider,
    dir: Arc<dyn Dir>,
    temp: Option<TempDir>,
}

impl Sandbox {
    pub(crate) fn new(provider: Provider) -> Self {
        let resolver = match provider {
            Provider::Memory => {
                let dir = Arc::new(MemoryDir::new(64 << 20));
                return Self { provider, dir, temp: None };
            }
            Provider::Kernel => Resolver::Kernel,
            Provider::Walk => Resolver::Walk,
        };
        let temp = tempfile::tempdir().unwrap();
        let inside = temp.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::create_dir_all(temp.path().join("outside/sub")).unwrap();
        fs::write(temp.path().join("outside/secret"), "secret").unwrap();
        let dir = Arc::new(OsDir::open_ambient(&inside).unwrap().with_resolver(resolver));
        Self { provider, dir, temp: Some(temp) }
    }

    /// One of each provider.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        Provider::ALL.into_iter().map(Self::new)
    }

    /// The grants of a guest that is given the folder, as its descriptor 3.
    pub(crate) fn grants(&self) -> Grants {
        Grants::new().preopen(self.dir.clone(), "/").unwrap()
    }

    /// The grants of a guest that is given the folder read-only.
    pub(crate) fn read_only(&self) -> Grants {
        Grants::new().preopen(Arc::new(ReadOnly::new(self.dir.clone())), "/").unwrap()
    }

    /// The folder.
    pub(crate) fn dir(&self) -> Arc<dyn Dir> {
        self.dir.clone()
    }

    /// A path next to the folder on the host; `None` for a folder in memory, which has no such.
    pub(crate) fn host(&self, path: &str) -> Option<PathBuf> {
        Some(self.temp.as_ref()?.path().join(path))
    }

    /// Makes a file, or replaces its bytes.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        if let Some(inside) = self.host("inside") {
            return fs::write(inside.join(path), bytes).unwrap();
        }
        let options =
            OpenOptions { write: true, create: true, truncate: true, ..Default::default() };
        let written = self.file(path, &options).write(&[IoSlice::new(bytes)], Blocking::Allowed);
        assert_eq!(written, Ok(bytes.len()));
    }

    /// The bytes of a file.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        if let Some(inside) = self.host("inside") {
            return fs::read(inside.join(path)).unwrap();
        }
        let file = self.file(path, &OpenOptions { read: true, ..Default::default() });
        let mut bytes = vec![0; usize::try_from(file.stat().unwrap().size).unwrap()];
        file.read_at(&mut [IoSliceMut::new(&mut bytes)], 0).unwrap();
        bytes
    }

    /// Whether something has this name; links are not followed.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.dir.stat_at(path, false).is_ok()
    }

    /// Makes a folder.
    pub(crate) fn mkdir(&self, path: &str) {
        self.dir.create_dir(path).unwrap();
    }

    /// Makes a symbolic link, with any text where the host's own calls can.
    pub(crate) fn link(&self, text: &str, path: &str) {
        match self.host("inside") {
            Some(inside) => std::os::unix::fs::symlink(text, inside.join(path)).unwrap(),
            None => self.dir.symlink(text, path).unwrap(),
        }
    }

    /// How many descriptors this process has open in the sandbox.
    pub(crate) fn host_descriptors(&self) -> usize {
        let top = self.temp.as_ref().unwrap().path();
        let leads_here = |fd: &Path| fs::read_link(fd).is_ok_and(|path| path.starts_with(top));
        let open = fs::read_dir("/proc/self/fd").unwrap();
        open.filter(|fd| leads_here(&fd.as_ref().unwrap().path())).count()
    }

    fn file(&self, path: &str, options: &OpenOptions) -> Arc<dyn File> {
        match self.dir.open(path, options).unwrap() {
            Node::File(file) => file,
            Node::Dir(_) => panic!("{path} is a folder"),
        }
    }
}
