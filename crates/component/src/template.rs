use crate::abi::TypeContext;
use crate::abi::{Lift, Lower};
use crate::func::{FuncExport, TypedExport};
use crate::handles::Kinds;
use crate::linker::{Item as HostItem, Lowered};
use crate::plan::{
    Export, ExportOf, FuncType, Import, ImportKind, Item, ModuleType, Plan, Resource, Step,
    Trampoline,
};
use crate::runtime::Data;
use crate::trace::Traced;
use crate::trampoline::{self, Destructors};
use crate::{Component, Error, Instance, Linker};
use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;
use wayleave_engine::{Engine, Limits, Stop, Trap};

/// A component whose imports are resolved: instantiating it looks nothing up by name. Cheap to
/// clone.
pub struct Template<E: Engine, T: Send + 'static> {
    pub(crate) inner: Arc<Resolved<E, T>>,
}

impl<E: Engine, T: Send + 'static> Clone for Template<E, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

pub(crate) struct Resolved<E: Engine, T: Send + 'static> {
    pub(crate) plan: Arc<Plan>,
    component: Component<E>,
    /// Modules of the host's, by the number of their import.
    imported: BTreeMap<u32, E::Module>,
    /// The trampolines of the plan, in its order.
    pub(crate) trampolines: E::Linker<Data<E, T>>,
    pub(crate) steps: Vec<ReadyStep<E, T>>,
    /// Whether a step needs functions of the runtime's one by one.
    pub(crate) needs_trampolines: bool,
    /// Component instances whose flags adapters look at.
    pub(crate) flags: Vec<u32>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) max_handles: u32,
    /// What destroys each resource, where it is the host's.
    pub(crate) destructors: Box<Destructors<T>>,
    /// The module of each core instance.
    modules: Vec<E::Module>,
}

type CoreTemplate<E, T> = <E as Engine>::Template<Data<E, T>>;

/// A step of the plan with nothing left to look up.
pub(crate) enum ReadyStep<E: Engine, T: Send + 'static> {
    Instantiate {
        module: E::Module,
        imports: Vec<ReadyItem<E>>,
    },
    /// A module that imports nothing but functions of the runtime's: all is found beforehand.
    Template(CoreTemplate<E, T>),
    Memory(ReadyItem<E>),
    Realloc(ReadyItem<E>),
    PostReturn(ReadyItem<E>),
    Destructor {
        resource: usize,
        function: ReadyItem<E>,
    },
}

pub(crate) enum ReadyItem<E: Engine> {
    Export { instance: usize, place: E::ExportPlace },
    Trampoline(usize),
    Flags(usize),
}

impl<E: Engine, T: Send + 'static> Template<E, T> {
    pub(crate) fn new(
        engine: &E,
        linker: &Linker<E, T>,
        component: &Component<E>,
    ) -> Result<Self, Error> {
        let plan = component.plan().clone();
        let (kinds, destructors) = resources(&plan, linker)?;
        check_imports(&plan, linker, &kinds)?;
        let trampolines = trampolines(engine, &plan, linker, &destructors)?;
        let mut inner = Resolved {
            plan: plan.clone(),
            component: component.clone(),
            imported: imported_modules(&plan, linker),
            trampolines,
            steps: Vec::new(),
            needs_trampolines: exports_trampolines(&plan.exports),
            flags: Vec::new(),
            kinds: Arc::new(kinds),
            max_handles: linker.max_handles,
            destructors,
            modules: Vec::new(),
        };
        for step in &plan.steps {
            inner.add_step(engine, step)?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Instantiates it: runs the start functions of its modules.
    ///
    /// # Errors
    /// What stopped a start function, or that the instance does not fit the limits.
    pub fn instantiate(
        &self,
        engine: &E,
        state: T,
        limits: Limits,
    ) -> Result<Instance<E, T>, Stop> {
        Instance::new(engine, self, state, limits)
    }

    /// A function that its instances export, over Rust types: by its name, or by the name of an
    /// interface and its own. Parameters are a tuple, the result a tuple of one or `()`.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none, or its types differ.
    pub fn typed<P, R>(&self, path: &[&str]) -> Result<TypedExport<E, P, R>, Error>
    where
        P: Lower,
        R: for<'m> Lift<'m>,
    {
        let export = self.inner.func_export(path)?;
        TypedExport::new(export, &self.inner.plan, &self.inner.kinds)
            .map_err(|mismatch| no_export(path, mismatch.to_string()))
    }

    /// The type of an exported function: by its name, or by the name of an interface and its own.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none.
    pub fn func_type(&self, path: &[&str]) -> Result<&FuncType, Error> {
        self.inner.func_type(path)
    }

    /// The plan of the component.
    pub fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    /// A core module that the component exports: by its name, or by the name of an interface and
    /// its own.
    pub fn exported_module(&self, path: &[&str]) -> Option<&E::Module> {
        match self.inner.plan.export(path)? {
            Export::Module(number) => self.inner.component.modules().get(*number as usize),
            Export::ImportedModule(import) => self.inner.imported.get(import),
            _ => None,
        }
    }
}

impl<E: Engine, T: Send + 'static> Resolved<E, T> {
    fn add_step(&mut self, engine: &E, step: &Step) -> Result<(), Error> {
        let ready = match step {
            Step::Instantiate { module, imports, .. } => {
                let module = self.component.modules().get(*module as usize);
                let module = module.ok_or_else(broken)?.clone();
                self.modules.push(module.clone());
                match self.template(engine, &module, imports)? {
                    Some(template) => ReadyStep::Template(template),
                    None => {
                        let imports = imports.iter().map(|item| self.item(item));
                        let imports = imports.collect::<Result<_, _>>()?;
                        ReadyStep::Instantiate { module, imports }
                    }
                }
            }
            Step::InstantiateImport { import, imports, .. } => {
                let module = self.imported.get(import).ok_or_else(broken)?.clone();
                let imports = self.imports_by_name(&module, imports)?;
                self.modules.push(module.clone());
                ReadyStep::Instantiate { module, imports }
            }
            Step::Memory(export) => ReadyStep::Memory(self.export(export)?),
            Step::Realloc(item) => ReadyStep::Realloc(self.item(item)?),
            Step::PostReturn(item) => ReadyStep::PostReturn(self.item(item)?),
            Step::Resource { destructor: None, .. } => return Ok(()),
            Step::Resource { resource, destructor: Some(item) } => {
                ReadyStep::Destructor { resource: *resource as usize, function: self.item(item)? }
            }
        };
        self.steps.push(ready);
        Ok(())
    }

    /// The template of a module that imports nothing but functions of the runtime's.
    fn template(
        &self,
        engine: &E,
        module: &E::Module,
        imports: &[Item],
    ) -> Result<Option<CoreTemplate<E, T>>, Error> {
        let number = |item: &Item| match item {
            Item::Trampoline(number) => Some(*number as usize),
            Item::Export(_) | Item::Flags(_) => None,
        };
        match imports.iter().map(number).collect::<Option<Vec<_>>>() {
            Some(numbers) => Ok(engine.template_of(&self.trampolines, module, &numbers)?),
            None => Ok(None),
        }
    }

    fn imports_by_name(
        &mut self,
        module: &E::Module,
        items: &BTreeMap<String, BTreeMap<String, Item>>,
    ) -> Result<Vec<ReadyItem<E>>, Error> {
        let item = |import: wayleave_engine::ImportType| {
            let item = items.get(&import.module).and_then(|items| items.get(&import.name));
            self.item(item.ok_or_else(broken)?)
        };
        E::imports(module).into_iter().map(item).collect()
    }

    pub(crate) fn item(&mut self, item: &Item) -> Result<ReadyItem<E>, Error> {
        Ok(match item {
            Item::Export(export) => self.export(export)?,
            Item::Trampoline(number) => {
                self.needs_trampolines = true;
                ReadyItem::Trampoline(*number as usize)
            }
            Item::Flags(instance) => {
                if !self.flags.contains(instance) {
                    self.flags.push(*instance);
                }
                ReadyItem::Flags(*instance as usize)
            }
        })
    }

    /// As [`Resolved::item`], once all steps are ready: nothing new can come in.
    pub(crate) fn ready(&self, item: &Item) -> Option<ReadyItem<E>> {
        match item {
            Item::Export(export) => self.export(export).ok(),
            Item::Trampoline(number) => Some(ReadyItem::Trampoline(*number as usize)),
            Item::Flags(_) => None,
        }
    }

    fn func_type(&self, path: &[&str]) -> Result<&FuncType, Error> {
        self.exported_func(path).map(|(ty, ..)| ty)
    }

    fn exported_func(&self, path: &[&str]) -> Result<(&FuncType, &Item, u32), Error> {
        let found = self.plan.exported_func(path);
        found.ok_or_else(|| no_export(path, "there is no such function".into()))
    }

    /// An exported function, with nothing left to look up.
    pub(crate) fn func_export(&self, path: &[&str]) -> Result<FuncExport<E>, Error> {
        let (ty, item, options) = self.exported_func(path)?;
        match (self.plan.options.get(options as usize), self.ready(item)) {
            (Some(options), Some(ready)) => {
                Ok(FuncExport { ready, ty: Arc::new(ty.clone()), options: *options })
            }
            _ => Err(not_of_this(path)),
        }
    }

    fn export(&self, export: &ExportOf) -> Result<ReadyItem<E>, Error> {
        let instance = export.instance as usize;
        let module = self.modules.get(instance).ok_or_else(broken)?;
        match E::find_export(module, &export.name) {
            Some(place) => Ok(ReadyItem::Export { instance, place }),
            None => Err(Error::Unfit {
                path: vec![export.name.clone()],
                reason: "a module of the host's does not export it".into(),
            }),
        }
    }
}

/// Whether a function of the runtime's is exported as it is.
fn exports_trampolines(exports: &BTreeMap<String, Export>) -> bool {
    exports.values().any(|export| match export {
        Export::Func { core, .. } => matches!(core, Item::Trampoline(_)),
        Export::Instance(inside) => exports_trampolines(inside),
        Export::Module(_) | Export::ImportedModule(_) | Export::Resource(_) => false,
    })
}

fn no_export(path: &[&str], reason: String) -> Error {
    Error::Export { path: path.iter().map(|&name| name.to_owned()).collect(), reason }
}

pub(crate) fn not_of_this(path: &[&str]) -> Error {
    no_export(path, "it is not a function of this component".into())
}

fn broken() -> Error {
    Error::Plan("it names what it does not have".into())
}

/// What the resources of a component are, and what destroys those of the host's.
fn resources<E: Engine, T: Send + 'static>(
    plan: &Plan,
    linker: &Linker<E, T>,
) -> Result<(Kinds, Box<Destructors<T>>), Error> {
    let mut kinds = Kinds { of_resource: Vec::new(), rust: Vec::new(), home: Vec::new() };
    let mut destructors = Vec::new();
    for resource in &plan.resources {
        let (rust, home, destructor) = match resource {
            Resource::Defined { instance } => (None, Some(*instance), None),
            Resource::Imported(import) => {
                let import = plan.imports.get(*import as usize).ok_or_else(broken)?;
                match linker.find(&import.path) {
                    Some(HostItem::Resource(resource)) => {
                        (Some(resource.rust), None, Some(resource.destructor.clone()))
                    }
                    // That is not always a mistake: see `check_imports`.
                    _ => (None, None, None),
                }
            }
        };
        let known = rust.and_then(|_| kinds.rust.iter().position(|known| *known == rust));
        let kind = known.unwrap_or_else(|| {
            kinds.rust.push(rust);
            kinds.home.push(home);
            kinds.rust.len() - 1
        });
        kinds.of_resource.push(u32::try_from(kind).unwrap_or(u32::MAX));
        destructors.push(destructor);
    }
    for (path, rust) in &linker.exported_resources {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let Some(Export::Resource(resource)) = plan.export(&path) else { continue };
        let kind = kinds.of_resource.get(*resource as usize).copied().ok_or_else(broken)?;
        // One that it imports stays what it is.
        if let Some(place @ None) = kinds.rust.get_mut(kind as usize) {
            *place = Some(*rust);
        }
    }
    Ok((kinds, destructors.into()))
}

/// That the linker provides what is imported, all of it, and that it is of the right type.
fn check_imports<E: Engine, T: Send + 'static>(
    plan: &Plan,
    linker: &Linker<E, T>,
    kinds: &Kinds,
) -> Result<(), Error> {
    let resources = rust_types(kinds);
    let context = TypeContext { types: &plan.types, resources: &resources };
    for (number, import) in plan.imports.iter().enumerate() {
        let found = linker.find(&import.path);
        let missing = |kind| Err(Error::Missing { path: import.path.clone(), kind });
        let unfit = |reason: String| Err(Error::Unfit { path: import.path.clone(), reason });
        match (&import.kind, found) {
            (ImportKind::Func(ty), Some(HostItem::Func(host))) => {
                host.check(ty, &context).or_else(|mismatch| unfit(mismatch.to_string()))?;
            }
            (ImportKind::Func(_), None) if linker.unknown_traps => {}
            (ImportKind::Func(_), None) => return missing("function"),
            (ImportKind::Resource(resource), Some(HostItem::Resource(host))) => {
                if resources.get(*resource as usize) != Some(&Some(host.rust)) {
                    return unfit("it is not the resource that the component takes it for".into());
                }
            }
            (ImportKind::Resource(resource), None) => {
                // One that another import introduces need not have this name, too.
                let introduced = matches!(
                    plan.resources.get(*resource as usize),
                    Some(Resource::Imported(import)) if *import as usize != number
                );
                if !introduced && !linker.unknown_traps {
                    return missing("resource");
                }
            }
            (ImportKind::Module(ty), Some(HostItem::Module(module))) => {
                check_module::<E>(module, ty).or_else(unfit)?;
            }
            (ImportKind::Module(_), None) => return missing("module"),
            (ImportKind::Interface, Some(HostItem::Interface(_)) | None) => {}
            (ImportKind::Component, None) => return missing("component"),
            (wanted, Some(_)) => {
                return unfit(format!(
                    "it is no {}",
                    match wanted {
                        ImportKind::Func(_) => "function",
                        ImportKind::Resource(_) => "resource",
                        ImportKind::Module(_) => "module",
                        ImportKind::Interface => "interface",
                        ImportKind::Component => "component",
                    }
                ));
            }
        }
    }
    Ok(())
}

fn imported_modules<E: Engine, T: Send + 'static>(
    plan: &Plan,
    linker: &Linker<E, T>,
) -> BTreeMap<u32, E::Module> {
    let module = |(number, import): (u32, &Import)| match linker.find(&import.path) {
        Some(HostItem::Module(module)) => Some((number, module.clone())),
        _ => None,
    };
    (0..).zip(&plan.imports).filter_map(module).collect()
}

/// That a module offers what is wanted of it and asks for no more than it is given.
fn check_module<E: Engine>(module: &E::Module, wanted: &ModuleType) -> Result<(), String> {
    let exports = E::exports(module);
    for (name, ty) in &wanted.exports {
        match exports.iter().find(|export| export.name == *name) {
            None => return Err(format!("the module does not export `{name}`")),
            Some(export) => export
                .ty
                .unfit_for(ty)
                .map_or(Ok(()), |reason| Err(format!("the module's export `{name}` {reason}")))?,
        }
    }
    for import in E::imports(module) {
        let (from, name) = (&import.module, &import.name);
        match wanted.imports.iter().find(|(module, item, _)| module == from && item == name) {
            None => {
                return Err(format!(
                    "the module imports `{from}` `{name}`, which the component does not give it"
                ));
            }
            Some((_, _, given)) => given.unfit_for(&import.ty).map_or(Ok(()), |reason| {
                Err(format!("what the module is given for its import `{from}` `{name}` {reason}"))
            })?,
        }
    }
    Ok(())
}

/// The Rust type of each resource that the host provides.
fn rust_types(kinds: &Kinds) -> Vec<Option<TypeId>> {
    let of = |kind: &u32| kinds.rust.get(*kind as usize).copied().flatten();
    kinds.of_resource.iter().map(of).collect()
}

fn trampolines<E: Engine, T: Send + 'static>(
    engine: &E,
    plan: &Arc<Plan>,
    linker: &Linker<E, T>,
    destructors: &Destructors<T>,
) -> Result<E::Linker<Data<E, T>>, Error> {
    let mut core = engine.linker();
    for (number, (trampoline, ty)) in plan.trampolines.iter().enumerate() {
        let name = number.to_string();
        let Trampoline::Lower { import, options } = trampoline else {
            trampoline::define::<E, T>(&mut core, &name, trampoline, ty, plan, destructors)?;
            continue;
        };
        let import = plan.imports.get(*import as usize).ok_or_else(broken)?;
        let options = *plan.options.get(*options as usize).ok_or_else(broken)?;
        let ImportKind::Func(func) = &import.kind else { return Err(broken()) };
        match linker.find(&import.path) {
            Some(HostItem::Func(host)) => {
                let traced = Traced::new(linker.tracer.as_ref(), plan, func, &import.path, options);
                host.define(&mut core, &name, ty, Lowered { plan, ty: func, options, traced })?;
            }
            _ => {
                let message = format!(
                    "the component called `{}`, which nothing provides",
                    import.path.join("` `")
                );
                E::define(&mut core, "", &name, ty, move |_, _| {
                    Err(Trap::host(message.clone()).into())
                })?;
            }
        }
    }
    Ok(core)
}
