//! Runs one script.

use crate::host::{self, Host};
use crate::{messages, values};
use std::collections::HashMap;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};
use wayleave_component::plan::Features;
use wayleave_component::{Component, Error, Instance, Linker, Template, Value};
use wayleave_engine::{Config, Engine, Limits, Stop};

/// Runs all directives of a script, and tells of each that failed.
pub(crate) fn run<E: Engine>(name: &str, text: &str) -> Result<(), String> {
    let located = |mut error: wast::Error| {
        error.set_text(text);
        error.to_string()
    };
    let buffer = ParseBuffer::new(text).map_err(located)?;
    let script = parser::parse::<Wast<'_>>(&buffer).map_err(located)?;
    let mut runner = Runner::<E>::new(name, text)?;
    let mut failures = Vec::new();
    for directive in script.directives {
        let (line, _) = directive.span().linecol_in(text);
        if let Err(failure) = runner.directive(directive) {
            failures.push(format!("line {}: {failure}", line + 1));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

struct Runner<E: Engine> {
    engine: E,
    features: Features,
    linker: Linker<E, Host>,
    host: Host,
    definitions: HashMap<String, Component<E>>,
    /// The latest instance: what is invoked.
    current: Option<Instance<E, Host>>,
    /// Resources of instances that later components may import.
    foreign: usize,
}

type Started<E> = (Template<E, Host>, Instance<E, Host>);

/// How an instantiation or a call ended, other than well.
enum Failure {
    Link(Error),
    Stop(Stop),
}

impl<E: Engine> Runner<E> {
    fn new(name: &str, text: &str) -> Result<Self, String> {
        let engine = E::new(&Config::default()).map_err(|error| error.to_string())?;
        let linker = host::linker(&engine).map_err(|error| error.to_string())?;
        Ok(Self {
            engine,
            features: features(name, text),
            linker,
            host: Host::default(),
            definitions: HashMap::new(),
            current: None,
            foreign: 0,
        })
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(wat) => {
                let (name, component) = self.define(wat)?;
                self.instantiate(&name, &component)
            }
            WastDirective::ModuleDefinition(wat) => {
                let (name, component) = self.define(wat)?;
                self.definitions.insert(name, component);
                Ok(())
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let definition = self.definitions.get(&named(module)).cloned();
                let definition = definition.ok_or("there is no such definition")?;
                self.instantiate(&named(instance), &definition)
            }
            WastDirective::AssertMalformed { module, message, .. }
            | WastDirective::AssertInvalid { module, message, .. } => match self.define(module) {
                Ok(_) => Err(format!("it is valid, and should not be: {message}")),
                Err(error) => messages::fits(message, &error),
            },
            WastDirective::AssertUnlinkable { module, message, .. } => {
                let (_, component) = self.define(QuoteWat::Wat(module))?;
                match self.start(&component) {
                    Ok(_) => Err(format!("it links, and should not: {message}")),
                    Err(Failure::Link(error)) => messages::fits(message, &error.to_string()),
                    Err(Failure::Stop(stop)) => Err(format!("it links, and traps: {stop}")),
                }
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke)?.map(|_| ()).map_err(ended),
            WastDirective::AssertReturn { exec, results, .. } => {
                let got = self.execute(exec)?.map_err(ended)?;
                returned(&results, got.as_ref())
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec)? {
                Ok(got) => Err(format!("it gives {got:?}, and should trap: {message}")),
                Err(stop) => messages::fits(message, &stop.to_string()),
            },
            other => Err(format!("not a directive for components: {other:?}")),
        }
    }

    /// A component, with its name or none.
    fn define(&self, mut wat: QuoteWat<'_>) -> Result<(String, Component<E>), String> {
        let name = named(wat.name());
        let binary = wat.encode().map_err(|error| error.message())?;
        let component = Component::with_features(&self.engine, &binary, self.features);
        Ok((name, component.map_err(|error| error.to_string())?))
    }

    fn start(&self, component: &Component<E>) -> Result<Started<E>, Failure> {
        let template = self.linker.link(&self.engine, component).map_err(Failure::Link)?;
        let instance = template.instantiate(&self.engine, self.host.clone(), limits());
        Ok((template, instance.map_err(Failure::Stop)?))
    }

    /// Makes an instance the current one, and offers what it exports to later components.
    fn instantiate(&mut self, name: &str, component: &Component<E>) -> Result<(), String> {
        self.current = None;
        let (template, instance) = self.start(component).map_err(|failure| match failure {
            Failure::Link(error) => error.to_string(),
            Failure::Stop(stop) => ended(stop),
        })?;
        self.current = Some(instance);
        if name.is_empty() {
            return Ok(());
        }
        let mut interface = self.linker.interface(name);
        for export in template.plan().export_names() {
            if let Some(module) = template.exported_module(&[export]) {
                interface.module(export, module.clone());
            } else if template.plan().exports_resource(&[export]) {
                host::foreign(&mut interface, export, self.foreign)
                    .map_err(|error| error.to_string())?;
                self.foreign += 1;
            }
        }
        Ok(())
    }

    fn execute(&mut self, what: WastExecute<'_>) -> Result<Result<Option<Value>, Stop>, String> {
        match what {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(wat @ Wat::Component(_)) => {
                let (_, component) = self.define(QuoteWat::Wat(wat))?;
                match self.start(&component) {
                    Ok(_) => Ok(Ok(None)),
                    Err(Failure::Stop(stop)) => Ok(Err(stop)),
                    Err(Failure::Link(error)) => Err(error.to_string()),
                }
            }
            WastExecute::Wat(Wat::Module(_)) | WastExecute::Get { .. } => {
                Err("core modules on their own are not run".into())
            }
        }
    }

    /// Calls a function of the current instance.
    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Option<Value>, Stop>, String> {
        let instance = self.current.as_mut().ok_or("there is no instance")?;
        let func = instance.func(&[invoke.name]).map_err(|error| error.to_string())?;
        let args = invoke.args.iter().map(|arg| match arg {
            WastArg::Component(arg) => Ok(values::value(arg)),
            other => Err(format!("not a component value: {other:?}")),
        });
        Ok(instance.call(&func, &args.collect::<Result<Vec<_>, _>>()?))
    }
}

fn returned(expected: &[WastRet<'_>], got: Option<&Value>) -> Result<(), String> {
    let fits = match (expected, got) {
        ([], None) => true,
        ([WastRet::Component(expected)], Some(got)) => values::fits(expected, got),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("it gives {got:?}, not {expected:?}")) }
}

fn named(id: Option<Id<'_>>) -> String {
    id.map(|id| id.name().to_owned()).unwrap_or_default()
}

fn ended(stop: Stop) -> String {
    format!("it was ended: {stop}")
}

/// What a script's first lines ask for, in comments of the form `;;! component_model_map = true`.
/// The standard's own suite asks for nothing and takes all that is in the standard's text.
fn features(name: &str, text: &str) -> Features {
    let standard = name.starts_with("component-model/");
    let wanted = |feature: &str| {
        let lines = text.lines().map_while(|line| line.strip_prefix(";;!"));
        let mut settings = lines.filter_map(|line| line.split_once('='));
        settings.any(|(key, value)| {
            key.trim().strip_prefix("component_model_") == Some(feature) && value.trim() == "true"
        })
    };
    let mut features = Features::default();
    features.fixed_length_lists = standard || wanted("fixed_length_lists");
    features.maps = standard || wanted("map");
    features.implements = standard || wanted("implements");
    features
}

/// Room for all memories of a test together, whose values are larger than any could hold.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.memory_bytes = 64 << 30;
    limits
}
