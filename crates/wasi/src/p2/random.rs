//! `wasi:random`.

use super::Host;
use super::bindings::wasi::random::{insecure, insecure_seed, random};
use wayleave_engine::{Stop, Trap};

/// Most bytes of one call: what the host holds for a moment. Guests that ask for more end, as the
/// interface knows no error.
const MOST: u64 = 64 << 20;

impl Host {
    fn random_bytes(&self, len: u64) -> Result<Vec<u8>, Stop> {
        let len = usize::try_from(len.min(MOST + 1)).unwrap_or(usize::MAX);
        if len as u64 > MOST {
            return Err(Trap::host("the guest asks for too many random bytes at once").into());
        }
        let mut bytes = vec![0; len];
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
        self.random.fill(bytes).map_err(failed)
    }
}

impl random::Host for Host {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>, Stop> {
        self.random_bytes(len)
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
