//! What a guest calls the host with and what it gets back, as text: read where it lies, so that no
//! handle moves and nothing is copied for it that the call itself does not copy.

mod show;

use crate::abi::{Lifting, MAX_FLAT_RESULTS};
use crate::plan::{FuncType, Options, Plan, Shape};
use crate::runtime::Data;
use show::{Place, Shower};
use std::sync::Arc;
use std::time::Instant;
use wayleave_engine::{CallOutcome, Context, Engine, HostCall, Slots, Stop, Tracer};

/// A function whose calls are told of.
#[derive(Clone)]
pub(crate) struct Traced(Arc<Function>);

struct Function {
    tracer: Arc<dyn Tracer>,
    plan: Arc<Plan>,
    ty: FuncType,
    interface: String,
    name: String,
    options: Options,
}

/// A call that has begun.
pub(crate) struct Begun<'t> {
    function: &'t Function,
    args: Vec<(String, String)>,
    /// Where the guest wants the result, if that is an address.
    result_at: u32,
    since: Instant,
}

impl Traced {
    /// `None` where nobody wants to be told.
    pub(crate) fn new(
        tracer: Option<&Arc<dyn Tracer>>,
        plan: &Arc<Plan>,
        ty: &FuncType,
        path: &[String],
        options: Options,
    ) -> Option<Self> {
        let tracer = tracer?;
        let (name, interface) = path.split_last()?;
        let (name, interface) = (name.clone(), interface.join("/"));
        tracer.wants(&interface, &name).then(|| {
            let (tracer, plan, ty) = (tracer.clone(), plan.clone(), ty.clone());
            Self(Arc::new(Function { tracer, plan, ty, interface, name, options }))
        })
    }

    /// Notes what the guest passes.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin<E: Engine, T: Send + 'static>(
        &self,
        context: &mut E::Context<'_, Data<E, T>>,
        slots: &E::Slots<'_>,
    ) -> Begun<'_> {
        let function = &*self.0;
        let (args, used) = function.with_memory::<E, T, _>(context, |from| {
            Shower::new(&function.plan.types, from, slots).params(&function.ty)
        });
        Begun { function, args, result_at: slots.u32(used), since: Instant::now() }
    }
}

impl Function {
    fn with_memory<E: Engine, T: Send + 'static, R>(
        &self,
        context: &mut E::Context<'_, Data<E, T>>,
        f: impl FnOnce(&mut Lifting<'_, '_>) -> R,
    ) -> R {
        let memory = self.options.memory.map(|number| context.kept_memory(number as usize));
        let memory: &[u8] = match memory {
            Some(Ok((memory, _))) => memory,
            // The call itself will trap.
            _ => &[],
        };
        f(&mut Lifting::new(memory, self.options.encoding, &mut [], 0))
    }
}

impl Begun<'_> {
    /// Tells what came of it. A call that waits is told of when it is done.
    #[cold]
    #[inline(never)]
    pub(crate) fn end<E: Engine, T: Send + 'static>(
        self,
        context: &mut E::Context<'_, Data<E, T>>,
        slots: &E::Slots<'_>,
        result: &Result<(), Stop>,
    ) {
        if matches!(result, Err(Stop::Wait(_))) {
            return;
        }
        let time = self.since.elapsed();
        let types = &self.function.plan.types;
        let (mut failed, mut text) = (false, String::new());
        if let (Ok(()), Some(ty)) = (result, self.function.ty.result) {
            let flat = types.flat(ty).is_some_and(|flat| flat.len() <= MAX_FLAT_RESULTS);
            let place = if flat { Place::Slot(0) } else { Place::Address(self.result_at) };
            text = self.function.with_memory::<E, T, _>(context, |from| {
                let mut shower = Shower::new(types, from, slots);
                failed = matches!(types.shape(ty), Some(Shape::Result { .. }))
                    && shower.case(place, 2).is_ok_and(|case| case == 1);
                shower.value(ty, place)
            });
        }
        let outcome = match result {
            Err(stop) => CallOutcome::Stopped(stop),
            Ok(()) if failed => CallOutcome::Failed(&text),
            Ok(()) => CallOutcome::Returned(&text),
        };
        self.function.tracer.called(&HostCall {
            interface: &self.function.interface,
            function: &self.function.name,
            args: &self.args,
            outcome,
            time,
        });
    }
}
