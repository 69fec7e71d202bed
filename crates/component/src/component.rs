use crate::Error;
use crate::plan::{Features, ModuleSource, Plan, translate};
use std::sync::Arc;
use wayleave_engine::Engine;

/// A component whose modules an engine has compiled. Cheap to clone.
pub struct Component<E: Engine> {
    plan: Arc<Plan>,
    modules: Arc<[E::Module]>,
}

impl<E: Engine> Clone for Component<E> {
    fn clone(&self) -> Self {
        Self { plan: self.plan.clone(), modules: self.modules.clone() }
    }
}

impl<E: Engine> Component<E> {
    /// Translates and compiles a binary component.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none, and what the engine says of its modules.
    pub fn new(engine: &E, binary: &[u8]) -> Result<Self, Error> {
        Self::with_features(engine, binary, Features::default())
    }

    /// As [`Component::new`], for a component that may use features beyond the standard.
    ///
    /// # Errors
    /// As [`Component::new`].
    pub fn with_features(engine: &E, binary: &[u8], features: Features) -> Result<Self, Error> {
        let plan = translate(binary, E::PROPOSALS, features)?;
        Self::with_modules(plan, binary, |_, module| Ok(engine.compile(module)?))
    }

    /// A component from its plan; `compile` gives each core module, by its number and binary. For
    /// callers who keep compiled code.
    ///
    /// # Errors
    /// What `compile` says; [`Error::Plan`] when the plan is not that of this binary.
    pub fn with_modules(
        plan: Plan,
        binary: &[u8],
        mut compile: impl FnMut(usize, &[u8]) -> Result<E::Module, Error>,
    ) -> Result<Self, Error> {
        let module = |(number, source): (usize, &ModuleSource)| match source {
            ModuleSource::Adapter(binary) => compile(number, binary),
            ModuleSource::Inside(range) => match binary.get(range.clone()) {
                Some(binary) => compile(number, binary),
                None => Err(Error::Plan("it is of another component".into())),
            },
        };
        let modules = plan.modules.iter().enumerate().map(module).collect::<Result<_, _>>()?;
        Ok(Self { plan: Arc::new(plan), modules })
    }

    /// A component from its plan and its compiled modules, in the plan's order.
    ///
    /// # Errors
    /// [`Error::Plan`] when the plan has more or fewer modules.
    pub fn from_parts(plan: Plan, modules: Vec<E::Module>) -> Result<Self, Error> {
        if plan.modules.len() != modules.len() {
            return Err(Error::Plan("it is of another component".into()));
        }
        Ok(Self { plan: Arc::new(plan), modules: modules.into() })
    }

    /// Its plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Its core modules, in the plan's order.
    pub fn modules(&self) -> &[E::Module] {
        &self.modules
    }
}
