//! From a guest: out of slots, or out of its memory.

use super::Value;
use super::shapes::{cases, entry, field, fields, flags, from_fields, variant, wrong_type};
use crate::abi::{Discriminant, Lift, Lifting, Resource, invalid};
use crate::plan::{Shape, Type, Types};
use wayleave_engine::{Slots, Stop, ValType};

pub(super) fn lift(
    types: &Types,
    ty: Type,
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
    slot: &mut usize,
) -> Result<Value, Stop> {
    let at = *slot;
    if !matches!(ty, Type::Defined(_)) {
        *slot += types.flat(ty).map_or(0, <[ValType]>::len);
    }
    Ok(match ty {
        Type::Bool => Value::Bool(bool::lift(from, slots, at)?),
        Type::S8 => Value::S8(i8::lift(from, slots, at)?),
        Type::U8 => Value::U8(u8::lift(from, slots, at)?),
        Type::S16 => Value::S16(i16::lift(from, slots, at)?),
        Type::U16 => Value::U16(u16::lift(from, slots, at)?),
        Type::S32 => Value::S32(i32::lift(from, slots, at)?),
        Type::U32 => Value::U32(u32::lift(from, slots, at)?),
        Type::S64 => Value::S64(i64::lift(from, slots, at)?),
        Type::U64 => Value::U64(u64::lift(from, slots, at)?),
        Type::F32 => Value::F32(f32::lift(from, slots, at)?),
        Type::F64 => Value::F64(f64::lift(from, slots, at)?),
        Type::Char => Value::Char(char::lift(from, slots, at)?),
        Type::String => Value::String(String::lift(from, slots, at)?),
        Type::Own(resource) => handle(from, slots.u32(at), resource, true)?,
        Type::Borrow(resource) => handle(from, slots.u32(at), resource, false)?,
        Type::Defined(_) => match types.shape(ty).ok_or_else(wrong_type)? {
            shape @ (Shape::List(_) | Shape::Map(..)) => {
                *slot += 2;
                list(types, shape, from, slots.u32(at), slots.u32(at + 1))?
            }
            Shape::Flags(names) => {
                let words: Vec<u32> =
                    (0..names.len().div_ceil(32)).map(|word| slots.u32(at + word)).collect();
                *slot += words.len();
                flags(names, &words)
            }
            shape => match fields(shape) {
                Some(fields) => {
                    let values = fields.iter().map(|ty| lift(types, *ty, from, slots, slot));
                    from_fields(shape, values.collect::<Result<_, _>>()?)
                }
                None => {
                    let cases = cases(shape);
                    let case = Discriminant::lift(slots, at, cases.len())?;
                    *slot += types.flat(ty).map_or(0, <[ValType]>::len);
                    let payload = cases.get(case as usize).copied().flatten();
                    let payload =
                        payload.map(|payload| lift(types, payload, from, slots, &mut (at + 1)));
                    variant(shape, case, payload.transpose()?)
                }
            },
        },
    })
}

pub(super) fn load(
    types: &Types,
    ty: Type,
    from: &mut Lifting<'_, '_>,
    at: u32,
) -> Result<Value, Stop> {
    from.spend(size_of::<Value>())?;
    Ok(match ty {
        Type::Bool => Value::Bool(bool::load(from, at)?),
        Type::S8 => Value::S8(i8::load(from, at)?),
        Type::U8 => Value::U8(u8::load(from, at)?),
        Type::S16 => Value::S16(i16::load(from, at)?),
        Type::U16 => Value::U16(u16::load(from, at)?),
        Type::S32 => Value::S32(i32::load(from, at)?),
        Type::U32 => Value::U32(u32::load(from, at)?),
        Type::S64 => Value::S64(i64::load(from, at)?),
        Type::U64 => Value::U64(u64::load(from, at)?),
        Type::F32 => Value::F32(f32::load(from, at)?),
        Type::F64 => Value::F64(f64::load(from, at)?),
        Type::Char => Value::Char(char::load(from, at)?),
        Type::String => Value::String(String::load(from, at)?),
        Type::Own(resource) => {
            let number = u32::load(from, at)?;
            handle(from, number, resource, true)?
        }
        Type::Borrow(resource) => {
            let number = u32::load(from, at)?;
            handle(from, number, resource, false)?
        }
        Type::Defined(_) => match types.shape(ty).ok_or_else(wrong_type)? {
            shape @ (Shape::List(_) | Shape::Map(..)) => {
                let (address, len) = (u32::load(from, at)?, u32::load(from, at + 4)?);
                list(types, shape, from, address, len)?
            }
            Shape::Flags(names) => {
                let words = match types.size_align(ty).0 {
                    0 => Vec::new(),
                    1 => vec![u8::load(from, at)?.into()],
                    2 => vec![u16::load(from, at)?.into()],
                    size => {
                        let word = |word| u32::load(from, at + word * 4);
                        (0..size / 4).map(word).collect::<Result<_, _>>()?
                    }
                };
                let flags = flags(names, &words);
                from.spend(names_of(&flags))?;
                flags
            }
            shape => match fields(shape) {
                Some(fields) => {
                    let mut offset = 0;
                    let mut values = Vec::new();
                    for ty in fields {
                        values.push(load(types, ty, from, at + field(types, ty, &mut offset))?);
                    }
                    let record = from_fields(shape, values);
                    from.spend(names_of(&record))?;
                    record
                }
                None => {
                    let cases = cases(shape);
                    let case = Discriminant::load(from, at, cases.len())?;
                    let offset = types.payload_offset(&cases);
                    let payload = cases.get(case as usize).copied().flatten();
                    let payload = payload.map(|ty| load(types, ty, from, at + offset));
                    let variant = variant(shape, case, payload.transpose()?);
                    from.spend(names_of(&variant))?;
                    variant
                }
            },
        },
    })
}

/// Bytes that the names in a value need, which it has for itself.
fn names_of(value: &Value) -> usize {
    // An allocation takes some bytes more.
    let name = |name: &String| size_of::<String>() + name.len() + 16;
    match value {
        Value::Record(fields) => fields.iter().map(|(field, _)| name(field)).sum(),
        Value::Flags(names) => names.iter().map(name).sum(),
        Value::Variant(case, _) | Value::Enum(case) => name(case),
        _ => 0,
    }
}

fn handle(
    from: &mut Lifting<'_, '_>,
    number: u32,
    resource: u32,
    own: bool,
) -> Result<Value, Stop> {
    let kind = from.handles()?.kind(resource)?;
    Resource::lift(from, number, kind, own).map(Value::Resource)
}

fn list(
    types: &Types,
    shape: &Shape,
    from: &mut Lifting<'_, '_>,
    at: u32,
    len: u32,
) -> Result<Value, Stop> {
    let entry = entry(types, shape)?;
    from.list(at, len, entry.size, entry.align)?;
    if entry.size == 0 && len > MOST_EMPTY {
        return Err(invalid("a list of elements without a size is too long"));
    }
    match shape {
        Shape::Map(key, value) => (0..len)
            .map(|index| {
                let at = at + index * entry.size;
                let value_at = at + entry.second;
                Ok((load(types, *key, from, at)?, load(types, *value, from, value_at)?))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        Shape::List(element) => (0..len)
            .map(|index| load(types, *element, from, at + index * entry.size))
            .collect::<Result<_, _>>()
            .map(Value::List),
        _ => Err(wrong_type()),
    }
}

/// Elements without a size cost the guest nothing, but the host something.
const MOST_EMPTY: u32 = 1 << 16;
