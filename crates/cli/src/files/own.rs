use super::{folder_of, is_same_file, lies_in};
use std::io;
use std::path::{Path, PathBuf};
use wayleave::grants::{Access, Settings, StreamGrant};

/// What the command writes of its own in one run, and what the program is given of the host's files:
/// the two are kept apart. A program that reads what is written of its calls makes more of it with
/// each call, without end; and what it can change is not the command's word any more.
#[derive(Default)]
pub(crate) struct OwnFiles {
    /// Whether the program can read all there is.
    all: bool,
    folders: Vec<PathBuf>,
    /// In these it can put links.
    changed: Vec<PathBuf>,
    /// Files that are used otherwise: for what.
    files: Vec<(PathBuf, &'static str)>,
}

impl OwnFiles {
    /// Beside what a program is given by these settings.
    pub(crate) fn new(program: &Path, settings: &Settings) -> Self {
        let mut own = Self::default();
        own.using(program, "the program");
        for dir in &settings.dirs {
            own.folders.push(dir.host.clone());
            match &dir.access {
                Access::ReadOnly | Access::Overlay => {}
                Access::ReadWrite => own.changed.push(dir.host.clone()),
                Access::OverlayIn(upper) => {
                    own.folders.push(upper.clone());
                    own.changed.push(upper.clone());
                }
            }
        }
        settings.files.iter().for_each(|file| own.using(&file.host, GIVEN));
        settings.images.iter().for_each(|image| own.using(&image.file, GIVEN));
        for stream in [&settings.stdin, &settings.stdout, &settings.stderr] {
            if let Some(StreamGrant::File(file)) = stream {
                own.using(file, GIVEN);
            }
        }
        own
    }

    /// A file that is used for something, so that nothing else is written there.
    pub(crate) fn using(&mut self, file: &Path, what: &'static str) {
        self.files.push((file.to_owned(), what));
    }

    /// The program can read all files.
    pub(crate) fn all_is_read(&mut self) {
        self.all = true;
    }

    /// That a file can be written there, and that no link that a program has made leads there.
    pub(super) fn check(&self, file: &Path) -> io::Result<()> {
        if self.all {
            return Err(wrong("with --learn the program reads all files, this one too"));
        }
        let folder = folder_of(file).canonicalize()?;
        if let Some(given) = self.folders.iter().find(|given| lies_in(&folder, given)) {
            let given = given.display();
            return Err(wrong(format!("the program is given {given}: name a file elsewhere")));
        }
        if let Some((_, what)) = self.files.iter().find(|(other, _)| is_same_file(file, other)) {
            return Err(wrong(format!("it is {what}: name another file")));
        }
        let through = |part: &Path| {
            part.canonicalize().is_ok_and(|real| self.changed.iter().any(|top| lies_in(&real, top)))
        };
        match file.ancestors().skip(1).any(through) {
            true => Err(wrong("a link in a granted folder leads there")),
            false => Ok(()),
        }
    }
}

const GIVEN: &str = "what the program is given";

fn wrong(reason: impl Into<String>) -> io::Error {
    io::Error::other(reason.into())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder with `data`, `up`, `mine`, and links.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let top = temp.path().canonicalize().unwrap();
        for folder in ["data/inner", "up", "mine"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        for file in ["mine/given", "mine/program.wasm"] {
            std::fs::write(top.join(file), "").unwrap();
        }
        symlink("../mine", top.join("data/out")).unwrap();
        symlink("../mine", top.join("up/out")).unwrap();
        symlink("inner", top.join("data/in")).unwrap();
        symlink("data", top.join("own")).unwrap();
        symlink("mine", top.join("ours")).unwrap();
        std::fs::hard_link(top.join("mine/given"), top.join("mine/also_given")).unwrap();
        (temp, top)
    }

    fn check(access: &str, file: &str) -> Result<(), String> {
        let (_temp, top) = tree();
        let name = |path: &str| top.join(path).display().to_string();
        let access = access.replace("UP", &name("up"));
        let mut settings = Settings::default();
        settings.dirs.push(format!("{}::/data::{access}", name("data")).parse().unwrap());
        settings.files.push(format!("{}::/f::ro", name("mine/given")).parse().unwrap());
        settings.stdout = Some(StreamGrant::File(top.join("mine/printed")));
        let mut own = OwnFiles::new(&top.join("mine/program.wasm"), &settings);
        own.using(&top.join("mine/trace"), "what --trace writes");
        let checked = own.check(&top.join(file)).map_err(|error| error.to_string());
        checked.map_err(|error| error.replace(&*top.to_string_lossy(), "T"))
    }

    #[test]
    fn nothing_is_written_where_the_program_reads() {
        for access in ["rw", "ro", "overlay", "overlay=UP", "ro,open=3"] {
            for file in ["data/x", "data/inner/x", "own/x", "data/in/x", "own/in/x"] {
                let error = check(access, file).unwrap_err();
                assert_eq!(error, "the program is given T/data: name a file elsewhere", "{file}");
            }
            for file in ["mine/x", "ours/x", "x"] {
                assert_eq!(check(access, file), Ok(()), "{access} {file}");
            }
        }
        let error = check("overlay=UP", "up/x").unwrap_err();
        assert_eq!(error, "the program is given T/up: name a file elsewhere");
        assert_eq!(check("overlay", "up/x"), Ok(()));
    }

    #[test]
    fn no_link_leads_out_of_a_granted_folder() {
        for (access, file, granted) in [
            ("rw", "data/out/x", true),
            ("ro", "data/out/x", false),
            ("overlay", "data/out/x", false),
            ("overlay=UP", "data/out/x", false),
            ("overlay=UP", "up/out/x", true),
            ("rw", "up/out/x", false),
        ] {
            let expected = Err("a link in a granted folder leads there".to_owned());
            assert_eq!(check(access, file), if granted { expected } else { Ok(()) }, "{file}");
        }
    }

    #[test]
    fn nothing_is_written_over_what_is_used() {
        for (file, what) in [
            ("mine/given", GIVEN),
            ("ours/given", GIVEN),
            ("mine/also_given", GIVEN),
            ("mine/printed", GIVEN),
            ("mine/program.wasm", "the program"),
            ("mine/trace", "what --trace writes"),
            ("ours/trace", "what --trace writes"),
        ] {
            assert_eq!(check("rw", file), Err(format!("it is {what}: name another file")));
        }
    }

    #[test]
    fn who_learns_reads_everything() {
        let (_temp, top) = tree();
        let mut own = OwnFiles::new(Path::new("a.wasm"), &Settings::default());
        assert!(own.check(&top.join("x")).is_ok());
        own.all_is_read();
        assert!(own.check(&top.join("x")).is_err());
    }
}
