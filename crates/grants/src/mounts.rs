//! Folders, files, images and memory under the guest's paths.

use crate::check::mount_error;
use crate::grants::refuse_nul;
use crate::refusal::quota_watch;
use crate::{Access, DirGrant, Error, FileGrant, Grants, MemoryGrant, MountLimits, Preopen};
use std::path::Path;
use std::sync::Arc;
#[cfg(feature = "images")]
use wayleave_system::fs::Image;
use wayleave_system::fs::{
    Dir, MemoryDir, MountError, Mounts, OsDir, Overlay, Quota, QuotaLimits, QuotaWatch, ReadOnly,
    SingleFile,
};
use wayleave_system::refusal::LimitWatch;

/// An overlay that was granted: it can be asked for what has changed.
#[derive(Clone)]
pub struct OverlayMount {
    /// The path under which the guest finds it.
    pub guest: String,
    /// The overlay.
    pub overlay: Overlay,
}

impl Grants {
    /// Gives a folder of the host, to read and write, under a guest path.
    ///
    /// # Errors
    /// [`Error::OpenDir`] when it can not be opened; [`Error::SameGuestPath`] when the guest path
    /// is taken.
    pub fn dir(self, host: impl AsRef<Path>, guest: impl Into<String>) -> Result<Self, Error> {
        self.dir_grant(DirGrant::new(host.as_ref(), guest, Access::ReadWrite))
    }

    /// Gives a folder of the host, to read only, under a guest path.
    ///
    /// # Errors
    /// As [`Grants::dir`].
    pub fn dir_read_only(
        self,
        host: impl AsRef<Path>,
        guest: impl Into<String>,
    ) -> Result<Self, Error> {
        self.dir_grant(DirGrant::new(host.as_ref(), guest, Access::ReadOnly))
    }

    /// Gives a folder of the host that stays as it is: what the guest changes is in memory, up to
    /// [`MemoryGrant::DEFAULT_BYTES`], and can be asked for ([`Grants::overlays`]).
    ///
    /// # Errors
    /// As [`Grants::dir`].
    pub fn overlay(self, host: impl AsRef<Path>, guest: impl Into<String>) -> Result<Self, Error> {
        self.dir_grant(DirGrant::new(host.as_ref(), guest, Access::Overlay))
    }

    /// Gives the folder that a parsed grant names.
    ///
    /// # Errors
    /// As [`Grants::dir`]; [`Error::OverlayFolder`] where the folder for an overlay's changes can
    /// not be used. It is made where it is missing.
    pub fn dir_grant(mut self, grant: DirGrant) -> Result<Self, Error> {
        self.host_folders.add(&grant)?;
        let watch = quota_watch(&grant, &self.mount_refusals);
        let DirGrant { host, guest, access, limits } = grant;
        let open_dir = |code| Error::OpenDir { path: host.clone(), code };
        let dir: Arc<dyn Dir> = Arc::new(OsDir::open_ambient(&host).map_err(open_dir)?);
        let dir: Arc<dyn Dir> = match access {
            Access::ReadWrite => dir,
            Access::ReadOnly => Arc::new(ReadOnly::new(dir)),
            Access::Overlay => return self.overlay_in_memory(dir, guest, limits, watch),
            Access::OverlayIn(upper) => {
                let upper = overlay_folder(&upper, &*dir)?;
                self.put_over(dir, upper, &guest)
            }
        };
        self.preopen(limited(dir, limits, watch), guest)
    }

    fn overlay_in_memory(
        mut self,
        lower: Arc<dyn Dir>,
        guest: String,
        limits: MountLimits,
        watch: QuotaWatch,
    ) -> Result<Self, Error> {
        let upper = memory(limits, watch.bytes.clone());
        let overlay = self.put_over(lower.clone(), upper, &guest);
        let dir = limited_in_memory(overlay, limits, watch.clone());
        let anew = Arc::new(move || {
            let upper = memory(limits, watch.bytes.clone());
            let overlay = Arc::new(Overlay::new(lower.clone(), upper));
            limited_in_memory(overlay, limits, watch.clone())
        });
        self.mount(guest, |mounts, guest| mounts.own_dir(guest, dir, anew))
    }

    /// Gives a file of the host, to read and write, and nothing else of its folder.
    ///
    /// It is opened now; whatever its name on the host means later, the guest has this file.
    ///
    /// # Errors
    /// [`Error::OpenFile`] when it can not be opened; [`Error::SameGuestPath`] when the guest path
    /// is taken; [`Error::GuestPath`] when it is no file's path.
    pub fn file(self, host: impl AsRef<Path>, guest: impl Into<String>) -> Result<Self, Error> {
        self.single_file(host.as_ref(), guest.into(), false)
    }

    /// Gives a file of the host, to read only, and nothing else of its folder.
    ///
    /// # Errors
    /// As [`Grants::file`].
    pub fn file_read_only(
        self,
        host: impl AsRef<Path>,
        guest: impl Into<String>,
    ) -> Result<Self, Error> {
        self.single_file(host.as_ref(), guest.into(), true)
    }

    /// Gives the file that a parsed grant names.
    ///
    /// # Errors
    /// As [`Grants::file`].
    pub fn file_grant(self, grant: FileGrant) -> Result<Self, Error> {
        self.single_file(&grant.host, grant.guest, grant.read_only)
    }

    /// Gives an empty folder in memory. Without a limit for its bytes there are
    /// [`MemoryGrant::DEFAULT_BYTES`].
    ///
    /// # Errors
    /// [`Error::SameGuestPath`] when the guest path is taken.
    pub fn memory(self, guest: impl Into<String>, limits: MountLimits) -> Result<Self, Error> {
        self.memory_grant(MemoryGrant { guest: guest.into(), limits })
    }

    /// Gives the folder in memory that a parsed grant describes.
    ///
    /// # Errors
    /// As [`Grants::memory`].
    pub fn memory_grant(self, grant: MemoryGrant) -> Result<Self, Error> {
        let watch = quota_watch(&grant, &self.mount_refusals);
        let MemoryGrant { guest, limits } = grant;
        let make =
            move || limited_in_memory(memory(limits, watch.bytes.clone()), limits, watch.clone());
        self.mount(guest, |mounts, guest| mounts.own_dir(guest, make(), Arc::new(make)))
    }

    /// Gives what is in a tar or zip file, to read only.
    ///
    /// # Errors
    /// [`Error::OpenImage`] when it can not be opened or is no archive that can be used;
    /// [`Error::SameGuestPath`] when the guest path is taken.
    #[cfg(feature = "images")]
    pub fn image(self, file: impl AsRef<Path>, guest: impl Into<String>) -> Result<Self, Error> {
        let path = file.as_ref();
        let image = Image::open_ambient(path).map_err(|error| Error::OpenImage {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        self.preopen(Arc::new(image), guest)
    }

    /// Gives the image that a parsed grant names.
    ///
    /// # Errors
    /// As `Grants::image`; always [`Error::OpenImage`] where this library was built without images.
    pub fn image_grant(self, grant: crate::ImageGrant) -> Result<Self, Error> {
        #[cfg(feature = "images")]
        return self.image(grant.file, grant.guest);
        #[cfg(not(feature = "images"))]
        Err(Error::OpenImage {
            path: grant.file,
            reason: "this program was built without the feature `images`".to_owned(),
        })
    }

    /// Gives a folder of any provider.
    ///
    /// # Errors
    /// [`Error::SameGuestPath`] when the guest path is taken; [`Error::Nul`] when it contains a
    /// NUL byte; [`Error::GuestPath`] when it leads through a single file.
    pub fn preopen(self, dir: Arc<dyn Dir>, guest: impl Into<String>) -> Result<Self, Error> {
        self.mount(guest.into(), |mounts, guest| mounts.dir(guest, dir))
    }

    /// The same grants for another guest. Folders in memory and the changes of overlays that are in
    /// memory are each guest's own; everything else is shared, a host's folder with the limits of
    /// its mount, too. Grants of which nothing is a guest's own are given as they are, and so are
    /// those whose `preopens` are others than those of `mounts`.
    #[must_use]
    pub fn for_another_guest(self: &Arc<Self>) -> Arc<Self> {
        let Some(mounts) = self.mounts.for_another_guest() else { return self.clone() };
        let before = self.mounts.folders();
        let same = before.len() == self.preopens.len()
            && before.iter().zip(&self.preopens).all(|((guest, dir), preopen)| {
                *guest == preopen.guest && Arc::ptr_eq(dir, &preopen.dir)
            });
        if !same {
            return self.clone();
        }
        Arc::new(Self { preopens: preopens(&mounts), mounts, ..Self::clone(self) })
    }

    fn single_file(mut self, host: &Path, guest: String, read_only: bool) -> Result<Self, Error> {
        if !read_only {
            self.host_folders.add_file(host)?;
        }
        let file = SingleFile::open_ambient(host, read_only)
            .map_err(|code| Error::OpenFile { path: host.to_owned(), code })?;
        self.mount(guest, |mounts, guest| mounts.file(guest, file))
    }

    fn mount(
        mut self,
        guest: String,
        add: impl FnOnce(&mut Mounts, String) -> Result<(), MountError>,
    ) -> Result<Self, Error> {
        refuse_nul(&guest, || "a guest path".to_owned())?;
        add(&mut self.mounts, guest.clone()).map_err(|error| mount_error(&guest, error))?;
        self.preopens = preopens(&self.mounts);
        Ok(self)
    }

    fn put_over(&mut self, lower: Arc<dyn Dir>, upper: Arc<dyn Dir>, guest: &str) -> Arc<dyn Dir> {
        let overlay = Overlay::new(lower, upper);
        self.overlays.push(OverlayMount { guest: guest.to_owned(), overlay: overlay.clone() });
        Arc::new(overlay)
    }
}

fn preopens(mounts: &Mounts) -> Vec<Preopen> {
    mounts.folders().into_iter().map(|(guest, dir)| Preopen { guest, dir }).collect()
}

/// What is in memory counts its bytes itself.
fn limited_in_memory(dir: Arc<dyn Dir>, limits: MountLimits, watch: QuotaWatch) -> Arc<dyn Dir> {
    limited(dir, MountLimits { bytes: None, ..limits }, watch)
}

fn memory(limits: MountLimits, watch: LimitWatch) -> Arc<dyn Dir> {
    Arc::new(MemoryDir::watched(limits.bytes.unwrap_or(MemoryGrant::DEFAULT_BYTES), watch))
}

fn limited(dir: Arc<dyn Dir>, limits: MountLimits, watch: QuotaWatch) -> Arc<dyn Dir> {
    if limits.is_empty() {
        return dir;
    }
    let MountLimits { bytes, files, file_size, open } = limits;
    let limits = QuotaLimits { bytes, files, file_size, open_files: open };
    Arc::new(Quota::watched(dir, limits, watch))
}

/// Opens the folder for an overlay's changes; makes it if it is missing.
fn overlay_folder(path: &Path, lower: &dyn Dir) -> Result<Arc<dyn Dir>, Error> {
    let error = |reason: String| Error::OverlayFolder { path: path.to_owned(), reason };
    match std::fs::create_dir(path) {
        Err(failure) if failure.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error(failure.to_string()));
        }
        _ => {}
    }
    let upper = OsDir::open_ambient(path).map_err(|code| error(code.to_string()))?;
    let same = |one: &dyn Dir, two: &dyn Dir| {
        let (one, two) = (one.stat().ok()?, two.stat().ok()?);
        Some((one.device, one.inode) == (two.device, two.inode))
    };
    if same(&upper, lower) != Some(false) {
        return Err(error("it is the folder under the overlay".to_owned()));
    }
    Ok(Arc::new(upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{IoSlice, IoSliceMut};
    use wayleave_system::fs::{Node, OpenOptions};
    use wayleave_system::wait::Blocking;

    /// Writes a file in the first folder.
    fn write(grants: &Grants, text: &str) -> bool {
        let options = OpenOptions { write: true, create: true, ..OpenOptions::default() };
        let Ok(Node::File(file)) = grants.preopens[0].dir.open("file", &options) else {
            return false;
        };
        file.write(&[IoSlice::new(text.as_bytes())], Blocking::Allowed).is_ok()
    }

    fn read(grants: &Grants) -> Option<String> {
        let options = OpenOptions { read: true, ..OpenOptions::default() };
        let Ok(Node::File(file)) = grants.preopens[0].dir.open("file", &options) else {
            return None;
        };
        let mut bytes = [0; 16];
        let len = file.read(&mut [IoSliceMut::new(&mut bytes)], Blocking::Allowed).unwrap();
        Some(String::from_utf8_lossy(&bytes[..len]).into_owned())
    }

    #[test]
    fn what_is_in_memory_is_each_guests_own() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "host").unwrap();
        let host = folder.path().display();
        let limits = MountLimits { bytes: Some(1 << 10), ..MountLimits::default() };
        let memory = Grants::new().memory("/m", limits).unwrap();
        let overlay = format!("{host}::/o::overlay,bytes=1K").parse().unwrap();
        let overlay = Grants::new().dir_grant(overlay).unwrap();
        for (grants, at_first) in [(memory, None), (overlay, Some("host"))] {
            let one = Arc::new(grants);
            assert!(write(&one, "secret"));
            assert!(!write(&one, &"x".repeat(1 << 10)));
            let two = one.for_another_guest();
            assert_eq!(read(&two).as_deref(), at_first);
            // With the whole of its limit.
            assert!(write(&two, "another secret"));
            assert_eq!(read(&one).unwrap().get(..6), Some("secret"));
            let three = two.for_another_guest();
            assert_eq!(read(&three).as_deref(), at_first);
        }
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"host");
    }

    #[test]
    fn everything_else_is_shared() {
        let folder = tempfile::tempdir().unwrap();
        let both = Grants::new().dir(folder.path(), "/host").unwrap();
        let shared = Arc::new(both.clone());
        assert!(Arc::ptr_eq(&shared, &shared.for_another_guest()));
        let both = Arc::new(both.memory("/host/tmp", MountLimits::default()).unwrap());
        let other = both.for_another_guest();
        assert!(write(&both, "shared"));
        assert_eq!(read(&other).as_deref(), Some("shared"));
    }

    /// Whoever has taken folders away does not get them back.
    #[test]
    fn preopens_that_were_changed_stay() {
        let folder = tempfile::tempdir().unwrap();
        let grants = Grants::new().dir(folder.path(), "/host").unwrap();
        let mut grants = grants.memory("/m", MountLimits::default()).unwrap();
        grants.preopens.remove(0);
        let other = Arc::new(grants).for_another_guest();
        assert_eq!(other.preopens.len(), 1);
        assert_eq!(other.preopens[0].guest, "/m");
    }
}
