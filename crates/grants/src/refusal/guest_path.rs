//! Paths as guests give them, cleaned of what says nothing.

/// A guest's path without `.`, `//` and what `..` takes back: only at the start of a relative one
/// `..` is left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GuestPath {
    absolute: bool,
    parts: Vec<String>,
}

impl GuestPath {
    pub(crate) fn new(path: &str) -> Self {
        Self { absolute: path.starts_with('/'), parts: Vec::new() }.join(path)
    }

    /// The path below this one; an absolute one leads away from it.
    pub(crate) fn join(mut self, path: &str) -> Self {
        if path.starts_with('/') {
            self = Self { absolute: true, parts: Vec::new() };
        }
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if self.parts.last().is_some_and(|last| last != "..") => {
                    self.parts.pop();
                }
                ".." if self.absolute => {}
                part => self.parts.push(part.to_owned()),
            }
        }
        self
    }

    /// What is left of this path behind `top`; `None` if it is not below that. C libraries make no
    /// difference between `/a` and `a`, so neither does this.
    pub(crate) fn below(&self, top: &Self) -> Option<&[String]> {
        let rest = self.parts.strip_prefix(top.parts.as_slice())?;
        (rest.first().is_none_or(|first| first != "..")).then_some(rest)
    }

    /// The folder that holds it; `None` for one that is at the top.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (last, before) = self.parts.split_last()?;
        if last == ".." {
            return None;
        }
        Some(Self { absolute: self.absolute, parts: before.to_vec() })
    }

    /// Whether it leads above where it starts.
    pub(crate) fn leads_up(&self) -> bool {
        self.parts.first().is_some_and(|first| first == "..")
    }

    /// The folder to grant for it, if that is not everything.
    pub(crate) fn holder(&self) -> Option<Self> {
        self.parent().filter(|parent| !(parent.absolute && parent.parts.is_empty()))
    }

    pub(crate) fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The same path, seen from the current folder.
    pub(crate) fn relative(&self) -> Self {
        Self { absolute: false, parts: self.parts.clone() }
    }
}

impl std::fmt::Display for GuestPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.absolute, self.parts.is_empty()) {
            (true, _) => write!(f, "/{}", self.parts.join("/")),
            (false, true) => f.write_str("."),
            (false, false) => f.write_str(&self.parts.join("/")),
        }
    }
}

/// Whether a folder of this name is where all paths begin, for a C library.
pub(crate) fn is_top(path: &str) -> bool {
    GuestPath::new(path).parts.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(path: &str) -> String {
        GuestPath::new(path).to_string()
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        assert_eq!(clean("/a//b/./c/"), "/a/b/c");
        assert_eq!(clean("/a/../../b"), "/b");
        assert_eq!(clean("a/../../b"), "../b");
        assert_eq!(clean("../.././x"), "../../x");
        assert_eq!(clean("./"), ".");
        assert_eq!(clean("/.."), "/");
        assert_eq!(clean(""), ".");
    }

    #[test]
    fn below_is_by_components() {
        let below = |path: &str, top: &str| {
            GuestPath::new(path).below(&GuestPath::new(top)).map(|rest| rest.join("/"))
        };
        assert_eq!(below("/data/x/y", "/data").as_deref(), Some("x/y"));
        assert_eq!(below("data/x", "/data").as_deref(), Some("x"));
        assert_eq!(below("/data", "/data/").as_deref(), Some(""));
        assert_eq!(below("/database", "/data"), None);
        assert_eq!(below("a/b", ".").as_deref(), Some("a/b"));
        assert_eq!(below("../a", "."), None);
        assert_eq!(below("../a", "..").as_deref(), Some("a"));
    }

    #[test]
    fn joining_and_going_up() {
        let data = GuestPath::new("/data");
        assert_eq!(data.clone().join("a/b").to_string(), "/data/a/b");
        assert_eq!(data.clone().join("../x").to_string(), "/x");
        assert_eq!(data.clone().join("/x").to_string(), "/x");
        let up = |path: &str| GuestPath::new(path).parent().map(|parent| parent.to_string());
        assert_eq!(up("/a/b").as_deref(), Some("/a"));
        assert_eq!(up("/a").as_deref(), Some("/"));
        assert_eq!(up("a").as_deref(), Some("."));
        assert_eq!(up("/"), None);
        assert_eq!(up(".."), None);
    }
}
