//! Component values as text: WAVE, as `wasm-tools` and others write them.

use std::borrow::Cow;
use wasm_wave::ast::Node;
use wasm_wave::value::{Type as Text, Value as TextValue};
use wasm_wave::wasm::{WasmType, WasmTypeKind, WasmValue};
use wayleave::component::Value;
use wayleave::component::plan::{Shape, Type, Types};

/// The type as the text's parser knows it; `None` when values of it can not be written.
pub(crate) fn text_type(ty: Type, types: &Types) -> Option<Text> {
    let one = |ty: &Type| text_type(*ty, types);
    let maybe = |ty: &Option<Type>| match ty {
        Some(ty) => text_type(*ty, types).map(Some),
        None => Some(None),
    };
    let named = |fields: &[(String, Type)]| -> Option<Vec<(Box<str>, Text)>> {
        fields.iter().map(|(name, ty)| Some((name.as_str().into(), one(ty)?))).collect()
    };
    Some(match ty {
        Type::Bool => Text::BOOL,
        Type::S8 => Text::S8,
        Type::U8 => Text::U8,
        Type::S16 => Text::S16,
        Type::U16 => Text::U16,
        Type::S32 => Text::S32,
        Type::U32 => Text::U32,
        Type::S64 => Text::S64,
        Type::U64 => Text::U64,
        Type::F32 => Text::F32,
        Type::F64 => Text::F64,
        Type::Char => Text::CHAR,
        Type::String => Text::STRING,
        Type::Own(_) | Type::Borrow(_) => return None,
        Type::Defined(_) => match types.shape(ty)? {
            Shape::List(element) => Text::list(one(element)?),
            Shape::FixedList(element, len) => Text::fixed_length_list(one(element)?, *len),
            Shape::Map(key, value) => Text::list(Text::tuple([one(key)?, one(value)?])?),
            Shape::Record(fields) => Text::record(named(fields)?)?,
            Shape::Tuple(elements) => {
                let elements: Option<Vec<Text>> = elements.iter().map(one).collect();
                Text::tuple(elements?)?
            }
            Shape::Variant(cases) => {
                let case = |(name, ty): &(String, Option<Type>)| {
                    Some((Box::<str>::from(name.as_str()), maybe(ty)?))
                };
                Text::variant(cases.iter().map(case).collect::<Option<Vec<_>>>()?)?
            }
            Shape::Enum(cases) => Text::enum_ty(cases.iter().map(String::as_str))?,
            Shape::Flags(names) => Text::flags(names.iter().map(String::as_str))?,
            Shape::Option(some) => Text::option(one(some)?),
            Shape::Result { ok, err } => Text::result(maybe(ok)?, maybe(err)?),
        },
    })
}

/// A field in the text of a value that its type does not have. The text's parser passes over it: one
/// that was misspelt would be missing, where it may be.
pub(crate) fn unknown_field<'t>(value: &Node, ty: &Text, text: &'t str) -> Option<&'t str> {
    let inside = |value: Option<&Node>, ty: Option<Text>| unknown_field(value?, &ty?, text);
    match ty.kind() {
        WasmTypeKind::Record => {
            let fields: Vec<_> = ty.record_fields().collect();
            value.as_record(text).ok()?.find_map(|(name, value)| {
                match fields.iter().find(|(field, _)| field == name) {
                    Some((_, ty)) => unknown_field(value, ty, text),
                    None => Some(name),
                }
            })
        }
        WasmTypeKind::List | WasmTypeKind::FixedLengthList => {
            value.as_list().ok()?.find_map(|value| inside(Some(value), ty.list_element_type()))
        }
        WasmTypeKind::Tuple => {
            let pairs = value.as_tuple().ok()?.zip(ty.tuple_element_types());
            pairs.into_iter().find_map(|(value, ty)| unknown_field(value, &ty, text))
        }
        WasmTypeKind::Variant => {
            let (name, payload) = value.as_variant(text).ok()?;
            inside(payload, ty.variant_cases().find(|(case, _)| case == name)?.1)
        }
        // `some` and `ok` may be left out.
        WasmTypeKind::Option => {
            inside(value.as_option().unwrap_or(Some(value)), ty.option_some_type())
        }
        WasmTypeKind::Result => {
            let (ok, err) = ty.result_types()?;
            match value.as_result().unwrap_or(Ok(Some(value))) {
                Ok(value) => inside(value, ok),
                Err(value) => inside(value, err),
            }
        }
        _ => None,
    }
}

/// The value that was read from text, for a type of these.
pub(crate) fn from_text(value: &TextValue, ty: Type, types: &Types) -> Option<Value> {
    let boxed = |value: Option<Cow<'_, TextValue>>, ty: Option<Type>| match (value, ty) {
        (Some(value), Some(ty)) => Some(Some(Box::new(from_text(&value, ty, types)?))),
        (None, None) => Some(None),
        _ => None,
    };
    let list = |element: Type| -> Option<Vec<Value>> {
        value.unwrap_list().map(|item| from_text(&item, element, types)).collect()
    };
    Some(match ty {
        Type::Bool => Value::Bool(value.unwrap_bool()),
        Type::S8 => Value::S8(value.unwrap_s8()),
        Type::U8 => Value::U8(value.unwrap_u8()),
        Type::S16 => Value::S16(value.unwrap_s16()),
        Type::U16 => Value::U16(value.unwrap_u16()),
        Type::S32 => Value::S32(value.unwrap_s32()),
        Type::U32 => Value::U32(value.unwrap_u32()),
        Type::S64 => Value::S64(value.unwrap_s64()),
        Type::U64 => Value::U64(value.unwrap_u64()),
        Type::F32 => Value::F32(value.unwrap_f32()),
        Type::F64 => Value::F64(value.unwrap_f64()),
        Type::Char => Value::Char(value.unwrap_char()),
        Type::String => Value::String(value.unwrap_string().into_owned()),
        Type::Own(_) | Type::Borrow(_) => return None,
        Type::Defined(_) => match types.shape(ty)? {
            Shape::List(element) | Shape::FixedList(element, _) => Value::List(list(*element)?),
            Shape::Map(key, mapped) => {
                let pair = |pair: Cow<'_, TextValue>| {
                    let mut parts = pair.unwrap_tuple();
                    let key = from_text(&*parts.next()?, *key, types)?;
                    Some((key, from_text(&*parts.next()?, *mapped, types)?))
                };
                Value::Map(value.unwrap_list().map(pair).collect::<Option<_>>()?)
            }
            Shape::Record(fields) => {
                let values = fields.iter().zip(value.unwrap_record());
                let values = values.map(|((name, ty), (_, value))| {
                    Some((name.clone(), from_text(&value, *ty, types)?))
                });
                Value::Record(values.collect::<Option<_>>()?)
            }
            Shape::Tuple(elements) => {
                let values = elements.iter().zip(value.unwrap_tuple());
                let values = values.map(|(ty, value)| from_text(&value, *ty, types));
                Value::Tuple(values.collect::<Option<_>>()?)
            }
            Shape::Variant(cases) => {
                let (name, payload) = value.unwrap_variant();
                let (_, ty) = cases.iter().find(|(case, _)| *case == name)?;
                Value::Variant(name.into_owned(), boxed(payload, *ty)?)
            }
            Shape::Enum(_) => Value::Enum(value.unwrap_enum().into_owned()),
            Shape::Flags(_) => Value::Flags(value.unwrap_flags().map(Cow::into_owned).collect()),
            Shape::Option(some) => match value.unwrap_option() {
                Some(value) => Value::Option(boxed(Some(value), Some(*some))?),
                None => Value::Option(None),
            },
            Shape::Result { ok, err } => match value.unwrap_result() {
                Ok(value) => Value::Result(Ok(boxed(value, *ok)?)),
                Err(value) => Value::Result(Err(boxed(value, *err)?)),
            },
        },
    })
}

/// A value as text.
pub(crate) fn to_text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    let simple = match value {
        Value::Bool(value) => TextValue::make_bool(*value),
        Value::S8(value) => TextValue::make_s8(*value),
        Value::U8(value) => TextValue::make_u8(*value),
        Value::S16(value) => TextValue::make_s16(*value),
        Value::U16(value) => TextValue::make_u16(*value),
        Value::S32(value) => TextValue::make_s32(*value),
        Value::U32(value) => TextValue::make_u32(*value),
        Value::S64(value) => TextValue::make_s64(*value),
        Value::U64(value) => TextValue::make_u64(*value),
        Value::F32(value) => TextValue::make_f32(*value),
        Value::F64(value) => TextValue::make_f64(*value),
        Value::Char(value) => TextValue::make_char(*value),
        Value::String(value) => TextValue::make_string(value.into()),
        Value::List(items) => return sequence(text, '[', items.iter().map(Part::Value), ']'),
        Value::Tuple(items) => return sequence(text, '(', items.iter().map(Part::Value), ')'),
        Value::Map(pairs) => {
            return sequence(text, '[', pairs.iter().map(|(k, v)| Part::Pair(k, v)), ']');
        }
        Value::Record(fields) => {
            return sequence(text, '{', fields.iter().map(|(k, v)| Part::Field(k, v)), '}');
        }
        Value::Flags(names) => {
            return sequence(text, '{', names.iter().map(|name| Part::Name(name)), '}');
        }
        Value::Enum(name) => return text.push_str(name),
        Value::Variant(name, payload) => return case(text, name, payload.as_deref()),
        Value::Option(None) => return text.push_str("none"),
        Value::Option(some) => return case(text, "some", some.as_deref()),
        Value::Result(Ok(payload)) => return case(text, "ok", payload.as_deref()),
        Value::Result(Err(payload)) => return case(text, "err", payload.as_deref()),
        Value::Resource(resource) => {
            let kind = if resource.is_own() { "own" } else { "borrow" };
            return text.push_str(&format!("<{kind} resource {}>", resource.rep()));
        }
    };
    text.push_str(&wasm_wave::to_string(&simple).unwrap_or_default());
}

/// One of several things with commas in between.
enum Part<'a> {
    Value(&'a Value),
    Pair(&'a Value, &'a Value),
    Field(&'a str, &'a Value),
    Name(&'a str),
}

fn sequence<'a>(text: &mut String, open: char, parts: impl Iterator<Item = Part<'a>>, close: char) {
    text.push(open);
    for (index, part) in parts.enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        match part {
            Part::Value(value) => write(value, text),
            Part::Pair(key, value) => {
                text.push('(');
                write(key, text);
                text.push_str(", ");
                write(value, text);
                text.push(')');
            }
            Part::Field(name, value) => {
                text.push_str(name);
                text.push_str(": ");
                write(value, text);
            }
            Part::Name(name) => text.push_str(name),
        }
    }
    text.push(close);
}

fn case(text: &mut String, name: &str, payload: Option<&Value>) {
    text.push_str(name);
    if let Some(payload) = payload {
        text.push('(');
        write(payload, text);
        text.push(')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_they_are_written() {
        let value = Value::Record(vec![
            ("a".into(), Value::List(vec![Value::U8(1), Value::U8(2)])),
            ("b".into(), Value::Option(Some(Box::new(Value::String("x\"y".into()))))),
            ("c".into(), Value::Result(Err(None))),
            ("d".into(), Value::Flags(vec!["read".into(), "write".into()])),
            ("e".into(), Value::Variant("point".into(), Some(Box::new(Value::F32(1.5))))),
            ("f".into(), Value::Tuple(vec![Value::Char('\''), Value::Bool(true)])),
        ]);
        assert_eq!(
            to_text(&value),
            r#"{a: [1, 2], b: some("x\"y"), c: err, d: {read, write}, e: point(1.5), f: ('\'', true)}"#
        );
    }

    #[test]
    fn fields_that_a_type_does_not_have_are_found() {
        let point = Text::record([("x", Text::U8), ("y", Text::option(Text::U8))]).unwrap();
        let shape = Text::variant([("dot", Some(point.clone())), ("none", None)]).unwrap();
        let of = |text: &'static str, ty: &Text| {
            let value = wasm_wave::untyped::UntypedValue::parse(text).unwrap();
            unknown_field(value.node(), ty, text)
        };
        assert_eq!(of("{x: 1, y: 2}", &point), None);
        assert_eq!(of("{x: 1, why: 2}", &point), Some("why"));
        assert_eq!(of("[{x: 1}, {x: 1, z: 2}]", &Text::list(point.clone())), Some("z"));
        let pair = Text::tuple([Text::U8, point.clone()]).unwrap();
        assert_eq!(of("(1, {x: 1, z: 2})", &pair), Some("z"));
        assert_eq!(of("dot({z: 1})", &shape), Some("z"));
        assert_eq!(of("none", &shape), None);
        for text in ["some({z: 1})", "{z: 1}"] {
            assert_eq!(of(text, &Text::option(point.clone())), Some("z"));
        }
        let result = Text::result(Some(point.clone()), Some(point));
        for text in ["ok({z: 1})", "err({z: 1})"] {
            assert_eq!(of(text, &result), Some("z"));
        }
    }
}
