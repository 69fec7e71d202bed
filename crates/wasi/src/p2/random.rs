//! `wasi:random`.

use super::Host;
use super::bindings::wasi::random::{insecure, insecure_seed, random};
use super::buffers::Buffers;
use wayleave_component::Caller;
use wayleave_component::abi::GuestBytes;
use wayleave_engine::{Stop, Trap};

/// Random bytes, straight into the guest's memory. A guest that asks for more than it may ends, as the
/// interface knows no error.
fn random_bytes(caller: &mut impl Caller<Host>, len: u64) -> Result<GuestBytes, Stop> {
    let host = caller.state();
    let most = host.grants.limits.buffer_bytes;
    let allowed =
        |len: &u32| *len as usize <= most || Buffers::new(&host.grants).allow(*len as usize);
    let Some(len) = u32::try_from(len).ok().filter(allowed) else {
        let refusal = format!(
            "the guest asks for {len} random bytes at once, at most {most} are allowed (max-buffers)"
        );
        return Err(Trap::host(refusal).into());
    };
    caller.bytes(len, |host, bytes| host.fill(bytes).map(|()| bytes.len()))?
}

impl Host {
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
    fn get_random_bytes(caller: &mut impl Caller<Self>, len: u64) -> Result<GuestBytes, Stop> {
        random_bytes(caller, len)
    }

    fn get_random_u64(&mut self) -> Result<u64, Stop> {
        self.random_number()
    }
}

/// The same source as the secure one: it is quick enough.
impl insecure::Host for Host {
    fn get_insecure_random_bytes(
        caller: &mut impl Caller<Self>,
        len: u64,
    ) -> Result<GuestBytes, Stop> {
        random_bytes(caller, len)
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
