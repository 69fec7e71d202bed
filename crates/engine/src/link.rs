use std::fmt;
use std::sync::Arc;

use crate::{Error, ExternType, FuncType, ImportType, ValType};

/// The host functions of a linker, by name: what a failed link is explained from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defined(Vec<(Box<str>, Box<str>, Arc<FuncType>)>);

impl Defined {
    /// Remembers a host function.
    pub(crate) fn insert(&mut self, module: &str, name: &str, ty: &FuncType) {
        self.0.push((module.into(), name.into(), Arc::new(ty.clone())));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// When a host function was defined, counted from 0: the last definition of its name.
    pub(crate) fn position(&self, module: &str, name: &str) -> Option<usize> {
        self.0.iter().rposition(|(of, called, _)| **of == *module && **called == *name)
    }

    /// The type of the host function that was defined at this position.
    pub(crate) fn ty(&self, position: usize) -> Option<&Arc<FuncType>> {
        self.0.get(position).map(|(_, _, ty)| ty)
    }

    /// The first of a module's imports that these functions do not satisfy.
    pub(crate) fn first_unfit(&self, imports: Vec<ImportType>) -> Option<Error> {
        imports.into_iter().find_map(|import| {
            let reason = self.unfit(&import)?;
            Some(Error::Link { module: import.module, name: import.name, reason })
        })
    }

    fn unfit(&self, import: &ImportType) -> Option<String> {
        // The last definition of a name is the one that counts.
        let host = self
            .0
            .iter()
            .rfind(|(module, name, _)| **module == *import.module && **name == *import.name)
            .map(|(_, _, ty)| ty);
        match (&import.ty, host) {
            (ExternType::Func(Some(wanted)), Some(host)) if *wanted == **host => None,
            (ExternType::Func(Some(wanted)), Some(host)) => {
                Some(format!("has type {wanted}, but the host's has type {host}"))
            }
            (ExternType::Func(None), Some(host)) => Some(format!(
                "has a type with vectors or references, but the host's has type {host}"
            )),
            (ExternType::Func(_), None) => Some("is not provided".into()),
            (ExternType::Memory { shared: true }, _) => {
                Some("is a memory shared between threads, which is not supported yet".into())
            }
            (other, Some(_)) => Some(format!("is {}, but the host's is a function", kind(other))),
            (other, None) => Some(format!("is {}, and is not provided", kind(other))),
        }
    }
}

fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "a function",
        ExternType::Memory { .. } => "a memory",
        ExternType::Table => "a table",
        ExternType::Global => "a global",
        ExternType::Tag => "an exception tag",
    }
}

/// As people write it: `(i32, i64) -> i32`.
impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        match self.results.as_slice() {
            [one] => write!(f, "{one}"),
            several => list(f, several),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, types: &[ValType]) -> fmt::Result {
    f.write_str("(")?;
    for (index, ty) in types.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{ty}")?;
    }
    f.write_str(")")
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_people_write_them() {
        let show =
            |params: &[ValType], results: &[ValType]| FuncType::new(params, results).to_string();
        assert_eq!(show(&[], &[]), "() -> ()");
        assert_eq!(show(&[ValType::I32, ValType::F64], &[ValType::I64]), "(i32, f64) -> i64");
        assert_eq!(show(&[], &[ValType::F32, ValType::F32]), "() -> (f32, f32)");
    }
}
