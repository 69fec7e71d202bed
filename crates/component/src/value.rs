//! Values whose types are known only at run time, by the same layouts as the others.

use crate::abi::{
    Discriminant, Guest, Lift, Lifting, Lower, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Resource, invalid,
};
use crate::plan::{FuncType, Shape, Type, Types, align_up};
use crate::trampoline::aligned;
use wayleave_engine::{Slots, Stop, ValType};

/// A component value.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are the component model's own")]
pub enum Value {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// Fields in the order of the type.
    Record(Vec<(String, Value)>),
    Tuple(Vec<Value>),
    Variant(String, Option<Box<Value>>),
    Enum(String),
    Option(Option<Box<Value>>),
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// The names of the flags that are set.
    Flags(Vec<String>),
    Resource(Resource),
}

/// Equal as bits: all NaNs are one, as guests may change them on the way.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::S8(a), Self::S8(b)) => a == b,
            (Self::U8(a), Self::U8(b)) => a == b,
            (Self::S16(a), Self::S16(b)) => a == b,
            (Self::U16(a), Self::U16(b)) => a == b,
            (Self::S32(a), Self::S32(b)) => a == b,
            (Self::U32(a), Self::U32(b)) => a == b,
            (Self::S64(a), Self::S64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F32(a), Self::F32(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::String(a), Self::String(b)) | (Self::Enum(a), Self::Enum(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Variant(a, x), Self::Variant(b, y)) => a == b && x == y,
            (Self::Option(a), Self::Option(b)) => a == b,
            (Self::Result(a), Self::Result(b)) => a == b,
            (Self::Flags(a), Self::Flags(b)) => a == b,
            (Self::Resource(a), Self::Resource(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// Whether this is a value of the type.
    pub fn is(&self, ty: Type, types: &Types) -> bool {
        let maybe = |value: &Option<Box<Value>>, ty: Option<Type>| match (value, ty) {
            (Some(value), Some(ty)) => value.is(ty, types),
            (None, None) => true,
            _ => false,
        };
        match (self, ty) {
            (Self::Bool(_), Type::Bool)
            | (Self::S8(_), Type::S8)
            | (Self::U8(_), Type::U8)
            | (Self::S16(_), Type::S16)
            | (Self::U16(_), Type::U16)
            | (Self::S32(_), Type::S32)
            | (Self::U32(_), Type::U32)
            | (Self::S64(_), Type::S64)
            | (Self::U64(_), Type::U64)
            | (Self::F32(_), Type::F32)
            | (Self::F64(_), Type::F64)
            | (Self::Char(_), Type::Char)
            | (Self::String(_), Type::String) => true,
            (Self::Resource(resource), Type::Own(_)) => resource.own,
            (Self::Resource(_), Type::Borrow(_)) => true,
            _ => match (self, types.shape(ty)) {
                (_, None) => false,
                (Self::List(items), Some(Shape::List(element))) => {
                    items.iter().all(|item| item.is(*element, types))
                }
                (Self::List(items), Some(Shape::FixedList(element, len))) => {
                    items.len() == *len as usize
                        && items.iter().all(|item| item.is(*element, types))
                }
                (Self::Map(pairs), Some(Shape::Map(key, value))) => {
                    pairs.iter().all(|(k, v)| k.is(*key, types) && v.is(*value, types))
                }
                (Self::Record(fields), Some(Shape::Record(types_of))) => {
                    fields.len() == types_of.len()
                        && fields.iter().zip(types_of).all(|((name, value), (expected, ty))| {
                            name == expected && value.is(*ty, types)
                        })
                }
                (Self::Tuple(items), Some(Shape::Tuple(types_of))) => {
                    items.len() == types_of.len()
                        && items.iter().zip(types_of).all(|(item, ty)| item.is(*ty, types))
                }
                (Self::Variant(case, payload), Some(Shape::Variant(cases))) => {
                    let found = cases.iter().find(|(name, _)| name == case);
                    found.is_some_and(|(_, ty)| maybe(payload, *ty))
                }
                (Self::Enum(case), Some(Shape::Enum(cases))) => cases.contains(case),
                (Self::Option(None), Some(Shape::Option(_))) => true,
                (Self::Option(Some(value)), Some(Shape::Option(ty))) => value.is(*ty, types),
                (Self::Result(Ok(value)), Some(Shape::Result { ok, .. })) => maybe(value, *ok),
                (Self::Result(Err(value)), Some(Shape::Result { err, .. })) => maybe(value, *err),
                (Self::Flags(set), Some(Shape::Flags(names))) => {
                    set.iter().all(|name| names.contains(name))
                }
                _ => false,
            },
        }
    }
}

/// That arguments are of a function's type.
pub(crate) fn check_args(types: &Types, ty: &FuncType, args: &[Value]) -> Result<(), Stop> {
    if args.len() != ty.params.len() {
        return Err(invalid(format!(
            "the function takes {} arguments, not {}",
            ty.params.len(),
            args.len()
        )));
    }
    match args.iter().zip(&ty.params).find(|(arg, (_, ty))| !arg.is(*ty, types)) {
        Some((_, (name, ty))) => Err(invalid(format!(
            "the argument `{name}` is not of its type, {}",
            types.describe(*ty)
        ))),
        None => Ok(()),
    }
}

/// The parameters of a function that a guest calls, and how many slots they took.
pub(crate) fn lift_params(
    types: &Types,
    ty: &FuncType,
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
) -> Result<(Vec<Value>, usize), Stop> {
    let layout = types.sequence(ty.params.iter().map(|(_, ty)| *ty));
    let mut values = Vec::new();
    if layout.flat.is_some_and(|flat| flat.len() <= MAX_FLAT_PARAMS) {
        let mut slot = 0;
        for (_, ty) in &ty.params {
            values.push(lift(types, *ty, from, slots, &mut slot)?);
        }
        return Ok((values, slot));
    }
    let at = aligned(slots.u32(0), layout.align)?;
    from.bytes(at, layout.size)?;
    let mut offset = 0;
    for (_, ty) in &ty.params {
        values.push(load(types, *ty, from, at + field(types, *ty, &mut offset))?);
    }
    Ok((values, 1))
}

/// The result of a function that a guest has called.
pub(crate) fn lower_result<G: Guest>(
    types: &Types,
    ty: &FuncType,
    result: Option<&Value>,
    to: &mut G,
    slots: &mut impl Slots,
    used: usize,
) -> Result<(), Stop> {
    let (ty, value) = match (ty.result, result) {
        (None, None) => return Ok(()),
        (Some(ty), Some(value)) if value.is(ty, types) => (ty, value),
        _ => return Err(invalid("a host function gave a result of another type")),
    };
    if types.flat(ty).is_some_and(|flat| flat.len() <= MAX_FLAT_RESULTS) {
        return lower(types, ty, value, to, slots, &mut 0);
    }
    let (size, align) = types.size_align(ty);
    let at = aligned(slots.u32(used), align)?;
    to.bytes(at, size)?;
    store(types, ty, value, to, at)
}

/// The arguments of a guest's function.
pub(crate) fn lower_params<G: Guest>(
    types: &Types,
    ty: &FuncType,
    args: &[Value],
    to: &mut G,
    slots: &mut impl Slots,
) -> Result<(), Stop> {
    let layout = types.sequence(ty.params.iter().map(|(_, ty)| *ty));
    let params = ty.params.iter().zip(args);
    if layout.flat.is_some_and(|flat| flat.len() <= MAX_FLAT_PARAMS) {
        let mut slot = 0;
        for ((_, ty), value) in params {
            lower(types, *ty, value, to, slots, &mut slot)?;
        }
        return Ok(());
    }
    let at = to.allocate(layout.size, layout.align)?;
    let mut offset = 0;
    for ((_, ty), value) in params {
        store(types, *ty, value, to, at + field(types, *ty, &mut offset))?;
    }
    slots.set_u32(0, at);
    Ok(())
}

/// The result of a guest's function.
pub(crate) fn lift_result(
    types: &Types,
    ty: &FuncType,
    from: &mut Lifting<'_, '_>,
    slots: &impl Slots,
) -> Result<Option<Value>, Stop> {
    let Some(ty) = ty.result else { return Ok(None) };
    if types.flat(ty).is_some_and(|flat| flat.len() <= MAX_FLAT_RESULTS) {
        return lift(types, ty, from, slots, &mut 0).map(Some);
    }
    let (size, align) = types.size_align(ty);
    let at = aligned(slots.u32(0), align)?;
    from.bytes(at, size)?;
    load(types, ty, from, at).map(Some)
}

/// The offset of the next field.
fn field(types: &Types, ty: Type, offset: &mut u32) -> u32 {
    let (size, align) = types.size_align(ty);
    let at = align_up(*offset, align);
    *offset = at.saturating_add(size);
    at
}

/// The cases of a variant of any kind: their payloads.
fn cases(shape: &Shape) -> Vec<Option<Type>> {
    match shape {
        Shape::Variant(cases) => cases.iter().map(|(_, ty)| *ty).collect(),
        Shape::Enum(cases) => vec![None; cases.len()],
        Shape::Option(some) => vec![None, Some(*some)],
        Shape::Result { ok, err } => vec![*ok, *err],
        _ => Vec::new(),
    }
}

/// A value of a variant of any kind, from the number of its case.
fn variant(shape: &Shape, case: u32, payload: Option<Value>) -> Value {
    let payload = payload.map(Box::new);
    let case = case as usize;
    match shape {
        Shape::Option(_) => Value::Option(payload),
        Shape::Result { .. } if case == 0 => Value::Result(Ok(payload)),
        Shape::Result { .. } => Value::Result(Err(payload)),
        Shape::Enum(cases) => Value::Enum(cases.get(case).cloned().unwrap_or_default()),
        Shape::Variant(cases) => {
            let name = cases.get(case).map(|(name, _)| name.clone()).unwrap_or_default();
            Value::Variant(name, payload)
        }
        _ => Value::Option(None),
    }
}

/// The number of a value's case, and its payload.
fn case_of<'v>(shape: &Shape, value: &'v Value) -> Result<(u32, Option<&'v Value>), Stop> {
    let number = |found: Option<usize>| {
        let found = found.and_then(|case| u32::try_from(case).ok());
        found.ok_or_else(wrong_type)
    };
    Ok(match (shape, value) {
        (Shape::Option(_), Value::Option(payload)) => {
            (payload.is_some().into(), payload.as_deref())
        }
        (Shape::Result { .. }, Value::Result(Ok(payload))) => (0, payload.as_deref()),
        (Shape::Result { .. }, Value::Result(Err(payload))) => (1, payload.as_deref()),
        (Shape::Enum(cases), Value::Enum(name)) => {
            (number(cases.iter().position(|case| case == name))?, None)
        }
        (Shape::Variant(cases), Value::Variant(name, payload)) => {
            (number(cases.iter().position(|(case, _)| case == name))?, payload.as_deref())
        }
        _ => return Err(wrong_type()),
    })
}

/// The parts of a record or tuple, one after the other.
fn fields(shape: &Shape) -> Option<Vec<Type>> {
    match shape {
        Shape::Record(fields) => Some(fields.iter().map(|(_, ty)| *ty).collect()),
        Shape::Tuple(types) => Some(types.to_vec()),
        Shape::FixedList(element, len) => Some(vec![*element; *len as usize]),
        _ => None,
    }
}

fn from_fields(shape: &Shape, values: Vec<Value>) -> Value {
    match shape {
        Shape::Record(fields) => {
            Value::Record(fields.iter().map(|(name, _)| name.clone()).zip(values).collect())
        }
        Shape::FixedList(..) => Value::List(values),
        _ => Value::Tuple(values),
    }
}

fn field_values(value: &Value) -> Vec<&Value> {
    match value {
        Value::Record(fields) => fields.iter().map(|(_, value)| value).collect(),
        Value::Tuple(values) | Value::List(values) => values.iter().collect(),
        _ => Vec::new(),
    }
}

fn lift(
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

fn load(types: &Types, ty: Type, from: &mut Lifting<'_, '_>, at: u32) -> Result<Value, Stop> {
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

/// Where the elements of a list lie, and the second part of a map's.
struct Entry {
    size: u32,
    align: u32,
    second: u32,
}

fn entry(types: &Types, shape: &Shape) -> Result<Entry, Stop> {
    match shape {
        Shape::List(element) => {
            let (size, align) = types.size_align(*element);
            Ok(Entry { size, align, second: 0 })
        }
        Shape::Map(key, value) => {
            let layout = types.sequence([*key, *value].into_iter());
            let mut offset = 0;
            field(types, *key, &mut offset);
            let second = field(types, *value, &mut offset);
            Ok(Entry { size: layout.size, align: layout.align, second })
        }
        _ => Err(wrong_type()),
    }
}

fn flags(names: &[String], words: &[u32]) -> Value {
    let set =
        |index: usize| words.get(index / 32).is_some_and(|word| word >> (index % 32) & 1 == 1);
    let names = names.iter().enumerate().filter(|(index, _)| set(*index));
    Value::Flags(names.map(|(_, name)| name.clone()).collect())
}

fn flag_words(names: &[String], set: &[String]) -> Vec<u32> {
    let mut words = vec![0u32; names.len().div_ceil(32)];
    for (index, name) in names.iter().enumerate() {
        if set.contains(name)
            && let Some(word) = words.get_mut(index / 32)
        {
            *word |= 1 << (index % 32);
        }
    }
    words
}

fn lower<G: Guest>(
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

fn store<G: Guest>(
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
    let start = to.allocate(size, entry.align)?;
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

#[cold]
fn wrong_type() -> Stop {
    invalid("a value of another type than the function's")
}
