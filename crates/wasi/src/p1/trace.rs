//! What a guest calls with and gets back, as text.
//!
//! How the arguments of a function are meant is written beside it in the table of functions, a word
//! each, in their order: `NAME:KIND`, or `NAME` where the kind is the name's own or a plain number. Words
//! behind `->` are results, that the guest gives addresses for.

use super::call::Result;
use crate::GuestMemory;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;
use wayleave_engine::{CallOutcome, HostCall, Slots, Stop, Tracer, ValType};
use wayleave_system::ErrorCode;

/// What of a text or of bytes is shown, in bytes.
const MOST_BYTES: u32 = 64;
const MOST_BUFFERS: u32 = 16;

/// A function whose calls are told of.
pub(super) struct Traced {
    tracer: Arc<dyn Tracer>,
    interface: &'static str,
    name: &'static str,
    /// Its arguments in words, as the table has them.
    words: &'static str,
    types: Box<[ValType]>,
}

/// A call that has begun.
pub(super) struct Begun {
    args: Vec<(String, String)>,
    results: Vec<Wanted>,
    since: Instant,
}

/// A result, and where the guest wants it.
struct Wanted {
    name: &'static str,
    kind: &'static str,
    at: u32,
    /// The room that the guest has there, where that is an argument.
    len: u32,
}

impl Traced {
    /// `None` where nobody wants to be told.
    pub(super) fn new(
        tracer: Option<&Arc<dyn Tracer>>,
        interface: &'static str,
        name: &'static str,
        words: &'static str,
        types: &[ValType],
    ) -> Option<Self> {
        let tracer = tracer.filter(|tracer| tracer.wants(interface, name))?.clone();
        Some(Self { tracer, interface, name, words, types: types.into() })
    }

    /// Notes what the guest passes.
    #[cold]
    #[inline(never)]
    pub(super) fn begin(&self, memory: &GuestMemory<'_>, slots: &impl Slots) -> Begun {
        let mut call = Begun { args: Vec::new(), results: Vec::new(), since: Instant::now() };
        let (mut slot, mut results) = (0, false);
        for word in self.words.split(' ').filter(|word| !word.is_empty()) {
            if word == "->" {
                results = true;
                continue;
            }
            let (name, kind) = word.split_once(':').unwrap_or((word, word));
            let two = matches!(kind, "path" | "read" | "write" | "room" | "text");
            let (at, len) = (slots.u32(slot), if two { slots.u32(slot + 1) } else { 0 });
            if results {
                call.results.push(Wanted { name, kind, at, len });
            } else {
                let value = match self.types.get(slot) {
                    Some(ValType::I64) => slots.u64(slot),
                    _ => at.into(),
                };
                let text = argument(memory, kind, value, at, len);
                call.args.push((name.to_owned(), text));
            }
            slot += 1 + usize::from(two);
        }
        // The time is the call's own.
        call.since = Instant::now();
        call
    }

    /// Tells what came of it.
    #[cold]
    #[inline(never)]
    pub(super) fn end(
        &self,
        call: Begun,
        memory: &GuestMemory<'_>,
        result: &std::result::Result<u32, Stop>,
    ) {
        let time = call.since.elapsed();
        if matches!(result, Err(Stop::Wait(_))) {
            return;
        }
        let mut text = String::new();
        let outcome = match result {
            Err(stop) => CallOutcome::Stopped(stop),
            Ok(0) => {
                show_results(memory, &call.results, &mut text);
                CallOutcome::Returned(&text)
            }
            Ok(number) => {
                let code = u16::try_from(*number).ok().and_then(ErrorCode::from_number);
                let _ = match code {
                    Some(code) => write!(text, "errno {number}, {code}"),
                    None => write!(text, "errno {number}"),
                };
                CallOutcome::Failed(&text)
            }
        };
        let (interface, function) = (self.interface, self.name);
        self.tracer.called(&HostCall { interface, function, args: &call.args, outcome, time });
    }
}

fn argument(memory: &GuestMemory<'_>, kind: &str, value: u64, at: u32, len: u32) -> String {
    match kind {
        "path" => bytes(memory, at, len),
        "write" => buffers(memory, at, len, true),
        "read" => buffers(memory, at, len, false),
        "room" => format!("{len} bytes"),
        "clock" => named(value, &["realtime", "monotonic", "process-cpu", "thread-cpu"]),
        "lookup" => flags(value, &["follow"]),
        "oflags" => flags(value, &["creat", "directory", "excl", "trunc"]),
        "fdflags" => flags(value, &["append", "dsync", "nonblock", "rsync", "sync"]),
        "fstflags" => flags(value, &["atim", "atim-now", "mtim", "mtim-now"]),
        "sdflags" => flags(value, &["rd", "wr"]),
        "hex" => format!("{value:#x}"),
        "signed" => value.cast_signed().to_string(),
        _ => value.to_string(),
    }
}

fn named(value: u64, names: &[&str]) -> String {
    let name = usize::try_from(value).ok().and_then(|value| names.get(value));
    name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
}

fn flags(value: u64, names: &[&str]) -> String {
    let set = (0..).zip(names).filter(|(bit, _)| value >> bit & 1 == 1);
    let mut text: Vec<String> = set.map(|(_, name)| (*name).to_owned()).collect();
    let rest = value.checked_shr(u32::try_from(names.len()).unwrap_or(64)).unwrap_or(0);
    if rest != 0 {
        text.push(format!("{:#x}", rest << names.len()));
    }
    format!("{{{}}}", text.join(", "))
}

fn bytes(memory: &GuestMemory<'_>, at: u32, len: u32) -> String {
    let Ok(bytes) = memory.slice(at, len.min(MOST_BYTES)) else { return format!("? at {at:#x}") };
    let mut text = match std::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    };
    if len > MOST_BYTES {
        let _ = write!(text, "... ({len} bytes)");
    }
    text
}

/// A list of buffers: what is in them, or how much room there is.
fn buffers(memory: &GuestMemory<'_>, list: u32, count: u32, contents: bool) -> String {
    let mut texts = Vec::new();
    for index in 0..count.min(MOST_BUFFERS) {
        let place = list.saturating_add(index * 8);
        let (Ok(at), Ok(len)) = (memory.u32(place), memory.u32(place.saturating_add(4))) else {
            return format!("? at {list:#x}");
        };
        texts.push(if contents { bytes(memory, at, len) } else { format!("{len} bytes") });
    }
    if count > MOST_BUFFERS {
        texts.push(format!("... {} more", count - MOST_BUFFERS));
    }
    format!("[{}]", texts.join(", "))
}

fn show_results(memory: &GuestMemory<'_>, results: &[Wanted], text: &mut String) {
    for wanted in results {
        let value = shown(memory, wanted).unwrap_or_else(|_| format!("? at {:#x}", wanted.at));
        if !text.is_empty() {
            text.push_str(", ");
        }
        let _ = match wanted.name {
            // The value says enough.
            "_" => write!(text, "{value}"),
            name => write!(text, "{name} {value}"),
        };
    }
}

fn shown(memory: &GuestMemory<'_>, wanted: &Wanted) -> Result<String> {
    let Wanted { at, len, .. } = *wanted;
    Ok(match wanted.kind {
        "u64" => memory.u64(at)?.to_string(),
        "text" => bytes(memory, at, len),
        "fdstat" => {
            let kind = memory.u8(at)?;
            let flags = argument(memory, "fdflags", memory.u16(at.saturating_add(2))?.into(), 0, 0);
            format!("{}, flags {flags}", file_type(kind))
        }
        "filestat" => {
            let (kind, size) = (memory.u8(at.saturating_add(16))?, at.saturating_add(32));
            format!("{}, {} bytes", file_type(kind), memory.u64(size)?)
        }
        "prestat" => format!("{} bytes", memory.u32(at.saturating_add(4))?),
        _ => memory.u32(at)?.to_string(),
    })
}

fn file_type(number: u8) -> String {
    let names = [
        "unknown",
        "block device",
        "character device",
        "directory",
        "regular file",
        "datagram socket",
        "stream socket",
        "symbolic link",
    ];
    named(number.into(), &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_their_names_and_others_their_bits() {
        assert_eq!(argument(&GuestMemory::new(&mut []), "oflags", 9, 0, 0), "{creat, trunc}");
        assert_eq!(argument(&GuestMemory::new(&mut []), "lookup", 0x11, 0, 0), "{follow, 0x10}");
        assert_eq!(argument(&GuestMemory::new(&mut []), "lookup", 0, 0, 0), "{}");
        assert_eq!(argument(&GuestMemory::new(&mut []), "clock", 9, 0, 0), "9");
    }

    #[test]
    fn wild_pointers_are_shown_as_such() {
        let mut memory = [0_u8; 64];
        memory[..8].copy_from_slice(&[16, 0, 0, 0, 5, 0, 0, 0]);
        memory[16..21].copy_from_slice(b"hello");
        let memory = GuestMemory::new(&mut memory);
        assert_eq!(argument(&memory, "write", 0, 0, 1), "[\"hello\"]");
        assert_eq!(argument(&memory, "read", 0, 0, 1), "[5 bytes]");
        for (at, len) in [(60, 8), (u32::MAX, 1), (u32::MAX, u32::MAX), (0, u32::MAX)] {
            for kind in ["path", "write", "read"] {
                let text = argument(&memory, kind, 0, at, len);
                assert!(text.len() < 1_000, "{text}");
            }
        }
    }
}
