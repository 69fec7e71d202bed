//! Resolving a path component by component, never above the folder that it started from.
//!
//! Written once for every tree: the operating system's where there is no `openat2`, and memory.

use super::path::{Last, Place};
use super::trail::Trail;
use crate::{ErrorCode, Result};

/// How many symbolic links one path may lead through, as on Linux.
const MOST_LINKS: u32 = 40;

/// A folder in hand, as far as the walk needs to know it.
pub(super) trait Folder: Sized {
    /// Goes into the folder `name`, without following anything.
    ///
    /// # Errors
    /// `NoEntry`, `NotDirectory`, and what the tree adds.
    fn enter(&self, name: &[u8]) -> Result<Step<Self>>;

    /// The text of the symbolic link `name`; `None` for anything else and for what is missing.
    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>>;
}

/// What a component turned out to be.
pub(super) enum Step<F> {
    /// A folder.
    Folder(F),
    /// A symbolic link with this text.
    Link(Vec<u8>),
}

/// Whether a symbolic link at the path's end is replaced by what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// No, whatever slashes are behind it.
    Never,
    /// Yes, and what it leads to again.
    Always,
    /// Yes, unless slashes are behind it: where a file is to be created, they are an error, and
    /// Linux makes it before it looks at the link.
    UnlessSlash,
}

/// Walks `path` from `top` up to its last component, which need not exist.
///
/// # Errors
/// `NotCapable` for `..` above the top and for links to absolute paths, `Loop` for too many links,
/// `NameTooLong` where they lead too deep, and the tree's own.
pub(super) fn walk<F: Folder>(top: F, path: &str, follow: Follow) -> Result<Place<'static, F>> {
    // `..` is a step back to where the walk came from, whatever is renamed meanwhile.
    let mut above = Trail::new();
    let mut here = top;
    let mut route = Route::new(path);
    while let Some(component) = route.next() {
        match route.name(&component) {
            b"." => {}
            b".." => here = above.pop()?.ok_or(ErrorCode::NotCapable)?,
            name if component.last => {
                let follow = match follow {
                    Follow::Never => false,
                    Follow::Always => true,
                    Follow::UnlessSlash => !component.slash,
                };
                let text = if follow { here.link_text(name)? } else { None };
                if let Some(text) = text {
                    route.detour(&text)?;
                    continue;
                }
            }
            name => match here.enter(name)? {
                Step::Folder(next) => above.push(std::mem::replace(&mut here, next), name)?,
                Step::Link(text) => {
                    route.detour(&text)?;
                    continue;
                }
            },
        }
        if component.last {
            let last = Last::of(route.name(&component).to_vec().into());
            return Ok(Place { folder: here, last, slash: component.slash });
        }
    }
    Err(ErrorCode::NoEntry)
}

/// The part of the way that is still to go.
struct Route {
    text: Vec<u8>,
    at: usize,
    links: u32,
}

/// A component of the route.
struct Component {
    start: usize,
    end: usize,
    /// Whether nothing but slashes comes behind it.
    last: bool,
    /// Whether slashes come behind it.
    slash: bool,
}

impl Route {
    fn new(path: &str) -> Self {
        Self { text: path.as_bytes().to_vec(), at: 0, links: 0 }
    }

    fn next(&mut self) -> Option<Component> {
        let start = self.at + self.text[self.at..].iter().position(|byte| *byte != b'/')?;
        let length = self.text[start..].iter().position(|byte| *byte == b'/');
        let end = length.map_or(self.text.len(), |length| start + length);
        self.at = end;
        let behind = &self.text[end..];
        let last = behind.iter().all(|byte| *byte == b'/');
        Some(Component { start, end, last, slash: !behind.is_empty() })
    }

    fn name(&self, component: &Component) -> &[u8] {
        &self.text[component.start..component.end]
    }

    /// Puts a link's text before what is still to go.
    fn detour(&mut self, link: &[u8]) -> Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(ErrorCode::Loop);
        }
        match link.first() {
            None => return Err(ErrorCode::NoEntry),
            Some(b'/') => return Err(ErrorCode::NotCapable),
            Some(_) => {}
        }
        // What remains is empty or begins with a slash.
        self.text = [link, &self.text[self.at..]].concat();
        self.at = 0;
        Ok(())
    }
}
