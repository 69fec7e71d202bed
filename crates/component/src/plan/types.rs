use serde::{Deserialize, Serialize};
use wayleave_engine::ValType;

/// A component value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the component model's own")]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// A handle that owns the resource of this number.
    Own(u32),
    /// A handle lent of the resource of this number.
    Borrow(u32),
    /// A type with parts: see [`Types::shape`].
    Defined(u32),
}

/// The parts of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the component model's own")]
pub enum Shape {
    List(Type),
    /// A list whose length is part of its type.
    FixedList(Type, u32),
    /// A list of pairs.
    Map(Type, Type),
    Record(Box<[(String, Type)]>),
    Tuple(Box<[Type]>),
    Variant(Box<[(String, Option<Type>)]>),
    Enum(Box<[String]>),
    Flags(Box<[String]>),
    Option(Type),
    Result {
        ok: Option<Type>,
        err: Option<Type>,
    },
}

/// The type of a component function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FuncType {
    /// Parameters with their names.
    pub params: Box<[(String, Type)]>,
    /// The result, if there is one.
    pub result: Option<Type>,
}

/// Where values of a type lie in memory, and how they travel as core values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Bytes (`elem_size`).
    pub size: u32,
    /// Alignment (`alignment`).
    pub align: u32,
    /// Core values (`flatten_type`); `None` when they are more than can ever travel that way.
    pub flat: Option<Box<[ValType]>>,
}

/// All types of a component.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Types {
    defined: Vec<(Shape, Layout)>,
}

impl Types {
    /// The parts of a type; `None` when it has none.
    pub fn shape(&self, ty: Type) -> Option<&Shape> {
        match ty {
            Type::Defined(index) => self.defined.get(index as usize).map(|(shape, _)| shape),
            _ => None,
        }
    }

    /// Adds a type with parts, all of which are known already.
    pub(crate) fn add(&mut self, shape: Shape) -> Type {
        let layout = self.layout_of(&shape);
        self.defined.push((shape, layout));
        Type::Defined(u32::try_from(self.defined.len() - 1).unwrap_or(u32::MAX))
    }

    /// Size and alignment in memory.
    pub fn size_align(&self, ty: Type) -> (u32, u32) {
        let size = match ty {
            Type::Bool | Type::S8 | Type::U8 => 1,
            Type::S16 | Type::U16 => 2,
            Type::S32 | Type::U32 | Type::F32 | Type::Char | Type::Own(_) | Type::Borrow(_) => 4,
            Type::S64 | Type::U64 | Type::F64 => 8,
            Type::String => return (8, 4),
            Type::Defined(index) => {
                return match self.defined.get(index as usize) {
                    Some((_, layout)) => (layout.size, layout.align),
                    None => (0, 1),
                };
            }
        };
        (size, size)
    }

    /// The core values that a type travels as; `None` when they are too many to ever do so.
    pub fn flat(&self, ty: Type) -> Option<&[ValType]> {
        match ty {
            Type::S64 | Type::U64 => Some(&[ValType::I64]),
            Type::F32 => Some(&[ValType::F32]),
            Type::F64 => Some(&[ValType::F64]),
            Type::String => Some(&[ValType::I32, ValType::I32]),
            Type::Defined(index) => self.defined.get(index as usize)?.1.flat.as_deref(),
            _ => Some(&[ValType::I32]),
        }
    }

    /// The layout of several values one after the other: fields, elements, parameters.
    pub fn sequence(&self, types: impl Iterator<Item = Type>) -> Layout {
        let (mut size, mut align) = (0u32, 1);
        let mut flat = Some(Vec::new());
        for ty in types {
            let (field_size, field_align) = self.size_align(ty);
            size = align_up(size, field_align).saturating_add(field_size);
            align = align.max(field_align);
            flat = extend(flat, self.flat(ty));
        }
        Layout { size: align_up(size, align), align, flat: flat.map(Vec::into_boxed_slice) }
    }

    /// The offset of a variant's payload.
    pub fn payload_offset(&self, payloads: &[Option<Type>]) -> u32 {
        let align = payloads.iter().flatten().map(|ty| self.size_align(*ty).1).max().unwrap_or(1);
        align_up(discriminant(payloads.len()), align)
    }

    /// A type as people write it, in WIT.
    pub fn describe(&self, ty: Type) -> String {
        let one = |ty: &Type| self.describe(*ty);
        let several =
            |types: &mut dyn Iterator<Item = String>| types.collect::<Vec<_>>().join(", ");
        let maybe = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), one);
        match ty {
            Type::Bool => "bool".into(),
            Type::S8 => "s8".into(),
            Type::U8 => "u8".into(),
            Type::S16 => "s16".into(),
            Type::U16 => "u16".into(),
            Type::S32 => "s32".into(),
            Type::U32 => "u32".into(),
            Type::S64 => "s64".into(),
            Type::U64 => "u64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::Char => "char".into(),
            Type::String => "string".into(),
            Type::Own(_) => "own<resource>".into(),
            Type::Borrow(_) => "borrow<resource>".into(),
            Type::Defined(_) => match self.shape(ty) {
                None => "an unknown type".into(),
                Some(Shape::List(element)) => format!("list<{}>", one(element)),
                Some(Shape::FixedList(element, len)) => format!("list<{}, {len}>", one(element)),
                Some(Shape::Map(key, value)) => format!("map<{}, {}>", one(key), one(value)),
                Some(Shape::Record(fields)) => {
                    let field = |(name, ty): &(String, Type)| format!("{name}: {}", one(ty));
                    format!("record {{ {} }}", several(&mut fields.iter().map(field)))
                }
                Some(Shape::Tuple(types)) => {
                    format!("tuple<{}>", several(&mut types.iter().map(one)))
                }
                Some(Shape::Variant(cases)) => {
                    let case = |(name, payload): &(String, Option<Type>)| match payload {
                        Some(ty) => format!("{name}({})", one(ty)),
                        None => name.clone(),
                    };
                    format!("variant {{ {} }}", several(&mut cases.iter().map(case)))
                }
                Some(Shape::Enum(cases)) => {
                    format!("enum {{ {} }}", several(&mut cases.iter().cloned()))
                }
                Some(Shape::Flags(names)) => {
                    format!("flags {{ {} }}", several(&mut names.iter().cloned()))
                }
                Some(Shape::Option(some)) => format!("option<{}>", one(some)),
                Some(Shape::Result { ok: None, err: None }) => "result".into(),
                Some(Shape::Result { ok, err: None }) => format!("result<{}>", maybe(ok)),
                Some(Shape::Result { ok, err }) => {
                    format!("result<{}, {}>", maybe(ok), maybe(err))
                }
            },
        }
    }

    fn layout_of(&self, shape: &Shape) -> Layout {
        let pointer_pair =
            || Layout { size: 8, align: 4, flat: Some([ValType::I32, ValType::I32].into()) };
        match shape {
            Shape::List(_) | Shape::Map(..) => pointer_pair(),
            Shape::FixedList(element, len) => {
                let (size, align) = self.size_align(*element);
                let flat = (*len as usize <= MOST_FLAT).then(|| {
                    (0..*len)
                        .try_fold(Vec::new(), |flat, _| extend(Some(flat), self.flat(*element)))
                });
                let flat = flat.flatten().map(Vec::into_boxed_slice);
                Layout { size: size.saturating_mul(*len), align, flat }
            }
            Shape::Record(fields) => self.sequence(fields.iter().map(|(_, ty)| *ty)),
            Shape::Tuple(types) => self.sequence(types.iter().copied()),
            Shape::Variant(cases) => {
                self.variant(&cases.iter().map(|(_, ty)| *ty).collect::<Vec<_>>())
            }
            Shape::Enum(cases) => self.variant(&vec![None; cases.len()]),
            Shape::Option(some) => self.variant(&[None, Some(*some)]),
            Shape::Result { ok, err } => self.variant(&[*ok, *err]),
            Shape::Flags(names) => match names.len() {
                0 => Layout { size: 0, align: 1, flat: Some([].into()) },
                1..=8 => one_word(1),
                9..=16 => one_word(2),
                17..=32 => one_word(4),
                many => {
                    let words = many.div_ceil(32);
                    let flat = (words <= MOST_FLAT).then(|| vec![ValType::I32; words].into());
                    let size = u32::try_from(words).unwrap_or(u32::MAX).saturating_mul(4);
                    Layout { size, align: 4, flat }
                }
            },
        }
    }

    fn variant(&self, payloads: &[Option<Type>]) -> Layout {
        let tag = discriminant(payloads.len());
        let (mut size, mut align) = (0, tag);
        let mut joined = Some(Vec::new());
        for payload in payloads.iter().flatten() {
            let (payload_size, payload_align) = self.size_align(*payload);
            size = size.max(payload_size);
            align = align.max(payload_align);
            joined = joined.zip(self.flat(*payload)).map(|(joined, flat)| join(joined, flat));
        }
        let offset = self.payload_offset(payloads);
        let flat = extend(Some(vec![ValType::I32]), joined.as_deref());
        Layout {
            size: align_up(offset.saturating_add(size), align),
            align,
            flat: flat.map(Vec::into_boxed_slice),
        }
    }
}

/// More core values than this never travel: the most that parameters may have.
const MOST_FLAT: usize = crate::abi::MAX_FLAT_PARAMS;

fn one_word(size: u32) -> Layout {
    Layout { size, align: size, flat: Some([ValType::I32].into()) }
}

fn extend(flat: Option<Vec<ValType>>, more: Option<&[ValType]>) -> Option<Vec<ValType>> {
    let mut flat = flat?;
    flat.extend_from_slice(more?);
    (flat.len() <= MOST_FLAT).then_some(flat)
}

/// One set of core values for all payloads of a variant (`join`).
fn join(mut joined: Vec<ValType>, flat: &[ValType]) -> Vec<ValType> {
    for (index, ty) in flat.iter().enumerate() {
        match joined.get_mut(index) {
            None => joined.push(*ty),
            Some(there) if there == ty => {}
            Some(there) if is_narrow(*there) && is_narrow(*ty) => *there = ValType::I32,
            Some(there) => *there = ValType::I64,
        }
    }
    joined
}

fn is_narrow(ty: ValType) -> bool {
    matches!(ty, ValType::I32 | ValType::F32)
}

/// Bytes of the discriminant of a variant of so many cases.
pub(crate) fn discriminant(cases: usize) -> u32 {
    crate::abi::Discriminant::size(cases)
}

/// The next multiple of an alignment, as far as 32 bits go.
pub(crate) fn align_up(offset: u32, align: u32) -> u32 {
    offset.checked_next_multiple_of(align).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValType::{F32, F64, I32, I64};

    #[test]
    fn payloads_share_their_core_values() {
        let mut types = Types::default();
        let variant = types.add(Shape::Result { ok: Some(Type::F32), err: Some(Type::U8) });
        assert_eq!(types.flat(variant), Some(&[I32, I32][..]));
        let variant = types.add(Shape::Result { ok: Some(Type::F64), err: Some(Type::String) });
        assert_eq!(types.flat(variant), Some(&[I32, I64, I32][..]));
        let variant = types.add(Shape::Option(Type::F32));
        assert_eq!(types.flat(variant), Some(&[I32, F32][..]));
        let pair = types.add(Shape::Tuple([Type::F64, variant].into()));
        assert_eq!(types.flat(pair), Some(&[F64, I32, F32][..]));
        assert_eq!(types.size_align(pair), (16, 8));
    }

    #[test]
    fn layouts_are_aligned() {
        let mut types = Types::default();
        let record = types.add(Shape::Record(
            [("a".into(), Type::U8), ("b".into(), Type::U64), ("c".into(), Type::Bool)].into(),
        ));
        assert_eq!(types.size_align(record), (24, 8));
        let option = types.add(Shape::Option(record));
        assert_eq!(types.size_align(option), (32, 8));
        let flags = types.add(Shape::Flags((0..33).map(|n| n.to_string()).collect()));
        assert_eq!(types.size_align(flags), (8, 4));
        assert_eq!(types.describe(option), "option<record { a: u8, b: u64, c: bool }>");
    }

    #[test]
    fn too_many_core_values_are_none() {
        let mut types = Types::default();
        let tuple = types.add(Shape::Tuple(vec![Type::U64; 17].into()));
        assert_eq!(types.flat(tuple), None);
        let list = types.add(Shape::FixedList(Type::U8, u32::MAX));
        assert_eq!(types.flat(list), None);
        assert_eq!(types.size_align(list), (u32::MAX, 1));
    }
}
