use std::fmt;
use std::sync::Arc;

use crate::{Error, ExternType, FuncType, ImportType, SizeType, ValType};

/// The host functions of a linker, by name: what a failed link is explained from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defined(Vec<(Box<str>, Box<str>, Arc<FuncType>)>);

impl Defined {
    /// Remembers a host function.
    pub(crate) fn insert(&mut self, module: &str, name: &str, ty: &FuncType) {
        self.0.push((module.into(), name.into(), Arc::new(ty.clone())));
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
            (ExternType::Memory { shared: true, .. }, _) => {
                Some("is a memory shared between threads, which is not supported yet".into())
            }
            (other, Some(_)) => Some(format!("is {}, but the host's is a function", kind(other))),
            (other, None) => Some(format!("is {}, and is not provided", kind(other))),
        }
    }
}

impl ExternType {
    /// Why what has this type can not be given for an import of the type `wanted`, if it can not.
    /// Vectors and references are all taken for the same: the engine tells when it instantiates.
    pub fn unfit_for(&self, wanted: &Self) -> Option<String> {
        let differs = |differs: bool| differs.then(|| "has another type".to_owned());
        match (self, wanted) {
            (Self::Func(Some(ty)), Self::Func(Some(wanted))) => {
                (ty != wanted).then(|| format!("has type {ty}, not {wanted}"))
            }
            (Self::Func(ty), Self::Func(wanted)) => differs(ty.is_some() != wanted.is_some()),
            (
                Self::Memory { shared, size },
                Self::Memory { shared: wanted_shared, size: wanted_size },
            ) => differs(shared != wanted_shared || !size.fits(wanted_size)),
            (
                Self::Table { element, size },
                Self::Table { element: wanted_element, size: wanted_size },
            ) => differs(element != wanted_element || !size.fits(wanted_size)),
            (Self::Global { .. }, Self::Global { .. }) => differs(self != wanted),
            (Self::Tag, Self::Tag) => None,
            _ => Some(format!("is {}, not {}", kind(self), kind(wanted))),
        }
    }
}

impl SizeType {
    /// Whether what has this size is large enough, and never gets too large.
    fn fits(&self, wanted: &Self) -> bool {
        let within = match (self.max, wanted.max) {
            (_, None) => true,
            (Some(max), Some(wanted)) => max <= wanted,
            (None, Some(_)) => false,
        };
        self.wide == wanted.wide && self.min >= wanted.min && within
    }
}

/// What an engine needs that keeps no list of its own.
#[cfg(feature = "wasmtime")]
impl Defined {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// When a host function was defined, counted from 0: the last definition of its name.
    pub(crate) fn position(&self, module: &str, name: &str) -> Option<usize> {
        self.0.iter().rposition(|(of, called, _)| **of == *module && **called == *name)
    }

    /// Module and name of the host function that was defined at this position.
    pub(crate) fn name(&self, position: usize) -> Option<(&str, &str)> {
        self.0.get(position).map(|(module, name, _)| (&**module, &**name))
    }

    /// The type of the host function that was defined at this position.
    pub(crate) fn ty(&self, position: usize) -> Option<&Arc<FuncType>> {
        self.0.get(position).map(|(_, _, ty)| ty)
    }
}

fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "a function",
        ExternType::Memory { .. } => "a memory",
        ExternType::Table { .. } => "a table",
        ExternType::Global { .. } => "a global",
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
    use crate::ElementType;

    #[test]
    fn types_read_as_people_write_them() {
        let show =
            |params: &[ValType], results: &[ValType]| FuncType::new(params, results).to_string();
        assert_eq!(show(&[], &[]), "() -> ()");
        assert_eq!(show(&[ValType::I32, ValType::F64], &[ValType::I64]), "(i32, f64) -> i64");
        assert_eq!(show(&[], &[ValType::F32, ValType::F32]), "() -> (f32, f32)");
    }

    #[test]
    fn only_what_fits_is_given() {
        let size = |min, max| SizeType { wide: false, min, max };
        let memory = |size| ExternType::Memory { shared: false, size };
        let table = |element| ExternType::Table { element, size: size(1, None) };
        let global = |mutable| ExternType::Global { value: Some(ValType::I32), mutable };
        let func = |ty| ExternType::Func(ty);
        let no_params = || func(Some(FuncType::new(&[], &[])));
        let fits = |given: ExternType, wanted: ExternType| given.unfit_for(&wanted).is_none();
        assert!(fits(memory(size(2, Some(3))), memory(size(1, None))));
        assert!(fits(memory(size(2, Some(3))), memory(size(2, Some(3)))));
        assert!(!fits(memory(size(2, Some(3))), memory(size(3, None))));
        assert!(!fits(memory(size(2, Some(3))), memory(size(2, Some(2)))));
        assert!(!fits(memory(size(2, None)), memory(size(2, Some(2)))));
        assert!(!fits(memory(SizeType { wide: true, ..size(2, None) }), memory(size(2, None))));
        assert!(!fits(
            ExternType::Memory { shared: true, size: size(1, None) },
            memory(size(1, None))
        ));
        assert!(fits(table(ElementType::Func), table(ElementType::Func)));
        assert!(!fits(table(ElementType::Func), table(ElementType::Extern)));
        assert!(fits(global(true), global(true)));
        assert!(!fits(global(true), global(false)));
        assert!(fits(no_params(), no_params()));
        assert!(!fits(no_params(), func(Some(FuncType::new(&[ValType::I32], &[])))));
        assert!(!fits(no_params(), func(None)));
        assert_eq!(
            global(true).unfit_for(&no_params()).as_deref(),
            Some("is a global, not a function")
        );
    }
}
