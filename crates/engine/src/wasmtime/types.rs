use crate::{ElementType, ExternType, FuncType, SizeType, ValType};

/// A type as hosts see it.
pub(super) fn extern_type(ty: &::wasmtime::ExternType) -> ExternType {
    match ty {
        ::wasmtime::ExternType::Func(func) => ExternType::Func(func_type(func)),
        ::wasmtime::ExternType::Memory(memory) => ExternType::Memory {
            shared: memory.is_shared(),
            size: SizeType { wide: memory.is_64(), min: memory.minimum(), max: memory.maximum() },
        },
        ::wasmtime::ExternType::Table(table) => ExternType::Table {
            element: element_type(table.element()),
            size: SizeType { wide: table.is_64(), min: table.minimum(), max: table.maximum() },
        },
        ::wasmtime::ExternType::Global(global) => ExternType::Global {
            value: val_type(global.content().clone()),
            mutable: global.mutability() == ::wasmtime::Mutability::Var,
        },
        ::wasmtime::ExternType::Tag(_) => ExternType::Tag,
    }
}

/// A function's type; `None` when it has vectors or references.
pub(super) fn func_type(ty: &::wasmtime::FuncType) -> Option<FuncType> {
    Some(FuncType {
        params: ty.params().map(val_type).collect::<Option<_>>()?,
        results: ty.results().map(val_type).collect::<Option<_>>()?,
    })
}

/// The engine's own type for a host function.
pub(super) fn engine_type(engine: &::wasmtime::Engine, ty: &FuncType) -> ::wasmtime::FuncType {
    let map = |ty: &ValType| match ty {
        ValType::I32 => ::wasmtime::ValType::I32,
        ValType::I64 => ::wasmtime::ValType::I64,
        ValType::F32 => ::wasmtime::ValType::F32,
        ValType::F64 => ::wasmtime::ValType::F64,
    };
    ::wasmtime::FuncType::new(engine, ty.params.iter().map(map), ty.results.iter().map(map))
}

fn element_type(ty: &::wasmtime::RefType) -> ElementType {
    match ty.heap_type() {
        ::wasmtime::HeapType::Func if ty.is_nullable() => ElementType::Func,
        ::wasmtime::HeapType::Extern if ty.is_nullable() => ElementType::Extern,
        _ => ElementType::Other,
    }
}

fn val_type(ty: ::wasmtime::ValType) -> Option<ValType> {
    match ty {
        ::wasmtime::ValType::I32 => Some(ValType::I32),
        ::wasmtime::ValType::I64 => Some(ValType::I64),
        ::wasmtime::ValType::F32 => Some(ValType::F32),
        ::wasmtime::ValType::F64 => Some(ValType::F64),
        _ => None,
    }
}
