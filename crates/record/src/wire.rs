//! How values are written: numbers in as many bytes as they need, the rest behind its length.

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
pub(crate) use http::Outcome;

use crate::file::{Broken, In, Out};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use wayleave_system::ErrorCode;
use wayleave_system::fs::{FileKind, Stat, Timestamp};
use wayleave_system::wait::{Ready, Woken};

/// Longest text or list that is read back: more than paths, names and arguments have.
const MOST: u64 = 16 << 20;

/// What can be kept in a recording.
pub(crate) trait Wire: Sized {
    fn put(&self, out: &mut Out);
    fn take(from: &mut In) -> Result<Self, Broken>;
}

impl Wire for u8 {
    fn put(&self, out: &mut Out) {
        out.put(&[*self]);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let mut byte = [0];
        from.take(&mut byte)?;
        Ok(byte[0])
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Out) {
        u8::from(*self).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(from.damaged()),
        }
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
impl Wire for u64 {
    fn put(&self, out: &mut Out) {
        let mut bytes = [0; 10];
        let mut rest = *self;
        let mut length = 0;
        loop {
            let low = rest.to_le_bytes()[0] & 0x7f;
            rest >>= 7;
            bytes[length] = if rest == 0 { low } else { low | 0x80 };
            length += 1;
            if rest == 0 {
                return out.put(&bytes[..length]);
            }
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = u8::take(from)?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(from.damaged());
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(from.damaged())
    }
}

/// Small ones are short, negative or not.
impl Wire for i64 {
    fn put(&self, out: &mut Out) {
        (self.cast_unsigned() << 1 ^ (self >> 63).cast_unsigned()).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let folded = u64::take(from)?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }
}

/// Integers that are written as a `u64`.
macro_rules! as_u64 {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self, out: &mut Out) {
                u64::try_from(*self).unwrap_or(u64::MAX).put(out);
            }

            fn take(from: &mut In) -> Result<Self, Broken> {
                let value = u64::take(from)?;
                Self::try_from(value).map_err(|_| from.damaged())
            }
        }
    )*};
}

as_u64!(u16, u32, usize);

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut Out) {
        out.put(self);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let mut bytes = [0; N];
        from.take(&mut bytes)?;
        Ok(bytes)
    }
}

impl Wire for () {
    fn put(&self, _: &mut Out) {}

    fn take(_: &mut In) -> Result<Self, Broken> {
        Ok(())
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Out) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Out) {
        self.len().put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let length = u64::take(from)?;
        if length > MOST {
            return Err(from.damaged());
        }
        // No room is made beforehand for what may not be there.
        (0..length).map(|_| T::take(from)).collect()
    }
}

impl Wire for String {
    fn put(&self, out: &mut Out) {
        self.len().put(out);
        out.put(self.as_bytes());
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        String::from_utf8(Vec::take(from)?).map_err(|_| from.damaged())
    }
}

impl Wire for ErrorCode {
    fn put(&self, out: &mut Out) {
        (*self as u16).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let number = u16::take(from)?;
        Self::from_number(number).ok_or_else(|| from.damaged())
    }
}

/// An error's number, or 0 and the value.
impl<T: Wire> Wire for Result<T, ErrorCode> {
    fn put(&self, out: &mut Out) {
        match self {
            Ok(value) => {
                0_u8.put(out);
                value.put(out);
            }
            Err(code) => code.put(out),
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        match u16::take(from)? {
            0 => T::take(from).map(Ok),
            number => ErrorCode::from_number(number).map(Err).ok_or_else(|| from.damaged()),
        }
    }
}

impl Wire for FileKind {
    fn put(&self, out: &mut Out) {
        (*self as u8).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        const KINDS: [FileKind; 8] = [
            FileKind::Unknown,
            FileKind::BlockDevice,
            FileKind::CharacterDevice,
            FileKind::Directory,
            FileKind::Fifo,
            FileKind::Regular,
            FileKind::Socket,
            FileKind::SymbolicLink,
        ];
        let number = usize::from(u8::take(from)?);
        KINDS.get(number).copied().ok_or_else(|| from.damaged())
    }
}

impl Wire for Timestamp {
    fn put(&self, out: &mut Out) {
        self.seconds.put(out);
        self.nanoseconds.put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let (seconds, nanoseconds) = Wire::take(from)?;
        if nanoseconds > 999_999_999 {
            return Err(from.damaged());
        }
        Ok(Self { seconds, nanoseconds })
    }
}

impl Wire for Stat {
    fn put(&self, out: &mut Out) {
        let Self { device, inode, kind, links, size, accessed, modified, changed } = *self;
        ((device, inode), (kind, links)).put(out);
        (size, (accessed, (modified, changed))).put(out);
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        let ((device, inode), (kind, links)) = Wire::take(from)?;
        let (size, (accessed, (modified, changed))) = Wire::take(from)?;
        Ok(Self { device, inode, kind, links, size, accessed, modified, changed })
    }
}

impl Wire for Woken {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Ready(ready) => {
                0_u8.put(out);
                let pairs: Vec<_> = ready.iter().map(|one| (one.index, one.hangup)).collect();
                pairs.put(out);
            }
            Self::TimedOut => 1_u8.put(out),
            Self::Interrupted => 2_u8.put(out),
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(match u8::take(from)? {
            0 => {
                let pairs: Vec<(usize, bool)> = Wire::take(from)?;
                let ready = pairs.into_iter().map(|(index, hangup)| Ready { index, hangup });
                Self::Ready(ready.collect())
            }
            1 => Self::TimedOut,
            2 => Self::Interrupted,
            _ => return Err(from.damaged()),
        })
    }
}

impl Wire for IpAddr {
    fn put(&self, out: &mut Out) {
        match self {
            Self::V4(address) => (4_u8, address.octets()).put(out),
            Self::V6(address) => (6_u8, address.octets()).put(out),
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(match u8::take(from)? {
            4 => <[u8; 4]>::take(from)?.into(),
            6 => <[u8; 16]>::take(from)?.into(),
            _ => return Err(from.damaged()),
        })
    }
}

impl Wire for SocketAddr {
    fn put(&self, out: &mut Out) {
        (self.ip(), self.port()).put(out);
        if let Self::V6(address) = self {
            (address.flowinfo(), address.scope_id()).put(out);
        }
    }

    fn take(from: &mut In) -> Result<Self, Broken> {
        Ok(match Wire::take(from)? {
            (IpAddr::V4(ip), port) => (ip, port).into(),
            (IpAddr::V6(ip), port) => {
                let (flow, scope) = Wire::take(from)?;
                SocketAddrV6::new(ip, port, flow, scope).into()
            }
        })
    }
}
