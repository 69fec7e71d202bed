use super::FileInput;
use crate::p2::bindings::wasi::io::streams::StreamError;
use crate::p2::error::stream_error;
use std::sync::Arc;
use wayleave_component::abi::{GuestBytes, TypeContext};
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Guest, Lower, Mismatch};
use wayleave_engine::{Slots, Stop};
use wayleave_system::ErrorCode;

/// What a read gives: `result<list<u8>, stream-error>`. Bytes of a file are read when they are
/// lowered, straight into the guest's memory.
pub(crate) struct Read(Source);

enum Source {
    File(Arc<FileInput>, u32),
    Done(Result<Vec<u8>, StreamError>),
}

type Described = Result<Vec<u8>, StreamError>;

impl Read {
    #[inline]
    pub(super) fn file(input: Arc<FileInput>, len: u32) -> Self {
        Self(Source::File(input, len))
    }

    pub(super) fn failed(code: ErrorCode) -> Self {
        Self(Source::Done(Err(stream_error(code))))
    }

    /// The same; an error is changed.
    #[inline]
    pub(super) fn map_err(self, change: impl FnOnce(StreamError) -> StreamError) -> Self {
        match self.0 {
            Source::Done(Err(error)) => Self(Source::Done(Err(change(error)))),
            source => Self(source),
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
    input: &FileInput,
    room: u32,
) -> Result<Result<GuestBytes, StreamError>, Stop> {
    Ok(match GuestBytes::fill(to, room, |buffer| input.read(buffer))? {
        Ok(bytes) if bytes.is_empty() && room > 0 => Err(StreamError::Closed),
        Ok(bytes) => Ok(bytes),
        Err(code) => Err(stream_error(code)),
    })
}
