//! Types of values, and of functions over them.

use super::{Planner, unsupported};
use crate::Error;
use crate::plan::{FuncType, Shape, Type};
use wasmtime_environ::component::{InterfaceType, TypeFuncIndex};
use wasmtime_environ::{ModuleInternedTypeIndex, WasmValType};
use wayleave_engine::{FuncType as CoreFuncType, ValType};

/// Bytes of the largest value: of lists of fixed length, nothing else comes near.
const MOST_BYTES: u32 = (1 << 28) - 1;

impl Planner<'_> {
    pub(super) fn core_type(&self, index: ModuleInternedTypeIndex) -> Result<CoreFuncType, Error> {
        let map = |ty: &WasmValType| {
            let unsupported =
                || unsupported("functions with vectors or references between components");
            core_value(ty).ok_or_else(unsupported)
        };
        let ty = self.source.module_types()[index].unwrap_func();
        Ok(CoreFuncType {
            params: ty.params().iter().map(map).collect::<Result<_, _>>()?,
            results: ty.results().iter().map(map).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn func_type(&mut self, index: TypeFuncIndex) -> Result<FuncType, Error> {
        let source = self.source;
        let ty = &source[index];
        if ty.async_ {
            return Err(unsupported("asynchronous functions"));
        }
        let params = source[ty.params].types.iter();
        let params = ty.param_names.iter().zip(params).map(|(name, ty)| {
            self.count_name(name)?;
            Ok::<_, Error>((name.clone(), self.ty(*ty)?))
        });
        let params = params.collect::<Result<_, _>>()?;
        let result = match &*source[ty.results].types {
            [] => None,
            [one] => Some(self.ty(*one)?),
            _ => return Err(unsupported("functions with several results")),
        };
        Ok(FuncType { params, result })
    }

    fn ty(&mut self, ty: InterfaceType) -> Result<Type, Error> {
        let source = self.source;
        let shape = match ty {
            InterfaceType::Bool => return Ok(Type::Bool),
            InterfaceType::S8 => return Ok(Type::S8),
            InterfaceType::U8 => return Ok(Type::U8),
            InterfaceType::S16 => return Ok(Type::S16),
            InterfaceType::U16 => return Ok(Type::U16),
            InterfaceType::S32 => return Ok(Type::S32),
            InterfaceType::U32 => return Ok(Type::U32),
            InterfaceType::S64 => return Ok(Type::S64),
            InterfaceType::U64 => return Ok(Type::U64),
            InterfaceType::Float32 => return Ok(Type::F32),
            InterfaceType::Float64 => return Ok(Type::F64),
            InterfaceType::Char => return Ok(Type::Char),
            InterfaceType::String => return Ok(Type::String),
            InterfaceType::Own(table) => return Ok(Type::Own(self.resource(table))),
            InterfaceType::Borrow(table) => return Ok(Type::Borrow(self.resource(table))),
            _ if self.known.contains_key(&ty) => return Ok(self.known[&ty]),
            InterfaceType::List(index) => Shape::List(self.ty(source[index].element)?),
            InterfaceType::FixedLengthList(index) => {
                Shape::FixedList(self.ty(source[index].element)?, source[index].size)
            }
            InterfaceType::Map(index) => {
                Shape::Map(self.ty(source[index].key)?, self.ty(source[index].value)?)
            }
            InterfaceType::Record(index) => {
                let fields = source[index].fields.iter();
                let fields = fields.map(|field| Ok((field.name.clone(), self.ty(field.ty)?)));
                Shape::Record(fields.collect::<Result<_, Error>>()?)
            }
            InterfaceType::Tuple(index) => {
                let types = source[index].types.iter().map(|ty| self.ty(*ty));
                Shape::Tuple(types.collect::<Result<_, _>>()?)
            }
            InterfaceType::Variant(index) => {
                let cases = source[index].cases.iter();
                let cases = cases.map(|(name, ty)| Ok((name.clone(), self.maybe(*ty)?)));
                Shape::Variant(cases.collect::<Result<_, Error>>()?)
            }
            InterfaceType::Enum(index) => {
                Shape::Enum(source[index].names.iter().cloned().collect())
            }
            InterfaceType::Flags(index) => {
                Shape::Flags(source[index].names.iter().cloned().collect())
            }
            InterfaceType::Option(index) => Shape::Option(self.ty(source[index].ty)?),
            InterfaceType::Result(index) => Shape::Result {
                ok: self.maybe(source[index].ok)?,
                err: self.maybe(source[index].err)?,
            },
            InterfaceType::Future(_)
            | InterfaceType::Stream(_)
            | InterfaceType::ErrorContext(_) => {
                return Err(unsupported("futures, streams and error contexts"));
            }
        };
        let planned = self.types.add(shape);
        // Newer validators refuse them for all types, at their definition.
        if self.types.size_align(planned).0 > MOST_BYTES {
            return Err(Error::Invalid("a type exceeds the maximum byte size of a value".into()));
        }
        self.known.insert(ty, planned);
        Ok(planned)
    }

    fn maybe(&mut self, ty: Option<InterfaceType>) -> Result<Option<Type>, Error> {
        ty.map(|ty| self.ty(ty)).transpose()
    }
}

/// A type of numbers; `None` for vectors and references.
pub(super) fn core_value(ty: &WasmValType) -> Option<ValType> {
    match ty {
        WasmValType::I32 => Some(ValType::I32),
        WasmValType::I64 => Some(ValType::I64),
        WasmValType::F32 => Some(ValType::F32),
        WasmValType::F64 => Some(ValType::F64),
        _ => None,
    }
}
