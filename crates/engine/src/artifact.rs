//! Sealed artifacts: compiled code in a file, with a proof of where it comes from.
//!
//! ```text
//! | code, as the engine wrote it | identity | version u32 | identity length u32 |
//! | code length u64 | keyed BLAKE3 hash of all before it, 32 bytes | magic, 8 bytes |
//! ```
//!
//! Numbers are little-endian. The code comes first, so that an engine can map the file as it is.
//!
//! # Safety
//!
//! Compiled code is run as it is: whoever can make this crate load a file of his own can run
//! anything. [`open`] therefore loads only what somebody sealed who knows the user's [`Key`], a
//! random secret in a file that only the user can read. Truncated, damaged and foreign files fail
//! the same test. The file is opened once: what is checked and what is mapped is the same file,
//! whatever its name points to by then.
//!
//! What this can not do: a process that may write to the file (one of the same user, or of an
//! administrator) can change it after the check, while it is mapped. Such a process could as well
//! read the key, or replace the program that runs. Do not make artifacts writable for others.
#![expect(unsafe_code, reason = "the one place that vouches for compiled code")]

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use crate::files::{self, io_error};
use crate::{Engine, Error};

/// The secret with which a user's artifacts are sealed.
#[derive(Clone)]
pub struct Key([u8; KEY_LEN]);

const KEY_LEN: usize = blake3::KEY_LEN;
const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"WAYLEAVE";
/// Version, lengths, hash and magic: what has the same size in every artifact.
const TAIL_LEN: usize = 4 + 4 + 8 + HASH_LEN + MAGIC.len();
const HASH_LEN: usize = blake3::OUT_LEN;
/// No identity is longer; a file that says so is damaged.
const MOST_IDENTITY: u64 = 4096;

impl Key {
    /// The key in a folder; made, with the folder, if there is none yet. Processes that do this at
    /// the same time get the same key.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder can not be written to and has no key, or when others can read
    /// the key.
    pub fn load_or_create(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("key");
        // Each turn ends with a key, or finds that somebody else removed it.
        for _ in 0..8 {
            match files::read_private(&path) {
                Ok(bytes) => match bytes.try_into() {
                    Ok(key) => return Ok(Self(key)),
                    // A crash while it was written; what it sealed will be made anew.
                    Err(_) => drop(std::fs::remove_file(&path)),
                },
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let made = files::create_private_dir(dir)
                        .and_then(|()| files::write_if_absent(&path, &files::random::<KEY_LEN>()?));
                    made.map_err(|error| io_error("making a cache key in", dir, error))?;
                }
                Err(error) => return Err(io_error("reading the cache key", &path, error)),
            }
        }
        let error = ErrorKind::NotFound.into();
        Err(io_error("making a cache key in", dir, error))
    }
}

/// Without the secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Writes a module's code to a sealed file, whole or not at all, and onto the disk.
///
/// # Errors
/// [`Error::Artifact`] when the engine has no code to store; [`Error::Io`] when the file can not be
/// written.
pub fn write<E: Engine>(
    engine: &E,
    module: &E::Module,
    path: &Path,
    key: &Key,
) -> Result<(), Error> {
    let Some(code) = engine.serialize(module)? else {
        let reason = format!("the engine {} interprets: there is no code to store", E::NAME);
        return Err(Error::Artifact { reason });
    };
    let (code, trailer) = seal(&code, &engine.identity(), key, &[]);
    files::write_and_sync(path, &[code, &trailer])
        .map_err(|error| io_error("writing compiled code to", path, error))
}

/// Loads a module from a sealed file.
///
/// # Errors
/// [`Error::Artifact`] when the file is no artifact, is damaged, or was sealed with another key or
/// by another engine, version or setting; [`Error::Io`] when it can not be read.
pub fn open<E: Engine>(engine: &E, path: &Path, key: &Key) -> Result<E::Module, Error> {
    open_bound(engine, path, key, &[])
}

/// Writes several modules with what is to be known of them to one sealed file.
///
/// # Errors
/// As [`write()`].
pub fn write_bundle<E: Engine>(
    engine: &E,
    about: &[u8],
    modules: &[E::Module],
    path: &Path,
    key: &Key,
) -> Result<(), Error> {
    let mut bundle = BUNDLE.to_vec();
    let mut add = |part: &[u8]| {
        bundle.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bundle.extend_from_slice(part);
    };
    add(about);
    for module in modules {
        let Some(code) = engine.serialize(module)? else {
            let reason = format!("the engine {} interprets: there is no code to store", E::NAME);
            return Err(Error::Artifact { reason });
        };
        add(without_trailer(&code));
    }
    let (bundle, trailer) = seal(&bundle, &engine.identity(), key, &[]);
    files::write_and_sync(path, &[bundle, &trailer])
        .map_err(|error| io_error("writing compiled code to", path, error))
}

/// Loads what [`write_bundle`] wrote; `None` when the file holds a single module, for [`open`].
///
/// # Errors
/// As [`open`].
pub fn open_bundle<E: Engine>(
    engine: &E,
    path: &Path,
    key: &Key,
) -> Result<Option<Bundle<E>>, Error> {
    let mut file = File::open(path).map_err(|error| io_error("opening", path, error))?;
    let mut start = [0; BUNDLE.len()];
    match file.read_exact(&mut start).and_then(|()| file.rewind()) {
        Ok(()) if start == BUNDLE => {}
        _ => return Ok(None),
    }
    let bytes = read_sealed(&mut file, path, key, &[], &engine.identity())?;
    let mut rest = bytes.get(BUNDLE.len()..).unwrap_or_default();
    let damaged = || Error::Artifact { reason: "it is damaged".into() };
    let mut parts = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| damaged())?;
        let (part, behind) = behind.split_at_checked(len).ok_or_else(damaged)?;
        parts.push(part);
        rest = behind;
    }
    let (about, codes) = parts.split_first().ok_or_else(damaged)?;
    // SAFETY: as in `open_bound`; these bytes are a copy that nobody else can change.
    let module = |code: &&[u8]| unsafe { engine.deserialize_bytes(code) };
    let modules = codes.iter().map(module).collect::<Result<_, _>>()?;
    Ok(Some(Bundle { about: about.to_vec(), modules }))
}

/// Several modules, and what is to be known of them.
pub struct Bundle<E: Engine> {
    /// What was given to [`write_bundle`].
    pub about: Vec<u8>,
    /// The modules, in the same order.
    pub modules: Vec<E::Module>,
}

/// How a bundle begins: unlike any engine's code.
const BUNDLE: [u8; 16] = *b"wayleave bundle\0";

/// Whether a file says of itself that it is a sealed artifact. Cheap; says nothing about whether it
/// is a good one.
///
/// # Errors
/// The operating system's, when the file can not be read.
pub fn is_artifact(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let mut magic = [0; MAGIC.len()];
    match file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut magic)) {
        Ok(()) => Ok(magic == MAGIC),
        // Shorter than that, or a pipe.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotSeekable) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// As [`is_artifact`], for bytes in memory.
pub fn is_artifact_bytes(bytes: &[u8]) -> bool {
    bytes.ends_with(&MAGIC)
}

/// The bytes to write for some code: itself, and the trailer. What is sealed with a `binding` can
/// only be opened with the same: it says what the file is the code of.
pub(crate) fn seal<'a>(
    code: &'a [u8],
    identity: &str,
    key: &Key,
    binding: &[u8],
) -> (&'a [u8], Vec<u8>) {
    let code = without_trailer(code);
    let mut trailer = identity.as_bytes().to_vec();
    trailer.extend_from_slice(&VERSION.to_le_bytes());
    trailer.extend_from_slice(&u32::try_from(identity.len()).unwrap_or(u32::MAX).to_le_bytes());
    trailer.extend_from_slice(&(code.len() as u64).to_le_bytes());
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(code).update(&trailer).update(binding);
    trailer.extend_from_slice(hasher.finalize().as_bytes());
    trailer.extend_from_slice(&MAGIC);
    (code, trailer)
}

/// As [`open`], for what was sealed with a binding.
pub(crate) fn open_bound<E: Engine>(
    engine: &E,
    path: &Path,
    key: &Key,
    binding: &[u8],
) -> Result<E::Module, Error> {
    let mut file = File::open(path).map_err(|error| io_error("opening", path, error))?;
    let identity = verify(&mut file, key, binding).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Error::Artifact { reason: error.to_string() },
        _ => io_error("reading", path, error),
    })?;
    if identity != engine.identity().as_bytes() {
        return Err(Error::Artifact {
            reason: "it was made by another version or with other settings of the engine".into(),
        });
    }
    // SAFETY: `verify` has read this very file, and only someone who knows the user's key could
    // have written its hash, which this crate does for nothing but what an engine of this identity
    // wrote. The module's documentation says who could change it from here on.
    unsafe { engine.deserialize(file) }
}

/// The sealed bytes of a file, if its seal is good and names this identity.
pub(crate) fn read_sealed(
    file: &mut File,
    path: &Path,
    key: &Key,
    binding: &[u8],
    expected: &str,
) -> Result<Vec<u8>, Error> {
    let identity = verify(file, key, binding).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Error::Artifact { reason: error.to_string() },
        _ => io_error("reading", path, error),
    })?;
    if identity != expected.as_bytes() {
        return Err(Error::Artifact {
            reason: "it was made by another version or with other settings of the engine".into(),
        });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| io_error("reading", path, error))?;
    let len = without_trailer(&bytes).len();
    bytes.truncate(len);
    Ok(bytes)
}

/// Checks a file from its first byte to its last, and gives the identity of the engine that wrote
/// it. Leaves the file at its start.
fn verify(file: &mut File, key: &Key, binding: &[u8]) -> std::io::Result<Vec<u8>> {
    let damaged = || std::io::Error::new(ErrorKind::InvalidData, "it is damaged");
    let len = file.metadata()?.len();
    let body_len = len.checked_sub(TAIL_LEN as u64).ok_or_else(not_an_artifact)?;
    file.seek(SeekFrom::Start(body_len))?;
    let mut tail = [0; TAIL_LEN];
    file.read_exact(&mut tail)?;
    let tail = Tail::parse(&tail)?;
    if tail.identity_len > MOST_IDENTITY
        || tail.code_len.checked_add(tail.identity_len) != Some(body_len)
    {
        return Err(damaged());
    }

    file.seek(SeekFrom::Start(tail.code_len))?;
    let mut identity = Vec::new();
    file.take(tail.identity_len).read_to_end(&mut identity)?;

    file.rewind()?;
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hash_exactly(file, tail.code_len, &mut hasher)?;
    hasher.update(&identity).update(tail.header).update(binding);
    // Compared in constant time: `Hash` sees to it.
    if hasher.finalize() != blake3::Hash::from_bytes(tail.hash) {
        let reason = "it is damaged, or another user or machine made it";
        return Err(std::io::Error::new(ErrorKind::InvalidData, reason));
    }
    file.rewind()?;
    Ok(identity)
}

/// The last bytes of an artifact, taken apart.
struct Tail<'a> {
    /// What of it is hashed: version and lengths.
    header: &'a [u8],
    identity_len: u64,
    code_len: u64,
    hash: [u8; HASH_LEN],
}

impl<'a> Tail<'a> {
    fn parse(bytes: &'a [u8; TAIL_LEN]) -> std::io::Result<Self> {
        let (header, rest) = bytes.split_at(16);
        let (hash, magic) = rest.split_at(HASH_LEN);
        let number = |range: std::ops::Range<usize>| {
            let bytes = header.get(range).unwrap_or_default();
            bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        if magic != MAGIC {
            return Err(not_an_artifact());
        }
        if number(0..4) != u64::from(VERSION) {
            let reason = "another version of Wayleave made it";
            return Err(std::io::Error::new(ErrorKind::InvalidData, reason));
        }
        let hash = hash.try_into().map_err(|_| not_an_artifact())?;
        Ok(Self { header, identity_len: number(4..8), code_len: number(8..16), hash })
    }
}

fn not_an_artifact() -> std::io::Error {
    std::io::Error::new(ErrorKind::InvalidData, "it is not a file that Wayleave compiled")
}

/// An engine that has mapped a whole artifact may give all of it back as its code.
fn without_trailer(code: &[u8]) -> &[u8] {
    let tail = code.last_chunk().and_then(|tail| Tail::parse(tail).ok());
    tail.and_then(|tail| code.get(..usize::try_from(tail.code_len).ok()?)).unwrap_or(code)
}

/// Hashes in pieces that stay in the processor's cache, and are as long as the hash is computed at
/// once: longer ones would only have more memory to be got. Reading, unlike mapping, can not be
/// surprised by a file that another process makes shorter.
fn hash_exactly(file: &mut File, len: u64, hasher: &mut blake3::Hasher) -> std::io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    let mut left = len;
    while left > 0 {
        let want = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
        let piece = piece.get_mut(..want).unwrap_or_default();
        file.read_exact(piece)?;
        hasher.update(piece);
        left -= want as u64;
    }
    Ok(())
}
