//! Values whose types are known only at run time, by the same layouts as the others.

mod calls;
mod lifting;
mod lowering;
mod shapes;

pub(crate) use calls::{check_args, lift_params, lift_result, lower_params, lower_result};

use crate::abi::Resource;
use crate::plan::{Shape, Type, Types};

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
