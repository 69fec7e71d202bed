//! What a component asks of the host.

use super::{Planner, types::core_value};
use crate::Error;
use crate::plan::{Import, ImportKind, ModuleType};
use std::collections::HashMap;
use wasmtime_environ::component::{TypeDef, TypeModuleIndex};
use wasmtime_environ::{EntityType, IndexType, WasmHeapType, WasmRefType};
use wayleave_engine::{ElementType, ExternType, SizeType};

impl Planner<'_> {
    /// What the component asks of the host. Sets the numbers of what it uses.
    pub(super) fn imports(&mut self) -> Result<Vec<Import>, Error> {
        let component = self.component;
        let mut imports = Vec::new();
        for (_, (name, import)) in component.import_types.iter() {
            self.import(&[], name, import.ty, &mut imports)?;
        }
        let numbers: HashMap<&[String], u32> =
            (0..).zip(&imports).map(|(number, import)| (import.path.as_slice(), number)).collect();
        for (used, (root, names)) in component.imports.iter() {
            let (root, _) = &component.import_types[*root];
            let path: Vec<_> = std::iter::once(root).chain(names).cloned().collect();
            if let Some(number) = numbers.get(path.as_slice()) {
                self.import_numbers.insert(used, *number);
            }
        }
        Ok(imports)
    }

    /// Adds an import, and what is imported from it.
    fn import(
        &mut self,
        instances: &[String],
        name: &str,
        ty: TypeDef,
        imports: &mut Vec<Import>,
    ) -> Result<(), Error> {
        let kind = match ty {
            TypeDef::ComponentFunc(index) => ImportKind::Func(self.func_type(index)?),
            TypeDef::ComponentInstance(_) => ImportKind::Interface,
            TypeDef::Module(index) => ImportKind::Module(self.module_type(index)?),
            TypeDef::Resource(table) => ImportKind::Resource(self.resource(table)),
            TypeDef::Component(_) => ImportKind::Component,
            // Types mean nothing to a host.
            TypeDef::Interface(_) | TypeDef::CoreFunc(_) => return Ok(()),
        };
        let path: Vec<_> = instances.iter().cloned().chain([name.to_owned()]).collect();
        path.iter().try_for_each(|name| self.count_name(name))?;
        imports.push(Import { path: path.clone(), kind });
        if let TypeDef::ComponentInstance(index) = ty {
            let source = self.source;
            for (name, export) in &source[index].exports {
                self.import(&path, name, export.ty, imports)?;
            }
        }
        Ok(())
    }

    fn module_type(&mut self, index: TypeModuleIndex) -> Result<ModuleType, Error> {
        let source = self.source;
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        for ((module, name), ty) in &source[index].imports {
            self.count_name(module)?;
            self.count_name(name)?;
            imports.push((module.clone(), name.clone(), self.extern_type(ty)));
        }
        for (name, ty) in &source[index].exports {
            self.count_name(name)?;
            exports.push((name.clone(), self.extern_type(ty)));
        }
        Ok(ModuleType { imports, exports })
    }

    fn extern_type(&self, ty: &EntityType) -> ExternType {
        let size = |index: IndexType, limits: wasmtime_environ::Limits| SizeType {
            wide: index == IndexType::I64,
            min: limits.min,
            max: limits.max,
        };
        match ty {
            EntityType::Function(index) => {
                let ty = index.as_module_type_index();
                ExternType::Func(ty.and_then(|ty| self.core_type(ty).ok()))
            }
            EntityType::Memory(memory) => ExternType::Memory {
                shared: memory.shared,
                size: size(memory.idx_type, memory.limits),
            },
            EntityType::Table(table) => ExternType::Table {
                element: match table.ref_type {
                    WasmRefType { nullable: true, heap_type: WasmHeapType::Func } => {
                        ElementType::Func
                    }
                    WasmRefType { nullable: true, heap_type: WasmHeapType::Extern } => {
                        ElementType::Extern
                    }
                    _ => ElementType::Other,
                },
                size: size(table.idx_type, table.limits),
            },
            EntityType::Global(global) => ExternType::Global {
                value: core_value(&global.wasm_ty),
                mutable: global.mutability,
            },
            EntityType::Tag(_) => ExternType::Tag,
        }
    }
}
