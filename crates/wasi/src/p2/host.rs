#[cfg(feature = "http")]
use super::buffers::Buffers;
use super::error::Causes;
use super::filesystem::{Descriptor, Entries, Seen};
#[cfg(feature = "http")]
use super::http::Http;
use super::poll::Pollable;
use super::sockets::{Addresses, Incoming, Outgoing, TcpSocket, UdpSocket};
use super::streams::{InputStream, OutputStream};
use super::table::Table;
use crate::wait::Waiter;
use std::sync::Arc;
use wayleave_grants::{Grants, Limited};
use wayleave_system::net::Network;
use wayleave_system::wait::Reactor;

/// The state of a store whose guest uses WASI 0.2.
pub trait State: Send + 'static {
    /// What the guest has been given and has opened since.
    fn p2(&mut self) -> &mut Host;
}

impl State for Host {
    fn p2(&mut self) -> &mut Host {
        self
    }
}

/// The host's side of one guest: what it was given, and the resources it has handles of.
pub struct Host {
    /// Guests of one app share it: a server makes hosts by the thousand.
    pub(super) grants: Arc<Grants>,
    pub(super) waiter: Waiter,
    pub(super) descriptors: Table<Descriptor>,
    pub(super) entries: Table<Entries>,
    pub(super) seen: Seen,
    pub(super) inputs: Table<InputStream>,
    pub(super) outputs: Table<OutputStream>,
    pub(super) pollables: Table<Pollable>,
    /// None when nothing can be reached in it.
    pub(super) network: Option<Arc<dyn Network>>,
    pub(super) tcp_sockets: Table<Arc<TcpSocket>>,
    pub(super) udp_sockets: Table<UdpSocket>,
    pub(super) incoming: Table<Incoming>,
    pub(super) outgoing: Table<Outgoing>,
    pub(super) lookups: Table<Addresses>,
    /// Room for one that arrives.
    pub(super) datagram: Vec<u8>,
    pub(super) causes: Causes,
    #[cfg(feature = "http")]
    pub(super) http: Http,
}

/// Most look-ups of names of one guest at a time: guests share the threads that make them.
const MOST_LOOKUPS: usize = 64;

impl Host {
    /// The host's side of a guest that is given `grants`. Listeners are not offered yet: 0.2 has
    /// none that are open from the start.
    pub fn new(grants: impl Into<Arc<Grants>>) -> Self {
        let grants = grants.into();
        let limit = grants.limits.descriptors;
        let handles = grants.limit_watch(Limited::Handles);
        let meter = grants.network_meter();
        let network = grants.guest_network(meter.clone());
        #[cfg(feature = "http")]
        let http = {
            let bodies = grants.between.as_ref().and_then(|between| between.bodies.clone());
            let (client, buffers) = (grants.guest_http(meter), Buffers::new(&grants));
            Http::new(client, bodies, limit, &handles, buffers)
        };
        Self {
            waiter: Waiter {
                interrupt: grants.interrupt.clone(),
                reactor: None,
                watch: grants.between.as_ref().map(|between| between.watch.clone()),
                simulated: grants.clocks.simulated.clone(),
            },
            descriptors: Table::watched(limit, handles.clone()),
            entries: Table::watched(limit, handles.clone()),
            seen: Seen::default(),
            inputs: Table::watched(limit, handles.clone()),
            outputs: Table::watched(limit, handles.clone()),
            pollables: Table::watched(limit, handles.clone()),
            network,
            tcp_sockets: Table::watched(limit, handles.clone()),
            udp_sockets: Table::watched(limit, handles.clone()),
            incoming: Table::watched(limit, handles.clone()),
            outgoing: Table::watched(limit, handles.clone()),
            lookups: Table::of_few(limit, MOST_LOOKUPS, &handles),
            datagram: Vec::new(),
            causes: Causes::new(limit),
            #[cfg(feature = "http")]
            http,
            grants,
        }
    }

    /// Has the guest suspended while it waits, on an engine that does so
    /// ([`Config::suspend`](wayleave_engine::Config::suspend)). What is waited for then is for
    /// `reactor`.
    #[must_use]
    pub fn suspended_by(mut self, reactor: Arc<dyn Reactor>) -> Self {
        self.waiter.reactor = Some(reactor);
        self
    }
}
