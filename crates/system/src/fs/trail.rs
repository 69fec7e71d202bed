//! The folders that a walk came through, to go back to.
//!
//! Each may hold a descriptor of the host's, and a path may lead through thousands. So only some are
//! held: the last ones, and others at even distances. The rest are gone through again from the nearest
//! one above, by the names that led there, and what is no folder any more ends the walk.

use super::walk::{Folder, Step};
use crate::{ErrorCode, Result};

/// How many folders are held at most.
const MOST: usize = 64;

/// How many of the last ones are held in any case.
const LAST: usize = 16;

/// How many there may be: twice as many as one path has names, and a bound for the time that zigzags
/// of links through such depths can take.
const DEEPEST: usize = 4096;

/// The folders above the one that a walk is in.
pub(super) struct Trail<F> {
    /// The first is the top, which is always held.
    levels: Vec<Level<F>>,
    /// The names by which the walk went on from each, one behind the other.
    names: Vec<u8>,
    held: usize,
    /// The distance from one that is held to the next.
    apart: usize,
}

struct Level<F> {
    folder: Option<F>,
    /// Where its name ends.
    end: usize,
}

impl<F: Folder> Trail<F> {
    pub(super) fn new() -> Self {
        Self { levels: Vec::new(), names: Vec::new(), held: 0, apart: 1 }
    }

    /// The walk went on from `folder` by `name`.
    ///
    /// # Errors
    /// `NameTooLong` where it went too deep.
    pub(super) fn push(&mut self, folder: F, name: &[u8]) -> Result<()> {
        if self.levels.len() == DEEPEST {
            return Err(ErrorCode::NameTooLong);
        }
        self.names.extend(name);
        self.levels.push(Level { folder: None, end: self.names.len() });
        self.hold(self.levels.len() - 1, folder);
        Ok(())
    }

    /// The folder from which the walk went on the last time; `None` above the top.
    ///
    /// # Errors
    /// What going there again gives, and `NoEntry` when that is no folder any more.
    pub(super) fn pop(&mut self) -> Result<Option<F>> {
        let Some(level) = self.levels.pop() else { return Ok(None) };
        let folder = match level.folder {
            Some(folder) => {
                self.held -= 1;
                folder
            }
            None => self.again()?,
        };
        self.names.truncate(self.start(self.levels.len()));
        Ok(Some(folder))
    }

    /// Goes to the folder behind the last level.
    fn again(&mut self) -> Result<F> {
        let held = self.levels.iter().rposition(|level| level.folder.is_some());
        let from = held.ok_or(ErrorCode::NoEntry)?;
        let mut here = match &self.levels[from].folder {
            Some(folder) => enter(folder, self.name(from))?,
            None => return Err(ErrorCode::NoEntry),
        };
        for at in from + 1..self.levels.len() {
            let next = enter(&here, self.name(at))?;
            let passed = std::mem::replace(&mut here, next);
            if at + LAST >= self.levels.len() {
                self.hold(at, passed);
            }
        }
        Ok(here)
    }

    fn hold(&mut self, at: usize, folder: F) {
        if self.held == MOST {
            self.thin_out();
        }
        self.levels[at].folder = Some(folder);
        self.held += 1;
    }

    fn thin_out(&mut self) {
        loop {
            let before = self.levels.len().saturating_sub(LAST);
            for (at, level) in self.levels[..before].iter_mut().enumerate() {
                if !at.is_multiple_of(self.apart) && level.folder.take().is_some() {
                    self.held -= 1;
                }
            }
            if self.held < MOST {
                return;
            }
            self.apart *= 2;
        }
    }

    fn name(&self, at: usize) -> &[u8] {
        &self.names[self.start(at)..self.levels[at].end]
    }

    /// Where the name of a level begins.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.levels[before].end)
    }
}

fn enter<F: Folder>(folder: &F, name: &[u8]) -> Result<F> {
    match folder.enter(name)? {
        Step::Folder(next) => Ok(next),
        Step::Link(_) => Err(ErrorCode::NoEntry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::walk::{Follow, walk};
    use std::cell::Cell;
    use std::rc::Rc;

    /// A folder in an endless tree of folders, which counts how many there are at a time. It is
    /// known by the names that lead to it; `up` is a link, and so is what `changed` says.
    struct Counted {
        way: String,
        counts: Rc<Counts>,
    }

    #[derive(Default)]
    struct Counts {
        now: Cell<usize>,
        most: Cell<usize>,
        entered: Cell<usize>,
        changed: Cell<bool>,
    }

    impl Counted {
        fn new(way: String, counts: &Rc<Counts>) -> Self {
            counts.now.set(counts.now.get() + 1);
            counts.most.set(counts.most.get().max(counts.now.get()));
            Self { way, counts: Rc::clone(counts) }
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.counts.now.set(self.counts.now.get() - 1);
        }
    }

    impl Folder for Counted {
        fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
            let counts = &self.counts;
            counts.entered.set(counts.entered.get() + 1);
            if counts.changed.get() {
                return Ok(Step::Link(b"elsewhere".to_vec()));
            }
            match str::from_utf8(name).unwrap() {
                "up" => Ok(Step::Link("../".repeat(400).into_bytes())),
                "down" => Ok(Step::Link("d/".repeat(400).into_bytes())),
                name => Ok(Step::Folder(Self::new(format!("{}/{name}", self.way), counts))),
            }
        }

        fn link_text(&self, _: &[u8]) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }
    }

    fn go(path: &str) -> (Result<String>, Rc<Counts>) {
        let counts = Rc::new(Counts::default());
        let place = walk(Counted::new(String::new(), &counts), path, Follow::Never);
        (place.map(|place| place.folder.way.clone()), counts)
    }

    #[test]
    fn a_deep_path_holds_few_folders() {
        for depth in [1, 10, 63, 64, 65, 100, 500, 2000] {
            let (way, counts) = go(&format!("{}x", "d/".repeat(depth)));
            assert_eq!(way.unwrap(), "/d".repeat(depth));
            assert!(counts.most.get() <= MOST + 3, "{}", counts.most.get());
            assert_eq!(counts.entered.get(), depth);
        }
    }

    #[test]
    fn the_way_back_is_the_one_that_was_come() {
        let names: String = (0..1500).map(|at| format!("{at}/")).collect();
        for back in [1, 15, 16, 17, 63, 64, 65, 100, 777, 1499, 1500] {
            let (way, counts) = go(&format!("{names}{}y/x", "../".repeat(back)));
            let left = (0..1500 - back).map(|at| format!("/{at}"));
            assert_eq!(way.unwrap(), left.collect::<String>() + "/y");
            assert!(counts.most.get() <= MOST + 3, "{}", counts.most.get());
            assert!(counts.entered.get() < 1500 * 6, "{}", counts.entered.get());
        }
        let (way, _) = go(&format!("{names}{}x", "../".repeat(1501)));
        assert_eq!(way, Err(ErrorCode::NotCapable));
    }

    #[test]
    fn links_up_and_down_take_bounded_room_and_time() {
        let (way, counts) = go(&format!("{}{}x", "d/".repeat(1000), "up/down/".repeat(20)));
        assert_eq!(way.unwrap(), "/d".repeat(1000));
        assert!(counts.most.get() <= MOST + 3, "{}", counts.most.get());
        assert!(counts.entered.get() < 100_000, "{}", counts.entered.get());
        let (way, counts) = go(&format!("{}x", "down/".repeat(20)));
        assert_eq!(way, Err(ErrorCode::NameTooLong));
        assert!(counts.entered.get() <= DEEPEST + 1 + 20);
    }

    #[test]
    fn what_is_a_link_on_the_way_back_is_not_followed() {
        let counts = Rc::new(Counts::default());
        let mut trail = Trail::new();
        let mut here = Counted::new(String::new(), &counts);
        for _ in 0..200 {
            let Step::Folder(next) = here.enter(b"d").unwrap() else { panic!("no folder") };
            trail.push(std::mem::replace(&mut here, next), b"d").unwrap();
        }
        counts.changed.set(true);
        let error = loop {
            match trail.pop() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("all were held"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, ErrorCode::NoEntry);
    }
}
