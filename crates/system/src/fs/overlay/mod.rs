//! A folder whose changes go elsewhere: the lower folder is read, the upper one takes what changes.
//!
//! # How it is kept
//!
//! A name in the upper folder stands for itself. A name of the lower folder is seen unless the
//! upper folder has the same name, or a mark that hides it: an empty file with `.wh.` before the
//! name, as layers of OCI images have them. Where the upper folder has a folder and its mark, the
//! lower folder of that name stays hidden; without the mark the two are shown as one. So the upper
//! folder says everything that is to be known, and can be used again by the next run.
//!
//! Names that begin with `.wh.` do not exist for a guest: it can neither see nor make them, nor
//! does it see such names of the lower folder.
//!
//! # What a guest notices
//!
//! Hardly anything: the first change to a file copies it up, with its times and, where both sides
//! have such a thing, its permissions; files that were opened for reading before show the copy from
//! then on. Renaming a folder copies up all that is below it. What stays different:
//!
//! - The names that a lower file has beside the one that was changed keep the old contents.
//! - Pipes, sockets and devices of the lower folder can be read and removed, nothing else.
//! - A lower name of more than 251 bytes can not be hidden, and so neither removed nor renamed.
//! - Names that are not UTF-8 are listed; a folder with one of them can not be renamed. Neither can
//!   a symbolic link whose text is an absolute path; it can be removed.
//! - A file is copied in one go, however large, and a time limit ends the guest after that.
//! - When the upper layer is full, nothing of the lower one can be removed either: the mark needs
//!   room.

mod changes;
mod compare;
mod copy_up;
mod copying;
mod dir;
mod direct;
mod entries;
mod folder;
mod identity;
mod known;
mod lower_file;
mod marks;
mod names;
mod open;
mod pending;
mod rename;
mod spot;
mod upper;

pub use changes::{Change, ChangeKind};
pub use dir::Overlay;
