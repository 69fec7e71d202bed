//! Components that answer requests, on one engine.

use super::limits;
use crate::Grants;
use crate::http::{Answer, Failed, Guest, Handles, Incoming};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use wayleave_component::{Instance, Own, Template, TypedExport, TypedFunc};
use wayleave_engine::{Engine, Stop, Trap};
use wayleave_system::wait::Reactor;
use wayleave_wasi::p2::Host;
use wayleave_wasi::p2::http::{HANDLE, IncomingRequest, ResponseOutparam};

/// The function that handlers export.
pub(super) const FUNCTION: [&str; 2] = [HANDLE, "handle"];

/// A handler on one engine.
pub(super) struct OnEngine<E: Engine>(Arc<Inner<E>>);

struct Inner<E: Engine> {
    engine: E,
    template: Template<E, Host>,
    handle: TypedExport<E, Params, ()>,
    reactor: Arc<dyn Reactor>,
    /// Requests that one instance answers.
    reuse: u32,
    idle: Mutex<Vec<Ready<E>>>,
}

type Params = (Own<IncomingRequest>, Own<ResponseOutparam>);

/// An instance that can answer.
struct Ready<E: Engine> {
    instance: Instance<E, Host>,
    handle: TypedFunc<E, Params, ()>,
    answered: u32,
}

impl<E: Engine> OnEngine<E> {
    pub(super) fn new(
        engine: E,
        template: Template<E, Host>,
        reactor: Arc<dyn Reactor>,
        reuse: u32,
    ) -> Result<Self, wayleave_component::Error> {
        let handle = template.typed(&FUNCTION)?;
        let idle = Mutex::default();
        Ok(Self(Arc::new(Inner { engine, template, handle, reactor, reuse, idle })))
    }
}

impl<E: Engine> Handles for OnEngine<E> {
    fn start(
        &self,
        grants: &Arc<Grants>,
        request: Incoming,
        deadline: Option<Instant>,
        answer: Answer,
    ) -> Guest {
        let inner = self.0.clone();
        // The request goes to the instance at once where there is one: a smaller future is faster to
        // make, and there is one for each request.
        if let Some(mut guest) = inner.take_idle() {
            guest.instance.set_deadline(deadline);
            let params = guest.receive(request, answer);
            return Box::pin(async move {
                let params = params.map_err(Failed::Stopped)?;
                let called = guest.instance.call_suspending(&guest.handle, params).await;
                called.map_err(Failed::Stopped)?;
                inner.keep(guest);
                Ok(())
            });
        }
        let grants = grants.clone();
        Box::pin(async move {
            let mut guest = inner.instantiate(grants, deadline)?;
            let params = guest.receive(request, answer).map_err(Failed::Stopped)?;
            let called = guest.instance.call_suspending(&guest.handle, params).await;
            called.map_err(Failed::Stopped)?;
            inner.keep(guest);
            Ok(())
        })
    }
}

impl<E: Engine> Inner<E> {
    fn take_idle(&self) -> Option<Ready<E>> {
        if self.reuse <= 1 {
            return None;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, guest: Ready<E>) {
        if guest.answered < self.reuse {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(guest);
        }
    }

    fn instantiate(
        &self,
        grants: Arc<Grants>,
        deadline: Option<Instant>,
    ) -> Result<Ready<E>, Failed> {
        let mut limits = limits(&grants);
        limits.deadline = deadline;
        limits.long_calls = Some(self.reactor.long_calls());
        let host = Host::new(grants.for_another_guest()).suspended_by(self.reactor.clone());
        let mut instance =
            self.template.instantiate(&self.engine, host, limits).map_err(Failed::NoRoom)?;
        let handle = instance.bind(&self.handle);
        let handle =
            handle.map_err(|error| Failed::NoRoom(Trap::host(error.to_string()).into()))?;
        Ok(Ready { instance, handle, answered: 0 })
    }
}

impl<E: Engine> Ready<E> {
    /// Hands the instance a request, for it to be called with.
    fn receive(&mut self, (request, scheme): Incoming, answer: Answer) -> Result<Params, Stop> {
        self.answered = self.answered.saturating_add(1);
        let host = self.instance.state();
        let request = host.incoming_request(request, scheme)?;
        let outparam = host.response_outparam(move |response| answer.set(response))?;
        Ok((request, outparam))
    }
}
