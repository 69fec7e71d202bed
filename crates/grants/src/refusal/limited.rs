//! Limits that were reached: what the guest wanted more of, and which grant would have given it.

use crate::units::{format_bytes, format_duration, parse_bytes, parse_duration};
use crate::{Grants, LimitSettings, Limits};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wayleave_system::refusal::{Answer, Grant, LimitWatch, Refusal, Refusals};

/// Something of which a guest may have only so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limited {
    /// Wall-clock time, in nanoseconds.
    Time,
    /// Fuel.
    Fuel,
    /// Bytes of memories.
    Memory,
    /// Elements of tables.
    TableElements,
    /// Instances of modules.
    Instances,
    /// Descriptors and other handles.
    Handles,
    /// Bytes that the host holds for one call.
    Buffers,
    /// Connections and other sockets.
    Sockets,
    /// Bytes received from the network.
    BytesIn,
    /// Bytes sent to the network.
    BytesOut,
}

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Count,
    Time,
}

/// Each limit: its option, and what a guest tried that it refused.
const WORDS: [(Limited, &str, &str, Unit); 10] = [
    (Limited::Time, "timeout", "run longer than", Unit::Time),
    (Limited::Fuel, "fuel", "use more fuel than", Unit::Count),
    (Limited::Memory, "max-memory", "have more memory than", Unit::Bytes),
    (Limited::TableElements, "max-table-elements", "have more table elements than", Unit::Count),
    (Limited::Instances, "max-instances", "have more instances than", Unit::Count),
    (Limited::Handles, "max-handles", "have more handles open than", Unit::Count),
    (Limited::Buffers, "max-buffers", "have the host hold more at once than", Unit::Bytes),
    (Limited::Sockets, "max-sockets", "have more sockets open than", Unit::Count),
    (Limited::BytesIn, "max-bytes-in", "receive more of the network than", Unit::Bytes),
    (Limited::BytesOut, "max-bytes-out", "send more to the network than", Unit::Bytes),
];

impl Limited {
    /// The refusal of more than `most`, where the guest wants `wanted` in all. The grant gives some
    /// more than that, so that the next step is not refused again.
    #[must_use]
    pub fn refusal(self, most: u64, wanted: u64) -> Refusal {
        let (_, option, tried, unit) = self.words();
        let more = match self {
            // How much it would have been, nobody knows.
            Self::Time => most.saturating_mul(2).max(1_000_000_000),
            Self::Fuel => most.saturating_mul(2).max(1_000_000),
            _ => roomy(wanted),
        };
        Refusal::new(tried, unit.format(most), [Grant::new(option, unit.format(more))])
    }

    /// The limit that a grant sets, and to what; `None` where it sets none.
    #[must_use]
    pub fn of(grant: &Grant) -> Option<(Self, u64)> {
        let words = WORDS.iter().find(|(_, option, ..)| *option == grant.option)?;
        Some((words.0, words.3.parse(&grant.value)?))
    }

    fn words(self) -> (Self, &'static str, &'static str, Unit) {
        let found = WORDS.into_iter().find(|words| words.0 == self);
        found.unwrap_or((self, "", "have more than", Unit::Count))
    }
}

impl Unit {
    fn format(self, number: u64) -> String {
        match self {
            Self::Bytes => format_bytes(number),
            Self::Count => number.to_string(),
            Self::Time => format_duration(Duration::from_nanos(number)),
        }
    }

    fn parse(self, text: &str) -> Option<u64> {
        match self {
            Self::Bytes => parse_bytes(text).ok(),
            Self::Count => text.parse().ok(),
            Self::Time => u64::try_from(parse_duration(text).ok()?.as_nanos()).ok(),
        }
    }
}

/// A round number that is enough.
pub(crate) fn roomy(wanted: u64) -> u64 {
    wanted.checked_next_power_of_two().unwrap_or(wanted)
}

impl LimitSettings {
    /// Gives so much, unless it is more already.
    pub(crate) fn raise(&mut self, what: Limited, to: u64) {
        let place = match what {
            Limited::Time => {
                let to = Duration::from_nanos(to);
                self.timeout = Some(self.timeout.map_or(to, |before| before.max(to)));
                return;
            }
            Limited::Fuel => &mut self.fuel,
            Limited::Memory => &mut self.memory,
            Limited::TableElements => &mut self.table_elements,
            Limited::Instances => &mut self.instances,
            Limited::Handles => &mut self.handles,
            Limited::Buffers => &mut self.buffers,
            Limited::Sockets => &mut self.sockets,
            Limited::BytesIn => &mut self.bytes_in,
            Limited::BytesOut => &mut self.bytes_out,
        };
        *place = Some(place.map_or(to, |before| before.max(to)));
    }
}

impl Grants {
    /// Who is told when the guest wants more of something than its limit.
    pub fn limit_watch(&self, what: Limited) -> LimitWatch {
        let Some(refusals) = self.refusals.clone() else { return LimitWatch::default() };
        let most = self.limits.most(what);
        LimitWatch::new(move |wanted| refusals.refused(what.refusal(most, wanted)))
    }
}

impl Limits {
    /// How much of it there may be; all there is where that is not limited.
    #[must_use]
    pub fn most(&self, what: Limited) -> u64 {
        let number = |number: usize| number as u64;
        match what {
            Limited::Time => {
                let nanoseconds = self.timeout.map(|time| u64::try_from(time.as_nanos()).ok());
                nanoseconds.flatten().unwrap_or(u64::MAX)
            }
            Limited::Fuel => self.fuel.unwrap_or(u64::MAX),
            Limited::Memory => number(self.memory_bytes),
            Limited::TableElements => number(self.table_elements),
            Limited::Instances => number(self.instances),
            Limited::Handles => number(self.descriptors),
            Limited::Buffers => number(self.buffer_bytes),
            Limited::Sockets => number(self.network.connections),
            Limited::BytesIn => self.network.bytes_in.unwrap_or(u64::MAX),
            Limited::BytesOut => self.network.bytes_out.unwrap_or(u64::MAX),
        }
    }
}

/// Who is told of what the limits of mounts refuse: mounts are made before that is known.
#[derive(Clone, Default)]
pub struct MountRefusals(Arc<Mutex<Option<Arc<dyn Refusals>>>>);

impl MountRefusals {
    pub(crate) fn set(&self, refusals: Arc<dyn Refusals>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusals);
    }

    /// Tells of the refusal that `describe` makes of how much is wanted in all.
    pub(crate) fn watch(
        &self,
        describe: impl Fn(u64) -> Refusal + Send + Sync + 'static,
    ) -> LimitWatch {
        let later = self.clone();
        LimitWatch::new(move |wanted| {
            let told = later.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            told.map_or(Answer::Deny, |refusals| refusals.refused(describe(wanted)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_told_with_what_raises_it() {
        for (what, most, wanted, tried, grant) in [
            (Limited::Time, 200_000_000, 0, "run longer than 200ms", "--timeout 1s"),
            (Limited::Time, 60_000_000_000, 0, "run longer than 1m", "--timeout 2m"),
            (Limited::Fuel, 3_000_000, 0, "use more fuel than 3000000", "--fuel 6000000"),
            (
                Limited::Memory,
                16 << 20,
                (16 << 20) + 1,
                "have more memory than 16M",
                "--max-memory 32M",
            ),
            (Limited::Handles, 5, 6, "have more handles open than 5", "--max-handles 8"),
            (Limited::BytesOut, 0, 3, "send more to the network than 0", "--max-bytes-out 4"),
        ] {
            let refusal = what.refusal(most, wanted);
            assert_eq!(refusal.to_string(), tried);
            let [offered] = refusal.grants.as_slice() else { panic!("{refusal:?}") };
            assert_eq!(offered.to_string(), grant);
            let (parsed, to) = Limited::of(offered).unwrap();
            assert_eq!(parsed, what);
            assert!(to > most && to >= wanted);
        }
        assert_eq!(Limited::of(&Grant::new("dir", "/etc")), None);
    }

    #[test]
    fn the_words_of_limits_are_no_words_of_files() {
        for (limited, _, tried, _) in WORDS {
            assert!(crate::refusal::verb::Verb::parse(tried).is_none(), "{tried}");
            assert_eq!(limited.words().0, limited);
        }
    }

    #[test]
    fn raising_never_lowers() {
        let mut limits = LimitSettings { memory: Some(10), ..LimitSettings::default() };
        limits.raise(Limited::Memory, 5);
        limits.raise(Limited::Time, 2_000_000_000);
        assert_eq!(limits.memory, Some(10));
        assert_eq!(limits.timeout, Some(Duration::from_secs(2)));
        limits.raise(Limited::Memory, 20);
        assert_eq!(limits.memory, Some(20));
    }

    #[cfg(feature = "manifest")]
    #[test]
    fn each_word_is_one_of_a_manifest() {
        let keys = crate::manifest::keys::limits();
        assert_eq!(keys.len(), WORDS.len());
        for (_, option, ..) in WORDS {
            assert!(keys.iter().any(|key| key.name() == option), "{option}");
        }
    }
}
