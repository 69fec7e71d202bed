//! Does without shims.
//!
//! A function that is lowered with a memory can be made by an ordinary host only when the instance is
//! there whose memory that is; and that instance imports the function. Tools therefore put a module in
//! between (the shim), whose functions call through a table, and another one at the end, which fills
//! the table. Here, functions that are lowered look for their memory when they are called: they can
//! be handed on directly, and two modules less are to be instantiated.

use super::{Export, ExportOf, Item, ModuleSource, Plan, Step};
use std::collections::{BTreeMap, HashMap};
use wasmparser::{
    ElementItems, ElementKind, ExternalKind, FuncType, Operator, Parser, Payload, TypeRef,
};
use wayleave_engine::{FuncType as CoreFuncType, ValType};

/// Replaces what shims export by what it leads to, and leaves out shims that nothing needs any more.
pub(super) fn bypass(plan: &mut Plan, binary: &[u8]) {
    let modules: Vec<_> = plan.modules.iter().map(|source| bytes(source, binary)).collect();
    let parsed: Vec<Option<Small>> = modules.iter().map(|bytes| bytes.and_then(parse)).collect();
    let found: Vec<Pair> = pairs(plan, &parsed);
    for pair in &found {
        replace(plan, pair);
    }
    // From the last one on, so that the numbers of those before stay what they are.
    let mut gone: Vec<u32> = Vec::new();
    for pair in &found {
        if !is_used(plan, pair) {
            gone.extend([pair.shim, pair.filler]);
        }
    }
    gone.sort_unstable();
    for instance in gone.iter().rev() {
        remove(plan, *instance);
    }
    if !gone.is_empty() {
        forget_modules(plan);
    }
}

fn bytes<'a>(source: &'a ModuleSource, binary: &'a [u8]) -> Option<&'a [u8]> {
    match source {
        ModuleSource::Inside(range) => binary.get(range.clone()),
        ModuleSource::Adapter(bytes) => Some(bytes),
    }
}

/// A shim that was instantiated, and what fills its table.
struct Pair {
    /// Core instances, by their numbers.
    shim: u32,
    filler: u32,
    /// What each export leads to, where that is a function of the runtime's.
    leads: HashMap<String, u32>,
}

fn pairs(plan: &Plan, parsed: &[Option<Small>]) -> Vec<Pair> {
    let instances: Vec<&Step> = plan.steps.iter().filter(|step| is_instance(step)).collect();
    let small = |number: usize| match instances.get(number)? {
        Step::Instantiate { module, imports, .. } => {
            Some((parsed.get(*module as usize)?.as_ref()?, imports))
        }
        _ => None,
    };
    let mut pairs = Vec::new();
    for filler in 0..instances.len() {
        let Some((Small::Filler { table, slots }, imports)) = small(filler) else { continue };
        let Some(Item::Export(ExportOf { instance, name })) = imports.get(*table) else { continue };
        let Some((Small::Shim { table, functions }, [])) =
            small(*instance as usize).map(|(small, imports)| (small, imports.as_slice()))
        else {
            continue;
        };
        if name != table {
            continue;
        }
        let lead = |(name, (slot, ty)): (&String, &(u32, CoreFuncType))| {
            let import = slots.get(*slot as usize)?;
            let Some(Item::Trampoline(number)) = imports.get(*import) else { return None };
            let (_, given) = plan.trampolines.get(*number as usize)?;
            (given == ty).then(|| (name.clone(), *number))
        };
        let leads = functions.iter().filter_map(lead).collect();
        pairs.push(Pair {
            shim: *instance,
            filler: u32::try_from(filler).unwrap_or(u32::MAX),
            leads,
        });
    }
    // One that is filled twice is something else.
    let all: Vec<u32> = pairs.iter().map(|pair| pair.shim).collect();
    pairs.retain(|pair| all.iter().filter(|shim| **shim == pair.shim).count() == 1);
    pairs
}

fn is_instance(step: &Step) -> bool {
    matches!(step, Step::Instantiate { .. } | Step::InstantiateImport { .. })
}

fn replace(plan: &mut Plan, pair: &Pair) {
    let lead = |item: &mut Item| {
        if let Item::Export(ExportOf { instance, name }) = item
            && *instance == pair.shim
            && let Some(number) = pair.leads.get(name)
        {
            *item = Item::Trampoline(*number);
        }
    };
    for_each_item(plan, lead);
}

/// Whether something other than its filler refers to a shim, or anything to the filler.
fn is_used(plan: &mut Plan, pair: &Pair) -> bool {
    let mut uses = 0;
    for_each_export(plan, |export| {
        uses += u32::from(export.instance == pair.shim || export.instance == pair.filler);
    });
    // The table, in the filler's imports.
    uses > 1
}

/// Takes out a core instance that nothing refers to but other instances that go.
fn remove(plan: &mut Plan, number: u32) {
    let mut next = 0;
    plan.steps.retain(|step| {
        let this = is_instance(step) && next == number;
        next += u32::from(is_instance(step));
        !this
    });
    for_each_export(plan, |export| {
        if export.instance > number {
            export.instance -= 1;
        }
    });
}

/// Leaves out modules that nothing instantiates or exports.
fn forget_modules(plan: &mut Plan) {
    let mut used = vec![false; plan.modules.len()];
    for_each_module(plan, |module| {
        if let Some(used) = used.get_mut(*module as usize) {
            *used = true;
        }
    });
    let mut new = Vec::new();
    let mut kept = 0;
    for used in &used {
        new.push(kept);
        kept += u32::from(*used);
    }
    let mut keep = used.into_iter();
    plan.modules.retain(|_| keep.next().unwrap_or(true));
    for_each_module(plan, |module| {
        if let Some(new) = new.get(*module as usize) {
            *module = *new;
        }
    });
}

fn for_each_module(plan: &mut Plan, mut visit: impl FnMut(&mut u32)) {
    for step in &mut plan.steps {
        if let Step::Instantiate { module, .. } = step {
            visit(module);
        }
    }
    let mut inside: Vec<&mut BTreeMap<String, Export>> = vec![&mut plan.exports];
    while let Some(exports) = inside.pop() {
        for export in exports.values_mut() {
            match export {
                Export::Module(module) => visit(module),
                Export::Instance(more) => inside.push(more),
                Export::Func { .. } | Export::ImportedModule(_) | Export::Resource(_) => {}
            }
        }
    }
}

fn for_each_export(plan: &mut Plan, mut visit: impl FnMut(&mut ExportOf)) {
    for step in &mut plan.steps {
        if let Step::Memory(export) = step {
            visit(export);
        }
    }
    for_each_item(plan, |item| {
        if let Item::Export(export) = item {
            visit(export);
        }
    });
}

fn for_each_item(plan: &mut Plan, mut visit: impl FnMut(&mut Item)) {
    for step in &mut plan.steps {
        match step {
            Step::Instantiate { imports, .. } => imports.iter_mut().for_each(&mut visit),
            Step::InstantiateImport { imports, .. } => {
                imports.values_mut().flat_map(BTreeMap::values_mut).for_each(&mut visit);
            }
            Step::Realloc(item) | Step::PostReturn(item) => visit(item),
            Step::Resource { destructor, .. } => destructor.iter_mut().for_each(&mut visit),
            Step::Memory(_) => {}
        }
    }
    for_each_exported(&mut plan.exports, &mut visit);
}

fn for_each_exported(exports: &mut BTreeMap<String, Export>, visit: &mut impl FnMut(&mut Item)) {
    for export in exports.values_mut() {
        match export {
            Export::Func { core, .. } => visit(core),
            Export::Instance(inside) => for_each_exported(inside, visit),
            Export::Module(_) | Export::ImportedModule(_) | Export::Resource(_) => {}
        }
    }
}

/// A module that does one of two things and nothing else.
enum Small {
    /// Exports a table, and functions that call its elements with their own parameters: the
    /// element's number and the type, by name.
    Shim { table: String, functions: HashMap<String, (u32, CoreFuncType)> },
    /// Writes functions that it imports into a table that it imports: the number of the table among
    /// the imports, and for each element that of the function.
    Filler { table: usize, slots: Vec<usize> },
}

/// Larger modules are something else.
const MOST_BYTES: usize = 1 << 20;

fn parse(module: &[u8]) -> Option<Small> {
    if module.len() > MOST_BYTES {
        return None;
    }
    let mut parts = Parts::default();
    for payload in Parser::new(0).parse_all(module) {
        parts.add(payload.ok()?)?;
    }
    parts.filler().or_else(|| parts.shim())
}

#[derive(Default)]
struct Parts {
    types: Vec<FuncType>,
    /// The functions among the imports, by their place, and the table's place.
    imported: Vec<usize>,
    imported_table: Option<usize>,
    imports: usize,
    /// The types of the module's own functions, and the elements that they call.
    functions: Vec<u32>,
    called: Vec<u32>,
    tables: u32,
    exports: Vec<(String, ExternalKind, u32)>,
    elements: Option<Vec<u32>>,
}

impl Parts {
    /// `None` when there is more in the module than shims and fillers have.
    fn add(&mut self, payload: Payload<'_>) -> Option<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty.ok()?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import.ok()?.ty {
                        TypeRef::Func(_) => self.imported.push(self.imports),
                        TypeRef::Table(_) if self.imported_table.is_none() => {
                            self.imported_table = Some(self.imports);
                        }
                        _ => return None,
                    }
                    self.imports += 1;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty.ok()?);
                }
            }
            Payload::TableSection(section) => self.tables += section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    self.exports.push((export.name.to_owned(), export.kind, export.index));
                }
            }
            Payload::ElementSection(section) => {
                if self.elements.is_some() || section.count() != 1 {
                    return None;
                }
                let element = section.into_iter().next()?.ok()?;
                let ElementKind::Active { table_index, offset_expr } = element.kind else {
                    return None;
                };
                let mut offset = offset_expr.get_operators_reader();
                let from_start = matches!(offset.read().ok()?, Operator::I32Const { value: 0 })
                    && matches!(offset.read().ok()?, Operator::End);
                let ElementItems::Functions(functions) = element.items else { return None };
                if table_index.unwrap_or(0) != 0 || !from_start {
                    return None;
                }
                self.elements = Some(functions.into_iter().collect::<Result<_, _>>().ok()?);
            }
            Payload::CodeSectionEntry(body) => {
                let ty = *self.functions.get(self.called.len())?;
                let params = self.types.get(ty as usize)?.params().len();
                if body.get_locals_reader().ok()?.get_count() != 0 {
                    return None;
                }
                let mut code = body.get_operators_reader().ok()?;
                for param in 0..params {
                    let Operator::LocalGet { local_index } = code.read().ok()? else { return None };
                    if local_index as usize != param {
                        return None;
                    }
                }
                let Operator::I32Const { value } = code.read().ok()? else { return None };
                let called = matches!(
                    code.read().ok()?,
                    Operator::CallIndirect { type_index, table_index: 0 } if type_index == ty
                );
                if !called || !matches!(code.read().ok()?, Operator::End) || !code.eof() {
                    return None;
                }
                self.called.push(u32::try_from(value).ok()?);
            }
            Payload::Version { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::CustomSection(_)
            | Payload::End(_) => {}
            _ => return None,
        }
        Some(())
    }

    fn filler(&self) -> Option<Small> {
        let elements = self.elements.as_ref()?;
        if self.tables != 0 || !self.functions.is_empty() || !self.exports.is_empty() {
            return None;
        }
        let place = |function: &u32| self.imported.get(*function as usize).copied();
        let slots = elements.iter().map(place).collect::<Option<_>>()?;
        Some(Small::Filler { table: self.imported_table?, slots })
    }

    fn shim(&self) -> Option<Small> {
        if self.imports != 0 || self.tables != 1 || self.elements.is_some() {
            return None;
        }
        let mut table = None;
        let mut functions = HashMap::new();
        for (name, kind, index) in &self.exports {
            match kind {
                ExternalKind::Table if table.is_none() => table = Some(name.clone()),
                ExternalKind::Func => {
                    let ty = *self.functions.get(*index as usize)?;
                    let ty = core_types(self.types.get(ty as usize)?)?;
                    functions.insert(name.clone(), (*self.called.get(*index as usize)?, ty));
                }
                _ => return None,
            }
        }
        Some(Small::Shim { table: table?, functions })
    }
}

/// `None` when it has vectors or references.
fn core_types(ty: &FuncType) -> Option<CoreFuncType> {
    let of = |ty: &wasmparser::ValType| match ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        _ => None,
    };
    let list = |types: &[wasmparser::ValType]| types.iter().map(of).collect::<Option<Vec<_>>>();
    Some(CoreFuncType::new(&list(ty.params())?, &list(ty.results())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Features, translate};
    use wayleave_engine::Proposals;

    /// A component whose module `main` calls the host through a shim; `filler` is what fills its
    /// table, `slot` what its function calls.
    fn component(slot: u32, filler: &str) -> Plan {
        let text = format!(
            r#"(component
                (import "log" (func $log (param "text" string)))
                (core module $main
                    (import "shim" "0" (func $log (param i32 i32)))
                    (memory (export "memory") 1)
                    (func (export "run") (call $log (i32.const 0) (i32.const 0))))
                (core module $shim
                    (type $t (func (param i32 i32)))
                    (table (export "$imports") 1 1 funcref)
                    (func (export "0") (type $t)
                        (local.get 0) (local.get 1)
                        (i32.const {slot}) (call_indirect (type $t))))
                (core module $filler
                    (import "" "0" (func (param i32 i32)))
                    (import "" "$imports" (table 1 1 funcref))
                    {filler})
                (core instance $shim (instantiate $shim))
                (core instance $main (instantiate $main (with "shim" (instance $shim))))
                (alias core export $main "memory" (core memory $memory))
                (core func $lowered (canon lower (func $log) (memory $memory)))
                (core instance (instantiate $filler
                    (with "" (instance
                        (export "0" (func $lowered))
                        (export "$imports" (table $shim "$imports"))))))
                (func (export "run") (canon lift (core func $main "run"))))"#
        );
        let proposals =
            Proposals { exceptions: false, gc: false, threads: false, relaxed_simd: false };
        translate(&wat::parse_str(text).unwrap(), proposals, Features::default()).unwrap()
    }

    fn instances(plan: &Plan) -> usize {
        plan.steps.iter().filter(|step| is_instance(step)).count()
    }

    #[test]
    fn shims_are_left_out() {
        let plan = component(0, "(elem (i32.const 0) func 0)");
        assert_eq!((plan.modules.len(), instances(&plan)), (1, 1));
        let Step::Instantiate { module: 0, imports, .. } = &plan.steps[0] else { panic!() };
        assert!(matches!(imports[..], [Item::Trampoline(_)]), "{imports:?}");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for (slot, filler) in [
            // Another element than is filled.
            (1, "(elem (i32.const 0) func 0)"),
            // Nothing is filled.
            (0, ""),
            (0, "(elem func 0)"),
            // Something else is done as well.
            (0, "(elem (i32.const 0) func 0) (func $f) (start $f)"),
        ] {
            let plan = component(slot, filler);
            assert_eq!((plan.modules.len(), instances(&plan)), (3, 3), "{slot} {filler}");
        }
    }

    #[test]
    fn what_tools_make_has_none_left() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built");
        for guest in ["p2/hello.wasm", "components/http_hello.wasm"] {
            let binary = std::fs::read(folder.join(guest)).unwrap();
            let proposals =
                Proposals { exceptions: false, gc: false, threads: false, relaxed_simd: false };
            let plan = translate(&binary, proposals, Features::default()).unwrap();
            assert_eq!((plan.modules.len(), instances(&plan)), (1, 1), "{guest}");
        }
    }
}
