//! Random operations on random trees: the kernel's resolver, ours and memory must agree on every
//! error and every kind of file, and end with the same tree.

use crate::support::{SECRET, Sandbox, list};
use proptest::prelude::*;
use std::io::IoSliceMut;
use std::sync::Arc;
use wayleave_system::fs::{
    self, Dir, FileKind, MemoryDir, Mounts, Node, OpenOptions, Resolver, SetTime, Timestamp,
};
use wayleave_system::{ErrorCode, Result};

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Open(String, OpenOptions),
    Stat(String, bool),
    SetTimes(String, bool),
    CreateDir(String),
    RemoveDir(String),
    RemoveFile(String),
    Symlink(String, String),
    ReadLink(String),
    Rename(String, String),
    Link(String, bool, String),
}

/// What is compared of a success.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Opened(FileKind),
    Stat { kind: FileKind, size: Option<u64>, links: Option<u64> },
    Text(Vec<u8>),
}

pub(crate) fn path(names: &'static [&'static str]) -> BoxedStrategy<String> {
    let component = || {
        prop_oneof![
            8 => proptest::sample::select(names),
            2 => Just(".."),
            1 => Just("."),
            1 => Just(""),
        ]
    };
    let short = proptest::collection::vec(component(), 1..3);
    let long = proptest::collection::vec(component(), 3..6);
    let components = prop_oneof![3 => short, 1 => long];
    let slashes = prop_oneof![4 => Just(""), 1 => Just("/"), 1 => Just("//")];
    (components, slashes).prop_map(|(components, slashes)| components.join("/") + slashes).boxed()
}

fn options() -> impl Strategy<Value = OpenOptions> {
    let flag = || proptest::bool::weighted(0.3);
    (any::<bool>(), flag(), flag(), any::<bool>(), flag(), flag(), flag(), any::<bool>()).prop_map(
        |(read, write, append, create, exclusive, truncate, directory, follow)| OpenOptions {
            read,
            write,
            append,
            create,
            exclusive,
            truncate,
            directory,
            follow,
            sync: None,
        },
    )
}

pub(crate) fn operation(names: &'static [&'static str]) -> BoxedStrategy<Operation> {
    use Operation::*;
    let p = move || path(names);
    prop_oneof![
        4 => (p(), options()).prop_map(|(p, o)| Open(p, o)),
        2 => (p(), any::<bool>()).prop_map(|(p, f)| Stat(p, f)),
        1 => (p(), any::<bool>()).prop_map(|(p, f)| SetTimes(p, f)),
        4 => p().prop_map(CreateDir),
        1 => p().prop_map(RemoveDir),
        1 => p().prop_map(RemoveFile),
        4 => (p(), p()).prop_map(|(t, p)| Symlink(t, p)),
        1 => p().prop_map(ReadLink),
        2 => (p(), p()).prop_map(|(a, b)| Rename(a, b)),
        1 => (p(), any::<bool>(), p()).prop_map(|(a, f, b)| Link(a, f, b)),
    ]
    .boxed()
}

pub(crate) fn apply(dir: &dyn Dir, operation: &Operation) -> Result<Answer> {
    use Operation::*;
    let done = |()| Answer::Done;
    match operation {
        Open(path, options) => match dir.open(path, options)? {
            Node::Dir(dir) => Ok(Answer::Opened(dir.stat()?.kind)),
            Node::File(file) => {
                let mut bytes = [0; SECRET.len()];
                let read = file.read_at(&mut [IoSliceMut::new(&mut bytes)], 0);
                assert!(read.is_err() || bytes != SECRET, "read outside through {path:?}");
                Ok(Answer::Opened(file.kind()?))
            }
        },
        Stat(path, follow) => {
            let stat = dir.stat_at(path, *follow)?;
            // What folders say of these is the file system's own affair.
            let of_file = |number| (stat.kind != FileKind::Directory).then_some(number);
            let (size, links) = (of_file(stat.size), of_file(stat.links));
            Ok(Answer::Stat { kind: stat.kind, size, links })
        }
        SetTimes(path, follow) => {
            let time = SetTime::To(Timestamp { seconds: 1, nanoseconds: 2 });
            dir.set_times_at(path, *follow, SetTime::Keep, time).map(done)
        }
        CreateDir(path) => dir.create_dir(path).map(done),
        RemoveDir(path) => dir.remove_dir(path).map(done),
        RemoveFile(path) => dir.remove_file(path).map(done),
        Symlink(target, path) => dir.symlink(target, path).map(done),
        ReadLink(path) => dir.read_link(path).map(Answer::Text),
        Rename(from, to) => fs::rename(dir, from, dir, to).map(done),
        Link(from, follow, to) => fs::link(dir, from, *follow, dir, to).map(done),
    }
}

/// Everything below a folder, as text.
fn tree(dir: &dyn Dir, indent: usize, out: &mut String) {
    // The mount point is of one provider only.
    for name in list(dir).into_iter().filter(|name| name != "mount") {
        let stat = dir.stat_at(&name, false).unwrap();
        let text = match stat.kind {
            FileKind::SymbolicLink => dir.read_link(&name).unwrap(),
            _ => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text);
        *out += &format!("{:indent$}{name} {:?} {text}\n", "", stat.kind);
        if stat.kind == FileKind::Directory {
            let options = OpenOptions { directory: true, ..OpenOptions::default() };
            let Ok(Node::Dir(below)) = dir.open(&name, &options) else { panic!("{name}") };
            tree(&*below, indent + 1, out);
        }
    }
}

fn run(operations: &[Operation], prepare: impl Fn(&Sandbox), with_memory: bool) {
    let sandboxes = [Sandbox::new(), Sandbox::new(), Sandbox::new()];
    sandboxes.iter().for_each(&prepare);
    let mut dirs: Vec<(&str, Arc<dyn Dir>)> = vec![
        ("kernel", sandboxes[0].open(Resolver::Kernel)),
        ("walk", sandboxes[1].open(Resolver::Walk)),
    ];
    if with_memory {
        dirs.push(("memory", Arc::new(MemoryDir::new(1 << 20))));
    }
    dirs.push(("mounts", mounted(sandboxes[2].open(Resolver::Kernel))));
    for operation in operations {
        let answers: Vec<_> = dirs.iter().map(|(_, dir)| apply(&**dir, operation)).collect();
        for (answer, (name, _)) in answers.iter().zip(&dirs) {
            assert_eq!(answer, &answers[0], "{name} against kernel: {operation:?}");
        }
    }
    let trees = dirs.iter().map(|(_, dir)| {
        let mut text = String::new();
        tree(&**dir, 0, &mut text);
        text
    });
    let trees: Vec<_> = trees.collect();
    assert!(trees.iter().all(|tree| *tree == trees[0]), "{trees:#?}");
    sandboxes.iter().for_each(Sandbox::check_outside);
}

/// A folder with a mount point in it, which no operation names.
fn mounted(outer: Arc<dyn Dir>) -> Arc<dyn Dir> {
    let mut mounts = Mounts::default();
    mounts.dir("/", outer).unwrap();
    mounts.dir("/mount", Arc::new(MemoryDir::new(1))).unwrap();
    mounts.folders().remove(0).1
}

pub(crate) const NAMES: &[&str] = &["a", "b", "link"];
const NAMES_WITH_LINKS: &[&str] = &["a", "b", "link", "absolute", "up", "slashed", "loop"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_providers_agree(
        operations in proptest::collection::vec(operation(NAMES), 1..40)
    ) {
        run(&operations, |_| {}, true);
    }

    /// With links that a guest can not make.
    #[test]
    fn resolvers_agree_on_links_that_lead_outside(
        operations in proptest::collection::vec(operation(NAMES_WITH_LINKS), 1..24)
    ) {
        let prepare = |sandbox: &Sandbox| {
            let link = |target: &str, name| {
                std::os::unix::fs::symlink(target, sandbox.inside().join(name)).unwrap();
            };
            // The two sandboxes have links of one length, so that sizes can be compared.
            link(sandbox.outside().to_str().unwrap(), "absolute");
            link("../outside", "up");
            link("up/", "slashed");
            link("loop", "loop");
        };
        let texts_differ = |o: &Operation| matches!(o, Operation::ReadLink(_));
        let operations: Vec<_> = operations.into_iter().filter(|o| !texts_differ(o)).collect();
        run_without_texts(&operations, prepare);
    }
}

/// As [`run`], for trees whose absolute links differ in their text.
fn run_without_texts(operations: &[Operation], prepare: impl Fn(&Sandbox)) {
    let sandboxes = [Sandbox::new(), Sandbox::new(), Sandbox::new()];
    sandboxes.iter().for_each(&prepare);
    let kernel = sandboxes[0].open(Resolver::Kernel);
    let walk = sandboxes[1].open(Resolver::Walk);
    let mounts = mounted(sandboxes[2].open(Resolver::Kernel));
    for operation in operations {
        let answer = apply(&*kernel, operation);
        assert_eq!(answer, apply(&*walk, operation), "{operation:?}");
        assert_eq!(answer, apply(&*mounts, operation), "mounts: {operation:?}");
    }
    sandboxes.iter().for_each(Sandbox::check_outside);
}

#[test]
fn the_longest_chain_of_links() {
    crate::support::each(|dir| {
        dir.create_dir("l0").unwrap();
        for number in 1..=41 {
            dir.symlink(&format!("l{}", number - 1), &format!("l{number}")).unwrap();
        }
        assert!(dir.stat_at("l40", true).is_ok());
        assert_eq!(dir.stat_at("l41", true).unwrap_err(), ErrorCode::Loop);
        assert_eq!(dir.stat_at("l41/.", false).unwrap_err(), ErrorCode::Loop);
    });
}
