use ::wasmi::{F32, F64, Val};

use crate::{ElementType, ExternType, FuncType, SizeType, ValType, Value};

/// A type as hosts see it. This engine has no shared memories and no exception tags.
pub(super) fn extern_type(ty: &::wasmi::ExternType) -> ExternType {
    match ty {
        ::wasmi::ExternType::Func(func) => ExternType::Func(func_type(func)),
        ::wasmi::ExternType::Memory(memory) => ExternType::Memory {
            shared: false,
            size: SizeType { wide: memory.is_64(), min: memory.minimum(), max: memory.maximum() },
        },
        ::wasmi::ExternType::Table(table) => ExternType::Table {
            element: match table.element() {
                ::wasmi::RefType::Func => ElementType::Func,
                ::wasmi::RefType::Extern => ElementType::Extern,
            },
            size: SizeType { wide: table.is_64(), min: table.minimum(), max: table.maximum() },
        },
        ::wasmi::ExternType::Global(global) => ExternType::Global {
            value: val_type(&global.content()),
            mutable: global.mutability().is_mut(),
        },
    }
}

/// The engine's own type for a host function.
pub(super) fn engine_type(ty: &FuncType) -> ::wasmi::FuncType {
    let map = |ty: &ValType| match ty {
        ValType::I32 => ::wasmi::ValType::I32,
        ValType::I64 => ::wasmi::ValType::I64,
        ValType::F32 => ::wasmi::ValType::F32,
        ValType::F64 => ::wasmi::ValType::F64,
    };
    ::wasmi::FuncType::new(ty.params.iter().map(map), ty.results.iter().map(map))
}

/// The engine's own value.
pub(super) fn engine_value(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(value) => Val::F32(F32::from_bits(value.to_bits())),
        Value::F64(value) => Val::F64(F64::from_bits(value.to_bits())),
    }
}

/// A number that the engine gives; `None` for a vector or a reference.
pub(super) fn value(val: &Val) -> Option<Value> {
    match val {
        Val::I32(value) => Some(Value::I32(*value)),
        Val::I64(value) => Some(Value::I64(*value)),
        Val::F32(value) => Some(Value::F32(f32::from_bits(value.to_bits()))),
        Val::F64(value) => Some(Value::F64(f64::from_bits(value.to_bits()))),
        _ => None,
    }
}

/// The bits of a number, from the lowest on; `None` for a vector or a reference.
pub(super) fn raw(val: &Val) -> Option<u64> {
    match val {
        Val::I32(value) => Some(value.cast_unsigned().into()),
        Val::I64(value) => Some(value.cast_unsigned()),
        Val::F32(value) => Some(value.to_bits().into()),
        Val::F64(value) => Some(value.to_bits()),
        _ => None,
    }
}

/// The number of a type whose bits are the lowest of these; `None` for a vector or a reference.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is asked for")]
pub(super) fn raw_value(ty: ::wasmi::ValType, bits: u64) -> Option<Val> {
    match ty {
        ::wasmi::ValType::I32 => Some(Val::I32((bits as u32).cast_signed())),
        ::wasmi::ValType::I64 => Some(Val::I64(bits.cast_signed())),
        ::wasmi::ValType::F32 => Some(Val::F32(F32::from_bits(bits as u32))),
        ::wasmi::ValType::F64 => Some(Val::F64(F64::from_bits(bits))),
        _ => None,
    }
}

pub(super) fn func_type(ty: &::wasmi::FuncType) -> Option<FuncType> {
    Some(FuncType {
        params: ty.params().iter().map(val_type).collect::<Option<_>>()?,
        results: ty.results().iter().map(val_type).collect::<Option<_>>()?,
    })
}

fn val_type(ty: &::wasmi::ValType) -> Option<ValType> {
    match ty {
        ::wasmi::ValType::I32 => Some(ValType::I32),
        ::wasmi::ValType::I64 => Some(ValType::I64),
        ::wasmi::ValType::F32 => Some(ValType::F32),
        ::wasmi::ValType::F64 => Some(ValType::F64),
        _ => None,
    }
}
