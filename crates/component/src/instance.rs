use crate::abi::{Lift, Lifting, Lower, Own, Resource, invalid};
use crate::export::{ExportedFunc, GuestFunction};
use crate::func::{Func, FuncExport, TypedExport, TypedFunc, lift_results, lower_params};
use crate::plan::Options;
use crate::runtime::{Data, Leave, Lowering, Runtime, set_leave};
use crate::template::{ReadyItem, ReadyStep, Template, not_of_this};
use crate::trampoline::{self, GuestResource};
use crate::{Error, Value, value};
use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;
use wayleave_engine::{Context, Engine, Extern, Limits, Slots, Stop, Trap};

/// An instance of a component, with a store of its own.
pub struct Instance<E: Engine, T: Send + 'static> {
    store: E::Store<Data<E, T>>,
    template: Template<E, T>,
    core: Vec<E::Instance>,
    trampolines: Vec<E::Func>,
    /// Tells the functions of this instance from those of others.
    token: Arc<()>,
}

impl<E: Engine, T: Send + 'static> Instance<E, T> {
    pub(crate) fn new(
        engine: &E,
        template: &Template<E, T>,
        state: T,
        limits: Limits,
    ) -> Result<Self, Stop> {
        let inner = &*template.inner;
        let runtime = Runtime::new(&inner.kinds, inner.plan.instances, inner.max_handles);
        let store = engine.store(Data { host: state, runtime }, limits);
        let mut store = store.map_err(|error| Trap::host(error.to_string()))?;
        let mut context = E::context(&mut store);
        let trampolines = match inner.needs_trampolines {
            true => context.host_funcs(&inner.trampolines),
            false => Vec::new(),
        };
        for instance in &inner.flags {
            let flags = context.new_global(wayleave_engine::Value::I32(1))?;
            if let Some(leave) = context.state().runtime.leave.get_mut(*instance as usize) {
                *leave = Leave::Flags(flags);
            }
        }
        let mut core = Vec::new();
        for step in &inner.steps {
            let item = |context: &mut E::Context<'_, Data<E, T>>, item: &ReadyItem<E>| {
                resolve::<E, T>(context, &core, &trampolines, item)
            };
            let func = |context: &mut E::Context<'_, Data<E, T>>, ready: &ReadyItem<E>| match item(
                context, ready,
            )? {
                Extern::Func(func) => Ok(func),
                _ => Err(invalid("an export is no function")),
            };
            match step {
                ReadyStep::Instantiate { module, imports } => {
                    let imports = imports.iter().map(|import| item(&mut context, import));
                    let imports = imports.collect::<Result<Vec<_>, _>>()?;
                    core.push(context.instantiate_with(module, &imports)?);
                }
                ReadyStep::Template(template) => core.push(context.instantiate(template)?),
                ReadyStep::Memory(export) => match item(&mut context, export)? {
                    Extern::Memory(memory) => {
                        context.keep_memory(&memory);
                    }
                    _ => return Err(invalid("an export is no memory")),
                },
                ReadyStep::Realloc(export) => {
                    let realloc = func(&mut context, export)?;
                    context.keep_realloc(&realloc)?;
                }
                ReadyStep::PostReturn(export) => {
                    let post_return = func(&mut context, export)?;
                    context.state().runtime.post_returns.push(post_return);
                }
                ReadyStep::Destructor { resource, function } => {
                    let destructor = func(&mut context, function)?;
                    if let Some(place) = context.state().runtime.destructors.get_mut(*resource) {
                        *place = Some(destructor);
                    }
                }
            }
        }
        drop(context);
        Ok(Self { store, template: template.clone(), core, trampolines, token: Arc::default() })
    }

    /// The host's state.
    pub fn state(&mut self) -> &mut T {
        &mut E::state(&mut self.store).host
    }

    /// Sets another [`Limits::deadline`], for an instance that goes on to something else.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        E::set_deadline(&mut self.store, deadline);
    }

    /// The plan of its component.
    pub fn plan(&self) -> &crate::Plan {
        &self.template.inner.plan
    }

    /// Ends the instance and hands the host's state back.
    pub fn into_state(self) -> T {
        E::into_state(self.store).host
    }

    /// Fuel that is left, where it is limited.
    pub fn fuel(&mut self) -> Option<u64> {
        E::context(&mut self.store).fuel()
    }

    /// An exported function: by its name, or by the name of an interface and its own.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none.
    pub fn func(&mut self, path: &[&str]) -> Result<Func<E>, Error> {
        let export = self.template.inner.func_export(path)?;
        self.bind_func(&export).ok_or_else(|| not_of_this(path))
    }

    /// A function that [`Template::typed`] has found, of this instance.
    ///
    /// # Errors
    /// [`Error::Export`] when it is of another template.
    pub fn bind<P, R>(&mut self, export: &TypedExport<E, P, R>) -> Result<TypedFunc<E, P, R>, Error>
    where
        P: Lower,
        R: for<'m> Lift<'m>,
    {
        let ours = Arc::ptr_eq(&export.plan, &self.template.inner.plan);
        let func = if ours { self.bind_func(&export.export) } else { None };
        func.map(TypedFunc::new).ok_or_else(|| not_of_this(&[]))
    }

    fn bind_func(&mut self, export: &FuncExport<E>) -> Option<Func<E>> {
        let mut context = E::context(&mut self.store);
        match resolve::<E, T>(&mut context, &self.core, &self.trampolines, &export.ready) {
            Ok(Extern::Func(core)) => {
                let (ty, options) = (export.ty.clone(), export.options);
                Some(Func { core, ty, options, token: self.token.clone() })
            }
            _ => None,
        }
    }

    /// As [`Instance::func`], over Rust types: parameters as a tuple, the result as a tuple of one
    /// or `()`.
    ///
    /// # Errors
    /// As [`Instance::func`], and when the types differ.
    pub fn typed<P, R>(&mut self, path: &[&str]) -> Result<TypedFunc<E, P, R>, Error>
    where
        P: Lower,
        R: for<'m> Lift<'m>,
    {
        let export = self.template.typed(path)?;
        self.bind(&export)
    }

    /// Calls an exported function with values of whatever type it takes.
    ///
    /// # Errors
    /// What stopped the guest: afterwards the instance can not be entered any more. A trap, too,
    /// when the arguments are not of the function's type.
    pub fn call(&mut self, func: &Func<E>, args: &[Value]) -> Result<Option<Value>, Stop> {
        let plan = self.template.inner.plan.clone();
        value::check_args(&plan.types, &func.ty, args)?;
        self.enter(
            func,
            |to, slots| value::lower_params(&plan.types, &func.ty, args, to, slots),
            |from, slots| value::lift_result(&plan.types, &func.ty, from, slots),
        )
    }

    /// Calls an exported function over Rust types.
    ///
    /// # Errors
    /// As [`Instance::call`].
    pub fn call_typed<P, R>(&mut self, func: &TypedFunc<E, P, R>, params: P) -> Result<R, Stop>
    where
        P: Lower,
        R: for<'m> Lift<'m>,
    {
        self.enter(&func.func, |to, slots| lower_params(&params, to, slots), lift_results)
    }

    /// As [`Instance::call_typed`]; the future is pending while the guest is suspended, on an
    /// engine that suspends ([`Config::suspend`](wayleave_engine::Config::suspend)). Dropping the
    /// future ends the guest.
    ///
    /// # Errors
    /// As [`Instance::call`].
    pub async fn call_suspending<P, R>(
        &mut self,
        func: &TypedFunc<E, P, R>,
        params: P,
    ) -> Result<R, Stop>
    where
        P: Lower,
        R: for<'m> Lift<'m>,
    {
        let func = &func.func;
        let mut slots = RawSlots::default();
        {
            let mut context = self.context_for(func)?;
            // Until it has come back well: the future may be dropped.
            context.state().runtime.poisoned = true;
            let lower = |to: &mut Lowering<'_, '_, E, T>, slots: &mut RawSlots| {
                lower_params(&params, to, slots)
            };
            before::<E, T>(&mut context, func, lower, &mut slots)?;
        }
        E::call_suspending(&mut self.store, &func.core, &mut slots.0).await?;
        let mut context = E::context(&mut self.store);
        let result = after::<E, T, R>(&mut context, func, lift_results, &mut slots)?;
        context.state().runtime.poisoned = false;
        Ok(result)
    }

    /// Drops a resource that an exported function has handed over: runs its destructor.
    ///
    /// # Errors
    /// What stopped the destructor.
    pub fn drop_resource(&mut self, resource: Resource) -> Result<(), Stop> {
        if !resource.own {
            return Ok(());
        }
        let inner = &*self.template.inner;
        let number = inner.kinds.of_resource.iter().position(|kind| *kind == resource.kind);
        let Some(number) = number else { return Err(invalid("a resource of another component")) };
        let destructor = inner.destructors.get(number).cloned().flatten();
        let guest = GuestResource::new(&inner.plan, 0, u32::try_from(number).unwrap_or(u32::MAX));
        let mut context = E::context(&mut self.store);
        poison_check(&context.state().runtime)?;
        let result =
            trampoline::destroy::<E, T>(&mut context, resource.rep, &guest, destructor.as_deref());
        context.state().runtime.poisoned |= result.is_err();
        result
    }

    /// As [`Instance::typed`], for a type whose parameters may borrow from the host.
    ///
    /// # Errors
    /// As [`Instance::typed`].
    pub fn exported<F: GuestFunction>(
        &mut self,
        path: &[&str],
    ) -> Result<ExportedFunc<E, F>, Error> {
        let typed = self.typed::<F::Params<'static>, F::Results>(path)?;
        Ok(ExportedFunc { func: typed.func, ty: PhantomData })
    }

    /// As [`Instance::call_typed`], with parameters that may borrow from the host.
    ///
    /// # Errors
    /// As [`Instance::call`].
    pub fn call_exported<F: GuestFunction>(
        &mut self,
        func: &ExportedFunc<E, F>,
        params: F::Params<'_>,
    ) -> Result<F::Results, Stop> {
        self.enter(&func.func, |to, slots| lower_params(&params, to, slots), lift_results)
    }

    /// Drops a resource that an exported function has handed over: runs its destructor, the
    /// guest's or the host's.
    ///
    /// # Errors
    /// What stopped the destructor.
    pub fn drop_own<R: 'static>(&mut self, own: Own<R>) -> Result<(), Stop> {
        let known = Some(TypeId::of::<R>());
        let kind = self.template.inner.kinds.rust.iter().position(|kind| *kind == known);
        match kind.and_then(|kind| u32::try_from(kind).ok()) {
            Some(kind) => self.drop_resource(Resource { kind, rep: own.rep(), own: true }),
            None => Err(invalid("a resource of another component")),
        }
    }

    /// Calls a function of the guest's (`canon lift`).
    fn enter<R>(
        &mut self,
        func: &Func<E>,
        lower: impl FnOnce(&mut Lowering<'_, '_, E, T>, &mut RawSlots) -> Result<(), Stop>,
        lift: impl FnOnce(&mut Lifting<'_, '_>, &RawSlots) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        let mut context = self.context_for(func)?;
        let result = call::<E, T, R>(&mut context, func, lower, lift);
        context.state().runtime.poisoned |= result.is_err();
        result
    }

    /// The store, for a call of a function of this instance.
    fn context_for(&mut self, func: &Func<E>) -> Result<E::Context<'_, Data<E, T>>, Stop> {
        if !Arc::ptr_eq(&self.token, &func.token) {
            return Err(invalid("the function is another instance's"));
        }
        let mut context = E::context(&mut self.store);
        poison_check(&context.state().runtime)?;
        Ok(context)
    }
}

fn call<E: Engine, T: Send + 'static, R>(
    context: &mut E::Context<'_, Data<E, T>>,
    func: &Func<E>,
    lower: impl FnOnce(&mut Lowering<'_, '_, E, T>, &mut RawSlots) -> Result<(), Stop>,
    lift: impl FnOnce(&mut Lifting<'_, '_>, &RawSlots) -> Result<R, Stop>,
) -> Result<R, Stop> {
    let mut slots = RawSlots::default();
    before::<E, T>(context, func, lower, &mut slots)?;
    context.call_raw(&func.core, &mut slots.0)?;
    after::<E, T, R>(context, func, lift, &mut slots)
}

/// What comes before the guest's own function.
fn before<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    func: &Func<E>,
    lower: impl FnOnce(&mut Lowering<'_, '_, E, T>, &mut RawSlots) -> Result<(), Stop>,
    slots: &mut RawSlots,
) -> Result<(), Stop> {
    context.state().runtime.handles(func.options.instance)?.enter();
    lower(&mut Lowering::new(context, &func.options), slots)
}

/// What comes after the guest's own function.
fn after<E: Engine, T: Send + 'static, R>(
    context: &mut E::Context<'_, Data<E, T>>,
    func: &Func<E>,
    lift: impl FnOnce(&mut Lifting<'_, '_>, &RawSlots) -> Result<R, Stop>,
    slots: &mut RawSlots,
) -> Result<R, Stop> {
    let Options { instance, encoding, memory, post_return, .. } = func.options;
    let (memory, data) = match memory {
        Some(number) => {
            let (memory, data) = context.kept_memory(number as usize)?;
            (&*memory, data)
        }
        None => (&[][..], context.state()),
    };
    let mut from = Lifting::new(memory, encoding, &mut data.runtime.handles, instance);
    let result = lift(&mut from, slots)?;
    from.handles()?.exit()?;
    let post_return =
        post_return.and_then(|number| data.runtime.post_returns.get(number as usize).cloned());
    if let Some(post_return) = post_return {
        set_leave::<E, T>(context, instance, false)?;
        context.call_raw(&post_return, &mut slots.0)?;
        set_leave::<E, T>(context, instance, true)?;
    }
    Ok(result)
}

fn poison_check<E: Engine>(runtime: &Runtime<E>) -> Result<(), Stop> {
    if runtime.poisoned {
        return Err(invalid("cannot enter component instance: it was ended before"));
    }
    Ok(())
}

fn resolve<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    core: &[E::Instance],
    trampolines: &[E::Func],
    item: &ReadyItem<E>,
) -> Result<Extern<E>, Stop> {
    let found = match item {
        ReadyItem::Export { instance, place } => {
            core.get(*instance).and_then(|instance| context.found_export(instance, place))
        }
        ReadyItem::Trampoline(number) => trampolines.get(*number).cloned().map(Extern::Func),
        ReadyItem::Flags(instance) => match context.state().runtime.leave.get(*instance) {
            Some(Leave::Flags(flags)) => Some(Extern::Global(flags.clone())),
            _ => None,
        },
    };
    found.ok_or_else(|| invalid("a module lacks an export that the component hands on"))
}

/// Core values on their way into a guest and out of it: no function takes or gives more.
#[derive(Default)]
pub(crate) struct RawSlots([u64; crate::abi::MAX_FLAT_PARAMS]);

impl Slots for RawSlots {
    #[inline]
    fn u32(&self, index: usize) -> u32 {
        crate::runtime::low(self.u64(index))
    }

    #[inline]
    fn u64(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    #[inline]
    fn set_u32(&mut self, index: usize, value: u32) {
        self.set_u64(index, value.into());
    }

    #[inline]
    fn set_u64(&mut self, index: usize, value: u64) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = value;
        }
    }
}
