use crate::Error;
use crate::watchdog::Watchdog;
use wayleave_engine::{Context, Engine, Extern, ExternType, Limits, Stop, Value};
use wayleave_grants::Grants;
use wayleave_wasi::p1::Host;

/// A guest that is there, with what it was given, and whose exports can be called one after the
/// other: a library rather than a program.
pub struct Instance {
    pub(crate) guest: Box<dyn Running>,
    pub(crate) exports: Vec<wayleave_engine::ExportType>,
    pub(crate) _watchdog: Option<Watchdog>,
}

impl Instance {
    /// Calls an exported function.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none of this name, or the arguments do not fit its type;
    /// [`Error::Stopped`] when the guest traps or exits. A guest that has trapped may be called
    /// again, but what it computed so far may be half done.
    pub fn call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, Error> {
        let wrong = |reason: String| Error::Export { name: name.to_owned(), reason };
        let export = self.exports.iter().find(|export| export.name == name);
        let ty = match export.map(|export| &export.ty) {
            Some(ExternType::Func(Some(ty))) => ty,
            Some(ExternType::Func(None)) => {
                return Err(wrong("its type has vectors or references".to_owned()));
            }
            Some(_) => return Err(wrong("it is not a function".to_owned())),
            None => return Err(wrong("there is none of this name".to_owned())),
        };
        if !args.iter().map(|arg| arg.ty()).eq(ty.params.iter().copied()) {
            return Err(wrong(format!("it takes {:?}, not {args:?}", ty.params)));
        }
        let mut results: Vec<Value> = ty.results.iter().copied().map(Value::zero).collect();
        self.guest.call(name, args, &mut results).map_err(Error::Stopped)?;
        Ok(results)
    }
}

/// A guest on some engine.
pub(crate) trait Running: Send {
    /// Calls an exported function, whose type the caller knows; a missing one is called at no cost.
    fn call(&mut self, name: &str, args: &[Value], results: &mut [Value]) -> Result<(), Stop>;
    /// Fuel that is left.
    fn fuel(&mut self) -> Option<u64>;
}

/// A guest on one engine.
pub(crate) struct Guest<E: Engine> {
    store: E::Store<Host>,
    instance: E::Instance,
}

impl<E: Engine> Guest<E> {
    pub(crate) fn new(
        engine: &E,
        template: &E::Template<Host>,
        grants: Grants,
    ) -> Result<Self, Error> {
        let mut limits = Limits::default();
        limits.memory_bytes = grants.limits.memory_bytes;
        limits.fuel = grants.limits.fuel;
        limits.interrupt = grants.interrupt.as_ref().map(|interrupt| interrupt.flag());
        let mut store = engine.store(Host::new(grants), limits)?;
        let instance = E::context(&mut store).instantiate(template).map_err(Error::Stopped)?;
        Ok(Self { store, instance })
    }
}

impl<E: Engine> Running for Guest<E> {
    fn call(&mut self, name: &str, args: &[Value], results: &mut [Value]) -> Result<(), Stop> {
        let mut context = E::context(&mut self.store);
        match context.export(&self.instance, name) {
            Some(Extern::Func(func)) => context.call(&func, args, results),
            _ => Ok(()),
        }
    }

    fn fuel(&mut self) -> Option<u64> {
        E::context(&mut self.store).fuel()
    }
}
