//! Folders of every provider, and short ways to use them.

use std::io::{IoSlice, IoSliceMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use wayleave_system::Result;
use wayleave_system::fs::{
    Dir, File, FileKind, MemoryDir, Node, OpenOptions, OsDir, Overlay, Quota, QuotaLimits, Resolver,
};
use wayleave_system::wait::Blocking;

pub(crate) const READ: OpenOptions = OpenOptions {
    read: true,
    write: false,
    append: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: false,
    sync: None,
};
pub(crate) const FOLLOW: OpenOptions = OpenOptions { follow: true, ..READ };
pub(crate) const DIRECTORY: OpenOptions = OpenOptions { directory: true, ..READ };
pub(crate) const WRITE: OpenOptions = OpenOptions { write: true, ..READ };
pub(crate) const CREATE: OpenOptions = OpenOptions { create: true, ..WRITE };

pub(crate) const SECRET: &[u8] = b"nobody may read or change this";

/// A temporary folder with `inside`, which is granted, beside `outside`, which is not.
pub(crate) struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("inside")).unwrap();
        std::fs::create_dir(root.path().join("outside")).unwrap();
        std::fs::write(root.path().join("outside/secret"), SECRET).unwrap();
        Self { root }
    }

    pub(crate) fn inside(&self) -> PathBuf {
        self.root.path().join("inside")
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.root.path().join("outside")
    }

    pub(crate) fn open(&self, resolver: Resolver) -> Arc<OsDir> {
        Arc::new(OsDir::open_ambient(&self.inside()).unwrap().with_resolver(resolver))
    }

    /// The folder that was granted is still empty.
    fn check_untouched(&self) {
        assert!(std::fs::read_dir(self.inside()).unwrap().next().is_none());
        self.check_outside();
    }

    /// The canary lives, and has no company.
    pub(crate) fn check_outside(&self) {
        let listed = |path: &Path| {
            let mut names: Vec<_> =
                std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(listed(self.root.path()), ["inside", "outside"]);
        assert_eq!(listed(&self.outside()), ["secret"]);
        assert_eq!(std::fs::read(self.outside().join("secret")).unwrap(), SECRET);
    }
}

/// Runs `test` on an empty folder of each provider.
pub(crate) fn each(test: impl Fn(Arc<dyn Dir>)) {
    each_os(|_, dir| test(dir));
    eprintln!("provider: memory");
    test(Arc::new(MemoryDir::new(1 << 20)));
    eprintln!("provider: an overlay with its upper layer in memory");
    let lower = Sandbox::new();
    test(Arc::new(Overlay::new(lower.open(Resolver::Kernel), Arc::new(MemoryDir::new(1 << 20)))));
    lower.check_untouched();
    eprintln!("provider: an overlay of two folders");
    let upper = Sandbox::new();
    test(Arc::new(Overlay::new(lower.open(Resolver::Walk), upper.open(Resolver::Kernel))));
    lower.check_untouched();
    upper.check_outside();
    eprintln!("provider: a folder with limits");
    let limited = Sandbox::new();
    let most = Some(1 << 40);
    let limits = QuotaLimits { bytes: most, files: most, file_size: most, open_files: most };
    test(Arc::new(Quota::new(limited.open(Resolver::Kernel), limits)));
    limited.check_outside();
}

/// Runs `test` on an empty folder of the system, with each resolver.
pub(crate) fn each_os(test: impl Fn(&Sandbox, Arc<dyn Dir>)) {
    for resolver in [Resolver::Kernel, Resolver::Walk] {
        eprintln!("provider: the system, resolved by {resolver:?}");
        let sandbox = Sandbox::new();
        test(&sandbox, sandbox.open(resolver));
        sandbox.check_outside();
    }
}

pub(crate) fn file(node: Result<Node>) -> Arc<dyn File> {
    match node.unwrap() {
        Node::File(file) => file,
        Node::Dir(_) => panic!("a folder"),
    }
}

pub(crate) fn folder(node: Result<Node>) -> Arc<dyn Dir> {
    match node.unwrap() {
        Node::Dir(dir) => dir,
        Node::File(_) => panic!("a file"),
    }
}

/// What opening gave, without the handle.
pub(crate) fn opened(node: Result<Node>) -> Result<&'static str> {
    node.map(|node| if matches!(node, Node::File(_)) { "file" } else { "folder" })
}

pub(crate) fn kind(dir: &dyn Dir, path: &str) -> Result<FileKind> {
    dir.stat_at(path, false).map(|stat| stat.kind)
}

pub(crate) fn put(dir: &dyn Dir, path: &str, bytes: &[u8]) {
    let options = OpenOptions { truncate: true, ..CREATE };
    write_all(&*file(dir.open(path, &options)), bytes);
}

pub(crate) fn write_all(file: &dyn File, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written = file.write(&[IoSlice::new(bytes)], Blocking::Allowed).unwrap();
        bytes = &bytes[written..];
    }
}

pub(crate) fn read(file: &dyn File, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let length = file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Allowed).unwrap();
    bytes.truncate(length);
    bytes
}

pub(crate) fn contents(dir: &dyn Dir, path: &str) -> Vec<u8> {
    read(&*file(dir.open(path, &FOLLOW)), 1 << 16)
}

/// The folder's names, sorted, without dots.
pub(crate) fn list(dir: &dyn Dir) -> Vec<String> {
    let mut entries = dir.entries().unwrap();
    let mut names = Vec::new();
    while let Some(entry) = entries.peek().unwrap() {
        names.push(String::from_utf8(entry.name.to_vec()).unwrap());
        entries.advance();
    }
    names.retain(|name| name != "." && name != "..");
    names.sort();
    names
}

/// All that a folder of the host holds, with everything that would show a change.
pub(crate) fn snapshot(folder: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut pending = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        let data = std::fs::symlink_metadata(&path).unwrap();
        let text = if data.is_dir() {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if data.is_symlink() {
            std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if data.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        // The time of the last change of anything tells what the others do not.
        let (changed, modified) = ((data.ctime(), data.ctime_nsec()), data.modified().unwrap());
        let (mode, links, inode) = (data.mode(), data.nlink(), data.ino());
        found.push(format!("{path:?} {mode:o} {links} {inode} {changed:?} {modified:?} {text:?}"));
    }
    found.sort();
    found
}
