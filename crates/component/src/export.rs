use crate::abi::{Lift, Lower};
use crate::func::Func;
use std::marker::PhantomData;
use wayleave_engine::Engine;

/// The type of a function that a guest exports, as the macro `bindgen!` makes them: parameters may
/// borrow from the host, which [`TypedFunc`](crate::TypedFunc) can not express.
pub trait GuestFunction: 'static {
    /// The parameters, as a tuple.
    type Params<'a>: Lower;
    /// The result, as a tuple of one; `()` when there is none.
    type Results: for<'m> Lift<'m>;
}

/// A function that an instance exports, checked to be of the type `F`.
pub struct ExportedFunc<E: Engine, F> {
    pub(crate) func: Func<E>,
    pub(crate) ty: PhantomData<fn() -> F>,
}
