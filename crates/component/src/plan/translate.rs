//! From a component's binary to a [`Plan`], by way of the translator that Wasmtime uses. The only
//! file that knows that crate: everything else sees plans.

use super::{
    Export, ExportOf, Features, FuncType, Import, ImportKind, Item, ModuleSource, ModuleType,
    Options, Plan, Resource, ResourceTable, Shape, Step, Trampoline, Transcode, Type, Types, shims,
};
use crate::Error;
use crate::abi::Encoding;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmparser::{Validator, WasmFeatures};
use wasmtime_environ::component::{
    self as environ, CanonicalOptionsDataModel, CoreDef, ExportItem, FixedEncoding,
    GlobalInitializer, InstantiateModule, InterfaceType, RuntimeImportIndex, StaticModuleIndex,
    StringEncoding, TypeDef, TypeFuncIndex, TypeModuleIndex, TypeResourceTable,
    TypeResourceTableIndex,
};
use wasmtime_environ::{
    EntityIndex, EntityRef, EntityType, IndexType, ModuleInternedTypeIndex, ModuleTranslation,
    PrimaryMap, ScopeVec, Tunables, WasmHeapType, WasmRefType, WasmValType,
};
use wayleave_engine::{
    ElementType, ExternType, FuncType as CoreFuncType, Proposals, SizeType, ValType,
};

/// Turns a component's binary into a plan for engines that run these proposals. It may use these
/// features.
///
/// # Errors
/// [`Error::Invalid`] when the binary is no valid component, or needs what is not supported;
/// [`Error::Async`] when that is all that keeps it from being one.
pub fn translate(binary: &[u8], proposals: Proposals, features: Features) -> Result<Plan, Error> {
    let invalid = |error: wasmtime_environ::error::Error| {
        let reason = one_line(&error);
        match is_async(binary, wasm_features(proposals, features)) {
            true => Error::Async(reason),
            false => Error::Invalid(reason),
        }
    };
    let mut tunables = Tunables::default_host();
    // Without it, calls between components need no tasks.
    tunables.concurrency_support = false;
    tunables.parse_wasm_debuginfo = false;
    let adapters = ScopeVec::new();
    let mut validator = Validator::new_with_features(wasm_features(proposals, features));
    let mut types = environ::ComponentTypesBuilder::new(&validator);
    let translator = environ::Translator::new(&tunables, &mut validator, &mut types, &adapters);
    // The validator has panicked on types that are nested some 500 deep (wasmparser 0.254.2). Nothing
    // that it has begun is used after a panic.
    let translated = catch_unwind(AssertUnwindSafe(|| translator.translate(binary)));
    let (translation, modules) = match translated {
        Ok(translated) => translated.map_err(invalid)?,
        Err(_) => return Err(Error::Invalid("the validator fails on it".into())),
    };
    let resource_tables = types.num_resource_tables();
    let (component_types, _) = types.finish(&translation.component);
    let mut plan = Planner {
        binary,
        component: &translation.component,
        trampolines: &translation.trampolines,
        modules: &modules,
        source: &component_types,
        resource_tables,
        types: Types::default(),
        known: HashMap::new(),
        names_size: 0,
        import_numbers: HashMap::new(),
        instances: Vec::new(),
        export_names: HashMap::new(),
    }
    .plan()?;
    shims::bypass(&mut plan, binary);
    Ok(plan)
}

fn wasm_features(proposals: Proposals, wanted: Features) -> WasmFeatures {
    let mut features = WasmFeatures::default();
    features.set(WasmFeatures::CM_ASYNC, false);
    features.set(WasmFeatures::CM_FIXED_LENGTH_LISTS, wanted.fixed_length_lists);
    features.set(WasmFeatures::CM_MAP, wanted.maps);
    features.set(WasmFeatures::CM_IMPLEMENTS, wanted.implements);
    features.set(WasmFeatures::EXCEPTIONS, proposals.exceptions);
    features.set(WasmFeatures::GC, proposals.gc);
    features.set(WasmFeatures::FUNCTION_REFERENCES, proposals.gc);
    features.set(WasmFeatures::THREADS, proposals.threads);
    features.set(WasmFeatures::RELAXED_SIMD, proposals.relaxed_simd);
    // Two memories meet in an adapter.
    features.set(WasmFeatures::MULTI_MEMORY, true);
    features
}

/// Whether a component that is not valid would be with what WASI 0.3 brings.
fn is_async(binary: &[u8], mut features: WasmFeatures) -> bool {
    features |= WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_ERROR_CONTEXT;
    let validate = || Validator::new_with_features(features).validate_all(binary).is_ok();
    // It may panic here as it does below.
    catch_unwind(AssertUnwindSafe(validate)).unwrap_or(false)
}

/// Bytes of the largest value: of lists of fixed length, nothing else comes near.
const MOST_BYTES: u32 = (1 << 28) - 1;

/// Bytes that the names in a plan may take: of imports, exports, parameters and what modules hand on
/// to each other. In a component they are written once, and a few hundred bytes can name a million
/// things; programs of a hundred linked libraries come to some ten MiB.
const MOST_NAMES: usize = 32 << 20;

/// What a name takes besides its bytes, about: it comes with some item.
const NAMED: usize = 64;

struct Planner<'a> {
    binary: &'a [u8],
    component: &'a environ::Component,
    trampolines: &'a PrimaryMap<environ::TrampolineIndex, environ::Trampoline>,
    modules: &'a PrimaryMap<StaticModuleIndex, ModuleTranslation<'a>>,
    source: &'a environ::ComponentTypes,
    resource_tables: usize,
    types: Types,
    known: HashMap<InterfaceType, Type>,
    /// Bytes that names take so far.
    names_size: usize,
    /// The numbers, among all imports, of those that the component uses.
    import_numbers: HashMap<RuntimeImportIndex, u32>,
    /// The module of each core instance so far, if it is one of the component's.
    instances: Vec<Option<StaticModuleIndex>>,
    /// The names under which modules export their items.
    export_names: HashMap<StaticModuleIndex, HashMap<EntityIndex, String>>,
}

impl Planner<'_> {
    fn plan(mut self) -> Result<Plan, Error> {
        let modules = self.modules.iter().map(|(_, module)| self.module_source(module)).collect();
        let resource_tables = self.resource_tables();
        let imports = self.imports()?;
        let mut options = self.options()?;
        let trampolines = self.all_trampolines()?;
        let steps = self.steps()?;
        let reallocs: Vec<&Item> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Realloc(item) => Some(item),
                _ => None,
            })
            .collect();
        for options in &mut options {
            let realloc = options.realloc.and_then(|number| reallocs.get(number as usize));
            options.shrinks = !matches!(
                realloc,
                Some(Item::Export(ExportOf { name, .. })) if name == ADAPTER_REALLOC
            );
        }
        let exports = self.component.exports.raw_iter();
        let exports = exports.map(|(name, (index, _))| (name.to_string(), *index));
        let exports = self.exports(exports.collect())?;
        let mut resources: Vec<Resource> = Vec::new();
        for (_, import) in self.component.imported_resources.iter() {
            resources.push(Resource::Imported(self.import_number(*import)));
        }
        for (_, instance) in self.component.defined_resource_instances.iter() {
            resources.push(Resource::Defined { instance: instance.as_u32() });
        }
        Ok(Plan {
            types: self.types,
            modules,
            imports,
            resources,
            resource_tables,
            options,
            trampolines,
            steps,
            exports,
            instances: self.component.num_runtime_component_instances,
        })
    }

    fn module_source(&self, module: &ModuleTranslation<'_>) -> ModuleSource {
        let start = (module.wasm.as_ptr() as usize).checked_sub(self.binary.as_ptr() as usize);
        let inside = start.map(|start| start..start + module.wasm.len());
        match inside.filter(|range| range.end <= self.binary.len()) {
            Some(range) => ModuleSource::Inside(range),
            None => ModuleSource::Adapter(module.wasm.to_vec()),
        }
    }

    fn resource_tables(&self) -> Vec<ResourceTable> {
        let table = |index| match &self.source[TypeResourceTableIndex::from_u32(index)] {
            TypeResourceTable::Concrete { ty, instance } => {
                ResourceTable { resource: ty.as_u32(), instance: instance.as_u32() }
            }
            // Of a type that is never instantiated.
            TypeResourceTable::Abstract(_) => {
                ResourceTable { resource: u32::MAX, instance: u32::MAX }
            }
        };
        (0..u32::try_from(self.resource_tables).unwrap_or(0)).map(table).collect()
    }

    /// The number of an import that the component uses.
    fn import_number(&self, import: RuntimeImportIndex) -> u32 {
        self.import_numbers.get(&import).copied().unwrap_or(u32::MAX)
    }

    /// What the component asks of the host. Sets the numbers of what it uses.
    fn imports(&mut self) -> Result<Vec<Import>, Error> {
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

    /// Counts a name that goes into the plan.
    fn count_name(&mut self, name: &str) -> Result<(), Error> {
        self.names_size += name.len() + NAMED;
        match self.names_size > MOST_NAMES {
            true => Err(Error::Invalid("it has too many names".into())),
            false => Ok(()),
        }
    }

    /// The resource that a type in some component instance means.
    fn resource(&self, table: TypeResourceTableIndex) -> u32 {
        match self.source[table] {
            TypeResourceTable::Concrete { ty, .. } => ty.as_u32(),
            // Of a type that is never instantiated.
            TypeResourceTable::Abstract(_) => u32::MAX,
        }
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

    fn options(&self) -> Result<Vec<Options>, Error> {
        let options = |options: &environ::CanonicalOptions| {
            let CanonicalOptionsDataModel::LinearMemory(memory) = options.data_model else {
                return Err(unsupported("values passed as garbage-collected objects"));
            };
            Ok(Options {
                instance: options.instance.as_u32(),
                encoding: match options.string_encoding {
                    StringEncoding::Utf8 => Encoding::Utf8,
                    StringEncoding::Utf16 => Encoding::Utf16,
                    StringEncoding::CompactUtf16 => Encoding::Latin1OrUtf16,
                },
                memory: memory.memory.map(|memory| memory.as_u32()),
                realloc: memory.realloc.map(|realloc| realloc.as_u32()),
                post_return: options.post_return.map(|function| function.as_u32()),
                shrinks: true,
            })
        };
        self.component.options.iter().map(|(_, one)| options(one)).collect()
    }

    fn all_trampolines(&self) -> Result<Vec<(Trampoline, CoreFuncType)>, Error> {
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

    fn core_type(&self, index: ModuleInternedTypeIndex) -> Result<CoreFuncType, Error> {
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

    fn steps(&mut self) -> Result<Vec<Step>, Error> {
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

    fn exports(
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

    fn func_type(&mut self, index: TypeFuncIndex) -> Result<FuncType, Error> {
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

/// The `realloc` of the adapter from WASI 0.1 to 0.2.
const ADAPTER_REALLOC: &str = "cabi_import_realloc";

/// A type of numbers; `None` for vectors and references.
fn core_value(ty: &WasmValType) -> Option<ValType> {
    match ty {
        WasmValType::I32 => Some(ValType::I32),
        WasmValType::I64 => Some(ValType::I64),
        WasmValType::F32 => Some(ValType::F32),
        WasmValType::F64 => Some(ValType::F64),
        _ => None,
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

fn unsupported(what: &str) -> Error {
    Error::Invalid(format!("it needs {what}, which this version does not support"))
}

/// An error and its causes in one line. Messages of the validator have several.
fn one_line(error: &wasmtime_environ::error::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        for part in cause.to_string().lines().map(str::trim) {
            if part.is_empty() || line.contains(part) {
                continue;
            }
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(part);
        }
    }
    line
}
