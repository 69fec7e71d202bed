//! Components that answer requests, on one engine.

use super::limits;
use crate::Grants;
use crate::http::{Answer, Failed, Guest, Handles, Incoming};
use std::sync::{Arc, Mutex, PoisonError};
use wayleave_component::{Instance, Own, Template, TypedExport};
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
    handle: Handle<E>,
    reactor: Arc<dyn Reactor>,
    /// Requests that one instance answers.
    reuse: u32,
    idle: Mutex<Vec<Idle<E>>>,
}

type Handle<E> = TypedExport<E, (Own<IncomingRequest>, Own<ResponseOutparam>), ()>;

/// An instance that can answer more.
struct Idle<E: Engine> {
    instance: Instance<E, Host>,
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
        grants: &mut dyn FnMut() -> Grants,
        request: Incoming,
        answer: Answer,
    ) -> Guest {
        let inner = self.0.clone();
        let idle = inner.take_idle();
        let grants = idle.is_none().then(grants);
        Box::pin(async move {
            let Idle { mut instance, answered } = match (idle, grants) {
                (Some(idle), _) => idle,
                (None, grants) => inner.instantiate(grants.unwrap_or_default())?,
            };
            answer_with(&mut instance, &inner.handle, request, answer)
                .await
                .map_err(Failed::Stopped)?;
            inner.keep(Idle { instance, answered: answered.saturating_add(1) });
            Ok(())
        })
    }
}

impl<E: Engine> Inner<E> {
    fn take_idle(&self) -> Option<Idle<E>> {
        if self.reuse <= 1 {
            return None;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, idle: Idle<E>) {
        if idle.answered < self.reuse {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        }
    }

    fn instantiate(&self, grants: Grants) -> Result<Idle<E>, Failed> {
        let limits = limits(&grants);
        let host = Host::new(grants).suspended_by(self.reactor.clone());
        let instance = self.template.instantiate(&self.engine, host, limits);
        Ok(Idle { instance: instance.map_err(Failed::NoRoom)?, answered: 0 })
    }
}

async fn answer_with<E: Engine>(
    instance: &mut Instance<E, Host>,
    handle: &Handle<E>,
    (request, scheme): Incoming,
    answer: Answer,
) -> Result<(), Stop> {
    let handle = instance.bind(handle).map_err(|error| Trap::host(error.to_string()))?;
    let request = instance.state().incoming_request(request, scheme)?;
    let outparam = instance.state().response_outparam(move |response| answer.set(response))?;
    instance.call_suspending(&handle, (request, outparam)).await
}
