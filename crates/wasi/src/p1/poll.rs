//! `poll_oneoff`: waits until one of many things happens.

use super::call::{Call, Result};
use super::clock::clock;
use super::descriptor::Object;
use super::{Host, Layout};
use crate::GuestMemory;
use smallvec::SmallVec;
use std::time::Duration;
use wayleave_system::ErrorCode;
use wayleave_system::wait::{Interest, Ready};

/// Most subscriptions of one call: more than any guest can have descriptors and timers for in
/// earnest, and little host memory.
const MAX_SUBSCRIPTIONS: u32 = 16_384;
/// Bytes of an `event`.
const EVENT_BYTES: u32 = 32;

const ABSTIME: u16 = 1;
const HANGUP: u16 = 1;

/// Waits for the subscriptions at `subscriptions`; stores an event for each that has happened, and
/// how many. At least one has.
pub(super) fn oneoff<L: Layout>(
    call: &mut Call<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    size: u32,
) -> Result<()> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(ErrorCode::Invalid.into());
    }
    let Call { host, memory } = call;
    memory.slice(subscriptions, count * L::SUBSCRIPTION_BYTES)?;
    memory.slice(events, count * EVENT_BYTES)?;
    memory.slice(size, 4)?;
    let mut list = List::new();
    for index in 0..count {
        let address = subscriptions + index * L::SUBSCRIPTION_BYTES;
        list.push(Subscription::load::<L>(host, memory, address)?);
    }
    let happened = list_events(host, &list)?;
    for (index, event) in (0u32..).zip(&happened) {
        event.store(memory, events + index * EVENT_BYTES)?;
    }
    Ok(memory.set_u32(size, super::io::transferred(happened.len()))?)
}

type List = SmallVec<[Subscription; 4]>;

/// What a guest waits for.
struct Subscription {
    userdata: u64,
    what: What,
}

enum What {
    /// Time passes: this much from now.
    Clock(Duration),
    /// A descriptor can be read from or written to.
    Descriptor(u32, Interest),
    /// Something that can not be waited for; its event says why.
    Refused(ErrorCode, u8),
}

impl Subscription {
    /// Reads a `subscription`:
    ///
    /// ```text
    ///  0 userdata   8 tag   16 descriptor | C clock id   C+8 timeout   C+16 precision   C+24 flags
    /// ```
    ///
    /// where `C` depends on the version.
    fn load<L: Layout>(
        host: &Host,
        memory: &GuestMemory<'_>,
        address: u32,
    ) -> std::result::Result<Self, ErrorCode> {
        let at = |offset: u32| address.checked_add(offset).ok_or(ErrorCode::Fault);
        memory.slice(address, L::SUBSCRIPTION_BYTES)?;
        let what = match memory.u8(at(8)?)? {
            0 => {
                let id = memory.u32(at(L::CLOCK)?)?;
                let timeout = memory.u64(at(L::CLOCK + 8)?)?;
                let flags = memory.u16(at(L::CLOCK + 24)?)?;
                match remaining(host, id, timeout, flags) {
                    Ok(duration) => What::Clock(duration),
                    Err(code) => What::Refused(code, 0),
                }
            }
            1 => What::Descriptor(memory.u32(at(16)?)?, Interest::Read),
            2 => What::Descriptor(memory.u32(at(16)?)?, Interest::Write),
            _ => return Err(ErrorCode::Invalid),
        };
        Ok(Self { userdata: memory.u64(address)?, what })
    }

    fn event(&self, error: Option<ErrorCode>) -> Event {
        let kind = match self.what {
            What::Clock(_) => 0,
            What::Descriptor(_, Interest::Read) => 1,
            What::Descriptor(_, Interest::Write) => 2,
            What::Refused(_, kind) => kind,
        };
        let error = error.map_or(0, |code| code as u16);
        Event { userdata: self.userdata, error, kind, bytes: 0, flags: 0 }
    }
}

/// What has happened.
struct Event {
    userdata: u64,
    error: u16,
    kind: u8,
    bytes: u64,
    flags: u16,
}

impl Event {
    /// Writes an `event`:
    ///
    /// ```text
    ///  0 userdata   8 error   10 type   16 nbytes   24 flags   32
    /// ```
    fn store(
        &self,
        memory: &mut GuestMemory<'_>,
        address: u32,
    ) -> std::result::Result<(), ErrorCode> {
        let mut bytes = [0; EVENT_BYTES as usize];
        bytes[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.error.to_le_bytes());
        bytes[10] = self.kind;
        bytes[16..24].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.flags.to_le_bytes());
        memory.set(address, &bytes)
    }
}

/// How long until a clock shows a time.
fn remaining(
    host: &Host,
    id: u32,
    timeout: u64,
    flags: u16,
) -> std::result::Result<Duration, ErrorCode> {
    if id > 1 {
        return Err(if id > 3 { ErrorCode::Invalid } else { ErrorCode::NotSupported });
    }
    let from_now = if flags & ABSTIME != 0 {
        timeout.saturating_sub(clock(&host.clocks, id)?.now())
    } else {
        timeout
    };
    Ok(Duration::from_nanos(from_now))
}

/// Waits, and lists what has happened.
fn list_events(host: &Host, list: &List) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut sources: SmallVec<[_; 4]> = SmallVec::new();
    let mut waiting: SmallVec<[&Subscription; 4]> = SmallVec::new();
    let mut timeout: Option<Duration> = None;
    for subscription in list {
        match subscription.what {
            What::Clock(duration) => {
                timeout = Some(timeout.map_or(duration, |least| least.min(duration)));
            }
            What::Descriptor(fd, interest) => {
                match host.table.get(fd).and_then(|descriptor| descriptor.readiness(interest)) {
                    Ok(readiness) => {
                        sources.push((readiness, interest));
                        waiting.push(subscription);
                    }
                    Err(code) => events.push(subscription.event(Some(code))),
                }
            }
            What::Refused(code, _) => events.push(subscription.event(Some(code))),
        }
    }
    if !events.is_empty() {
        timeout = Some(Duration::ZERO);
    }
    let due = match host.waiter.wait(&sources, timeout)? {
        None => timeout,
        Some(ready) => {
            events.extend(ready.iter().map(|ready| descriptor_event(host, &waiting, ready)));
            Some(Duration::ZERO)
        }
    };
    for subscription in list {
        if let What::Clock(duration) = subscription.what
            && Some(duration) <= due
        {
            events.push(subscription.event(None));
        }
    }
    Ok(events)
}

fn descriptor_event(host: &Host, waiting: &[&Subscription], ready: &Ready) -> Event {
    let subscription = waiting[ready.index];
    let mut event = subscription.event(None);
    if let What::Descriptor(fd, interest) = subscription.what {
        // At least one byte fits where writing is possible; how many more, nobody tells.
        event.bytes = match interest {
            Interest::Read => available(host, fd),
            Interest::Write => 1,
        };
    }
    if ready.hangup {
        event.flags = HANGUP;
    }
    event
}

fn available(host: &Host, fd: u32) -> u64 {
    let known = host.table.get(fd).and_then(|descriptor| match &descriptor.object {
        Object::File(file) => file.available(),
        Object::Connection(connection) => connection.available(),
        Object::Listener(_) | Object::Dir(_) => Ok(1),
    });
    // What can be read without knowing how much is told as one byte: reading answers the rest.
    known.unwrap_or(1)
}
