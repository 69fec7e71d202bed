use super::Limited;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wayleave_system::refusal::{Answer, Grant, Refusal, Refusals};

/// Keeps what was refused, to be told later. Everything stays refused.
#[derive(Debug, Default)]
pub struct Record(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// In the order in which they came first.
    refusals: Vec<(Refusal, u64)>,
    places: HashMap<Refusal, usize>,
    left_out: u64,
}

/// Most different refusals that are kept: guests make up as many paths as they like.
const MOST: usize = 1000;

impl Record {
    /// Nothing was refused yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a refusal, and says whether it is the first of its kind.
    pub fn note(&self, refusal: Refusal) -> bool {
        let mut kept = self.kept();
        if let Some(place) = kept.places.get(&refusal).copied() {
            kept.refusals[place].1 += 1;
            return false;
        }
        if kept.refusals.len() >= MOST {
            kept.left_out += 1;
            return false;
        }
        let place = kept.refusals.len();
        kept.places.insert(refusal.clone(), place);
        kept.refusals.push((refusal, 1));
        true
    }

    /// What was refused, and how often, in the order in which it came first.
    pub fn refusals(&self) -> Vec<(Refusal, u64)> {
        self.kept().refusals.clone()
    }

    /// How many times something was refused that is not kept, as there was too much.
    pub fn left_out(&self) -> u64 {
        self.kept().left_out
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusals for Record {
    fn refused(&self, refusal: Refusal) -> Answer {
        self.note(refusal);
        Answer::Deny
    }
}

/// Refusals that one grant would have prevented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grant; `None` where none can.
    pub grant: Option<Grant>,
    /// What was refused, without the grants, in the order in which it came first.
    pub refused: Vec<Refusal>,
    /// How many times all of it was.
    pub count: u64,
}

/// Sorts refusals by the grant that would have prevented them: the narrowest one, unless a wider
/// one prevents several. What was tried with contents comes first, then what was looked at only;
/// last what nothing allows.
#[must_use]
pub fn group(refusals: &[(Refusal, u64)]) -> Vec<Group> {
    let mut groups: Vec<Gathered<'_>> = Vec::new();
    for (refusal, count) in refusals {
        let wide = refusal.grants.last();
        let belongs = |group: &&mut Gathered<'_>| {
            same(group.wide, wide) && group.has_why_of(refusal) || group.has_limit_of(refusal)
        };
        match groups.iter_mut().find(belongs) {
            Some(group) => group.add(refusal, *count),
            None => groups.push(Gathered { wide, refusals: vec![refusal], count: *count }),
        }
    }
    groups.sort_by_key(Gathered::rank);
    groups.into_iter().map(Gathered::finish).collect()
}

struct Gathered<'a> {
    wide: Option<&'a Grant>,
    refusals: Vec<&'a Refusal>,
    count: u64,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, refusal: &'a Refusal, count: u64) {
        let wide = refusal.grants.last();
        let limits = (self.wide.and_then(Limited::of), wide.and_then(Limited::of));
        let serves_for_both = match limits {
            (Some((_, before)), Some((_, now))) => now > before,
            // Of a folder to read and the same to write, the latter does.
            _ => writable(wide),
        };
        if serves_for_both {
            self.wide = wide;
        }
        self.refusals.push(refusal);
        self.count += count;
    }

    /// Whether it is hopeless for the same reason, if it is hopeless.
    fn has_why_of(&self, refusal: &Refusal) -> bool {
        self.refusals.iter().all(|other| other.why == refusal.why)
    }

    /// Whether it has another step beyond the same limit: only how much was wanted differs.
    fn has_limit_of(&self, refusal: &Refusal) -> bool {
        let same = |other: &&Refusal| {
            (other.tried, &other.object) == (refusal.tried, &refusal.object)
                && other.grants.len() == 1
        };
        refusal.grants.len() == 1 && self.refusals.iter().any(same)
    }

    fn rank(&self) -> u8 {
        match self.wide {
            None => 2,
            Some(_) if self.refusals.iter().all(|refusal| refusal.tried == "look at") => 1,
            Some(_) => 0,
        }
    }

    fn finish(self) -> Group {
        let first = self.refusals.first();
        let one =
            self.refusals.iter().all(|refusal| Some(&refusal.object) == first.map(|r| &r.object));
        let narrow = self.refusals.iter().filter_map(|refusal| refusal.grants.first());
        let narrow = narrow.max_by_key(|grant| writable(Some(grant)));
        let limit = self.wide.and_then(Limited::of).is_some();
        let grant = if one && !limit { narrow } else { self.wide };
        let mut refused: Vec<Refusal> = Vec::new();
        for refusal in self.refusals {
            let bare = Refusal { grants: Vec::new(), ..refusal.clone() };
            if !refused.contains(&bare) {
                refused.push(bare);
            }
        }
        Group { grant: grant.cloned(), refused, count: self.count }
    }
}

const READ_ONLY: &str = "::ro";

fn writable(grant: Option<&Grant>) -> bool {
    grant.is_some_and(|grant| !grant.value.ends_with(READ_ONLY))
}

/// Whether two grants are the same but for what may be done.
fn same(one: Option<&Grant>, other: Option<&Grant>) -> bool {
    let base = |grant: Option<&Grant>| {
        grant.map(|grant| {
            let value = grant.value.strip_suffix(READ_ONLY).unwrap_or(&grant.value);
            (grant.option, value.to_owned())
        })
    };
    base(one) == base(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(tried: &'static str, object: &str, grants: &[(&'static str, &str)]) -> Refusal {
        let grants = grants.iter().map(|(option, value)| Grant::new(option, *value));
        Refusal::new(tried, object, grants)
    }

    fn file(tried: &'static str, name: &str, mode: &str) -> Refusal {
        let (file, folder) = (format!("/etc/{name}{mode}"), format!("/etc{mode}"));
        refusal(tried, &format!("/etc/{name}"), &[("file", &file), ("dir", &folder)])
    }

    fn shown(refusals: &[Refusal]) -> Vec<String> {
        let record = Record::new();
        for refusal in refusals {
            assert_eq!(record.refused(refusal.clone()), Answer::Deny);
        }
        let groups = group(&record.refusals());
        groups
            .iter()
            .map(|group| {
                let grant = group.grant.as_ref().map_or("-".to_owned(), ToString::to_string);
                let refused: Vec<_> = group.refused.iter().map(ToString::to_string).collect();
                format!("{grant}: {} ({})", refused.join(", "), group.count)
            })
            .collect()
    }

    #[test]
    fn one_file_is_granted_alone_and_several_as_their_folder() {
        let passwd = file("read", "passwd", "::ro");
        assert_eq!(
            shown(&[passwd.clone(), passwd.clone()]),
            ["--file /etc/passwd::ro: read /etc/passwd (2)"]
        );
        assert_eq!(
            shown(&[passwd.clone(), file("read", "group", "::ro"), passwd]),
            ["--dir /etc::ro: read /etc/passwd, read /etc/group (3)"]
        );
    }

    #[test]
    fn who_writes_reads_too() {
        let (read, write) = (file("read", "a", "::ro"), file("write", "a", ""));
        let both = ["--file /etc/a: read /etc/a, write /etc/a (2)"];
        assert_eq!(shown(&[read.clone(), write.clone()]), both);
        let create = file("create", "b", "");
        assert_eq!(shown(&[read, create]), ["--dir /etc: read /etc/a, create /etc/b (2)"]);
    }

    #[test]
    fn what_helps_most_comes_first() {
        let look = refusal("look at", "/home", &[("dir", "/home::ro")]);
        let link = refusal("make the link", "/data/x", &[]);
        let connect = refusal("connect to", "tcp://a:1", &[("allow-outbound", "tcp://a:1")]);
        assert_eq!(
            shown(&[link, look, connect]),
            [
                "--allow-outbound tcp://a:1: connect to tcp://a:1 (1)",
                "--dir /home::ro: look at /home (1)",
                "-: make the link /data/x (1)",
            ]
        );
    }

    #[test]
    fn steps_beyond_one_limit_are_one_thing() {
        let memory = |wanted: u64| Limited::Memory.refusal(16 << 20, wanted << 20);
        assert_eq!(
            shown(&[memory(20), memory(100), memory(40), Limited::Handles.refusal(3, 4)]),
            [
                "--max-memory 128M: have more memory than 16M (3)",
                "--max-handles 4: have more handles open than 3 (1)",
            ]
        );
        let bytes = |mode: &str| refusal("have more bytes in", "/d", &[("dir", mode)]);
        assert_eq!(
            shown(&[bytes("d::/d::bytes=2K"), bytes("d::/d::bytes=4K")]),
            ["--dir d::/d::bytes=4K: have more bytes in /d (2)"]
        );
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let record = Record::new();
        for number in 0..MOST + 7 {
            let first = record.note(refusal("read", &number.to_string(), &[]));
            assert_eq!(first, number < MOST);
        }
        assert!(!record.note(refusal("read", "3", &[])));
        assert_eq!(record.refusals().len(), MOST);
        assert_eq!(record.left_out(), 7);
    }
}
