use std::sync::Arc;

use ::wasmtime::{AsContextMut, StoreContextMut, Val, ValRaw};

use super::limiter::Kept;
use super::suspend;
use super::{Data, DefaultMemory, ExportPlace, Linker, View, Wasmtime, trap, types};
use crate::context::{check_realloc, no_realloc};
use crate::{Extern, FuncType, Stop, Trap, TrapKind, Value};

/// A Wasmtime store in use.
pub struct Context<'a, T: Send + 'static> {
    pub(super) store: StoreContextMut<'a, Data<T>>,
}

/// A function, and its type so that a call need not ask for it.
#[derive(Clone)]
pub struct Func {
    pub(super) raw: ::wasmtime::Func,
    /// `None` when it has vectors or references, which can not be called from the host.
    pub(super) ty: Option<Arc<FuncType>>,
}

pub(super) const NO_VECTORS: &str = "a function with vectors or references can not be called";

/// Calls with up to this many arguments or results need no heap.
const SLOTS_ON_STACK: usize = 16;

impl<T: Send + 'static> crate::Context for Context<'_, T> {
    type Engine = Wasmtime;
    type State = T;

    #[inline]
    fn state(&mut self) -> &mut T {
        &mut self.store.data_mut().state
    }

    #[inline]
    fn memory(&mut self) -> Result<(&mut [u8], &mut T), Stop> {
        let view = match self.store.data().view {
            Some(view) => view,
            None => self.view_memory()?,
        };
        let data = self.store.data_mut();
        // SAFETY: the store owns the memory, so it is alive; every growth goes by the limiter,
        // which forgets the view; and this borrow of the store keeps the guest from running and
        // everybody else from the memory.
        Ok((unsafe { view.bytes() }, &mut data.state))
    }

    #[inline]
    fn memory_of(&mut self, memory: &::wasmtime::Memory) -> (&mut [u8], &mut T) {
        let (bytes, data) = memory.data_and_store_mut(&mut self.store);
        (bytes, &mut data.state)
    }

    fn keep_memory(&mut self, memory: &::wasmtime::Memory) -> usize {
        let kept = &mut self.store.data_mut().kept;
        kept.push(Kept { memory: *memory, view: None });
        kept.len() - 1
    }

    #[inline]
    fn kept_memory(&mut self, number: usize) -> Result<(&mut [u8], &mut T), Stop> {
        let view = match self.store.data().kept.get(number) {
            Some(Kept { view: Some(view), .. }) => *view,
            _ => self.view_kept(number)?,
        };
        let data = self.store.data_mut();
        // SAFETY: as in `memory`.
        Ok((unsafe { view.bytes() }, &mut data.state))
    }

    fn keep_realloc(&mut self, func: &Func) -> Result<usize, Stop> {
        check_realloc(func.ty.as_deref())?;
        let reallocs = &mut self.store.data_mut().reallocs;
        reallocs.push(func.raw);
        Ok(reallocs.len() - 1)
    }

    #[inline]
    fn kept_realloc(&mut self, number: usize, args: [u32; 4]) -> Result<u32, Stop> {
        let Data { reallocs, suspends, .. } = self.store.data();
        let Some(&func) = reallocs.get(number) else { return Err(no_realloc()) };
        if *suspends {
            return self.realloc_at_once(func, args);
        }
        let mut raw = args.map(ValRaw::u32);
        // SAFETY: `keep_realloc` has seen that this is the function's type: four numbers, and one.
        match unsafe { func.call_unchecked(&mut self.store, &mut raw) } {
            Ok(()) => Ok(raw[0].get_u32()),
            Err(error) => Err(trap::stop(self.store.as_context_mut(), error)),
        }
    }

    fn host_funcs(&mut self, linker: &Linker<T>) -> Vec<Func> {
        let positions = linker.positions.get_or_init(|| {
            let position = |(module, name, _)| linker.defined.position(module, name);
            linker.raw.iter(&mut self.store).filter_map(position).collect()
        });
        let mut funcs = vec![None; linker.defined.len()];
        for (&position, (_, _, item)) in positions.iter().zip(linker.raw.iter(&mut self.store)) {
            if let (Some(place), Some(raw)) = (funcs.get_mut(position), item.into_func()) {
                *place = Some(Func { raw, ty: linker.defined.ty(position).cloned() });
            }
        }
        funcs.into_iter().flatten().collect()
    }

    fn instantiate(
        &mut self,
        template: &::wasmtime::InstancePre<Data<T>>,
    ) -> Result<::wasmtime::Instance, Stop> {
        self.new_instance()?;
        // The imports fit already: what is left to fail is what the instance needs.
        let result = if self.store.data().suspends {
            suspend::at_once(&mut self.store, async |store| {
                template.instantiate_async(store).await
            })?
        } else {
            template.instantiate(&mut self.store)
        };
        self.instantiated(result, TrapKind::Limit)
    }

    fn instantiate_with(
        &mut self,
        module: &::wasmtime::Module,
        imports: &[Extern<Wasmtime>],
    ) -> Result<::wasmtime::Instance, Stop> {
        self.new_instance()?;
        let imports: Vec<::wasmtime::Extern> = imports.iter().map(engine_extern).collect();
        let result = if self.store.data().suspends {
            suspend::at_once(&mut self.store, async |store| {
                ::wasmtime::Instance::new_async(store, module, &imports).await
            })?
        } else {
            ::wasmtime::Instance::new(&mut self.store, module, &imports)
        };
        self.instantiated(result, TrapKind::Other)
    }

    fn export(&mut self, instance: &::wasmtime::Instance, name: &str) -> Option<Extern<Wasmtime>> {
        let export = instance.get_export(&mut self.store, name)?;
        Some(self.guest_extern(export))
    }

    fn found_export(
        &mut self,
        instance: &::wasmtime::Instance,
        export: &ExportPlace,
    ) -> Option<Extern<Wasmtime>> {
        match instance.get_module_export(&mut self.store, &export.place)? {
            ::wasmtime::Extern::Func(raw) => {
                Some(Extern::Func(Func { raw, ty: export.func.clone() }))
            }
            other => Some(self.guest_extern(other)),
        }
    }

    fn call(&mut self, func: &Func, args: &[Value], results: &mut [Value]) -> Result<(), Stop> {
        let ty = func.fits(args, results).map_err(other)?;
        let count = args.len().max(results.len());
        if self.store.data().suspends {
            let args: Vec<Val> = args.iter().copied().map(engine_value).collect();
            let mut values = vec![Val::I32(0); results.len()];
            suspend::at_once(&mut self.store, async |store| {
                func.raw.call_async(store, &args, &mut values).await
            })?
            .map_err(|error| trap::stop(self.store.as_context_mut(), error))?;
            for (result, value) in results.iter_mut().zip(&values) {
                *result = number(value).ok_or_else(|| other(NO_VECTORS.into()))?;
            }
            return Ok(());
        }
        let mut on_stack = [ValRaw::u64(0); SLOTS_ON_STACK];
        let mut on_heap;
        let slots = match on_stack.get_mut(..count) {
            Some(slots) => slots,
            None => {
                on_heap = vec![ValRaw::u64(0); count];
                on_heap.as_mut_slice()
            }
        };
        for (slot, arg) in slots.iter_mut().zip(args) {
            *slot = match *arg {
                Value::I32(value) => ValRaw::i32(value),
                Value::I64(value) => ValRaw::i64(value),
                Value::F32(value) => ValRaw::f32(value.to_bits()),
                Value::F64(value) => ValRaw::f64(value.to_bits()),
            };
        }
        // SAFETY: `fits` has compared the arguments with the function's own type, numbers only,
        // and there is a slot for each argument and each result.
        unsafe { func.raw.call_unchecked(&mut self.store, slots) }
            .map_err(|error| trap::stop(self.store.as_context_mut(), error))?;
        for ((slot, result), ty) in slots.iter().zip(results).zip(&ty.results) {
            *result = match ty {
                crate::ValType::I32 => Value::I32(slot.get_i32()),
                crate::ValType::I64 => Value::I64(slot.get_i64()),
                crate::ValType::F32 => Value::F32(f32::from_bits(slot.get_f32())),
                crate::ValType::F64 => Value::F64(f64::from_bits(slot.get_f64())),
            };
        }
        Ok(())
    }

    fn call_raw(&mut self, func: &Func, slots: &mut [u64]) -> Result<(), Stop> {
        let Some(ty) = func.ty.as_deref() else { return Err(other(NO_VECTORS.into())) };
        let count = ty.params.len().max(ty.results.len());
        if self.store.data().suspends {
            let Some(slots) = slots.get_mut(..count) else { return Err(too_few_slots(ty)) };
            return suspend::at_once(&mut self.store, async |store| {
                suspend::call(store, func, slots).await
            })?;
        }
        // Those of `realloc`, the most frequent of all, are few.
        match count {
            0..=4 => self.call_with(func, ty, slots, &mut [ValRaw::u64(0); 4]),
            5..=SLOTS_ON_STACK => {
                self.call_with(func, ty, slots, &mut [ValRaw::u64(0); SLOTS_ON_STACK])
            }
            _ => self.call_with(func, ty, slots, &mut vec![ValRaw::u64(0); count]),
        }
    }

    fn fuel(&mut self) -> Option<u64> {
        self.store.data().limits.fuel?;
        self.store.get_fuel().ok()
    }

    fn memory_grow(&mut self, memory: &::wasmtime::Memory, pages: u64) -> Option<u64> {
        memory.grow(&mut self.store, pages).ok()
    }

    fn table_func(&mut self, table: &::wasmtime::Table, index: u32) -> Option<Func> {
        let element = table.get(&mut self.store, index.into())?;
        element.as_func()?.copied().map(|func| self.func(func))
    }

    fn new_global(&mut self, value: Value) -> Result<::wasmtime::Global, Stop> {
        let value = engine_value(value);
        let Ok(content) = value.ty(&self.store) else { return Err(other(NO_VECTORS.into())) };
        let ty = ::wasmtime::GlobalType::new(content, ::wasmtime::Mutability::Var);
        ::wasmtime::Global::new(&mut self.store, ty, value)
            .map_err(|error| other(trap::one_line(&error)))
    }

    fn global(&mut self, global: &::wasmtime::Global) -> Option<Value> {
        number(&global.get(&mut self.store))
    }

    fn set_global(&mut self, global: &::wasmtime::Global, value: Value) -> Result<(), Stop> {
        global
            .set(&mut self.store, engine_value(value))
            .map_err(|error| other(trap::one_line(&error)))
    }
}

impl<T: Send + 'static> Context<'_, T> {
    /// Asks the engine where the default memory is.
    #[cold]
    #[inline(never)]
    fn view_memory(&mut self) -> Result<View, Stop> {
        match self.store.data().memory {
            DefaultMemory::Found(memory) => {
                let view = View::new(memory.data_ptr(&self.store), memory.data_size(&self.store));
                self.store.data_mut().view = view;
                view.ok_or_else(no_memory)
            }
            DefaultMemory::Unknown | DefaultMemory::Missing => Err(no_memory()),
            DefaultMemory::Shared => Err(shared_memory()),
        }
    }

    /// Asks the engine where a kept memory is.
    #[cold]
    #[inline(never)]
    fn view_kept(&mut self, number: usize) -> Result<View, Stop> {
        let kept = self.store.data().kept.get(number).map(|kept| kept.memory);
        let memory = kept.ok_or_else(not_kept)?;
        let view = View::new(memory.data_ptr(&self.store), memory.data_size(&self.store));
        if let Some(kept) = self.store.data_mut().kept.get_mut(number) {
            kept.view = view;
        }
        view.ok_or_else(not_kept)
    }

    /// Calls a `realloc` where guests are suspended. Apart from where they are not: it takes stack
    /// that each of those calls would have to make room for.
    #[inline(never)]
    fn realloc_at_once(&mut self, func: ::wasmtime::Func, args: [u32; 4]) -> Result<u32, Stop> {
        suspend::at_once(&mut self.store, async |store| suspend::realloc(store, func, args).await)?
    }

    /// Calls a function of this type, which is its own, by way of `raw`.
    #[inline]
    fn call_with(
        &mut self,
        func: &Func,
        ty: &FuncType,
        slots: &mut [u64],
        raw: &mut [ValRaw],
    ) -> Result<(), Stop> {
        let count = ty.params.len().max(ty.results.len());
        let (Some(slots), Some(raw)) = (slots.get_mut(..count), raw.get_mut(..count)) else {
            return Err(too_few_slots(ty));
        };
        for (raw, slot) in raw.iter_mut().zip(slots.iter()) {
            *raw = ValRaw::u64(*slot);
        }
        // SAFETY: numbers only, as the type says, and there is a slot for each argument and each
        // result. A number of 32 bits lies in the lower half of its slot, which is what a `u64`
        // in that slot has there, too.
        unsafe { func.raw.call_unchecked(&mut self.store, raw) }
            .map_err(|error| trap::stop(self.store.as_context_mut(), error))?;
        for ((raw, slot), ty) in raw.iter().zip(slots).zip(&ty.results) {
            *slot = match ty {
                crate::ValType::I32 | crate::ValType::F32 => raw.get_u32().into(),
                crate::ValType::I64 | crate::ValType::F64 => raw.get_u64(),
            };
        }
        Ok(())
    }

    fn guest_extern(&mut self, export: ::wasmtime::Extern) -> Extern<Wasmtime> {
        match export {
            ::wasmtime::Extern::Func(func) => Extern::Func(self.func(func)),
            ::wasmtime::Extern::Memory(memory) => Extern::Memory(memory),
            ::wasmtime::Extern::Table(table) => Extern::Table(table),
            ::wasmtime::Extern::Global(global) => Extern::Global(global),
            other @ (::wasmtime::Extern::SharedMemory(_) | ::wasmtime::Extern::Tag(_)) => {
                Extern::Other(other)
            }
        }
    }

    fn func(&mut self, raw: ::wasmtime::Func) -> Func {
        let ty = types::func_type(&raw.ty(&self.store)).map(Arc::new);
        Func { raw, ty }
    }

    /// Remembers the first instance's memory, or says why there is no instance.
    fn new_instance(&mut self) -> Result<(), Trap> {
        let Data { growth, limits, .. } = self.store.data_mut();
        growth.instance(limits)
    }

    fn instantiated(
        &mut self,
        result: ::wasmtime::Result<::wasmtime::Instance>,
        otherwise: TrapKind,
    ) -> Result<::wasmtime::Instance, Stop> {
        let denied = self.store.data_mut().growth.denied.take();
        match result {
            Ok(instance) => {
                if let DefaultMemory::Unknown = self.store.data().memory {
                    let export = instance.get_export(&mut self.store, "memory");
                    self.store.data_mut().memory = DefaultMemory::from(export);
                }
                Ok(instance)
            }
            Err(error) => match trap::stop(self.store.as_context_mut(), error) {
                // With frames, it is the start function that failed.
                Stop::Trap(mut trap) if trap.kind == TrapKind::Other && trap.frames.is_empty() => {
                    if is_about_shared_memory(&trap) {
                        return Err(shared_memory());
                    }
                    trap.kind = if denied.is_some() { TrapKind::Limit } else { otherwise };
                    trap.detail = denied.map(|denied| denied.to_string()).or(trap.detail);
                    Err(Stop::Trap(trap))
                }
                stop => Err(stop),
            },
        }
    }
}

impl Func {
    /// The function's type, if it can be called with these arguments and results.
    fn fits(&self, args: &[Value], results: &[Value]) -> Result<&FuncType, String> {
        let Some(ty) = self.ty.as_deref() else {
            return Err(NO_VECTORS.into());
        };
        if !args.iter().map(|arg| arg.ty()).eq(ty.params.iter().copied())
            || results.len() != ty.results.len()
        {
            return Err(format!(
                "a function of type {ty} can not be called with {} arguments of these types for \
                 {} results",
                args.len(),
                results.len()
            ));
        }
        Ok(ty)
    }
}

fn engine_extern(import: &Extern<Wasmtime>) -> ::wasmtime::Extern {
    match import {
        Extern::Func(func) => func.raw.into(),
        Extern::Memory(memory) => (*memory).into(),
        Extern::Table(table) => (*table).into(),
        Extern::Global(global) => (*global).into(),
        Extern::Other(other) => other.clone(),
    }
}

fn engine_value(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(value) => Val::F32(value.to_bits()),
        Value::F64(value) => Val::F64(value.to_bits()),
    }
}

/// `None` for a vector or a reference.
fn number(value: &Val) -> Option<Value> {
    match *value {
        Val::I32(value) => Some(Value::I32(value)),
        Val::I64(value) => Some(Value::I64(value)),
        Val::F32(bits) => Some(Value::F32(f32::from_bits(bits))),
        Val::F64(bits) => Some(Value::F64(f64::from_bits(bits))),
        _ => None,
    }
}

fn is_about_shared_memory(trap: &Trap) -> bool {
    trap.detail.as_deref().is_some_and(|detail| detail.contains("shared memor"))
}

pub(super) fn other(detail: String) -> Stop {
    Trap { kind: TrapKind::Other, detail: Some(detail), frames: Vec::new() }.into()
}

#[cold]
#[inline(never)]
fn too_few_slots(ty: &FuncType) -> Stop {
    other(format!("too few slots for a function of type {ty}"))
}

#[cold]
#[inline(never)]
fn not_kept() -> Stop {
    Trap::host("no memory is kept under this number").into()
}

#[cold]
#[inline(never)]
fn no_memory() -> Stop {
    Trap::host("the guest exports no memory named `memory`").into()
}

#[cold]
#[inline(never)]
fn shared_memory() -> Stop {
    Trap::host("the guest shares its memory between threads, which is not supported yet").into()
}
