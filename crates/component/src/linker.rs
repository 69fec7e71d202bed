use crate::abi::{ComponentType, Lift, Lower, Mismatch, TypeContext};
use crate::host::{Closure, FillingFunction, HostFunction};
use crate::plan::{FuncType, Options, Plan};
use crate::runtime::Data;
use crate::template::Template;
use crate::trace::Traced;
use crate::{Component, Error, Value, names, trampoline};
use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;
use wayleave_engine::{Engine, FuncType as CoreFuncType, Stop, Tracer};

/// What the host provides, by name: made once, for any number of components and instances.
pub struct Linker<E: Engine, T: Send + 'static> {
    pub(crate) items: Items<E, T>,
    pub(crate) unknown_traps: bool,
    pub(crate) max_handles: u32,
    pub(crate) tracer: Option<Arc<dyn Tracer>>,
    /// Resources that guests define, as far as the host has types for them.
    pub(crate) exported_resources: Vec<(Vec<String>, TypeId)>,
}

pub(crate) type Items<E, T> = BTreeMap<String, Item<E, T>>;

pub(crate) enum Item<E: Engine, T: Send + 'static> {
    Func(Arc<dyn Define<E, T>>),
    Resource(HostResource<T>),
    Module(E::Module),
    Interface(Items<E, T>),
}

/// A resource of the host's.
pub(crate) struct HostResource<T> {
    pub(crate) rust: TypeId,
    pub(crate) destructor: Arc<Destructor<T>>,
}

pub(crate) type Destructor<T> = dyn Fn(&mut T, u32) -> Result<(), Stop> + Send + Sync;

/// A host function that can become a core function, once it is known how it is lowered.
pub(crate) trait Define<E: Engine, T: Send + 'static>: Send + Sync {
    /// Whether it is of the type that the component imports.
    fn check(&self, ty: &FuncType, context: &TypeContext<'_>) -> Result<(), Mismatch>;

    /// Adds it to the core functions.
    fn define(
        &self,
        linker: &mut E::Linker<Data<E, T>>,
        name: &str,
        core: &CoreFuncType,
        lowered: Lowered<'_>,
    ) -> Result<(), wayleave_engine::Error>;
}

/// How a component imports a function.
#[derive(Clone)]
pub(crate) struct Lowered<'a> {
    pub(crate) plan: &'a Arc<Plan>,
    pub(crate) ty: &'a FuncType,
    pub(crate) options: Options,
    /// Where its calls are told of, if they are.
    pub(crate) traced: Option<Traced>,
}

/// Handles that one component instance may have open, unless the embedder says otherwise.
const MAX_HANDLES: u32 = 1 << 20;

impl<E: Engine, T: Send + 'static> Default for Linker<E, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Engine, T: Send + 'static> Linker<E, T> {
    /// One that provides nothing.
    pub fn new() -> Self {
        Self {
            items: Items::new(),
            unknown_traps: false,
            max_handles: MAX_HANDLES,
            tracer: None,
            exported_resources: Vec::new(),
        }
    }

    /// What is imported by its own name, without an interface.
    pub fn root(&mut self) -> Interface<'_, E, T> {
        Interface { items: &mut self.items }
    }

    /// An interface, by its full name: `wasi:clocks/monotonic-clock@0.2.12`. It satisfies imports
    /// of all versions that semantic versioning takes for compatible.
    pub fn interface(&mut self, name: &str) -> Interface<'_, E, T> {
        interface(&mut self.items, name)
    }

    /// Whether functions that nothing provides are linked all the same, and trap when they are
    /// called; resources of no known kind likewise. Off by default.
    pub fn unknown_traps(&mut self, on: bool) -> &mut Self {
        self.unknown_traps = on;
        self
    }

    /// How many handles each component instance may have open. The default is 2^20.
    pub fn max_handles(&mut self, handles: u32) -> &mut Self {
        self.max_handles = handles;
        self
    }

    /// Has calls of host functions told to `tracer`.
    pub fn tracer(&mut self, tracer: Arc<dyn Tracer>) -> &mut Self {
        self.tracer = Some(tracer);
        self
    }

    /// Lets the host know a resource that components define and export as `R`: it travels as
    /// [`Own`](crate::Own) and [`Borrow`](crate::Borrow) of `R` then, and is checked to be just
    /// that. `path` is its name, or the name of an interface and its own; components without it
    /// are linked all the same.
    pub fn exported_resource<R: 'static>(&mut self, path: &[&str]) -> &mut Self {
        let path = path.iter().map(|&name| name.to_owned()).collect();
        self.exported_resources.push((path, TypeId::of::<R>()));
        self
    }

    /// Resolves what a component imports.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Unfit`] for the first import that nothing here satisfies.
    pub fn link(&self, engine: &E, component: &Component<E>) -> Result<Template<E, T>, Error> {
        Template::new(engine, self, component)
    }

    /// Whether it has something of this name, that imports of compatible versions find as well.
    pub fn provides(&self, name: &str) -> bool {
        names::find(&self.items, name).is_some()
    }

    pub(crate) fn find(&self, path: &[String]) -> Option<&Item<E, T>> {
        let (name, instances) = path.split_last()?;
        let mut items = &self.items;
        for instance in instances {
            match names::find(items, instance)? {
                Item::Interface(inside) => items = inside,
                _ => return None,
            }
        }
        items.get(name)
    }
}

/// An interface that is being filled.
pub struct Interface<'a, E: Engine, T: Send + 'static> {
    items: &'a mut Items<E, T>,
}

impl<E: Engine, T: Send + 'static> Interface<'_, E, T> {
    /// A function over Rust types: parameters and results are tuples, `()` for no result.
    ///
    /// # Errors
    /// None yet: what does not fit is noticed when a component is linked.
    pub fn func<P, R>(
        &mut self,
        name: &str,
        call: impl Fn(&mut T, P) -> Result<R, Stop> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error>
    where
        P: for<'m> Lift<'m> + 'static,
        R: Lower + 'static,
    {
        self.host_func(name, Closure::new(call))
    }

    /// As [`Interface::func`], for functions whose parameters borrow from the guest's memory.
    ///
    /// # Errors
    /// As [`Interface::func`].
    pub fn host_func(
        &mut self,
        name: &str,
        function: impl HostFunction<T>,
    ) -> Result<&mut Self, Error> {
        let item = Item::Func(Arc::new(Typed(Arc::new(function))));
        self.items.insert(name.to_owned(), item);
        Ok(self)
    }

    /// As [`Interface::host_func`], for functions that put bytes into the guest's memory themselves.
    ///
    /// # Errors
    /// As [`Interface::func`].
    pub fn filling_func(
        &mut self,
        name: &str,
        function: impl FillingFunction<T>,
    ) -> Result<&mut Self, Error> {
        let item = Item::Func(Arc::new(Filling(Arc::new(function))));
        self.items.insert(name.to_owned(), item);
        Ok(self)
    }

    /// A function of whatever type the component imports.
    ///
    /// # Errors
    /// As [`Interface::func`].
    pub fn value_func(
        &mut self,
        name: &str,
        call: impl Fn(&mut T, &FuncType, Vec<Value>) -> Result<Option<Value>, Stop>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Self, Error> {
        self.items.insert(name.to_owned(), Item::Func(Arc::new(Dynamic(Arc::new(call)))));
        Ok(self)
    }

    /// A resource that the host knows as `R`, and what is done when a guest drops the last handle:
    /// the number is what [`Own::new`](crate::Own::new) was given.
    ///
    /// # Errors
    /// As [`Interface::func`].
    pub fn resource<R: 'static>(
        &mut self,
        name: &str,
        destructor: impl Fn(&mut T, u32) -> Result<(), Stop> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        let resource = HostResource { rust: TypeId::of::<R>(), destructor: Arc::new(destructor) };
        self.items.insert(name.to_owned(), Item::Resource(resource));
        Ok(self)
    }

    /// A core module, for components that import one.
    pub fn module(&mut self, name: &str, module: E::Module) -> &mut Self {
        self.items.insert(name.to_owned(), Item::Module(module));
        self
    }

    /// An interface inside of this one.
    pub fn interface(&mut self, name: &str) -> Interface<'_, E, T> {
        interface(self.items, name)
    }
}

fn interface<'a, E: Engine, T: Send + 'static>(
    items: &'a mut Items<E, T>,
    name: &str,
) -> Interface<'a, E, T> {
    let place = items.entry(name.to_owned());
    let item = place.or_insert_with(|| Item::Interface(Items::new()));
    if !matches!(item, Item::Interface(_)) {
        *item = Item::Interface(Items::new());
    }
    match item {
        Item::Interface(items) => Interface { items },
        // It was made one just now.
        Item::Func(_) | Item::Resource(_) | Item::Module(_) => unreachable!(),
    }
}

/// A function over Rust types.
struct Typed<F>(Arc<F>);

impl<E: Engine, T: Send + 'static, F: HostFunction<T>> Define<E, T> for Typed<F> {
    fn check(&self, ty: &FuncType, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        check::<F::Params<'static>, F::Results>(ty, context)
    }

    fn define(
        &self,
        linker: &mut E::Linker<Data<E, T>>,
        name: &str,
        core: &CoreFuncType,
        lowered: Lowered<'_>,
    ) -> Result<(), wayleave_engine::Error> {
        let (function, options) = (self.0.clone(), lowered.options);
        let call = told::<E, T>(lowered.traced, move |context, slots| {
            trampoline::call_typed::<E, T, F>(context, slots, &options, &function)
        });
        match F::WAITS {
            true => E::define_waiting(linker, "", name, core, call),
            false => E::define(linker, "", name, core, call),
        }
    }
}

/// A function that puts bytes into the guest's memory itself.
struct Filling<F>(Arc<F>);

impl<E: Engine, T: Send + 'static, F: FillingFunction<T>> Define<E, T> for Filling<F> {
    fn check(&self, ty: &FuncType, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        check::<F::Params, F::Results>(ty, context)
    }

    fn define(
        &self,
        linker: &mut E::Linker<Data<E, T>>,
        name: &str,
        core: &CoreFuncType,
        lowered: Lowered<'_>,
    ) -> Result<(), wayleave_engine::Error> {
        let (function, options) = (self.0.clone(), lowered.options);
        let call = told::<E, T>(lowered.traced, move |context, slots| {
            trampoline::call_filling::<E, T, F>(context, slots, &options, &function)
        });
        match F::WAITS {
            true => E::define_waiting(linker, "", name, core, call),
            false => E::define(linker, "", name, core, call),
        }
    }
}

/// A store in use.
type Used<'a, E, T> = <E as Engine>::Context<'a, Data<E, T>>;

/// Has the calls of a function told of, where that is wanted.
// Told of or not, it is one function, so that it becomes part of what the engine calls.
#[inline]
fn told<E: Engine, T: Send + 'static>(
    traced: Option<Traced>,
    call: impl Fn(&mut Used<'_, E, T>, &mut E::Slots<'_>) -> Result<(), Stop>,
) -> impl Fn(&mut Used<'_, E, T>, &mut E::Slots<'_>) -> Result<(), Stop> {
    move |context, slots| {
        let told = traced.as_ref().map(|traced| traced.begin::<E, T>(context, slots));
        let result = call(context, slots);
        if let Some(told) = told {
            told.end::<E, T>(context, slots, &result);
        }
        result
    }
}

fn check<P: ComponentType, R: ComponentType>(
    ty: &FuncType,
    context: &TypeContext<'_>,
) -> Result<(), Mismatch> {
    let params: Vec<_> = ty.params.iter().map(|(_, ty)| *ty).collect();
    P::check_fields(&params, context)?;
    R::check_fields(ty.result.as_slice(), context)
}

pub(crate) type DynamicFn<T> =
    dyn Fn(&mut T, &FuncType, Vec<Value>) -> Result<Option<Value>, Stop> + Send + Sync;

/// A function of any type.
struct Dynamic<T>(Arc<DynamicFn<T>>);

impl<E: Engine, T: Send + 'static> Define<E, T> for Dynamic<T> {
    fn check(&self, _: &FuncType, _: &TypeContext<'_>) -> Result<(), Mismatch> {
        Ok(())
    }

    fn define(
        &self,
        linker: &mut E::Linker<Data<E, T>>,
        name: &str,
        core: &CoreFuncType,
        lowered: Lowered<'_>,
    ) -> Result<(), wayleave_engine::Error> {
        let (call, options) = (self.0.clone(), lowered.options);
        let (plan, ty) = (lowered.plan.clone(), lowered.ty.clone());
        let call = told::<E, T>(lowered.traced, move |context, slots| {
            trampoline::call_dynamic::<E, T>(context, slots, &options, &plan, &ty, &*call)
        });
        E::define(linker, "", name, core, call)
    }
}
