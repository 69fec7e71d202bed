use crate::abi::{Encoding, Guest, GuestBytes, GuestText, encode_into, invalid, size_of};
use crate::runtime::Lowering;
use std::marker::PhantomData;
use wayleave_engine::{Engine, Stop};

/// The guest that calls a function of the host's, and the host's state `T`.
pub trait Caller<T: ?Sized> {
    /// The host's state.
    fn state(&mut self) -> &mut T;

    /// Lets `fill` write up to `room` bytes into memory that the guest allocates for them, and say
    /// how many it has written. What it answers instead is given back.
    ///
    /// # Errors
    /// What stopped the guest's allocation, or a trap when it gave no usable memory.
    fn bytes<X>(
        &mut self,
        room: u32,
        fill: impl FnOnce(&mut T, &mut [u8]) -> Result<usize, X>,
    ) -> Result<Result<GuestBytes, X>, Stop>;

    /// Puts a text of the host's into memory that the guest allocates for it. `text` is asked for it
    /// twice, as the guest runs in between.
    ///
    /// # Errors
    /// As [`Caller::bytes`]; a trap when it is too long for the guest.
    fn text(&mut self, text: impl Fn(&mut T) -> &str) -> Result<GuestText, Stop>;
}

/// A caller, to what implements an interface: a part of the host's state.
pub struct CallerOf<'c, T, C, F> {
    caller: &'c mut C,
    part: F,
    state: PhantomData<fn(&mut T)>,
}

impl<'c, T, C: Caller<T>, F> CallerOf<'c, T, C, F> {
    /// `part` finds it in the state.
    #[inline]
    pub fn new(caller: &'c mut C, part: F) -> Self {
        Self { caller, part, state: PhantomData }
    }
}

impl<T, H: ?Sized + 'static, C: Caller<T>, F: Fn(&mut T) -> &mut H> Caller<H>
    for CallerOf<'_, T, C, F>
{
    #[inline(always)]
    fn state(&mut self) -> &mut H {
        (self.part)(self.caller.state())
    }

    #[inline(always)]
    fn bytes<X>(
        &mut self,
        room: u32,
        fill: impl FnOnce(&mut H, &mut [u8]) -> Result<usize, X>,
    ) -> Result<Result<GuestBytes, X>, Stop> {
        self.caller.bytes(room, |state, bytes| fill((self.part)(state), bytes))
    }

    #[inline(always)]
    fn text(&mut self, text: impl Fn(&mut H) -> &str) -> Result<GuestText, Stop> {
        self.caller.text(|state| text((self.part)(state)))
    }
}

impl<E: Engine, T: Send + 'static> Caller<T> for Lowering<'_, '_, E, T> {
    #[inline(always)]
    fn state(&mut self) -> &mut T {
        self.host()
    }

    #[inline(always)]
    fn bytes<X>(
        &mut self,
        room: u32,
        fill: impl FnOnce(&mut T, &mut [u8]) -> Result<usize, X>,
    ) -> Result<Result<GuestBytes, X>, Stop> {
        let at = self.realloc(room, 1)?;
        let (buffer, host) = self.bytes_and_host(at, room)?;
        let filled = fill(host, buffer);
        let len = match filled {
            Ok(len) => u32::try_from(len).unwrap_or(room).min(room),
            Err(other) => {
                self.shrink(at, room, 0)?;
                return Ok(Err(other));
            }
        };
        Ok(Ok(GuestBytes { at: self.shrink(at, room, len)?, len }))
    }

    #[inline(always)]
    fn text(&mut self, text: impl Fn(&mut T) -> &str) -> Result<GuestText, Stop> {
        if self.options.encoding != Encoding::Utf8 {
            let text = text(self.state()).to_owned();
            let (at, len) = encode_into(&text, self)?;
            return Ok(GuestText { at, len });
        }
        let len = size_of(text(self.state()).len(), 1)?;
        let at = self.realloc(len, 1)?;
        let (bytes, host) = self.bytes_and_host(at, len)?;
        let text = text(host).as_bytes();
        if text.len() != bytes.len() {
            return Err(another_text());
        }
        bytes.copy_from_slice(text);
        Ok(GuestText { at, len })
    }
}

/// A mistake of the host's.
#[cold]
#[inline(never)]
fn another_text() -> Stop {
    invalid("a text changed while the guest made room for it")
}
