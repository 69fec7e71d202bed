//! What to do to instantiate a component: all that its binary says, resolved, flattened and in
//! order, in a form that can be kept on disk.

mod features;
mod shims;
mod translate;
mod types;

pub use features::Features;
pub use translate::translate;
pub(crate) use types::align_up;
pub use types::{FuncType, Layout, Shape, Type, Types};

use crate::Error;
use crate::abi::Encoding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use wayleave_engine::{ExternType, FuncType as CoreFuncType};

/// A component, ready to be instantiated: its modules, and what to do with them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The types of its functions.
    pub(crate) types: Types,
    /// Where the core modules come from.
    pub(crate) modules: Vec<ModuleSource>,
    /// What it asks of the host, used or not.
    pub(crate) imports: Vec<Import>,
    /// All resources, imported ones first.
    pub(crate) resources: Vec<Resource>,
    /// What resource a type in some component instance means.
    pub(crate) resource_tables: Vec<ResourceTable>,
    /// The sets of options that functions are lifted and lowered with.
    pub(crate) options: Vec<Options>,
    /// Core functions that the runtime provides.
    pub(crate) trampolines: Vec<(Trampoline, CoreFuncType)>,
    /// What to do, in order.
    pub(crate) steps: Vec<Step>,
    /// What it offers.
    pub(crate) exports: BTreeMap<String, Export>,
    /// How many component instances there are: the component's own and those inside.
    pub(crate) instances: u32,
}

/// Where the binary of a core module is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ModuleSource {
    /// These bytes of the component's binary.
    Inside(Range<usize>),
    /// Made by the translator: it adapts functions of one component instance to another.
    Adapter(Vec<u8>),
}

/// Something that the host must provide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Import {
    /// Where to look for it: the names of instances, then its own.
    pub(crate) path: Vec<String>,
    pub(crate) kind: ImportKind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ImportKind {
    Func(FuncType),
    /// A resource, by its number: one that this import introduces, or one that it says is the same.
    Resource(u32),
    Module(ModuleType),
    /// What is imported from it follows.
    Interface,
    /// A component, which no host can provide yet.
    Component,
}

/// What a module that is imported may ask for, and has to offer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModuleType {
    /// Module, name and type.
    pub(crate) imports: Vec<(String, String, ExternType)>,
    pub(crate) exports: Vec<(String, ExternType)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Resource {
    /// By the number of the import.
    Imported(u32),
    /// By the component instance that defines it.
    Defined { instance: u32 },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ResourceTable {
    pub(crate) resource: u32,
    pub(crate) instance: u32,
}

/// How a function is lifted or lowered (`canonopt`).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Options {
    pub(crate) instance: u32,
    pub(crate) encoding: Encoding,
    pub(crate) memory: Option<u32>,
    pub(crate) realloc: Option<u32>,
    pub(crate) post_return: Option<u32>,
    /// Whether `realloc` takes back what was too much. That of the adapter from WASI 0.1 does not:
    /// what it gives is the buffer of a caller, who has it back anyway.
    pub(crate) shrinks: bool,
}

/// A core function that the runtime provides.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Trampoline {
    /// An imported function, lowered.
    Lower { import: u32, options: u32 },
    /// `resource.new`, of a resource in the table of a component instance.
    ResourceNew { instance: u32, resource: u32 },
    /// `resource.rep`.
    ResourceRep { instance: u32, resource: u32 },
    /// `resource.drop`.
    ResourceDrop { instance: u32, resource: u32 },
    /// Moves an owned handle from one table to another.
    TransferOwn,
    /// Lends a handle of one table to another.
    TransferBorrow,
    /// A call from one component instance to another begins.
    EnterCall,
    /// It ends.
    ExitCall,
    /// Copies a string from one memory to another, which wants another encoding.
    Transcode { op: Transcode, from: u32, to: u32 },
    /// Ends the guest with one of these messages.
    Trap(Box<[String]>),
    /// Part of a later version of the component model.
    Unsupported(String),
}

/// Ways of copying a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Transcode {
    CopyUtf8,
    CopyUtf16,
    CopyLatin1,
    Latin1ToUtf16,
    Latin1ToUtf8,
    Utf16ToCompactProbablyUtf16,
    Utf16ToCompactUtf16,
    Utf16ToLatin1,
    Utf16ToUtf8,
    Utf8ToCompactUtf16,
    Utf8ToLatin1,
    Utf8ToUtf16,
}

/// One step of an instantiation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// A module of the component's, with what it imports in its own order.
    Instantiate { module: u32, imports: Vec<Item>, instance: Option<u32> },
    /// A module of the host's, with what it may import by module and name.
    InstantiateImport {
        import: u32,
        imports: BTreeMap<String, BTreeMap<String, Item>>,
        instance: Option<u32>,
    },
    /// The next memory, from 0 on, that options name.
    Memory(ExportOf),
    /// The next function, from 0 on, that options name as `realloc`.
    Realloc(Item),
    /// The next function, from 0 on, that options name as `post-return`.
    PostReturn(Item),
    /// A resource is defined; with its destructor.
    Resource { resource: u32, destructor: Option<Item> },
}

/// An export of an earlier core instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ExportOf {
    pub(crate) instance: u32,
    pub(crate) name: String,
}

/// A core item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Item {
    Export(ExportOf),
    Trampoline(u32),
    /// The flags of a component instance, which adapters look at.
    Flags(u32),
}

/// Something that a component offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Export {
    Func {
        ty: FuncType,
        core: Item,
        options: u32,
    },
    Instance(BTreeMap<String, Export>),
    Module(u32),
    /// A module that was imported, by the number of the import.
    ImportedModule(u32),
    /// A type: nothing at run time, but that it is a resource.
    Resource(u32),
}

impl Plan {
    /// Changes with everything that changes the bytes of a plan or their meaning.
    pub const VERSION: u32 = 3;

    /// The bytes of the plan, for [`Plan::from_bytes`] of the same version of this crate.
    ///
    /// # Errors
    /// [`Error::Plan`] when it can not be written out.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        postcard::to_stdvec(&(Self::VERSION, self)).map_err(|error| Error::Plan(error.to_string()))
    }

    /// The plan that some bytes are.
    ///
    /// # Errors
    /// [`Error::Plan`] when they are none, or another version's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |error: postcard::Error| Error::Plan(error.to_string());
        let (version, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(bad)?;
        if version != Self::VERSION {
            return Err(Error::Plan(format!(
                "version {version} is not this version's {}",
                Self::VERSION
            )));
        }
        postcard::from_bytes(rest).map_err(bad)
    }

    /// The names under which it asks for something, in order: interfaces and plain functions.
    pub fn import_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .imports
            .iter()
            .filter_map(|import| import.path.first())
            .map(String::as_str)
            .collect();
        names.dedup();
        names
    }

    /// The names that it exports.
    pub fn export_names(&self) -> impl Iterator<Item = &str> {
        self.exports.keys().map(String::as_str)
    }

    /// Its types.
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// Whether it exports a function: by name, or by the name of an interface and its own.
    pub fn exports_func(&self, path: &[&str]) -> bool {
        self.exported_func(path).is_some()
    }

    /// The paths of all exported functions: alone or in an interface.
    pub fn exported_funcs(&self) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        for (first, export) in &self.exports {
            match export {
                Export::Func { .. } => found.push(vec![first.as_str()]),
                Export::Instance(inside) => {
                    let is_func =
                        |(_, export): &(_, &Export)| matches!(export, Export::Func { .. });
                    let names = inside.iter().filter(is_func).map(|(name, _)| name.as_str());
                    found.extend(names.map(|name| vec![first.as_str(), name]));
                }
                _ => {}
            }
        }
        found
    }

    /// The paths of all exported functions of a name: alone or in an interface.
    pub fn find_funcs(&self, name: &str) -> Vec<Vec<String>> {
        let found = self.exported_funcs().into_iter().filter(|path| path.last() == Some(&name));
        found.map(|path| path.into_iter().map(str::to_owned).collect()).collect()
    }

    /// Whether it exports a resource: by its name, or by the name of an interface and its own.
    pub fn exports_resource(&self, path: &[&str]) -> bool {
        matches!(self.export(path), Some(Export::Resource(_)))
    }

    /// Finds an exported function: by name, or by the name of an instance and its own.
    pub(crate) fn exported_func(&self, path: &[&str]) -> Option<(&FuncType, &Item, u32)> {
        match self.export(path)? {
            Export::Func { ty, core, options } => Some((ty, core, *options)),
            _ => None,
        }
    }

    /// Finds an export: by name, or by the names of instances and its own.
    pub(crate) fn export(&self, path: &[&str]) -> Option<&Export> {
        let (name, instances) = path.split_last()?;
        let mut exports = &self.exports;
        for instance in instances {
            match crate::names::find(exports, instance)? {
                Export::Instance(inside) => exports = inside,
                _ => return None,
            }
        }
        exports.get(*name)
    }
}
