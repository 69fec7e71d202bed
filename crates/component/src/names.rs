//! Names of interfaces, and which versions satisfy each other.

use semver::Version;
use std::collections::BTreeMap;

/// Finds what satisfies an import (or export) of this name: the very name, or the newest of the
/// same version track (`0.2.x`, `1.x`).
pub(crate) fn find<'a, V>(items: &'a BTreeMap<String, V>, name: &str) -> Option<&'a V> {
    if let Some(exact) = items.get(name) {
        return Some(exact);
    }
    let (base, version) = split(name)?;
    let track = track(&version)?;
    // The names of one interface lie side by side.
    let versions = items
        .range(format!("{base}@")..)
        .take_while(|(name, _)| name.strip_prefix(base).is_some_and(|rest| rest.starts_with('@')));
    versions
        .filter_map(|(name, item)| Some((split(name)?.1, item)))
        .filter(|(candidate, _)| self::track(candidate) == Some(track))
        .max_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, item)| item)
}

/// A name of an interface, and its version.
pub(crate) fn split(name: &str) -> Option<(&str, Version)> {
    let (base, version) = name.rsplit_once('@')?;
    Some((base, Version::parse(version).ok()?))
}

/// What versions have in common that can stand in for each other; `None` for those that nothing
/// else can stand in for: pre-releases and 0.0.
fn track(version: &Version) -> Option<(u64, u64)> {
    match version {
        version if !version.pre.is_empty() => None,
        Version { major: 0, minor: 0, .. } => None,
        Version { major: 0, minor, .. } => Some((0, *minor)),
        Version { major, .. } => Some((*major, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_one_track_stand_in_for_each_other() {
        let items: BTreeMap<String, u32> = [
            ("wasi:io/streams@0.2.0", 0),
            ("wasi:io/streams@0.2.12", 12),
            ("wasi:io/streams@0.3.0", 30),
            ("wasi:io/streams@1.4.0-rc1", 99),
            ("wasi:io/streams-more@0.2.5", 50),
            ("wasi:io/poll@0.0.1", 1),
            ("a:b/c@1.2.3", 123),
            ("plain", 7),
        ]
        .map(|(name, number)| (name.to_owned(), number))
        .into();
        let found = |name| find(&items, name).copied();
        assert_eq!(found("wasi:io/streams@0.2.0"), Some(0));
        assert_eq!(found("wasi:io/streams@0.2.3"), Some(12));
        assert_eq!(found("wasi:io/streams@0.2.99"), Some(12));
        assert_eq!(found("wasi:io/streams@0.3.1"), Some(30));
        assert_eq!(found("wasi:io/streams@0.4.0"), None);
        assert_eq!(found("wasi:io/streams@1.4.0"), None);
        assert_eq!(found("wasi:io/streams@1.4.0-rc1"), Some(99));
        assert_eq!(found("wasi:io/streams@0.2.0-rc1"), None);
        assert_eq!(found("wasi:io/streams"), None);
        assert_eq!(found("wasi:io/poll@0.0.2"), None);
        assert_eq!(found("a:b/c@1.0.0"), Some(123));
        assert_eq!(found("a:b/c@2.0.0"), None);
        assert_eq!(found("plain"), Some(7));
    }
}
