//! What derived types have in common: comparing names and parts, and laying them out.

use super::{ComponentType, Mismatch, TypeContext, align_to};
use crate::plan::{Shape, Type};
use std::fmt;

/// How one part of a type is compared: [`ComponentType::check`] of what it is in Rust.
pub type Check = fn(Type, &TypeContext<'_>) -> Result<(), Mismatch>;

/// That a type is a record of these fields, in this order.
///
/// # Errors
/// What differs.
pub fn check_record(
    ty: Type,
    context: &TypeContext<'_>,
    fields: &[(&str, Check)],
) -> Result<(), Mismatch> {
    match context.types.shape(ty) {
        Some(Shape::Record(found)) if same_names(fields, found) => {
            let mut pairs = fields.iter().zip(found);
            pairs.try_for_each(|((name, check), (_, ty))| {
                check(*ty, context).map_err(|mismatch| mismatch.within("field", name))
            })
        }
        _ => Err(Mismatch::new(describe("record", fields), ty, context)),
    }
}

/// That these are the types of a function's parameters, one for each field.
///
/// # Errors
/// What differs.
pub fn check_params(
    types: &[Type],
    context: &TypeContext<'_>,
    fields: &[(&str, Check)],
) -> Result<(), Mismatch> {
    if types.len() != fields.len() {
        let (expected, found) = (fields.len(), types.len());
        return Err(Mismatch {
            expected: format!("{expected} values"),
            found: format!("{found}"),
        });
    }
    let mut pairs = fields.iter().zip(types);
    pairs.try_for_each(|((name, check), ty)| {
        check(*ty, context).map_err(|mismatch| mismatch.within("parameter", name))
    })
}

/// That a type is a variant of these cases, in this order.
///
/// # Errors
/// What differs.
pub fn check_variant(
    ty: Type,
    context: &TypeContext<'_>,
    cases: &[(&str, Option<Check>)],
) -> Result<(), Mismatch> {
    let differs = || Mismatch::new(describe("variant", cases), ty, context);
    let found = match context.types.shape(ty) {
        Some(Shape::Variant(found)) if same_names(cases, found) => found,
        _ => return Err(differs()),
    };
    cases.iter().zip(found).try_for_each(|((name, check), (_, payload))| match (check, payload) {
        (None, None) => Ok(()),
        (Some(check), Some(ty)) => {
            check(*ty, context).map_err(|mismatch| mismatch.within("case", name))
        }
        _ => Err(differs()),
    })
}

/// That a type is an enum of these cases, in this order.
///
/// # Errors
/// What differs.
pub fn check_enum(ty: Type, context: &TypeContext<'_>, cases: &[&str]) -> Result<(), Mismatch> {
    match context.types.shape(ty) {
        Some(Shape::Enum(found)) if **found == *cases => Ok(()),
        _ => Err(Mismatch::new(format!("enum {{ {} }}", cases.join(", ")), ty, context)),
    }
}

/// That a type is of these flags, in this order.
///
/// # Errors
/// What differs.
pub fn check_flags(ty: Type, context: &TypeContext<'_>, flags: &[&str]) -> Result<(), Mismatch> {
    match context.types.shape(ty) {
        Some(Shape::Flags(found)) if **found == *flags => Ok(()),
        _ => Err(Mismatch::new(format!("flags {{ {} }}", flags.join(", ")), ty, context)),
    }
}

/// Size and alignment of a record, from those of its fields.
pub const fn record_layout(fields: &[(u32, u32)]) -> (u32, u32) {
    let (mut size, mut align) = (0, 1);
    let mut index = 0;
    while index < fields.len() {
        let (field_size, field_align) = fields[index];
        size = align_to(size, field_align) + field_size;
        align = if field_align > align { field_align } else { align };
        index += 1;
    }
    (align_to(size, align), align)
}

/// Core values of a variant, from those of its payloads.
pub const fn variant_flat(payloads: &[usize]) -> usize {
    let mut most = 0;
    let mut index = 0;
    while index < payloads.len() {
        most = if payloads[index] > most { payloads[index] } else { most };
        index += 1;
    }
    1 + most
}

/// Size and alignment of a type, as the layouts take them.
pub const fn layout_of<T: ComponentType>() -> (u32, u32) {
    (T::SIZE, T::ALIGN)
}

/// Writes a set of flags: `name(a | b)`.
///
/// # Errors
/// Those of the formatter.
pub fn debug_flags<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    flags: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    write!(f, "{name}(")?;
    for (index, flag) in flags.enumerate() {
        let separator = if index == 0 { "" } else { " | " };
        write!(f, "{separator}{flag}")?;
    }
    f.write_str(")")
}

fn same_names<A, B>(expected: &[(&str, A)], found: &[(String, B)]) -> bool {
    expected.iter().map(|(name, _)| *name).eq(found.iter().map(|(name, _)| name.as_str()))
}

fn describe<A>(kind: &str, parts: &[(&str, A)]) -> String {
    let names: Vec<_> = parts.iter().map(|(name, _)| *name).collect();
    format!("{kind} {{ {} }}", names.join(", "))
}
