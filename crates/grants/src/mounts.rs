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
        let in_memory = access == Access::Overlay;
        let dir: Arc<dyn Dir> = match access {
            Access::ReadWrite => dir,
            Access::ReadOnly => Arc::new(ReadOnly::new(dir)),
            Access::Overlay => {
                let upper = memory(limits, watch.bytes.clone());
                self.put_over(dir, upper, &guest)
            }
            Access::OverlayIn(upper) => {
                let upper = overlay_folder(&upper, &*dir)?;
                self.put_over(dir, upper, &guest)
            }
        };
        // What is in memory counts its bytes itself.
        let bytes = if in_memory { None } else { limits.bytes };
        self.preopen(limited(dir, MountLimits { bytes, ..limits }, watch), guest)
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
        let dir = memory(limits, watch.bytes.clone());
        self.preopen(limited(dir, MountLimits { bytes: None, ..limits }, watch), guest)
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
        let folders = self.mounts.folders().into_iter();
        self.preopens = folders.map(|(guest, dir)| Preopen { guest, dir }).collect();
        Ok(self)
    }

    fn put_over(&mut self, lower: Arc<dyn Dir>, upper: Arc<dyn Dir>, guest: &str) -> Arc<dyn Dir> {
        let overlay = Overlay::new(lower, upper);
        self.overlays.push(OverlayMount { guest: guest.to_owned(), overlay: overlay.clone() });
        Arc::new(overlay)
    }
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
