//! What types consist of, the same for reading and for writing: fields, cases, flags and the elements
//! of lists.

use super::Value;
use crate::abi::invalid;
use crate::plan::{Shape, Type, Types, align_up};
use wayleave_engine::Stop;

/// The offset of the next field.
pub(super) fn field(types: &Types, ty: Type, offset: &mut u32) -> u32 {
    let (size, align) = types.size_align(ty);
    let at = align_up(*offset, align);
    *offset = at.saturating_add(size);
    at
}

/// The cases of a variant of any kind: their payloads.
pub(super) fn cases(shape: &Shape) -> Vec<Option<Type>> {
    match shape {
        Shape::Variant(cases) => cases.iter().map(|(_, ty)| *ty).collect(),
        Shape::Enum(cases) => vec![None; cases.len()],
        Shape::Option(some) => vec![None, Some(*some)],
        Shape::Result { ok, err } => vec![*ok, *err],
        _ => Vec::new(),
    }
}

/// A value of a variant of any kind, from the number of its case.
pub(super) fn variant(shape: &Shape, case: u32, payload: Option<Value>) -> Value {
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
pub(super) fn case_of<'v>(
    shape: &Shape,
    value: &'v Value,
) -> Result<(u32, Option<&'v Value>), Stop> {
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
pub(super) fn fields(shape: &Shape) -> Option<Vec<Type>> {
    match shape {
        Shape::Record(fields) => Some(fields.iter().map(|(_, ty)| *ty).collect()),
        Shape::Tuple(types) => Some(types.to_vec()),
        Shape::FixedList(element, len) => Some(vec![*element; *len as usize]),
        _ => None,
    }
}

pub(super) fn from_fields(shape: &Shape, values: Vec<Value>) -> Value {
    match shape {
        Shape::Record(fields) => {
            Value::Record(fields.iter().map(|(name, _)| name.clone()).zip(values).collect())
        }
        Shape::FixedList(..) => Value::List(values),
        _ => Value::Tuple(values),
    }
}

pub(super) fn field_values(value: &Value) -> Vec<&Value> {
    match value {
        Value::Record(fields) => fields.iter().map(|(_, value)| value).collect(),
        Value::Tuple(values) | Value::List(values) => values.iter().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn flags(names: &[String], words: &[u32]) -> Value {
    let set =
        |index: usize| words.get(index / 32).is_some_and(|word| word >> (index % 32) & 1 == 1);
    let names = names.iter().enumerate().filter(|(index, _)| set(*index));
    Value::Flags(names.map(|(_, name)| name.clone()).collect())
}

pub(super) fn flag_words(names: &[String], set: &[String]) -> Vec<u32> {
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

/// Where the elements of a list lie, and the second part of a map's.
pub(super) struct Entry {
    pub(super) size: u32,
    pub(super) align: u32,
    pub(super) second: u32,
}

pub(super) fn entry(types: &Types, shape: &Shape) -> Result<Entry, Stop> {
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

#[cold]
pub(super) fn wrong_type() -> Stop {
    invalid("a value of another type than the function's")
}
