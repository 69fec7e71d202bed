use super::descriptor::{Descriptor, Table};
use crate::wait::Waiter;
use std::sync::Arc;
use wayleave_grants::{Clocks, Grants, Limited, Preopen};
use wayleave_system::random::Random;

/// The state of a store whose guest uses WASI 0.1 (or 0.0).
pub trait State: Send + 'static {
    /// What the guest has been given and has opened since.
    fn p1(&mut self) -> &mut Host;
}

impl State for Host {
    fn p1(&mut self) -> &mut Host {
        self
    }
}

/// The host's side of one guest: what it was given, and the descriptors it has open.
pub struct Host {
    pub(super) args: Vec<String>,
    /// Variables as the guest reads them, `NAME=VALUE`.
    pub(super) environ: Vec<String>,
    pub(super) table: Table,
    /// A folder that is opened when the guest looks for folders, and the number that it then has.
    pub(super) elsewhere: Option<(u32, Preopen)>,
    pub(super) clocks: Clocks,
    pub(super) random: Arc<dyn Random>,
    pub(super) waiter: Waiter,
}

impl Host {
    /// The host's side of a guest that is given `grants`: descriptors 0, 1 and 2 are the standard
    /// streams, folders follow from 3 on, then listeners.
    pub fn new(grants: Grants) -> Self {
        let mut table =
            Table::new(grants.limits.descriptors.max(3), grants.limit_watch(Limited::Handles));
        table.add(Descriptor::stream_in(grants.stdin));
        table.add(Descriptor::stream_out(grants.stdout));
        table.add(Descriptor::stream_out(grants.stderr));
        for preopen in grants.preopens {
            table.add(Descriptor::preopen(preopen));
        }
        let elsewhere = grants.elsewhere.filter(|_| grants.listeners.is_empty());
        let elsewhere = elsewhere.and_then(|dir| Some((u32::try_from(table.len()).ok()?, dir)));
        for listener in grants.listeners {
            table.add(Descriptor::listener(listener));
        }
        let simulated = grants.clocks.simulated.clone();
        Self {
            args: grants.args,
            environ: grants.env.into_iter().map(|(k, v)| format!("{k}={v}")).collect(),
            table,
            elsewhere,
            clocks: grants.clocks,
            random: grants.random,
            waiter: Waiter {
                interrupt: grants.interrupt,
                reactor: None,
                watch: grants.between.map(|between| between.watch),
                simulated,
            },
        }
    }
}
