//! Does with some bytes all that a host does with a component, within limits.

use std::sync::LazyLock;
use wayleave_component::plan::{Features, Shape, Type, Types};
use wayleave_component::{Component, Linker, Value};
use wayleave_engine::wasmi::Wasmi;
use wayleave_engine::{Config, Engine, Limits};

/// An engine without code generation: that is not what is looked at.
static ENGINE: LazyLock<Wasmi> = LazyLock::new(|| {
    let mut config = Config::default();
    config.fuel = true;
    Wasmi::new(&config).expect("an engine")
});

/// Translates, links and instantiates, and calls what is exported. Whatever goes wrong is an error;
/// says how far it came.
pub(crate) fn exercise(bytes: &[u8]) -> Reached {
    let mut features = Features::default();
    features.fixed_length_lists = true;
    features.maps = true;
    features.implements = true;
    let Ok(component) = Component::with_features(&*ENGINE, bytes, features) else {
        return Reached::Nothing;
    };
    let mut linker = Linker::<Wasmi, ()>::new();
    linker.unknown_traps(true);
    let Ok(template) = linker.link(&ENGINE, &component) else { return Reached::Component };
    let mut limits = Limits::default();
    limits.memory_bytes = 16 << 20;
    limits.fuel = Some(20_000);
    let plan = component.plan();
    let functions = plan.export_names().flat_map(|name| plan.find_funcs(name));
    for path in functions {
        // A trap ends an instance.
        let Ok(mut instance) = template.instantiate(&ENGINE, (), limits.clone()) else {
            return Reached::Link;
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Ok(function) = instance.func(&path) else { continue };
        let mut budget = 1000;
        let args = function.ty().params.iter();
        let args: Option<Vec<Value>> =
            args.map(|(_, ty)| value(plan.types(), *ty, &mut budget)).collect();
        if let Some(args) = args
            && let Ok(Some(result)) = instance.call(&function, &args)
        {
            assert!(function.ty().result.is_some_and(|ty| result.is(ty, plan.types())));
        }
    }
    Reached::Calls
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    Nothing,
    Component,
    Link,
    Calls,
}

/// Some value of a type; `None` where there is none without a guest, or it is too large.
fn value(types: &Types, ty: Type, budget: &mut u32) -> Option<Value> {
    *budget = budget.checked_sub(1)?;
    let mut one = |ty: Type| value(types, ty, budget);
    Some(match ty {
        Type::Bool => Value::Bool(true),
        Type::S8 => Value::S8(-1),
        Type::U8 => Value::U8(1),
        Type::S16 => Value::S16(-1),
        Type::U16 => Value::U16(1),
        Type::S32 => Value::S32(-1),
        Type::U32 => Value::U32(1),
        Type::S64 => Value::S64(-1),
        Type::U64 => Value::U64(1),
        Type::F32 => Value::F32(0.5),
        Type::F64 => Value::F64(0.5),
        Type::Char => Value::Char('é'),
        Type::String => Value::String("aé€𝄞".into()),
        Type::Own(_) | Type::Borrow(_) => return None,
        Type::Defined(_) => match types.shape(ty)? {
            Shape::List(element) => Value::List(vec![one(*element)?]),
            Shape::FixedList(element, len) => {
                Value::List((0..*len).map(|_| one(*element)).collect::<Option<_>>()?)
            }
            Shape::Map(key, of) => Value::Map(vec![(one(*key)?, one(*of)?)]),
            Shape::Record(fields) => Value::Record(
                fields
                    .iter()
                    .map(|(name, ty)| Some((name.clone(), one(*ty)?)))
                    .collect::<Option<_>>()?,
            ),
            Shape::Tuple(parts) => {
                Value::Tuple(parts.iter().map(|ty| one(*ty)).collect::<Option<_>>()?)
            }
            Shape::Variant(cases) => {
                let (name, payload) = cases.last()?;
                let payload = match payload {
                    Some(ty) => Some(Box::new(one(*ty)?)),
                    None => None,
                };
                Value::Variant(name.clone(), payload)
            }
            Shape::Enum(cases) => Value::Enum(cases.last()?.clone()),
            Shape::Flags(names) => Value::Flags(names.to_vec()),
            Shape::Option(some) => Value::Option(Some(Box::new(one(*some)?))),
            Shape::Result { ok: Some(ok), .. } => Value::Result(Ok(Some(Box::new(one(*ok)?)))),
            Shape::Result { ok: None, .. } => Value::Result(Ok(None)),
        },
    })
}
