//! Random operations on random trees, as a plain folder and as the lower layer of overlays: every
//! answer and the tree at the end must be the same, and the lower layer as it was.

use crate::differential::{Answer, NAMES, Operation, apply, operation};
use crate::support::{SECRET, Sandbox, contents, list, snapshot};
use proptest::prelude::*;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::fs::{
    Dir, File, FileKind, MemoryDir, Node, OpenOptions, Overlay, Quota, QuotaLimits, Resolver,
    Timestamp,
};

#[derive(Clone, Debug)]
enum Step {
    /// What all providers are tried with.
    Do(Operation),
    /// The same, by a folder that is held.
    Below(usize, Operation),
    /// Opens a file and writes to it.
    Write(String, OpenOptions, u64, usize),
    /// Opens a file to write and sets its size.
    Resize(String, u64, bool),
    /// Opens something to read, and holds it.
    Hold(String),
    /// Sets the times of a file that is held.
    SetTimes(usize),
    /// Lets go of everything, and makes the overlays anew over the same folders.
    Remount,
}

/// What is tried: a folder, and what is held of it.
struct Subject {
    name: &'static str,
    dir: Arc<dyn Dir>,
    remount: Box<dyn Fn() -> Arc<dyn Dir>>,
    dirs: Vec<Arc<dyn Dir>>,
    files: Vec<Arc<dyn File>>,
}

impl Subject {
    fn new(name: &'static str, remount: impl Fn() -> Arc<dyn Dir> + 'static) -> Self {
        let (dirs, files) = (Vec::new(), Vec::new());
        Self { name, dir: remount(), remount: Box::new(remount), dirs, files }
    }

    fn step(&mut self, step: &Step) -> Result<Answer> {
        match step {
            Step::Do(operation) => apply(&*self.dir, operation),
            Step::Below(which, operation) => {
                let count = self.dirs.len().max(1);
                apply(&**self.dirs.get(which % count).unwrap_or(&self.dir), operation)
            }
            Step::Write(path, options, offset, length) => match self.dir.open(path, options)? {
                Node::Dir(_) => Ok(Answer::Opened(FileKind::Directory)),
                Node::File(file) => {
                    let bytes = vec![b'w'; *length];
                    let written = file.write_at(&[IoSlice::new(&bytes)], *offset)?;
                    Ok(Answer::Text(written.to_string().into()))
                }
            },
            Step::Resize(path, size, allocate) => {
                let options = OpenOptions { write: true, follow: true, ..OpenOptions::default() };
                match self.dir.open(path, &options)? {
                    Node::Dir(_) => Ok(Answer::Opened(FileKind::Directory)),
                    Node::File(file) if *allocate => {
                        file.allocate(*size / 2, *size).map(|()| Answer::Done)
                    }
                    Node::File(file) => file.set_size(*size).map(|()| Answer::Done),
                }
            }
            Step::Hold(path) => {
                let options = OpenOptions { read: true, follow: true, ..OpenOptions::default() };
                match self.dir.open(path, &options)? {
                    Node::Dir(dir) => self.dirs.push(dir),
                    Node::File(file) => self.files.push(file),
                }
                Ok(Answer::Done)
            }
            Step::SetTimes(which) => {
                let count = self.files.len().max(1);
                let Some(file) = self.files.get(which % count) else { return Ok(Answer::Done) };
                if file.stat()?.links == 0 {
                    // There is nowhere to keep them.
                    return Ok(Answer::Done);
                }
                let time = Timestamp { seconds: 1, nanoseconds: 2 };
                let time = wayleave_system::fs::SetTime::To(time);
                file.set_times(time, time).map(|()| Answer::Done)
            }
            Step::Remount => {
                self.dirs.clear();
                self.files.clear();
                self.dir = (self.remount)();
                Ok(Answer::Done)
            }
        }
    }

    /// What is held, as it is now.
    fn held(&self) -> Vec<(u64, u64, Vec<u8>)> {
        let state = |file: &Arc<dyn File>| {
            let stat = file.stat().unwrap();
            let mut bytes = vec![0; 1 << 14];
            let read = file.read_at(&mut [IoSliceMut::new(&mut bytes)], 0).unwrap();
            bytes.truncate(read);
            (stat.size, stat.links, bytes)
        };
        self.files.iter().map(state).collect()
    }

    fn tree(&self) -> String {
        let mut text = String::new();
        tree(&*self.dir, 0, &mut text);
        text
    }
}

/// Everything below a folder, as text: with contents, and whether the times were set.
fn tree(dir: &dyn Dir, indent: usize, out: &mut String) {
    for name in list(dir) {
        let stat = dir.stat_at(&name, false).unwrap();
        let text = match stat.kind {
            FileKind::SymbolicLink => dir.read_link(&name).unwrap(),
            FileKind::Regular => contents(dir, &name),
            _ => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text);
        let set = stat.modified.seconds == 1;
        *out += &format!("{:indent$}{name} {:?} {set} {text:?}\n", "", stat.kind);
        if stat.kind == FileKind::Directory {
            let options = OpenOptions { directory: true, ..OpenOptions::default() };
            let Ok(Node::Dir(below)) = dir.open(&name, &options) else { panic!("{name}") };
            tree(&*below, indent + 1, out);
        }
    }
}

fn step() -> BoxedStrategy<Step> {
    let path = || crate::differential::path(NAMES);
    let options = || {
        let flag = || proptest::bool::weighted(0.3);
        (flag(), flag(), flag(), any::<bool>()).prop_map(|(append, create, truncate, follow)| {
            OpenOptions { write: true, append, create, truncate, follow, ..OpenOptions::default() }
        })
    };
    let which = || 0..4_usize;
    prop_oneof![
        12 => operation(NAMES).prop_map(Step::Do),
        4 => (which(), operation(NAMES)).prop_map(|(which, o)| Step::Below(which, o)),
        4 => (path(), options(), 0..5000_u64, 0..5000_usize)
            .prop_map(|(path, options, at, length)| Step::Write(path, options, at, length)),
        1 => (path(), 1..9000_u64, any::<bool>()).prop_map(|(p, s, a)| Step::Resize(p, s, a)),
        3 => path().prop_map(Step::Hold),
        1 => which().prop_map(Step::SetTimes),
        1 => Just(Step::Remount),
    ]
    .boxed()
}

/// How a tree is made before: without hard links, which a lower layer does not keep together.
fn preparation() -> impl Strategy<Value = Vec<Step>> {
    let path = || crate::differential::path(NAMES);
    let create = OpenOptions { write: true, create: true, follow: true, ..OpenOptions::default() };
    let made = prop_oneof![
        path().prop_map(|path| Step::Do(Operation::CreateDir(path))),
        (path(), path()).prop_map(|(text, path)| Step::Do(Operation::Symlink(text, path))),
        (path(), 0..5000_u64, 0..5000_usize)
            .prop_map(move |(path, at, length)| Step::Write(path, create, at, length)),
    ];
    proptest::collection::vec(made, 0..20)
}

fn run(preparation: &[Step], steps: &[Step]) {
    let sandboxes: Vec<_> = (0..4).map(|_| Sandbox::new()).collect();
    for sandbox in &sandboxes {
        let dir = sandbox.open(Resolver::Kernel);
        // Something to begin with, in any case.
        dir.create_dir("a").unwrap();
        crate::support::put(&*dir, "a/b", b"contents");
        dir.symlink("a", "link").unwrap();
        let mut raw = Subject::new("raw", move || Arc::clone(&dir) as Arc<dyn Dir>);
        for step in preparation {
            let _ = raw.step(step);
        }
    }
    let before: Vec<_> = sandboxes.iter().map(|sandbox| snapshot(&sandbox.inside())).collect();

    let plain: Arc<dyn Dir> = sandboxes[0].open(Resolver::Kernel);
    let lowers: Vec<Arc<dyn Dir>> =
        sandboxes[1..].iter().map(|sandbox| sandbox.open(Resolver::Walk) as Arc<dyn Dir>).collect();
    let over = |lower: usize, upper: Arc<dyn Dir>| {
        let lower = Arc::clone(&lowers[lower]);
        move || Arc::new(Overlay::new(Arc::clone(&lower), Arc::clone(&upper))) as Arc<dyn Dir>
    };
    let (upper, limited) = (Sandbox::new(), Sandbox::new());
    let most = Some(1 << 40);
    let limits = QuotaLimits { bytes: most, files: most, file_size: most, open_files: most };
    let limited_upper = Arc::new(Quota::new(limited.open(Resolver::Kernel), limits));
    let limited_overlay = over(2, limited_upper);
    let limited_overlay = move || Arc::new(Quota::new(limited_overlay(), limits)) as Arc<dyn Dir>;
    let mut subjects = [
        Subject::new("plain", move || Arc::clone(&plain)),
        Subject::new("memory", over(0, Arc::new(MemoryDir::new(1 << 24)))),
        Subject::new("folder", over(1, upper.open(Resolver::Kernel))),
        Subject::new("limited", limited_overlay),
    ];
    for step in steps {
        let answers: Vec<_> = subjects.iter_mut().map(|subject| subject.step(step)).collect();
        for (answer, subject) in answers.iter().zip(&subjects) {
            assert_eq!(answer, &answers[0], "{} against plain: {step:?}", subject.name);
        }
    }
    let [plain, overlays @ ..] = &subjects;
    for overlay in overlays {
        assert_eq!(overlay.tree(), plain.tree(), "{}", overlay.name);
        assert_eq!(overlay.held(), plain.held(), "{}", overlay.name);
    }
    for (sandbox, before) in sandboxes.iter().zip(before).skip(1) {
        assert_eq!(snapshot(&sandbox.inside()), before);
    }
    sandboxes.iter().chain([&upper, &limited]).for_each(Sandbox::check_outside);
    assert!(!plain.tree().contains(str::from_utf8(SECRET).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn overlays_are_like_folders(
        preparation in preparation(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        run(&preparation, &steps);
    }
}
