//! What is done to make an instance, and what the instance has then.

use super::{Planner, unsupported};
use crate::Error;
use crate::plan::{Export, ExportOf, Item, Step, Trampoline, Transcode};
use std::collections::{BTreeMap, HashMap};
use wasmtime_environ::component::{
    self as environ, CoreDef, ExportItem, FixedEncoding, GlobalInitializer, InstantiateModule,
    StaticModuleIndex, TypeDef, TypeResourceTable, TypeResourceTableIndex,
};
use wasmtime_environ::{EntityIndex, EntityRef};
use wayleave_engine::FuncType as CoreFuncType;

impl Planner<'_> {
    pub(super) fn all_trampolines(&self) -> Result<Vec<(Trampoline, CoreFuncType)>, Error> {
        let mut imports = HashMap::new();
        for initializer in &self.component.initializers {
            if let GlobalInitializer::LowerImport { index, import } = initializer {
                imports.insert(*index, self.import_number(*import));
            }
        }
        let resource = |ty: TypeResourceTableIndex| self.resource(ty);
        let trampoline = |trampoline: &environ::Trampoline| match trampoline {
            environ::Trampoline::LowerImport { index, options, .. } => Trampoline::Lower {
                import: imports.get(index).copied().unwrap_or(u32::MAX),
                options: options.as_u32(),
            },
            environ::Trampoline::Transcoder { op, from, to, from64: false, to64: false } => {
                let (from, to) = (from.as_u32(), to.as_u32());
                Trampoline::Transcode { op: transcode(*op), from, to }
            }
            environ::Trampoline::ResourceNew { instance, ty } => {
                Trampoline::ResourceNew { instance: instance.as_u32(), resource: resource(*ty) }
            }
            environ::Trampoline::ResourceRep { instance, ty } => {
                Trampoline::ResourceRep { instance: instance.as_u32(), resource: resource(*ty) }
            }
            environ::Trampoline::ResourceDrop { instance, ty } => {
                Trampoline::ResourceDrop { instance: instance.as_u32(), resource: resource(*ty) }
            }
            environ::Trampoline::ResourceTransferOwn => Trampoline::TransferOwn,
            environ::Trampoline::ResourceTransferBorrow => Trampoline::TransferBorrow,
            environ::Trampoline::EnterSyncCall => Trampoline::EnterCall,
            environ::Trampoline::ExitSyncCall => Trampoline::ExitCall,
            environ::Trampoline::Trap => Trampoline::Trap(trap_messages()),
            other => Trampoline::Unsupported(other.symbol_name()),
        };
        self.trampolines
            .iter()
            .map(|(index, one)| {
                Ok((trampoline(one), self.core_type(self.component.trampolines[index])?))
            })
            .collect()
    }

    pub(super) fn steps(&mut self) -> Result<Vec<Step>, Error> {
        let component = self.component;
        let mut steps = Vec::new();
        for initializer in &component.initializers {
            steps.push(match initializer {
                GlobalInitializer::InstantiateModule(module, instance) => {
                    let instance = instance.map(|instance| instance.as_u32());
                    match module {
                        InstantiateModule::Static(index, imports) => {
                            let imports = imports.iter().map(|def| self.item(def));
                            let imports = imports.collect::<Result<_, _>>()?;
                            self.instances.push(Some(*index));
                            Step::Instantiate { module: index.as_u32(), imports, instance }
                        }
                        InstantiateModule::Import(import, by_name) => {
                            let mut imports = BTreeMap::new();
                            for (module, items) in by_name {
                                self.count_name(module)?;
                                let items = items.iter().map(|(name, def)| {
                                    self.count_name(name)?;
                                    Ok::<_, Error>((name.clone(), self.item(def)?))
                                });
                                imports.insert(module.clone(), items.collect::<Result<_, _>>()?);
                            }
                            self.instances.push(None);
                            let import = self.import_number(*import);
                            Step::InstantiateImport { import, imports, instance }
                        }
                    }
                }
                // It is all in the trampoline.
                GlobalInitializer::LowerImport { .. } => continue,
                GlobalInitializer::ExtractMemory(memory) => {
                    let export = memory.export.clone().map_index(EntityIndex::Memory);
                    Step::Memory(self.export_of(&export)?)
                }
                GlobalInitializer::ExtractRealloc(realloc) => {
                    Step::Realloc(self.item(&realloc.def)?)
                }
                GlobalInitializer::ExtractPostReturn(function) => {
                    Step::PostReturn(self.item(&function.def)?)
                }
                GlobalInitializer::Resource(resource) => Step::Resource {
                    resource: component.resource_index(resource.index).as_u32(),
                    destructor: resource.dtor.as_ref().map(|def| self.item(def)).transpose()?,
                },
                GlobalInitializer::ExtractCallback(_) | GlobalInitializer::ExtractTable(_) => {
                    return Err(unsupported("asynchronous functions"));
                }
            });
        }
        Ok(steps)
    }

    fn item(&mut self, def: &CoreDef) -> Result<Item, Error> {
        Ok(match def {
            CoreDef::Export(export) => Item::Export(self.export_of(export)?),
            CoreDef::Trampoline(index) => Item::Trampoline(index.as_u32()),
            CoreDef::InstanceFlags(instance) => Item::Flags(instance.as_u32()),
            CoreDef::UnsafeIntrinsic(_) | CoreDef::TaskMayBlock => {
                return Err(unsupported("asynchronous functions"));
            }
        })
    }

    fn export_of(&mut self, export: &environ::CoreExport<EntityIndex>) -> Result<ExportOf, Error> {
        let instance = export.instance.as_u32();
        let name = match &export.item {
            ExportItem::Name(name) => name.clone(),
            ExportItem::Index(index) => {
                let module = self.instances.get(export.instance.index()).copied().flatten();
                let name = module.and_then(|module| self.export_name(module, *index));
                name.ok_or_else(|| unsupported("an export without a name"))?
            }
        };
        self.count_name(&name)?;
        Ok(ExportOf { instance, name })
    }

    fn export_name(&mut self, module: StaticModuleIndex, index: EntityIndex) -> Option<String> {
        let names = self.export_names.entry(module).or_insert_with(|| {
            let module = &self.modules[module].module;
            let name = |(name, index): (&wasmtime_environ::Atom, &EntityIndex)| {
                (*index, module.strings[*name].to_string())
            };
            module.exports.iter().map(name).collect()
        });
        names.get(&index).cloned()
    }

    pub(super) fn exports(
        &mut self,
        exports: Vec<(String, environ::ExportIndex)>,
    ) -> Result<BTreeMap<String, Export>, Error> {
        let component = self.component;
        let mut planned = BTreeMap::new();
        for (name, index) in exports {
            self.count_name(&name)?;
            let export = match &component.export_items[index] {
                environ::Export::LiftedFunction { ty, func, options } => Export::Func {
                    ty: self.func_type(*ty)?,
                    core: self.item(func)?,
                    options: options.as_u32(),
                },
                environ::Export::Instance { exports, .. } => {
                    let inside = exports.raw_iter();
                    let inside = inside.map(|(name, (index, _))| (name.to_string(), *index));
                    Export::Instance(self.exports(inside.collect())?)
                }
                environ::Export::ModuleStatic { index, .. } => Export::Module(index.as_u32()),
                environ::Export::Type(TypeDef::Resource(table)) => match &self.source[*table] {
                    TypeResourceTable::Concrete { ty, .. } => Export::Resource(ty.as_u32()),
                    TypeResourceTable::Abstract(_) => continue,
                },
                environ::Export::ModuleImport { import, .. } => {
                    Export::ImportedModule(self.import_number(*import))
                }
                environ::Export::Type(_) => continue,
            };
            planned.insert(name, export);
        }
        Ok(planned)
    }
}

fn transcode(op: environ::Transcode) -> Transcode {
    match op {
        environ::Transcode::Copy(FixedEncoding::Utf8) => Transcode::CopyUtf8,
        environ::Transcode::Copy(FixedEncoding::Utf16) => Transcode::CopyUtf16,
        environ::Transcode::Copy(FixedEncoding::Latin1) => Transcode::CopyLatin1,
        environ::Transcode::Latin1ToUtf16 => Transcode::Latin1ToUtf16,
        environ::Transcode::Latin1ToUtf8 => Transcode::Latin1ToUtf8,
        environ::Transcode::Utf16ToCompactProbablyUtf16 => Transcode::Utf16ToCompactProbablyUtf16,
        environ::Transcode::Utf16ToCompactUtf16 => Transcode::Utf16ToCompactUtf16,
        environ::Transcode::Utf16ToLatin1 => Transcode::Utf16ToLatin1,
        environ::Transcode::Utf16ToUtf8 => Transcode::Utf16ToUtf8,
        environ::Transcode::Utf8ToCompactUtf16 => Transcode::Utf8ToCompactUtf16,
        environ::Transcode::Utf8ToLatin1 => Transcode::Utf8ToLatin1,
        environ::Transcode::Utf8ToUtf16 => Transcode::Utf8ToUtf16,
    }
}

/// What adapters mean when they trap with a number.
fn trap_messages() -> Box<[String]> {
    let message = |trap: wasmtime_environ::Trap| {
        let text = trap.to_string();
        text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned()
    };
    (0..=u8::MAX).map_while(|code| wasmtime_environ::Trap::from_u8(code).map(message)).collect()
}
