use super::folder::Folder;
use super::lower_file::Original;
use crate::{ErrorCode, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Where a folder is in the merged tree, as long as somebody holds it or something below it.
///
/// It has no open folders of the host itself: holding one thing deep down must not hold two
/// descriptors for each folder above it.
pub(super) struct Spot {
    state: Mutex<State>,
}

struct State {
    place: Place,
    /// The folder itself, while it is in use: everybody has the same one.
    folder: Weak<Folder>,
    below: BTreeMap<Arc<str>, Weak<Spot>>,
    /// Files of the lower folder that are open.
    originals: BTreeMap<Arc<str>, Weak<Original>>,
}

enum Place {
    Top,
    Below(Arc<Spot>, Arc<str>),
    Removed,
}

impl Spot {
    pub(super) fn top() -> Arc<Self> {
        Self::new(Place::Top)
    }

    fn new(place: Place) -> Arc<Self> {
        let (folder, below, originals) = (Weak::new(), BTreeMap::new(), BTreeMap::new());
        Arc::new(Self { state: Mutex::new(State { place, folder, below, originals }) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The spot of a folder in this one.
    pub(super) fn below(self: &Arc<Self>, name: &str) -> Arc<Self> {
        let mut state = self.lock();
        if let Some(spot) = state.below.get(name).and_then(Weak::upgrade) {
            return spot;
        }
        let name: Arc<str> = name.into();
        let spot = Self::new(Place::Below(Arc::clone(self), Arc::clone(&name)));
        state.below.insert(name, Arc::downgrade(&spot));
        spot
    }

    /// The same, if anybody holds it.
    pub(super) fn held_below(&self, name: &str) -> Option<Arc<Self>> {
        self.lock().below.get(name).and_then(Weak::upgrade)
    }

    /// The folder, if it is in use.
    pub(super) fn held(&self) -> Option<Arc<Folder>> {
        self.lock().folder.upgrade()
    }

    /// The folder, opened by `open` if it is not in use.
    pub(super) fn folder_or(
        &self,
        open: impl FnOnce() -> Result<Arc<Folder>>,
    ) -> Result<Arc<Folder>> {
        if let Some(folder) = self.held() {
            return Ok(folder);
        }
        let opened = open()?;
        let mut state = self.lock();
        // Somebody else may have been quicker.
        if let Some(folder) = state.folder.upgrade() {
            return Ok(folder);
        }
        state.folder = Arc::downgrade(&opened);
        Ok(opened)
    }

    /// The folder, opened from above if it is not in use.
    ///
    /// # Errors
    /// `NoEntry` when it was removed, and what opening gives.
    pub(super) fn folder(self: &Arc<Self>) -> Result<Arc<Folder>> {
        let mut names = Vec::new();
        let mut here = Arc::clone(self);
        let mut folder = loop {
            if let Some(folder) = here.held() {
                break folder;
            }
            let (above, name) = here.above().ok_or(ErrorCode::NoEntry)?;
            names.push(name);
            here = above;
        };
        while let Some(name) = names.pop() {
            folder = folder.child(&name)?;
        }
        Ok(folder)
    }

    /// The spot above and the name there; `None` at the top and when it was removed.
    pub(super) fn above(&self) -> Option<(Arc<Self>, Arc<str>)> {
        match &self.lock().place {
            Place::Below(above, name) => Some((Arc::clone(above), Arc::clone(name))),
            Place::Top | Place::Removed => None,
        }
    }

    pub(super) fn is_removed(&self) -> bool {
        matches!(self.lock().place, Place::Removed)
    }

    pub(super) fn is_at_or_below(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        let mut here = Some(Arc::clone(self));
        while let Some(spot) = here {
            if Arc::ptr_eq(&spot, other) {
                return true;
            }
            here = spot.above().map(|(above, _)| above);
        }
        false
    }

    /// The folder `name` is no longer there.
    pub(super) fn remove(&self, name: &str) {
        if let Some(spot) = self.take_below(name) {
            spot.lock().place = Place::Removed;
        }
    }

    /// The folder `name` is now `new` in another one.
    pub(super) fn rename(&self, name: &str, to: &Arc<Self>, new: &str) {
        if let Some(spot) = self.take_below(name) {
            let new: Arc<str> = new.into();
            // What was above may go with this; not while its state is locked.
            let _before = std::mem::replace(
                &mut spot.lock().place,
                Place::Below(Arc::clone(to), Arc::clone(&new)),
            );
            to.lock().below.insert(new, Arc::downgrade(&spot));
        }
    }

    fn take_below(&self, name: &str) -> Option<Arc<Self>> {
        self.lock().below.remove(name)?.upgrade()
    }

    /// What handles of the lower file `name` share.
    pub(super) fn original(
        &self,
        name: &str,
        make: impl FnOnce(&Arc<str>) -> Arc<Original>,
    ) -> Arc<Original> {
        let mut state = self.lock();
        if let Some(original) = state.originals.get(name).and_then(Weak::upgrade) {
            return original;
        }
        let name: Arc<str> = name.into();
        let original = make(&name);
        state.originals.insert(name, Arc::downgrade(&original));
        original
    }

    /// The same, if such a handle is open; from now on the name means another file.
    pub(super) fn take_original(&self, name: &str) -> Option<Arc<Original>> {
        self.lock().originals.remove(name)?.upgrade()
    }

    /// The same, and the name goes on to mean it.
    pub(super) fn held_original(&self, name: &str) -> Option<Arc<Original>> {
        self.lock().originals.get(name)?.upgrade()
    }

    /// Nobody holds the lower file `name` any more.
    pub(super) fn forget_original(&self, name: &str) {
        let mut state = self.lock();
        if state.originals.get(name).is_some_and(|original| original.strong_count() == 0) {
            state.originals.remove(name);
        }
    }

    fn forget_below(&self, name: &str) {
        let mut state = self.lock();
        if state.below.get(name).is_some_and(|spot| spot.strong_count() == 0) {
            state.below.remove(name);
        }
    }

    fn take_place(&mut self) -> Place {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut state.place, Place::Removed)
    }
}

impl Drop for Spot {
    /// Lets go of what is above one by one: a guest's tree may be deeper than the host's stack.
    fn drop(&mut self) {
        let mut place = self.take_place();
        while let Place::Below(above, name) = place {
            above.forget_below(&name);
            place = match Arc::into_inner(above) {
                Some(mut above) => above.take_place(),
                None => break,
            };
        }
    }
}
