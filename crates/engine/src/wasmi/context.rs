use std::sync::Arc;
use std::time::Instant;

use ::wasmi::{AsContextMut, Error, ResumableCall, ResumableCallOutOfFuel, StoreContextMut, Val};

use super::data::{Data, DefaultMemory};
use super::{Linker, Module, Template, Wasmi, trap, types};
use crate::config::{LONG_CALL, no_room};
use crate::context::{check_realloc, no_realloc};
use crate::{Extern, Stop, Trap, TrapKind, Value};

/// A wasmi store in use.
pub struct Context<'a, T: Send + 'static> {
    store: StoreContextMut<'a, Data<T>>,
}

impl<T: Send + 'static> crate::Context for Context<'_, T> {
    type Engine = Wasmi;
    type State = T;

    #[inline]
    fn state(&mut self) -> &mut T {
        &mut self.store.data_mut().state
    }

    #[inline]
    fn memory(&mut self) -> Result<(&mut [u8], &mut T), Stop> {
        match self.store.data().memory {
            DefaultMemory::Found(memory) => {
                let (bytes, data) = memory.data_and_store_mut(&mut self.store);
                Ok((bytes, &mut data.state))
            }
            DefaultMemory::Unknown | DefaultMemory::Missing => {
                Err(Trap::host("the guest exports no memory named `memory`").into())
            }
        }
    }

    #[inline]
    fn memory_of(&mut self, memory: &::wasmi::Memory) -> (&mut [u8], &mut T) {
        let (bytes, data) = memory.data_and_store_mut(&mut self.store);
        (bytes, &mut data.state)
    }

    fn keep_memory(&mut self, memory: &::wasmi::Memory) -> usize {
        let kept = &mut self.store.data_mut().kept;
        kept.push(*memory);
        kept.len() - 1
    }

    #[inline]
    fn kept_memory(&mut self, number: usize) -> Result<(&mut [u8], &mut T), Stop> {
        let Some(memory) = self.store.data().kept.get(number).copied() else {
            return Err(Trap::host("no memory is kept under this number").into());
        };
        let (bytes, data) = memory.data_and_store_mut(&mut self.store);
        Ok((bytes, &mut data.state))
    }

    fn keep_realloc(&mut self, func: &::wasmi::Func) -> Result<usize, Stop> {
        check_realloc(types::func_type(&func.ty(&self.store)).as_ref())?;
        let reallocs = &mut self.store.data_mut().reallocs;
        reallocs.push(*func);
        Ok(reallocs.len() - 1)
    }

    fn kept_realloc(&mut self, number: usize, args: [u32; 4]) -> Result<u32, Stop> {
        let func = self.store.data().reallocs.get(number).copied().ok_or_else(no_realloc)?;
        let mut result = [Val::I32(0)];
        let args = args.map(|arg| Val::I32(arg.cast_signed()));
        self.nested(|context| context.run(&func, &args, &mut result))?;
        let [result] = result;
        result.i32().map(i32::cast_unsigned).ok_or_else(no_number)
    }

    fn host_funcs(&mut self, linker: &Linker<T>) -> Vec<::wasmi::Func> {
        let store = &mut self.store;
        linker.ordered.iter().map(|func| func.instantiate(store)).collect()
    }

    fn instantiate(&mut self, template: &Template<T>) -> Result<::wasmi::Instance, Stop> {
        let store = &mut self.store;
        let imports: Vec<::wasmi::Extern> =
            template.imports.iter().map(|import| import.instantiate(store).into()).collect();
        self.instantiate_raw(&template.module, &imports)
    }

    fn instantiate_with(
        &mut self,
        module: &Module,
        imports: &[Extern<Wasmi>],
    ) -> Result<::wasmi::Instance, Stop> {
        let mut imports: Vec<(usize, ::wasmi::Extern)> =
            imports.iter().map(engine_extern).enumerate().collect();
        if let Some(places) = &module.places {
            imports.sort_by_key(|&(index, _)| places.get(index).copied());
        }
        let imports: Vec<::wasmi::Extern> = imports.into_iter().map(|(_, import)| import).collect();
        self.instantiate_raw(module, &imports)
    }

    fn export(&mut self, instance: &::wasmi::Instance, name: &str) -> Option<Extern<Wasmi>> {
        Some(match instance.get_export(&self.store, name)? {
            ::wasmi::Extern::Func(func) => Extern::Func(func),
            ::wasmi::Extern::Memory(memory) => Extern::Memory(memory),
            ::wasmi::Extern::Table(table) => Extern::Table(table),
            ::wasmi::Extern::Global(global) => Extern::Global(global),
        })
    }

    fn found_export(
        &mut self,
        instance: &::wasmi::Instance,
        export: &Arc<str>,
    ) -> Option<Extern<Wasmi>> {
        self.export(instance, export)
    }

    fn call(
        &mut self,
        func: &::wasmi::Func,
        args: &[Value],
        results: &mut [Value],
    ) -> Result<(), Stop> {
        let args: Vec<Val> = args.iter().copied().map(types::engine_value).collect();
        let mut values = vec![Val::I32(0); results.len()];
        self.nested(|context| context.run(func, &args, &mut values))?;
        for (result, value) in results.iter_mut().zip(&values) {
            *result = types::value(value).ok_or_else(no_number)?;
        }
        Ok(())
    }

    fn call_raw(&mut self, func: &::wasmi::Func, slots: &mut [u64]) -> Result<(), Stop> {
        let (args, mut values) = raw_values(&func.ty(&self.store), slots)?;
        self.nested(|context| context.run(func, &args, &mut values))?;
        put_raw(slots, &values)
    }

    fn fuel(&mut self) -> Option<u64> {
        self.store.data().limits.fuel?;
        let left = self.store.get_fuel().ok()?;
        Some(left.saturating_add(self.store.data().reserve))
    }

    fn memory_grow(&mut self, memory: &::wasmi::Memory, pages: u64) -> Option<u64> {
        memory.grow(&mut self.store, pages).ok()
    }

    fn table_func(&mut self, table: &::wasmi::Table, index: u32) -> Option<::wasmi::Func> {
        let element = table.get(&self.store, index.into())?;
        element.as_func()?.val().map(|func| **func)
    }

    fn new_global(&mut self, value: Value) -> Result<::wasmi::Global, Stop> {
        let value = types::engine_value(value);
        Ok(::wasmi::Global::new(&mut self.store, value, ::wasmi::Mutability::Var))
    }

    fn global(&mut self, global: &::wasmi::Global) -> Option<Value> {
        types::value(&global.get(&self.store))
    }

    fn set_global(&mut self, global: &::wasmi::Global, value: Value) -> Result<(), Stop> {
        global
            .set(&mut self.store, types::engine_value(value))
            .map_err(|error| other(&error.to_string()))
    }
}

impl<'a, T: Send + 'static> Context<'a, T> {
    #[inline]
    pub(super) fn new(store: &'a mut impl AsContextMut<Data = Data<T>>) -> Self {
        Self { store: store.as_context_mut() }
    }

    pub(super) fn data(&mut self) -> &mut Data<T> {
        self.store.data_mut()
    }

    fn instantiate_raw(
        &mut self,
        module: &Module,
        imports: &[::wasmi::Extern],
    ) -> Result<::wasmi::Instance, Stop> {
        let Data { growth, limits, .. } = self.store.data_mut();
        growth.instance(limits)?;
        self.nested(|context| {
            let instance = ::wasmi::Instance::new(&mut context.store, &module.raw, imports);
            let instance = instance.map_err(|error| context.no_instance(error))?;
            if let DefaultMemory::Unknown = context.store.data().memory {
                let export = instance.get_export(&context.store, "memory");
                context.store.data_mut().memory = DefaultMemory::from(export);
            }
            let start = module.start.as_deref();
            if let Some(start) = start.and_then(|name| instance.get_func(&context.store, name)) {
                context.run(&start, &[], &mut [])?;
            }
            Ok(instance)
        })
    }

    /// Why the guest has stopped.
    pub(super) fn stop(&self, error: ::wasmi::Error) -> Stop {
        let mut stop = trap::stop(error);
        if let Stop::Trap(trap) = &mut stop {
            self.store.data().growth.explain(trap);
        }
        stop
    }

    fn no_instance(&mut self, error: ::wasmi::Error) -> Stop {
        match (trap::stop(error), self.store.data_mut().growth.denied.take()) {
            (Stop::Trap(trap), Some(denied)) if trap.kind == TrapKind::Limit => {
                Trap { detail: Some(denied.to_string()), ..*trap }.into()
            }
            (stop, _) => stop,
        }
    }

    /// The interpreter runs on the thread's stack, and does not watch it when it is entered again
    /// from a host function: this does.
    fn nested<R>(&mut self, run: impl FnOnce(&mut Self) -> Result<R, Stop>) -> Result<R, Stop> {
        self.store.data_mut().enter()?;
        let result = run(self);
        self.store.data_mut().leave();
        result
    }

    fn run(&mut self, func: &::wasmi::Func, args: &[Val], results: &mut [Val]) -> Result<(), Stop> {
        if !self.store.data().sliced {
            let result = func.call(&mut self.store, args, results);
            return result.map_err(|error| self.stop(error));
        }
        match func.call_resumable(&mut self.store, args, results) {
            Ok(ResumableCall::Finished) => Ok(()),
            call => {
                self.go_on(call, results)?;
                // Whoever called this owes the others the turns that they did not have.
                let left = self.store.get_fuel().map_err(trap::stop)?;
                let fuel = self.store.data_mut().end_slice(left);
                self.store.set_fuel(fuel).map_err(trap::stop)
            }
        }
    }

    /// Goes on with a call that did not come to its end in what was left of its slice.
    #[cold]
    fn go_on(
        &mut self,
        call: Result<ResumableCall, Error>,
        results: &mut [Val],
    ) -> Result<(), Stop> {
        let begun = Instant::now();
        let long_calls = self.store.data().limits.long_calls;
        let is_long = || long_calls.is_some() && begun.elapsed() >= LONG_CALL;
        let paused = self.slices(call, results, is_long)?;
        let (Some(paused), Some(long_calls)) = (paused, long_calls) else { return Ok(()) };
        let (mut paused, mut result) = (Some(paused), None);
        let ran = long_calls(&mut || {
            if let Some(paused) = paused.take() {
                let call = paused.resume(&mut self.store, results);
                result = Some(self.slices(call, results, || false).map(drop));
            }
        });
        result.filter(|_| ran).unwrap_or_else(|| Err(no_room().into()))
    }

    /// Runs a call slice by slice: to its end, or until one has ended and it is to be paused.
    fn slices(
        &mut self,
        mut call: Result<ResumableCall, Error>,
        results: &mut [Val],
        pause: impl Fn() -> bool,
    ) -> Result<Option<ResumableCallOutOfFuel>, Stop> {
        loop {
            match call.map_err(|error| self.stop(error))? {
                ResumableCall::Finished => return Ok(None),
                ResumableCall::HostTrap(trap) => return Err(trap::stop(trap.into_host_error())),
                ResumableCall::OutOfFuel(paused) => {
                    self.next_slice(paused.required_fuel())?;
                    if pause() {
                        return Ok(Some(paused));
                    }
                    call = paused.resume(&mut self.store, results);
                }
            }
        }
    }

    pub(super) fn next_slice(&mut self, required: u64) -> Result<(), Stop> {
        let left = self.store.get_fuel().map_err(trap::stop)?;
        let data = self.store.data_mut();
        data.limits.look()?;
        let fuel = data.refill(left, required)?;
        self.store.set_fuel(fuel).map_err(trap::stop)
    }
}

/// The arguments of a function in raw slots, and room for its results.
pub(super) fn raw_values(
    ty: &::wasmi::FuncType,
    slots: &[u64],
) -> Result<(Vec<Val>, Vec<Val>), Stop> {
    if slots.len() < ty.params().len().max(ty.results().len()) {
        return Err(other("too few slots for the function's arguments and results"));
    }
    let raw = |(ty, slot): (&::wasmi::ValType, &u64)| types::raw_value(*ty, *slot);
    let args: Option<Vec<Val>> = ty.params().iter().zip(slots).map(raw).collect();
    Ok((args.ok_or_else(no_number)?, vec![Val::I32(0); ty.results().len()]))
}

/// The results of a function, to raw slots.
pub(super) fn put_raw(slots: &mut [u64], values: &[Val]) -> Result<(), Stop> {
    for (slot, value) in slots.iter_mut().zip(values) {
        *slot = types::raw(value).ok_or_else(no_number)?;
    }
    Ok(())
}

fn no_number() -> Stop {
    other("a function with vectors or references can not be called")
}

fn engine_extern(import: &Extern<Wasmi>) -> ::wasmi::Extern {
    match *import {
        Extern::Func(func) => func.into(),
        Extern::Memory(memory) => memory.into(),
        Extern::Table(table) => table.into(),
        Extern::Global(global) => global.into(),
        Extern::Other(none) => match none {},
    }
}

fn other(detail: &str) -> Stop {
    Trap { kind: TrapKind::Other, detail: Some(detail.to_owned()), frames: Vec::new() }.into()
}
