//! `wasi:random`.

use super::Host;
use super::bindings::wasi::random::{insecure, insecure_seed, random};
use super::buffers::Buffers;
use wayleave_engine::{Stop, Trap};

/// Up to so many bytes are kept room for from one call to the next.
const USUAL: usize = 4096;

impl Host {
    /// The host holds them for a moment. A guest that asks for more than that may be ends, as the
    /// interface knows no error.
    fn random_bytes(&mut self, len: u64) -> Result<Vec<u8>, Stop> {
        let most = self.grants.limits.buffer_bytes;
        let allowed = |len: &usize| *len <= most || Buffers::new(&self.grants).allow(*len);
        let Some(len) = usize::try_from(len).ok().filter(allowed) else {
            let refusal = format!(
                "the guest asks for {len} random bytes at once, at most {most} are allowed \
                 (max-buffers)"
            );
            return Err(Trap::host(refusal).into());
        };
        let mut bytes = std::mem::take(&mut self.random_room);
        bytes.resize(len, 0);
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn random_number(&self) -> Result<u64, Stop> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Stop> {
        let failed = |code| Trap::host(format!("the host has no random numbers: {code}")).into();
        self.grants.random.fill(bytes).map_err(failed)
    }
}

impl random::Host for Host {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>, Stop> {
        self.random_bytes(len)
    }

    fn get_random_bytes_lowered(&mut self, bytes: Vec<u8>) {
        if bytes.len() <= USUAL {
            self.random_room = bytes;
        }
    }

    fn get_random_u64(&mut self) -> Result<u64, Stop> {
        self.random_number()
    }
}

/// The same source as the secure one: it is quick enough.
impl insecure::Host for Host {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>, Stop> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64, Stop> {
        self.random_number()
    }
}

impl insecure_seed::Host for Host {
    fn insecure_seed(&mut self) -> Result<(u64, u64), Stop> {
        Ok((self.random_number()?, self.random_number()?))
    }
}
