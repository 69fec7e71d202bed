use super::Mounted;
use crate::fs::numbers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A guest path, as the names that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GuestRoute {
    /// Whether it begins at `/`. Relative paths begin at `.`, which is a place of its own.
    pub(super) absolute: bool,
    pub(super) names: Vec<String>,
}

/// A mount point, or a folder on the way to one.
pub(super) struct Node {
    /// What is mounted here.
    pub(super) mounted: Option<Mounted>,
    pub(super) children: BTreeMap<String, Arc<Node>>,
    /// Of the folder, where nothing is mounted.
    pub(super) number: u64,
    /// Whether anything that is mounted below can be changed.
    pub(super) writable_below: bool,
}

/// A node that is being made.
#[derive(Default)]
pub(super) struct Sapling {
    mounted: Option<Mounted>,
    children: BTreeMap<String, Sapling>,
}

impl GuestRoute {
    /// `None` with `..` in it.
    pub(super) fn parse(guest: &str) -> Option<Self> {
        let names = guest.split('/').filter(|name| !matches!(*name, "" | "."));
        let names: Vec<String> = names.map(str::to_owned).collect();
        let up = names.iter().any(|name| name == "..");
        (!up).then_some(Self { absolute: guest.starts_with('/'), names })
    }

    /// Whether it leads on from where `above` leads to.
    pub(super) fn is_below(&self, above: &Self) -> bool {
        self.absolute == above.absolute
            && self.names.len() > above.names.len()
            && self.names.starts_with(&above.names)
    }

    /// The folder that holds what it leads to.
    pub(super) fn parent(&self) -> Self {
        let names = self.names.split_last().map_or(&[][..], |(_, before)| before);
        Self { absolute: self.absolute, names: names.to_vec() }
    }

    /// As a guest path.
    pub(super) fn text(&self) -> String {
        match (self.absolute, self.names.join("/")) {
            (true, names) => format!("/{names}"),
            (false, names) if names.is_empty() => ".".to_owned(),
            (false, names) => names,
        }
    }
}

impl Sapling {
    pub(super) fn mount(&mut self, names: &[String], mounted: Mounted) {
        match names {
            [] => self.mounted = Some(mounted),
            [first, rest @ ..] => {
                self.children.entry(first.clone()).or_default().mount(rest, mounted);
            }
        }
    }

    pub(super) fn grow(self) -> Arc<Node> {
        let children: BTreeMap<_, _> =
            self.children.into_iter().map(|(name, child)| (name, child.grow())).collect();
        let writable_below = children.values().any(|child| {
            let here = match &child.mounted {
                Some(Mounted::Dir(dir)) => !dir.is_read_only(),
                Some(Mounted::File(file)) => !file.is_read_only(),
                None => false,
            };
            here || child.writable_below
        });
        Arc::new(Node { mounted: self.mounted, children, number: numbers::next(), writable_below })
    }
}

impl Node {
    /// The node to which the names lead.
    pub(super) fn find(self: &Arc<Self>, names: &[String]) -> Option<Arc<Self>> {
        let mut here = self;
        for name in names {
            here = here.children.get(name)?;
        }
        Some(Arc::clone(here))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_guest_paths() {
        let route = |text: &str| GuestRoute::parse(text).map(|route| route.text());
        let cases = [
            ("/", "/"),
            ("", "."),
            (".", "."),
            ("./a//b/", "a/b"),
            ("//a/./b", "/a/b"),
            ("a..b", "a..b"),
        ];
        for (text, expected) in cases {
            assert_eq!(route(text).as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(route("a/../b"), None);
    }

    #[test]
    fn below_is_by_whole_names() {
        let below = |one: &str, two: &str| {
            GuestRoute::parse(one).unwrap().is_below(&GuestRoute::parse(two).unwrap())
        };
        assert!(below("/a/b", "/"));
        assert!(below("/a/b", "/a"));
        assert!(below("a", "."));
        assert!(!below("/ab", "/a"));
        assert!(!below("/a", "/a"));
        assert!(!below("/a", "."));
    }
}
