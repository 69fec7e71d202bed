use crate::Error;
use crate::file::{Broken, In, Out};
use crate::wire::Wire;
use std::fmt::Write as _;
use std::time::Duration;
use wayleave_grants::Limits;

/// What a recording says before the first call: which program, and what it was given that is not
/// asked for by calls.
#[derive(Clone, Debug)]
pub struct Head {
    /// The program.
    pub program: Program,
    /// Arguments.
    pub args: Vec<String>,
    /// Variables.
    pub env: Vec<(String, String)>,
    /// Folders: the guest's path, and whether nothing could be changed below.
    pub preopens: Vec<(String, bool)>,
    /// How many listeners.
    pub listeners: usize,
    /// Whether there was a network.
    pub network: bool,
    /// Whether there was something to send HTTP requests.
    pub http: bool,
    /// Whether its time was its own, and passed when it waited.
    pub simulated: bool,
    /// Its limits, but for those of the network: what they refused is among the answers.
    pub limits: Limits,
}

/// A program that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it was, if it was a file.
    pub path: Option<String>,
    /// BLAKE3 of its bytes.
    pub hash: [u8; 32],
    /// The engine whose machine code it is, if it was compiled ahead of time: no other runs it.
    pub compiled_for: Option<String>,
    /// The one call of an export that was made, as text, in place of running it.
    pub invoked: Option<String>,
    /// Whether imports that nothing provides were let in, to trap.
    pub unknown_imports_trap: bool,
    /// The program itself, if it was to be kept, too.
    pub bytes: Option<Vec<u8>>,
}

impl Program {
    /// A program of which nothing is known but its bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let hash = *blake3::hash(bytes).as_bytes();
        Self {
            path: None,
            hash,
            compiled_for: None,
            invoked: None,
            unknown_imports_trap: false,
            bytes: None,
        }
    }

    /// That these bytes are it.
    ///
    /// # Errors
    /// [`Error::OtherProgram`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        let found = *blake3::hash(bytes).as_bytes();
        if found == self.hash {
            return Ok(());
        }
        Err(Error::OtherProgram { recorded: short(&self.hash), found: short(&found) })
    }
}

/// Enough of a hash to tell two apart.
fn short(hash: &[u8; 32]) -> String {
    hash[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Wire for Head {
    fn put(&self, out: &mut Out) {
        self.program.put(out);
        (self.args.clone(), self.env.clone()).put(out);
        (self.preopens.clone(), (self.listeners, self.network)).put(out);
        (self.http, self.simulated).put(out);
        self.limits.put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let program = Program::take(from)?;
        let (args, env) = Wire::take(from)?;
        let (preopens, (listeners, network)) = Wire::take(from)?;
        let ((http, simulated), limits) = Wire::take(from)?;
        Ok(Self { program, args, env, preopens, listeners, network, http, simulated, limits })
    }
}

impl Wire for Limits {
    fn put(&self, out: &mut Out) {
        (self.memory_bytes, self.table_elements).put(out);
        (self.instances, self.descriptors).put(out);
        (self.buffer_bytes, self.fuel).put(out);
        self.timeout.map(|timeout| (timeout.as_secs(), timeout.subsec_nanos())).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let mut limits = Self::default();
        (limits.memory_bytes, limits.table_elements) = Wire::take(from)?;
        (limits.instances, limits.descriptors) = Wire::take(from)?;
        (limits.buffer_bytes, limits.fuel) = Wire::take(from)?;
        limits.timeout = match Wire::take(from)? {
            Some((_, 1_000_000_000..)) => return Err(from.damaged()),
            timeout => timeout.map(|(seconds, rest): (u64, u32)| Duration::new(seconds, rest)),
        };
        Ok(limits)
    }
}

impl Wire for Program {
    fn put(&self, out: &mut Out) {
        (self.path.clone(), self.hash).put(out);
        (self.compiled_for.clone(), self.invoked.clone()).put(out);
        (self.unknown_imports_trap, self.bytes.is_some()).put(out);
        if let Some(bytes) = &self.bytes {
            bytes.len().put(out);
            out.put(bytes);
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let (path, hash) = Wire::take(from)?;
        let (compiled_for, invoked) = Wire::take(from)?;
        let (unknown_imports_trap, whole) = Wire::take(from)?;
        let bytes = if whole { Some(take_bytes(from)?) } else { None };
        Ok(Self { path, hash, compiled_for, invoked, unknown_imports_trap, bytes })
    }
}

/// Bytes of any length that the file has.
fn take_bytes(from: &mut In) -> Result<Vec<u8>, Broken> {
    const PART: usize = 1 << 20;
    let mut left = usize::take(from)?;
    let mut bytes = Vec::new();
    while left > 0 {
        let (old, part) = (bytes.len(), left.min(PART));
        bytes.resize(old + part, 0);
        from.take(&mut bytes[old..])?;
        left -= part;
    }
    Ok(bytes)
}
