use crate::Engine;
use serde::{Deserialize, Serialize};

/// The type of a value. Vectors and references do not cross the host boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are WebAssembly's own")]
pub enum ValType {
    I32,
    I64,
    F32,
    F64,
}

/// A value for calls whose types are known only at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are WebAssembly's own")]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

impl Value {
    /// The value's type.
    pub fn ty(self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
        }
    }

    /// The zero of a type.
    pub fn zero(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0.0),
            ValType::F64 => Self::F64(0.0),
        }
    }
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FuncType {
    /// Parameters.
    pub params: Vec<ValType>,
    /// Results.
    pub results: Vec<ValType>,
}

impl FuncType {
    /// A function type from its parameters and results.
    pub fn new(params: &[ValType], results: &[ValType]) -> Self {
        Self { params: params.to_vec(), results: results.to_vec() }
    }
}

/// The type of an import or export, as far as the host needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExternType {
    /// A function; `None` when its type has vectors or references.
    Func(Option<FuncType>),
    /// A memory.
    Memory {
        /// Shared between threads.
        shared: bool,
        /// Its size, in pages.
        size: SizeType,
    },
    /// A table.
    Table {
        /// What is in it.
        element: ElementType,
        /// Its size, in elements.
        size: SizeType,
    },
    /// A global.
    Global {
        /// The type of its value; `None` for a vector or a reference.
        value: Option<ValType>,
        /// Whether it can be set.
        mutable: bool,
    },
    /// An exception tag.
    Tag,
}

/// How large a memory or a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SizeType {
    /// Addressed by 64-bit numbers.
    pub wide: bool,
    /// At first.
    pub min: u64,
    /// At most; `None` for as much as can be addressed.
    pub max: Option<u64>,
}

/// What is in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElementType {
    /// Functions (`funcref`).
    Func,
    /// The host's references (`externref`).
    Extern,
    /// References of another type.
    Other,
}

/// One import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportType {
    /// The module it is asked from.
    pub module: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

/// One export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportType {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

/// Proposals that engines differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposals {
    /// Exceptions (`try_table`), and with them tags.
    pub exceptions: bool,
    /// Structs, arrays and typed function references.
    pub gc: bool,
    /// Shared memories and atomic instructions.
    pub threads: bool,
    /// Vector instructions whose results may differ between machines.
    pub relaxed_simd: bool,
}

/// Something that an instance exports or imports.
pub enum Extern<E: Engine> {
    /// A function.
    Func(E::Func),
    /// A memory.
    Memory(E::Memory),
    /// A table.
    Table(E::Table),
    /// A global.
    Global(E::Global),
    /// What the host can only hand on: an exception tag, or a memory shared between threads.
    Other(E::Other),
}

impl<E: Engine> Clone for Extern<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Func(func) => Self::Func(func.clone()),
            Self::Memory(memory) => Self::Memory(memory.clone()),
            Self::Table(table) => Self::Table(table.clone()),
            Self::Global(global) => Self::Global(global.clone()),
            Self::Other(other) => Self::Other(other.clone()),
        }
    }
}
