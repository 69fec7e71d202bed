//! Component values as scripts write them.

use std::collections::BTreeSet;
use wast::component::WastVal;
use wayleave_component::Value;

/// The value that a script passes.
pub(crate) fn value(written: &WastVal<'_>) -> Value {
    let boxed =
        |value: &Option<Box<WastVal<'_>>>| value.as_deref().map(|v| Box::new(self::value(v)));
    let all = |values: &[WastVal<'_>]| values.iter().map(value).collect();
    match written {
        WastVal::Bool(v) => Value::Bool(*v),
        WastVal::U8(v) => Value::U8(*v),
        WastVal::S8(v) => Value::S8(*v),
        WastVal::U16(v) => Value::U16(*v),
        WastVal::S16(v) => Value::S16(*v),
        WastVal::U32(v) => Value::U32(*v),
        WastVal::S32(v) => Value::S32(*v),
        WastVal::U64(v) => Value::U64(*v),
        WastVal::S64(v) => Value::S64(*v),
        WastVal::F32(v) => Value::F32(f32::from_bits(v.bits)),
        WastVal::F64(v) => Value::F64(f64::from_bits(v.bits)),
        WastVal::Char(v) => Value::Char(*v),
        WastVal::String(v) => Value::String((*v).to_owned()),
        WastVal::List(values) => Value::List(all(values)),
        WastVal::Record(fields) => Value::Record(
            fields.iter().map(|(name, field)| ((*name).to_owned(), value(field))).collect(),
        ),
        WastVal::Tuple(values) => Value::Tuple(all(values)),
        WastVal::Variant(case, payload) => Value::Variant((*case).to_owned(), boxed(payload)),
        WastVal::Enum(case) => Value::Enum((*case).to_owned()),
        WastVal::Option(some) => Value::Option(boxed(some)),
        WastVal::Result(Ok(ok)) => Value::Result(Ok(boxed(ok))),
        WastVal::Result(Err(err)) => Value::Result(Err(boxed(err))),
        WastVal::Flags(names) => Value::Flags(names.iter().map(|&name| name.to_owned()).collect()),
    }
}

/// Whether a value is the one that a script expects. All NaNs are one, and flags have no order.
pub(crate) fn fits(expected: &WastVal<'_>, got: &Value) -> bool {
    let maybe =
        |expected: &Option<Box<WastVal<'_>>>, got: &Option<Box<Value>>| match (expected, got) {
            (Some(expected), Some(got)) => fits(expected, got),
            (None, None) => true,
            _ => false,
        };
    match (expected, got) {
        (WastVal::List(expected), Value::List(got))
        | (WastVal::Tuple(expected), Value::Tuple(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(e, g)| fits(e, g))
        }
        (WastVal::Record(expected), Value::Record(got)) => {
            expected.len() == got.len()
                && expected
                    .iter()
                    .zip(got)
                    .all(|((name, e), (got_name, g))| name == got_name && fits(e, g))
        }
        (WastVal::Variant(case, expected), Value::Variant(got_case, got)) => {
            case == got_case && maybe(expected, got)
        }
        (WastVal::Option(expected), Value::Option(got))
        | (WastVal::Result(Ok(expected)), Value::Result(Ok(got)))
        | (WastVal::Result(Err(expected)), Value::Result(Err(got))) => maybe(expected, got),
        (WastVal::Flags(expected), Value::Flags(got)) => {
            let expected: BTreeSet<&str> = expected.iter().copied().collect();
            expected.len() == got.len() && got.iter().all(|name| expected.contains(name.as_str()))
        }
        (expected, got) => value(expected) == *got,
    }
}
