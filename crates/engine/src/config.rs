use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, Trap, TrapKind};

/// Settings of an engine; compiled code depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Config {
    /// Count instructions, so that [`Limits::fuel`] can be set. Off by default: counting costs
    /// some speed.
    pub fuel: bool,
    /// Let running code be stopped from outside through [`Limits::interrupt`]. Off by default:
    /// checks in loops cost some speed.
    pub interrupt: bool,
    /// How much stack a guest may use, in bytes. 1 MiB by default: deep enough for language
    /// runtimes, and well inside the 2 MiB of a Rust thread.
    pub max_stack: usize,
    /// Keep memory for this many core instances ready, so that guests come and go without asking
    /// the operating system for memory each time: for servers. Each may have one table, and every
    /// other one a memory; a component has several instances, and most have one memory among them.
    /// `None`, the default, asks as guests need it.
    /// Engines that can not do it ask as well.
    pub pool: Option<u32>,
    /// Give guests only as much address space as they use, so that tens of thousands live side by
    /// side. Off by default: each memory then has 4 GiB to itself, of which nearly all stays empty,
    /// and needs no checks at each access; dense guests compute up to a third slower, and memory
    /// that grows may have to be moved. A dense engine keeps no pool.
    pub dense: bool,
    /// Suspend guests while their host functions wait, so that one thread runs many of them: for
    /// servers, which call guests by [`Engine::call_suspending`](crate::Engine::call_suspending).
    /// With [`Config::interrupt`], a guest that computes is also suspended at each
    /// [`Engine::kick`](crate::Engine::kick), for the others' sake. Off by default: the thread
    /// waits.
    pub suspend: bool,
    /// Give each NaN that a guest computes the same bits, on every engine and machine. Off by
    /// default: floating-point instructions then take what the processor gives.
    pub canonical_nans: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            fuel: false,
            interrupt: false,
            max_stack: 1 << 20,
            pool: None,
            dense: false,
            suspend: false,
            canonical_nans: false,
        }
    }
}

/// What one store may use.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all linear memories together; growing beyond fails as the guest would see it on a
    /// machine without memory. 4 GiB by default: what 32-bit guests can address.
    pub memory_bytes: usize,
    /// Elements of all tables together; growing beyond fails. 1,000,000 by default: some 16 MB, and
    /// more functions than any program has.
    pub table_elements: usize,
    /// Instances of modules, and as many tables and memories. 10,000 by default: components have
    /// a few, and compositions of them some hundred.
    pub instances: usize,
    /// Fuel to start with; running out is [`TrapKind::OutOfFuel`](crate::TrapKind::OutOfFuel).
    /// `None`, the default, is no limit. Needs [`Config::fuel`].
    pub fuel: Option<u64>,
    /// The guest traps with [`TrapKind::Interrupted`](crate::TrapKind::Interrupted) soon after
    /// this becomes `true` and [`Engine::kick`](crate::Engine::kick) is called.
    /// Needs [`Config::interrupt`].
    pub interrupt: Option<Arc<AtomicBool>>,
    /// The guest traps with [`TrapKind::Interrupted`](crate::TrapKind::Interrupted) soon after this
    /// moment, at the next [`Engine::kick`](crate::Engine::kick), wherever it runs. A guest that is
    /// suspended is not woken for it. `None`, the default, is never. Needs [`Config::interrupt`].
    pub deadline: Option<Instant>,
    /// Who runs calls that take long and can not be suspended, on an engine that suspends
    /// ([`Config::suspend`]). `None`, the default: whoever has called runs them, and others that the
    /// thread has to do wait.
    pub long_calls: Option<LongCalls>,
    /// Who is told when the guest wants more memory, table elements or instances than these limits
    /// let it have. `None`, the default, is nobody.
    pub watch: Option<LimitWatch>,
}

/// Runs what it is given, which may take long, so that the thread's other tasks do not wait for it;
/// comes back after that. `false`: there is no room for it, it was not run, and the guest is to be
/// ended.
pub type LongCalls = fn(&mut dyn FnMut()) -> bool;

/// What a call may take before it is one of those.
pub(crate) const LONG_CALL: Duration = Duration::from_millis(2);

/// What a guest can have only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitKind {
    /// [`Limits::memory_bytes`].
    Memory,
    /// [`Limits::table_elements`].
    TableElements,
    /// [`Limits::instances`].
    Instances,
}

/// Is told what a guest wants more of, and how much that would be in all; answers whether it may
/// have that all the same. Called while the guest waits.
#[derive(Clone)]
pub struct LimitWatch(Arc<Told>);

type Told = dyn Fn(LimitKind, usize) -> bool + Send + Sync;

impl LimitWatch {
    /// This is told.
    pub fn new(told: impl Fn(LimitKind, usize) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl fmt::Debug for LimitWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitWatch")
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 4 << 30,
            table_elements: 1_000_000,
            instances: 10_000,
            fuel: None,
            interrupt: None,
            deadline: None,
            long_calls: None,
            watch: None,
        }
    }
}

impl Limits {
    /// That the engine's settings allow for what is limited.
    pub(crate) fn check(&self, config: &Config, engine: &'static str) -> Result<(), Error> {
        let needs = |reason: &str| Err(Error::Config { engine, reason: reason.into() });
        if self.fuel.is_some() && !config.fuel {
            return needs("a limit of fuel needs an engine that counts it (`Config::fuel`)");
        }
        if self.interrupt.is_some() && !config.interrupt {
            return needs(
                "an interrupt flag needs an engine that looks at it (`Config::interrupt`)",
            );
        }
        if self.deadline.is_some() && !config.interrupt {
            return needs("a deadline needs an engine that looks at it (`Config::interrupt`)");
        }
        Ok(())
    }

    /// Whether the guest is to be interrupted, as its flag says.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Fails when the guest is to end: it is interrupted, or its time is over. Looks at the clock.
    pub(crate) fn look(&self) -> Result<(), Trap> {
        let over = || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if self.is_interrupted() || over() { Err(TrapKind::Interrupted.into()) } else { Ok(()) }
    }

    /// Tells that the guest wants more; whether it may have it.
    fn allow(&self, what: LimitKind, denied: &Denied) -> bool {
        self.watch.as_ref().is_some_and(|watch| (watch.0)(what, denied.wanted))
    }
}

/// How a guest ends for which there is no room among the [`LongCalls`].
pub(crate) fn no_room() -> Trap {
    Trap {
        kind: TrapKind::Limit,
        detail: Some(
            "the guest computes for long in a call by the host, and too many others do so, too"
                .into(),
        ),
        frames: Vec::new(),
    }
}

/// What a store has of something that is limited.
#[derive(Debug, Default)]
pub(crate) struct Used {
    total: usize,
    /// By how much it was last allowed to grow: it may not have, after all.
    growth: usize,
}

impl Used {
    /// Grows from `current` to `wanted` of the `most` that there may be in all.
    pub(crate) fn grow(
        &mut self,
        what: &'static str,
        current: usize,
        wanted: usize,
        most: usize,
    ) -> Result<(), Denied> {
        self.growth = 0;
        let growth = wanted.saturating_sub(current);
        let total = self.total.saturating_add(growth);
        if total > most {
            return Err(Denied { what, wanted: total, most });
        }
        (self.total, self.growth) = (total, growth);
        Ok(())
    }

    /// It has not grown, though it was allowed to.
    pub(crate) fn failed(&mut self) {
        self.total = self.total.saturating_sub(std::mem::take(&mut self.growth));
    }
}

/// What the guest's memories and tables have in all, and what they were refused.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    instances: Used,
    memory: Used,
    table: Used,
    /// The last growth that was refused: why an instance could not be made, or why a guest that
    /// found no memory has given up.
    pub(crate) denied: Option<Denied>,
}

impl Growth {
    /// There is to be one more instance.
    pub(crate) fn instance(&mut self, limits: &Limits) -> Result<(), Trap> {
        self.denied = None;
        let grown = self.instances.grow("instances", 0, 1, limits.instances).or_else(|denied| {
            let allowed = limits.allow(LimitKind::Instances, &denied);
            if allowed { self.instances.grow("instances", 0, 1, usize::MAX) } else { Err(denied) }
        });
        let trap = |denied: Denied| Trap {
            kind: TrapKind::Limit,
            detail: Some(denied.to_string()),
            frames: Vec::new(),
        };
        grown.map_err(trap)
    }

    /// Whether a memory may grow; `most` is what it has itself for its end.
    pub(crate) fn memory(
        &mut self,
        limits: &Limits,
        current: usize,
        wanted: usize,
        most: Option<usize>,
    ) -> bool {
        let what = "bytes of memory";
        let mut grown = self.memory.grow(what, current, wanted, limits.memory_bytes);
        if let Err(denied) = &grown
            // What can not be in any case is not for the limit to refuse.
            && most.is_none_or(|most| wanted <= most)
            && limits.allow(LimitKind::Memory, denied)
        {
            grown = self.memory.grow(what, current, wanted, usize::MAX);
        }
        self.note(grown)
    }

    /// Whether a table may grow; `most` is what it has itself for its end.
    pub(crate) fn table(
        &mut self,
        limits: &Limits,
        current: usize,
        wanted: usize,
        most: Option<usize>,
    ) -> bool {
        let what = "table elements";
        let mut grown = self.table.grow(what, current, wanted, limits.table_elements);
        if let Err(denied) = &grown
            && most.is_none_or(|most| wanted <= most)
            && limits.allow(LimitKind::TableElements, denied)
        {
            grown = self.table.grow(what, current, wanted, usize::MAX);
        }
        self.note(grown)
    }

    /// A memory has not grown, though it was allowed to.
    pub(crate) fn memory_failed(&mut self) {
        self.memory.failed();
    }

    /// A table has not grown, though it was allowed to.
    pub(crate) fn table_failed(&mut self) {
        self.table.failed();
    }

    fn note(&mut self, grown: Result<(), Denied>) -> bool {
        // What was refused stays known: programs try smaller steps before they give up.
        if let Err(denied) = grown {
            self.denied = Some(denied);
            return false;
        }
        true
    }

    /// Says of a program that has given up that it was refused something before.
    pub(crate) fn explain(&self, trap: &mut Trap) {
        if let (TrapKind::Unreachable, None, Some(denied)) = (trap.kind, &trap.detail, self.denied)
        {
            trap.detail = Some(denied.to_string());
        }
    }
}

/// A refused growth; displayed as the detail of a [`Limit`](crate::TrapKind::Limit) trap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denied {
    what: &'static str,
    wanted: usize,
    most: usize,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the guest asks for {} {}, at most {} are allowed",
            self.wanted, self.what, self.most
        )
    }
}
