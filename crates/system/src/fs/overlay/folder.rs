use super::marks;
use super::spot::Spot;
use super::upper::Upper;
use crate::fs::walk::{self, Step};
use crate::fs::{Dir, FileKind, Node, OpenOptions, Stat};
use crate::{ErrorCode, Result};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A folder of the merged tree: an upper and a lower one, or one of them.
pub(super) struct Folder {
    pub(super) spot: Arc<Spot>,
    upper: OnceLock<Arc<Upper>>,
    lower: Mutex<Option<Arc<dyn Dir>>>,
}

/// Which of the two has what is seen at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Upper,
    Lower,
}

/// What is seen at a name.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) layer: Layer,
    /// As the layer says it.
    pub(super) stat: Stat,
}

impl Folder {
    pub(super) fn top(lower: Arc<dyn Dir>, upper: Arc<dyn Dir>) -> Arc<Self> {
        let folder = Self::new(Spot::top(), Some(Upper::top(upper)), Some(lower));
        // Nobody else knows the spot: this can not fail.
        let _ = folder.spot.folder_or(|| Ok(Arc::clone(&folder)));
        folder
    }

    fn new(spot: Arc<Spot>, upper: Option<Arc<Upper>>, lower: Option<Arc<dyn Dir>>) -> Arc<Self> {
        let upper = upper.map_or_else(OnceLock::new, OnceLock::from);
        Arc::new(Self { spot, upper, lower: Mutex::new(lower) })
    }

    /// A folder that only the lower layer has.
    pub(super) fn of_lower(spot: Arc<Spot>, lower: Arc<dyn Dir>) -> Arc<Self> {
        Self::new(spot, None, Some(lower))
    }

    pub(super) fn upper(&self) -> Option<&Arc<Upper>> {
        self.upper.get()
    }

    pub(super) fn lower(&self) -> Option<Arc<dyn Dir>> {
        self.lower.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Now there is an upper folder.
    pub(super) fn set_upper(&self, upper: Arc<Upper>) {
        let _ = self.upper.set(upper);
    }

    /// Everything is in the upper folder now.
    pub(super) fn forget_lower(&self) {
        *self.lower.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is seen at a name.
    pub(super) fn look(&self, name: &str) -> Result<Option<Found>> {
        if marks::is_mark(name.as_bytes()) || self.spot.is_removed() {
            return Ok(None);
        }
        if let Some(upper) = self.upper()
            && let Some(stat) = found(upper.stat_at(name, false))?
        {
            return Ok(Some(Found { layer: Layer::Upper, stat }));
        }
        Ok(self.look_lower(name)?.map(|stat| Found { layer: Layer::Lower, stat }))
    }

    /// What the lower folder has at a name, unless it is hidden.
    pub(super) fn look_lower(&self, name: &str) -> Result<Option<Stat>> {
        let Some(lower) = self.lower() else { return Ok(None) };
        let Some(stat) = found(lower.stat_at(name, false))? else { return Ok(None) };
        match self.upper() {
            Some(upper) if marks::hides(&**upper, name)? => Ok(None),
            _ => Ok(Some(stat)),
        }
    }

    /// The folder that has what was found.
    ///
    /// # Errors
    /// `NoEntry` when it is gone.
    pub(super) fn layer(&self, layer: Layer) -> Result<Arc<dyn Dir>> {
        let dir = match layer {
            Layer::Upper => self.upper().map(|upper| Arc::clone(upper) as Arc<dyn Dir>),
            Layer::Lower => self.lower(),
        };
        dir.ok_or(ErrorCode::NoEntry)
    }

    /// The text of the symbolic link that was found.
    pub(super) fn read_link(&self, name: &str, found: &Found) -> Result<Vec<u8>> {
        self.layer(found.layer)?.read_link(name)
    }

    /// The folder that was found at `name`.
    ///
    /// # Errors
    /// `NoEntry` when the host has taken it away.
    pub(super) fn child(&self, name: &str) -> Result<Arc<Self>> {
        let spot = self.spot.below(name);
        spot.folder_or(|| {
            let upper = match self.upper() {
                Some(upper) => upper.folder(name)?,
                None => None,
            };
            let lower = match (self.look_lower(name)?, self.lower()) {
                (Some(stat), Some(lower)) if stat.kind == FileKind::Directory => {
                    open_folder(&*lower, name)?
                }
                _ => None,
            };
            if upper.is_none() && lower.is_none() {
                return Err(ErrorCode::NoEntry);
            }
            Ok(Self::new(Arc::clone(&spot), upper, lower))
        })
    }
}

/// A component as the layers take it.
///
/// # Errors
/// `IllegalSequence` for one that is not UTF-8: only the host can have made that.
pub(super) fn text(name: &[u8]) -> Result<&str> {
    str::from_utf8(name).map_err(|_| ErrorCode::IllegalSequence)
}

pub(super) fn found(stat: Result<Stat>) -> Result<Option<Stat>> {
    match stat {
        Ok(stat) => Ok(Some(stat)),
        Err(ErrorCode::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a folder of a layer; `None` if there is none.
pub(super) fn open_folder(dir: &dyn Dir, name: &str) -> Result<Option<Arc<dyn Dir>>> {
    let options = OpenOptions { read: true, directory: true, ..OpenOptions::default() };
    match dir.open(name, &options) {
        Ok(Node::Dir(dir)) => Ok(Some(dir)),
        Ok(Node::File(_)) => Ok(None),
        Err(ErrorCode::NoEntry | ErrorCode::NotDirectory | ErrorCode::Loop) => Ok(None),
        Err(error) => Err(error),
    }
}

impl walk::Folder for Arc<Folder> {
    fn enter(&self, name: &[u8]) -> Result<Step<Self>> {
        let name = text(name)?;
        let found = self.look(name)?.ok_or(ErrorCode::NoEntry)?;
        match found.stat.kind {
            FileKind::Directory => self.child(name).map(Step::Folder),
            FileKind::SymbolicLink => self.read_link(name, &found).map(Step::Link),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    fn link_text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let name = text(name)?;
        match self.look(name)? {
            Some(found) if found.stat.kind == FileKind::SymbolicLink => {
                self.read_link(name, &found).map(Some)
            }
            _ => Ok(None),
        }
    }
}
