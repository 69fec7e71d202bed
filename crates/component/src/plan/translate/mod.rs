//! From a component's binary to a [`Plan`], by way of the translator that Wasmtime uses. The only
//! folder that knows that crate: everything else sees plans.

mod imports;
mod steps;
mod types;

use super::{
    ExportOf, Features, Item, ModuleSource, Options, Plan, Resource, ResourceTable, Step, Type,
    Types, shims,
};
use crate::Error;
use crate::abi::Encoding;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmparser::{Validator, WasmFeatures};
use wasmtime_environ::component::{
    self as environ, CanonicalOptionsDataModel, InterfaceType, RuntimeImportIndex,
    StaticModuleIndex, StringEncoding, TypeResourceTable, TypeResourceTableIndex,
};
use wasmtime_environ::{EntityIndex, ModuleTranslation, PrimaryMap, ScopeVec, Tunables};
use wayleave_engine::Proposals;

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
}

/// The `realloc` of the adapter from WASI 0.1 to 0.2.
const ADAPTER_REALLOC: &str = "cabi_import_realloc";

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
