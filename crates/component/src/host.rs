use crate::abi::{Lift, Lower};
use crate::caller::Caller;
use std::marker::PhantomData;
use wayleave_engine::Stop;

/// A function of the host's, over the host's state `T`.
///
/// Closures of the form `Fn(&mut T, (A, B)) -> Result<(R,), Stop>` are host functions; what the
/// macro `bindgen!` makes are others, whose parameters may borrow from the guest's memory.
pub trait HostFunction<T>: Send + Sync + 'static {
    /// The parameters, as a tuple.
    type Params<'m>: Lift<'m>;
    /// The result, as a tuple of one; `()` when there is none.
    type Results: Lower;

    /// Whether it may return [`Stop::Wait`]: it is called again then, with the same parameters. It
    /// must not take handles that the guest gives away.
    const WAITS: bool = false;

    /// Calls it.
    ///
    /// # Errors
    /// What is to end the guest.
    fn call(&self, state: &mut T, params: Self::Params<'_>) -> Result<Self::Results, Stop>;
}

/// A function of the host's that puts bytes into its caller's memory itself, where a list or a text
/// that it returned would be copied there.
pub trait FillingFunction<T>: Send + Sync + 'static {
    /// As [`HostFunction::Params`]; nothing of the guest's memory is borrowed, which can move.
    type Params: for<'m> Lift<'m> + 'static;
    /// As [`HostFunction::Results`].
    type Results: Lower;

    /// As [`HostFunction::WAITS`].
    const WAITS: bool = false;

    /// Calls it. It must not wait after it has filled anything: what the guest has allocated for that
    /// would be lost.
    ///
    /// # Errors
    /// What is to end the guest.
    fn call(
        &self,
        caller: &mut impl Caller<T>,
        params: Self::Params,
    ) -> Result<Self::Results, Stop>;
}

/// A closure as a host function.
pub(crate) struct Closure<F, P, R> {
    call: F,
    signature: PhantomData<fn(P) -> R>,
}

impl<F, P, R> Closure<F, P, R> {
    pub(crate) fn new(call: F) -> Self {
        Self { call, signature: PhantomData }
    }
}

impl<T, F, P, R> HostFunction<T> for Closure<F, P, R>
where
    F: Fn(&mut T, P) -> Result<R, Stop> + Send + Sync + 'static,
    P: for<'m> Lift<'m> + 'static,
    R: Lower + 'static,
{
    type Params<'m> = P;
    type Results = R;

    #[inline]
    fn call(&self, state: &mut T, params: P) -> Result<R, Stop> {
        (self.call)(state, params)
    }
}
