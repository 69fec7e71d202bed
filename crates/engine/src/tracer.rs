use crate::Stop;
use std::time::Duration;

/// Is told of the calls that guests make to host functions: what each was given, what came of it,
/// how long it took.
///
/// Functions are asked about once, when a guest is linked; those of which nothing is wanted cost
/// nothing more than without a tracer.
pub trait Tracer: Send + Sync {
    /// Whether the calls of a function are wanted. `interface` is a module's name
    /// (`wasi_snapshot_preview1`), or an interface's (`wasi:clocks/monotonic-clock@0.2.0`, as the
    /// guest names it).
    fn wants(&self, interface: &str, function: &str) -> bool;

    /// A call has ended.
    fn called(&self, call: &HostCall<'_>);
}

/// A call of a host function.
#[derive(Clone, Debug)]
pub struct HostCall<'a> {
    /// The module or interface.
    pub interface: &'a str,
    /// The function.
    pub function: &'a str,
    /// Names and values of the arguments; large ones are cut short.
    pub args: &'a [(String, String)],
    /// What the guest was given back.
    pub outcome: CallOutcome<'a>,
    /// How long the host was at it. What was called inside of it is in there.
    pub time: Duration,
}

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub enum CallOutcome<'a> {
    /// It returned this; empty where there is nothing to return.
    Returned(&'a str),
    /// It returned an error, in words.
    Failed(&'a str),
    /// The guest ended in it.
    Stopped(&'a Stop),
}
