//! Listing folders.

use crate::support::*;
use std::collections::BTreeSet;
use wayleave_system::fs::{Entries, FileKind};

fn next(entries: &mut dyn Entries) -> Option<(String, u64)> {
    let entry = entries.peek().unwrap()?;
    let found = (String::from_utf8(entry.name.to_vec()).unwrap(), entry.next);
    entries.advance();
    Some(found)
}

fn rest(entries: &mut dyn Entries) -> Vec<String> {
    std::iter::from_fn(|| next(entries)).map(|(name, _)| name).collect()
}

#[test]
fn kinds_and_numbers() {
    each(|dir| {
        put(&*dir, "file", b"");
        dir.create_dir("dir").unwrap();
        dir.symlink("x", "link").unwrap();
        let mut entries = dir.entries().unwrap();
        let mut seen = Vec::new();
        while let Some(entry) = entries.peek().unwrap() {
            let name = String::from_utf8(entry.name.to_vec()).unwrap();
            let expected = match name.as_str() {
                // Nothing is said of the folder above.
                ".." => 0,
                "." => dir.stat().unwrap().inode,
                name => dir.stat_at(name, false).unwrap().inode,
            };
            assert_eq!(entry.inode, expected, "{name}");
            seen.push((name, entry.kind));
            entries.advance();
        }
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            (".", FileKind::Directory),
            ("..", FileKind::Directory),
            ("dir", FileKind::Directory),
            ("file", FileKind::Regular),
            ("link", FileKind::SymbolicLink),
        ];
        assert_eq!(seen, expected.map(|(name, kind)| (name.to_owned(), kind)));
    });
}

#[test]
fn cookies_lead_back() {
    each(|dir| {
        for number in 0..100 {
            put(&*dir, &format!("file-{number}"), b"");
        }
        let mut entries = dir.entries().unwrap();
        let mut places = Vec::new();
        let mut place = 0;
        while let Some((name, after)) = next(&mut *entries) {
            places.push((place, name));
            place = after;
        }
        assert_eq!(places.len(), 102);
        assert_eq!(next(&mut *entries), None);
        let names: Vec<_> = places.iter().map(|(_, name)| name.clone()).collect();
        for at in [50, 1, 101, 0, 99, 2] {
            entries.seek(places[at].0).unwrap();
            assert_eq!(rest(&mut *entries), names[at..], "from {at}");
        }
        // Peeking twice shows the same entry; seeking to where one is does not move.
        entries.seek(places[10].0).unwrap();
        for _ in 0..3 {
            assert_eq!(entries.peek().unwrap().unwrap().name, names[10].as_bytes());
            entries.seek(places[10].0).unwrap();
        }
        // Advancing at the end stays there.
        rest(&mut *entries);
        entries.advance();
        assert!(entries.peek().unwrap().is_none());
        assert!(entries.seek(u64::MAX).is_err());
        entries.seek(0).unwrap();
        assert_eq!(rest(&mut *entries), names);
    });
}

#[test]
fn the_start_shows_what_has_changed() {
    each(|dir| {
        let mut entries = dir.entries().unwrap();
        assert_eq!(rest(&mut *entries), [".", ".."]);
        put(&*dir, "file", b"");
        entries.seek(0).unwrap();
        assert_eq!(rest(&mut *entries).len(), 3);
        entries.seek(0).unwrap();
        entries.peek().unwrap();
        put(&*dir, "second", b"");
        entries.seek(0).unwrap();
        assert_eq!(rest(&mut *entries).len(), 4);
    });
}

#[test]
fn changes_during_a_walk() {
    each(|dir| {
        for number in 0..500 {
            put(&*dir, &format!("stays-{number}"), b"");
            put(&*dir, &format!("goes-{number}"), b"");
        }
        let mut entries = dir.entries().unwrap();
        let mut seen = Vec::new();
        for step in 0.. {
            let Some((name, place)) = next(&mut *entries) else { break };
            seen.push(name);
            if step < 500 {
                let _ = dir.remove_file(&format!("goes-{step}"));
                put(&*dir, &format!("comes-{step}"), b"");
            }
            entries.seek(place).unwrap();
        }
        let stayed = || seen.iter().filter(|name| name.starts_with("stays-"));
        assert_eq!(stayed().count(), 500);
        assert_eq!(stayed().collect::<BTreeSet<_>>().len(), 500);
    });
}

/// As a guest with a small buffer reads: a few entries, then again from the last cookie.
#[test]
fn ten_thousand_entries_in_small_steps() {
    each_os(|sandbox, dir| {
        for number in 0..10_000 {
            std::fs::File::create(sandbox.inside().join(format!("{number}"))).unwrap();
        }
        let mut entries = dir.entries().unwrap();
        let mut names = BTreeSet::new();
        let (mut place, mut steps) = (0, 0);
        loop {
            entries.seek(place).unwrap();
            let before = steps;
            for _ in 0..3 {
                let Some((name, after)) = next(&mut *entries) else { break };
                assert!(names.insert(name));
                place = after;
                steps += 1;
            }
            if steps == before {
                break;
            }
        }
        assert_eq!(names.len(), 10_002);
    });
}

#[test]
fn a_removed_folder_is_at_its_end() {
    each(|dir| {
        dir.create_dir("dir").unwrap();
        let gone = folder(dir.open("dir", &DIRECTORY));
        let mut entries = gone.entries().unwrap();
        dir.remove_dir("dir").unwrap();
        let names = rest(&mut *entries);
        assert!(names.is_empty() || names == [".", ".."], "{names:?}");
    });
}
