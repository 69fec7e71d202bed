//! `fields`: names with values.

use super::bindings::wasi::http::types::HeaderError;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use wayleave_component::abi::TypeContext;
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Guest, Lower, Mismatch};
use wayleave_engine::{Slots, Stop, Trap};
use wayleave_system::http::parse_length;

/// Bytes that one guest's `fields` may need each, and all together.
pub(super) const MOST: usize = 128 << 10;
pub(super) const MOST_OF_ALL: usize = 4 << 20;

/// What a value needs beside its bytes and its name's.
const OVERHEAD: usize = 64;

/// Headers or trailers.
#[derive(Clone)]
pub(crate) struct Fields {
    map: Arc<HeaderMap>,
    mutable: bool,
    size: usize,
}

/// Why fields were not changed.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The guest is told.
    Told(HeaderError),
    /// There is no error for it: the guest ends.
    TooLarge,
}

type Result<T> = std::result::Result<T, Refusal>;

impl Fields {
    pub(super) fn new() -> Self {
        Self { map: Arc::new(HeaderMap::new()), mutable: true, size: 0 }
    }

    pub(super) fn from_list(entries: Vec<(String, Vec<u8>)>) -> Result<Self> {
        let mut fields = Self::new();
        for (name, value) in entries {
            let name = parse_name(&name)?;
            fields.append_value(name, |name| parse_value(name, value))?;
        }
        Ok(fields)
    }

    /// Those of a message that was received, without what is the host's.
    pub(super) fn received(mut map: HeaderMap) -> Self {
        let forbidden: Vec<_> = map.keys().filter(|name| is_forbidden(name)).cloned().collect();
        for name in forbidden {
            map.remove(name);
        }
        let size = map.iter().map(|(name, value)| cost(name, value)).sum();
        Self { map: Arc::new(map), mutable: false, size }
    }

    /// How much the host keeps for them, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn map(&self) -> &HeaderMap {
        &self.map
    }

    pub(super) fn into_map(self) -> HeaderMap {
        Arc::unwrap_or_clone(self.map)
    }

    /// The same fields once more, not to be changed.
    pub(super) fn share(&self) -> Self {
        Self { mutable: false, ..self.clone() }
    }

    /// The same fields, from now on not to be changed.
    pub(super) fn freeze(self) -> Self {
        Self { mutable: false, ..self }
    }

    /// A copy of them.
    pub(super) fn copy(&self) -> Self {
        Self { mutable: true, ..self.clone() }
    }

    pub(super) fn get(&self, name: &str) -> Vec<Value> {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return Vec::new() };
        self.map.get_all(name).iter().cloned().map(Value).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| self.map.contains_key(name))
    }

    pub(super) fn entries(&self) -> Vec<(Name, Value)> {
        let entry =
            |(name, value): (&HeaderName, &HeaderValue)| (Name(name.clone()), Value(value.clone()));
        self.map.iter().map(entry).collect()
    }

    pub(super) fn append(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let name = parse_name(name)?;
        // Before it is copied.
        if value.len() > MOST {
            return Err(Refusal::TooLarge);
        }
        self.append_value(name, |name| parse_value(name, value.to_vec()))
    }

    pub(super) fn set(&mut self, name: &str, values: Vec<Vec<u8>>) -> Result<()> {
        let name = parse_name(name)?;
        self.check_mutable()?;
        if name == header::CONTENT_LENGTH && values.len() > 1 {
            return Err(syntax());
        }
        let values = values.into_iter().map(|value| parse_value(&name, value));
        let values = values.collect::<Result<Vec<_>>>()?;
        let added: usize = values.iter().map(|value| cost(&name, value)).sum();
        let size = self.size - self.size_of(&name) + added;
        if size > MOST {
            return Err(Refusal::TooLarge);
        }
        let map = Arc::make_mut(&mut self.map);
        map.remove(&name);
        for value in values {
            map.try_append(&name, value).map_err(too_many)?;
        }
        self.size = size;
        Ok(())
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<()> {
        let name = parse_name(name)?;
        self.check_mutable()?;
        let size = self.size_of(&name);
        if size > 0 {
            Arc::make_mut(&mut self.map).remove(name);
            self.size -= size;
        }
        Ok(())
    }

    fn append_value(
        &mut self,
        name: HeaderName,
        value: impl FnOnce(&HeaderName) -> Result<HeaderValue>,
    ) -> Result<()> {
        self.check_mutable()?;
        let value = value(&name)?;
        // Two lengths, and who reads the message may take the other one.
        if name == header::CONTENT_LENGTH && self.map.contains_key(&name) {
            return Err(syntax());
        }
        let size = self.size + cost(&name, &value);
        if size > MOST {
            return Err(Refusal::TooLarge);
        }
        Arc::make_mut(&mut self.map).try_append(name, value).map_err(too_many)?;
        self.size = size;
        Ok(())
    }

    fn check_mutable(&self) -> Result<()> {
        if self.mutable { Ok(()) } else { Err(Refusal::Told(HeaderError::Immutable)) }
    }

    fn size_of(&self, name: &HeaderName) -> usize {
        self.map.get_all(name).iter().map(|value| cost(name, value)).sum()
    }
}

/// The guest's end, where what it wants is more than it may have.
pub(super) fn too_large() -> Stop {
    Trap::host(format!(
        "the guest's HTTP fields are too large: at most {} KiB each, {} MiB all together",
        MOST >> 10,
        MOST_OF_ALL >> 20
    ))
    .into()
}

/// Whether a field is the host's to set: where a connection and its parts end, and whom the request
/// is for.
fn is_forbidden(name: &HeaderName) -> bool {
    match *name {
        header::CONNECTION
        | header::HOST
        | header::PROXY_AUTHENTICATE
        | header::PROXY_AUTHORIZATION
        | header::TRANSFER_ENCODING
        | header::UPGRADE => true,
        _ => matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings"),
    }
}

fn parse_name(name: &str) -> Result<HeaderName> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| syntax())?;
    if is_forbidden(&name) {
        return Err(Refusal::Told(HeaderError::Forbidden));
    }
    Ok(name)
}

fn parse_value(name: &HeaderName, value: Vec<u8>) -> Result<HeaderValue> {
    if name == header::CONTENT_LENGTH && parse_length(&value).is_none() {
        return Err(syntax());
    }
    HeaderValue::try_from(value).map_err(|_| syntax())
}

fn cost(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + OVERHEAD
}

fn syntax() -> Refusal {
    Refusal::Told(HeaderError::InvalidSyntax)
}

fn too_many(_: header::MaxSizeReached) -> Refusal {
    Refusal::TooLarge
}

/// A name, lowered as a string.
#[derive(Debug)]
pub(crate) struct Name(pub(super) HeaderName);

/// A value, lowered as a list of bytes.
#[derive(Debug)]
pub(crate) struct Value(pub(super) HeaderValue);

macro_rules! lowered {
    ($($ty:ident as $as:ty, by $view:ident;)*) => {$(
        impl ComponentType for $ty {
            const SIZE: u32 = <$as>::SIZE;
            const ALIGN: u32 = <$as>::ALIGN;
            const FLAT: usize = <$as>::FLAT;

            fn check(
                ty: Type,
                context: &TypeContext<'_>,
            ) -> std::result::Result<(), Mismatch> {
                <$as>::check(ty, context)
            }
        }

        impl Lower for $ty {
            fn lower<G: Guest>(
                &self,
                to: &mut G,
                slots: &mut impl Slots,
                at: usize,
            ) -> std::result::Result<(), Stop> {
                self.0.$view().lower(to, slots, at)
            }

            fn store<G: Guest>(&self, to: &mut G, at: u32) -> std::result::Result<(), Stop> {
                self.0.$view().store(to, at)
            }
        }
    )*};
}

lowered! {
    Name as &str, by as_str;
    Value as &[u8], by as_bytes;
}
