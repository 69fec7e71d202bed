use super::InputStream;
use crate::p2::bindings::wasi::io::streams::StreamError;
use crate::p2::error::stream_error;
use crate::p2::table::Lent;
use wayleave_component::abi::{GuestBytes, TypeContext};
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Guest, Lower, Mismatch};
use wayleave_engine::{Slots, Stop};

/// What a read gives: `result<list<u8>, stream-error>`. Bytes of a file are read when they are
/// lowered, straight into the guest's memory.
pub(crate) struct Read(Source);

enum Source {
    /// Out of its table until the guest has the bytes, and room for these.
    File(Lent<InputStream>, u32),
    Done(Result<Vec<u8>, StreamError>),
}

type Described = Result<Vec<u8>, StreamError>;

impl Read {
    #[inline]
    pub(super) fn file(input: Lent<InputStream>, room: u32) -> Self {
        Self(Source::File(input, room))
    }

    /// The stream that was lent for it.
    #[inline]
    pub(super) fn into_lent(self) -> Option<Lent<InputStream>> {
        match self.0 {
            Source::File(input, _) => Some(input),
            Source::Done(_) => None,
        }
    }
}

impl From<Described> for Read {
    fn from(done: Described) -> Self {
        Self(Source::Done(done))
    }
}

impl ComponentType for Read {
    const SIZE: u32 = Described::SIZE;
    const ALIGN: u32 = Described::ALIGN;
    const FLAT: usize = Described::FLAT;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        Described::check(ty, context)
    }
}

impl Lower for Read {
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        match &self.0 {
            Source::File(input, room) => from_file(to, input, *room)?.lower(to, slots, at),
            Source::Done(done) => done.lower(to, slots, at),
        }
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        match &self.0 {
            Source::File(input, room) => from_file(to, input, *room)?.store(to, at),
            Source::Done(done) => done.store(to, at),
        }
    }
}

/// Reads into the guest's memory.
#[inline]
fn from_file<G: Guest>(
    to: &mut G,
    input: &Lent<InputStream>,
    room: u32,
) -> Result<Result<GuestBytes, StreamError>, Stop> {
    let InputStream::File(input) = input.resource() else { return Ok(Err(StreamError::Closed)) };
    Ok(match GuestBytes::fill(to, room, |buffer| input.read(buffer))? {
        Ok(bytes) if bytes.is_empty() && room > 0 => Err(StreamError::Closed),
        Ok(bytes) => Ok(bytes),
        Err(code) => Err(stream_error(code)),
    })
}
