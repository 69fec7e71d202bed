use crate::loading::Running;
use crate::outcome::AtLimit;
use crate::watchdog::Watchdog;
use crate::{Error, Outcome};
use wayleave_engine::{Stop, Value};

/// A guest that is there, with what it was given, and whose exports can be called one after the
/// other: a library rather than a program.
pub struct Instance {
    pub(crate) guest: Box<dyn Running>,
    pub(crate) watchdog: Option<Watchdog>,
    pub(crate) at_limit: AtLimit,
}

impl Instance {
    /// Calls a function that a module exports.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none of this name, or the arguments do not fit its type;
    /// [`Error::WrongKind`] for a component; [`Error::Stopped`] when the guest traps or exits. A
    /// guest that has trapped may be called again, but what it computed so far may be half done.
    pub fn call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, Error> {
        self.guest.call(name, args)
    }

    /// Calls a function that a component exports: by its name, or by the name of an interface and
    /// its own.
    ///
    /// # Errors
    /// [`Error::Component`] when there is none; [`Error::WrongKind`] for a module;
    /// [`Error::Stopped`] when the guest traps or exits, or the arguments are not of the function's
    /// type. A component that has trapped can not be called again.
    pub fn invoke(
        &mut self,
        path: &[&str],
        args: &[wayleave_component::Value],
    ) -> Result<Option<wayleave_component::Value>, Error> {
        self.guest.invoke(path, args)
    }

    /// How the guest has ended, of a call that [`Error::Stopped`] came out of.
    pub fn ended(&self, stop: Stop) -> Outcome {
        let timed_out = self.watchdog.as_ref().is_some_and(Watchdog::fired);
        Outcome { end: self.at_limit.end(Err(stop), timed_out), fuel_used: None }
    }
}
