use super::memory::{MASK, assert_same};
use super::module::Version;
use super::{TestEngine, errno};
use std::collections::HashMap;
use wayleave_engine::{Context, Extern, Limits, Stop, Value};
use wayleave_grants::Grants;
use wayleave_wasi::p1::Host;

/// Where the helpers put what they need in memory: the second page. Tests that choose addresses
/// themselves stay below.
const SCRATCH: u64 = 0x1_0000;

/// Bytes of the guest's memory, unless it grows.
pub(crate) const MEMORY: u64 = 0x2_0000;

/// A running guest, and its calls.
pub(crate) struct Guest<E: TestEngine> {
    pub(super) version: Version,
    store: E::Store<Host>,
    functions: HashMap<&'static str, (E::Func, &'static str)>,
    scratch: u64,
}

impl<E: TestEngine> Guest<E> {
    /// A guest of 0.1 that is given this.
    pub(crate) fn new(grants: Grants) -> Self {
        Self::of(Version::Snapshot1, grants)
    }

    /// A guest of some version that is given this.
    pub(crate) fn of(version: Version, grants: Grants) -> Self {
        let shared = E::shared();
        let mut limits = Limits::default();
        limits.interrupt = grants.interrupt.as_ref().map(|interrupt| interrupt.flag());
        let mut store = shared.engine.store(Host::new(grants), limits).unwrap();
        let mut context = E::context(&mut store);
        let instance = context.instantiate(shared.template(version)).unwrap();
        let mut functions = HashMap::new();
        for (name, params) in version.functions().chain([("grow", "i")]) {
            let Some(Extern::Func(func)) = context.export(&instance, name) else {
                panic!("no function {name}");
            };
            functions.insert(name, (func, params));
        }
        drop(context);
        Self { version, store, functions, scratch: SCRATCH }
    }

    /// Calls a function and gives what it returns.
    pub(crate) fn try_call(&mut self, name: &str, args: &[u64]) -> Result<u32, Stop> {
        let (func, params) = &self.functions[name];
        assert_eq!(args.len(), params.len(), "arguments of {name}");
        let args: Vec<Value> = args
            .iter()
            .zip(params.chars())
            .map(|(&arg, ty)| match ty {
                'I' => Value::I64(arg.cast_signed()),
                _ => Value::I32(u32::try_from(arg).unwrap().cast_signed()),
            })
            .collect();
        let mut results = [Value::I32(-1)];
        let returned = if name == "proc_exit" { &mut [][..] } else { &mut results[..] };
        E::context(&mut self.store).call(func, &args, returned)?;
        match results {
            [Value::I32(errno)] => Ok(errno.cast_unsigned()),
            other => panic!("{name} returned {other:?}"),
        }
    }

    /// Calls a function that does not end the guest, and gives its errno.
    pub(crate) fn call(&mut self, name: &str, args: &[u64]) -> u32 {
        self.try_call(name, args).unwrap_or_else(|stop| panic!("{name}{args:?}: {stop}"))
    }

    /// Calls a function that succeeds.
    #[track_caller]
    pub(crate) fn ok(&mut self, name: &str, args: &[u64]) {
        assert_eq!(self.call(name, args), errno::SUCCESS, "{name}{args:?}");
    }

    /// Calls a function that fails so, and writes nothing.
    #[track_caller]
    pub(crate) fn err(&mut self, name: &str, args: &[u64], errno: u32) {
        let before = self.memory(|memory| memory.to_vec());
        assert_eq!(self.call(name, args), errno, "{name}{args:?}");
        self.memory(|memory| assert_same(memory, &before, name));
    }

    /// Calls a function that succeeds, with `inputs` in a memory full of `?`; it writes `outputs`
    /// and nothing else.
    #[track_caller]
    pub(crate) fn writes(
        &mut self,
        name: &str,
        args: &[u64],
        inputs: &[(u64, &[u8])],
        outputs: &[(u64, &[u8])],
    ) {
        let expected = self.memory(|memory| {
            memory.fill(MASK);
            put_all(memory, inputs);
            let mut expected = memory.to_vec();
            put_all(&mut expected, outputs);
            expected
        });
        self.ok(name, args);
        self.memory(|memory| assert_same(memory, &expected, name));
    }

    /// Does something with all of the memory.
    pub(crate) fn memory<R>(&mut self, work: impl FnOnce(&mut [u8]) -> R) -> R {
        work(E::context(&mut self.store).memory().unwrap().0)
    }

    /// Puts bytes at an address.
    pub(crate) fn poke(&mut self, address: u64, bytes: &[u8]) {
        self.memory(|memory| put_all(memory, &[(address, bytes)]));
    }

    /// The bytes at an address.
    pub(crate) fn peek(&mut self, address: u64, length: usize) -> Vec<u8> {
        self.memory(|memory| memory[usize::try_from(address).unwrap()..][..length].to_vec())
    }

    /// The number at an address.
    pub(crate) fn u32(&mut self, address: u64) -> u32 {
        u32::from_le_bytes(self.peek(address, 4).try_into().unwrap())
    }

    /// The number at an address.
    pub(crate) fn u64(&mut self, address: u64) -> u64 {
        u64::from_le_bytes(self.peek(address, 8).try_into().unwrap())
    }

    /// Puts bytes where there is room for a while, and gives the address.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> u64 {
        let length = u64::try_from(bytes.len()).unwrap();
        if self.scratch + length > MEMORY {
            self.scratch = SCRATCH;
        }
        let address = self.scratch;
        self.poke(address, bytes);
        self.scratch += length.next_multiple_of(8);
        address
    }

    /// Puts a string; gives its address and length.
    pub(crate) fn text(&mut self, text: &str) -> (u64, u64) {
        (self.put(text.as_bytes()), text.len() as u64)
    }
}

fn put_all(memory: &mut [u8], pieces: &[(u64, &[u8])]) {
    for (address, bytes) in pieces {
        memory[usize::try_from(*address).unwrap()..][..bytes.len()].copy_from_slice(bytes);
    }
}
