use crate::{Access, Settings, StreamGrant};
use std::path::{Component, Path, PathBuf};

impl Settings {
    /// The same, for a manifest in the folder `to`, where paths were taken from the folder `from` so far:
    /// those below `to` are relative to it, and others absolute. Both folders are absolute paths
    /// without links.
    #[must_use]
    pub fn moved(mut self, from: &Path, to: &Path) -> Self {
        let go = |path: &mut PathBuf| *path = moved(path, from, to);
        for dir in &mut self.dirs {
            go(&mut dir.host);
            if let Access::OverlayIn(upper) = &mut dir.access {
                go(upper);
            }
        }
        self.images.iter_mut().for_each(|image| go(&mut image.file));
        self.files.iter_mut().for_each(|file| go(&mut file.host));
        self.tls_ca.iter_mut().for_each(go);
        for stream in [&mut self.stdin, &mut self.stdout, &mut self.stderr] {
            if let Some(StreamGrant::File(file)) = stream {
                go(file);
            }
        }
        self
    }
}

fn moved(path: &Path, from: &Path, to: &Path) -> PathBuf {
    // Without `.`. What is before a `..` may be a link, and so stays.
    let whole: PathBuf = from.join(path).components().collect();
    match whole.strip_prefix(to) {
        Ok(below) if below.as_os_str().is_empty() => ".".into(),
        Ok(below) if !below.components().any(|part| part == Component::ParentDir) => below.into(),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_another_folder() {
        for (path, to, expected) in [
            (".", "/work/conf", "/work"),
            ("a/./b", "/work/conf", "/work/a/b"),
            ("conf/a", "/work/conf", "a"),
            ("conf", "/work/conf", "."),
            ("/work/conf/a", "/work/conf", "a"),
            ("/etc/a", "/work/conf", "/etc/a"),
            ("../a", "/work/conf", "/work/../a"),
            ("conf/../a", "/work/conf", "/work/conf/../a"),
            ("a", "/", "work/a"),
        ] {
            assert_eq!(
                moved(Path::new(path), Path::new("/work"), Path::new(to)),
                Path::new(expected)
            );
        }
    }

    #[test]
    fn every_path_is_moved() {
        let mut settings = Settings::default();
        settings.dirs.push("a::/a::overlay=b".parse().unwrap());
        settings.images.push("c::/c".parse().unwrap());
        settings.files.push("d::/d".parse().unwrap());
        settings.tls_ca.push("e".into());
        settings.stdin = Some(StreamGrant::File("f".into()));
        let moved = settings.moved(Path::new("/w"), Path::new("/x"));
        assert_eq!(moved.dirs, ["/w/a::/a::overlay=/w/b".parse().unwrap()]);
        assert_eq!(moved.images, ["/w/c::/c".parse().unwrap()]);
        assert_eq!(moved.files, ["/w/d::/d".parse().unwrap()]);
        assert_eq!(moved.tls_ca, [Path::new("/w/e")]);
        assert_eq!(moved.stdin, Some(StreamGrant::File("/w/f".into())));
    }
}
