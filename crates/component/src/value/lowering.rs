//! To a guest: into slots, or into its memory.

use super::Value;
use super::shapes::{case_of, cases, entry, field, field_values, fields, flag_words, wrong_type};
use crate::abi::{Discriminant, Guest, Lower, Resource, invalid};
use crate::plan::{Shape, Type, Types};
use wayleave_engine::{Slots, Stop, ValType};

pub(super) fn lower<G: Guest>(
    types: &Types,
    ty: Type,
    value: &Value,
    to: &mut G,
    slots: &mut impl Slots,
    slot: &mut usize,
) -> Result<(), Stop> {
    let at = *slot;
    if !matches!(ty, Type::Defined(_)) {
        *slot += types.flat(ty).map_or(0, <[ValType]>::len);
    }
    match value {
        Value::Bool(value) => value.lower(to, slots, at),
        Value::S8(value) => value.lower(to, slots, at),
        Value::U8(value) => value.lower(to, slots, at),
        Value::S16(value) => value.lower(to, slots, at),
        Value::U16(value) => value.lower(to, slots, at),
        Value::S32(value) => value.lower(to, slots, at),
        Value::U32(value) => value.lower(to, slots, at),
        Value::S64(value) => value.lower(to, slots, at),
        Value::U64(value) => value.lower(to, slots, at),
        Value::F32(value) => value.lower(to, slots, at),
        Value::F64(value) => value.lower(to, slots, at),
        Value::Char(value) => value.lower(to, slots, at),
        Value::String(value) => value.lower(to, slots, at),
        Value::Resource(resource) => {
            let handle = lower_resource(resource, ty, to)?;
            slots.set_u32(at, handle);
            Ok(())
        }
        value => {
            let shape = types.shape(ty).ok_or_else(wrong_type)?;
            if let Shape::List(_) | Shape::Map(..) = shape {
                let (address, len) = put_list(types, shape, value, to)?;
                slots.set_u64(at, address.into());
                slots.set_u64(at + 1, len.into());
                *slot += 2;
            } else if let (Shape::Flags(names), Value::Flags(set)) = (shape, value) {
                for word in flag_words(names, set) {
                    slots.set_u64(*slot, word.into());
                    *slot += 1;
                }
            } else if let Some(fields) = fields(shape) {
                for (ty, value) in fields.iter().zip(field_values(value)) {
                    lower(types, *ty, value, to, slots, slot)?;
                }
            } else {
                let (case, payload) = case_of(shape, value)?;
                slots.set_u64(at, case.into());
                *slot += types.flat(ty).map_or(0, <[ValType]>::len);
                let ty = cases(shape).get(case as usize).copied().flatten();
                if let Some((ty, payload)) = ty.zip(payload) {
                    lower(types, ty, payload, to, slots, &mut (at + 1))?;
                }
            }
            Ok(())
        }
    }
}

pub(super) fn store<G: Guest>(
    types: &Types,
    ty: Type,
    value: &Value,
    to: &mut G,
    at: u32,
) -> Result<(), Stop> {
    match value {
        Value::Bool(value) => value.store(to, at),
        Value::S8(value) => value.store(to, at),
        Value::U8(value) => value.store(to, at),
        Value::S16(value) => value.store(to, at),
        Value::U16(value) => value.store(to, at),
        Value::S32(value) => value.store(to, at),
        Value::U32(value) => value.store(to, at),
        Value::S64(value) => value.store(to, at),
        Value::U64(value) => value.store(to, at),
        Value::F32(value) => value.store(to, at),
        Value::F64(value) => value.store(to, at),
        Value::Char(value) => value.store(to, at),
        Value::String(value) => value.store(to, at),
        Value::Resource(resource) => lower_resource(resource, ty, to)?.store(to, at),
        value => {
            let shape = types.shape(ty).ok_or_else(wrong_type)?;
            if let Shape::List(_) | Shape::Map(..) = shape {
                let (address, len) = put_list(types, shape, value, to)?;
                address.store(to, at)?;
                len.store(to, at + 4)?;
            } else if let (Shape::Flags(names), Value::Flags(set)) = (shape, value) {
                let (size, _) = types.size_align(ty);
                let bytes: Vec<u8> =
                    flag_words(names, set).into_iter().flat_map(u32::to_le_bytes).collect();
                let place = to.bytes(at, size)?;
                place.copy_from_slice(&bytes[..size as usize]);
            } else if let Some(fields) = fields(shape) {
                let mut offset = 0;
                for (ty, value) in fields.iter().zip(field_values(value)) {
                    store(types, *ty, value, to, at + field(types, *ty, &mut offset))?;
                }
            } else {
                let (case, payload) = case_of(shape, value)?;
                let cases = cases(shape);
                Discriminant::store(case, to, at, cases.len())?;
                let ty = cases.get(case as usize).copied().flatten();
                if let Some((ty, payload)) = ty.zip(payload) {
                    store(types, ty, payload, to, at + types.payload_offset(&cases))?;
                }
            }
            Ok(())
        }
    }
}

/// A handle for a resource: whether it is lent or handed over is the type's to say.
fn lower_resource<G: Guest>(resource: &Resource, ty: Type, to: &mut G) -> Result<u32, Stop> {
    match ty {
        Type::Own(expected) | Type::Borrow(expected) => {
            if to.handles()?.kind(expected)? != resource.kind {
                return Err(invalid("a resource of another type"));
            }
            match ty {
                Type::Own(_) => resource.lower(to),
                _ => resource.borrow().lower(to),
            }
        }
        _ => Err(wrong_type()),
    }
}

fn put_list<G: Guest>(
    types: &Types,
    shape: &Shape,
    value: &Value,
    to: &mut G,
) -> Result<(u32, u32), Stop> {
    let entry = entry(types, shape)?;
    let len = match value {
        Value::List(items) => items.len(),
        Value::Map(pairs) => pairs.len(),
        _ => return Err(wrong_type()),
    };
    let len = u32::try_from(len).map_err(|_| wrong_type())?;
    let Some(size) = len.checked_mul(entry.size) else {
        return Err(invalid(format!("a list of {len} elements is too long")));
    };
    let (start, _) = to.allocate(size, entry.align)?;
    let mut at = start;
    match (shape, value) {
        (Shape::List(element), Value::List(items)) => {
            for item in items {
                store(types, *element, item, to, at)?;
                at = at.wrapping_add(entry.size);
            }
        }
        (Shape::Map(key, value), Value::Map(pairs)) => {
            for (k, v) in pairs {
                store(types, *key, k, to, at)?;
                store(types, *value, v, to, at + entry.second)?;
                at = at.wrapping_add(entry.size);
            }
        }
        _ => return Err(wrong_type()),
    }
    Ok((start, len))
}
