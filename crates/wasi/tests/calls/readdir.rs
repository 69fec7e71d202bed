//! `fd_readdir`.

use crate::support::{Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno};
use std::collections::BTreeSet;

each_engine! {
    an_entry_is_24_bytes_and_its_name,
    what_does_not_fit_is_cut_off,
    every_entry_has_its_kind_and_number,
    a_thousand_entries_in_a_small_buffer,
    a_cookie_continues_behind_its_entry,
    the_start_shows_what_has_changed,
    entries_that_stay_are_seen_once,
    all_entries_removed_while_walking,
    a_cookie_that_can_not_be_one_is_refused,
    two_descriptors_walk_on_their_own,
}

fn dirent(next: u64, ino: u64, kind: u8, name: &str) -> Vec<u8> {
    let len = u32::try_from(name.len()).unwrap().to_le_bytes();
    let head = [&next.to_le_bytes()[..], &ino.to_le_bytes(), &len, &[kind, 0, 0, 0]];
    [&head.concat(), name.as_bytes()].concat()
}

/// A guest whose folder in memory has the file "ab", and all entries as they are in memory.
fn small<E: TestEngine>() -> (Guest<E>, Vec<u8>) {
    let sandbox = Sandbox::new(Provider::Memory);
    sandbox.put("ab", b"");
    let mut guest = Guest::<E>::new(sandbox.grants());
    let top = guest.stat(3, ".", 0).unwrap().ino;
    let file = guest.stat(3, "ab", 0).unwrap().ino;
    let all = [dirent(1, top, 3, "."), dirent(2, 0, 3, ".."), dirent(3, file, 4, "ab")];
    (guest, all.concat())
}

fn an_entry_is_24_bytes_and_its_name<E: TestEngine>() {
    let (mut guest, all) = small::<E>();
    let size = u32::try_from(all.len()).unwrap().to_le_bytes();
    for len in [77, 78, 1000] {
        guest.writes("fd_readdir", &[3, 100, len, 0, 8], &[], &[(100, &all), (8, &size)]);
    }
}

fn what_does_not_fit_is_cut_off<E: TestEngine>() {
    let (mut guest, all) = small::<E>();
    for len in 0..77_u32 {
        let part = &all[..len as usize];
        let outputs = [(100, part), (8, &len.to_le_bytes())];
        guest.writes("fd_readdir", &[3, 100, len.into(), 0, 8], &[], &outputs);
    }
    // From the second on.
    let outputs: [(u64, &[u8]); 2] = [(100, &all[25..65]), (8, b"\x28\0\0\0")];
    guest.writes("fd_readdir", &[3, 100, 40, 1, 8], &[], &outputs);
}

fn every_entry_has_its_kind_and_number<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        sandbox.mkdir("sub");
        sandbox.link("file", "link");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let (entries, _) = guest.list(3, 4096, 0);
        let names: BTreeSet<_> = entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, BTreeSet::from([".", "..", "file", "link", "sub"]));
        assert_eq!(entries.len(), names.len());
        for entry in entries.iter().filter(|entry| entry.name != "..") {
            let stat = guest.stat(3, &entry.name, 0).unwrap();
            assert_eq!((entry.kind, entry.ino), (stat.kind, stat.ino), "{}", entry.name);
        }
        // What is above is none of the guest's business.
        let above = entries.iter().find(|entry| entry.name == "..").unwrap();
        assert_eq!((above.kind, above.ino), (3, 0));
    }
}

fn a_thousand_entries_in_a_small_buffer<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let names: BTreeSet<String> = (0..1000).map(|n| format!("file{n:04}")).collect();
        names.iter().for_each(|name| sandbox.put(name, b""));
        let mut guest = Guest::<E>::new(sandbox.grants());
        let (entries, calls) = guest.list(3, 4096, 0);
        assert_eq!(entries.len(), 1002);
        let seen: BTreeSet<String> = entries.into_iter().map(|entry| entry.name).collect();
        assert!(seen.is_superset(&names));
        // 127 whole entries of 32 bytes fit.
        assert!(calls <= 1002 / 127 + 1, "{calls} calls");
    }
}

fn a_cookie_continues_behind_its_entry<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        (0..20).for_each(|n| sandbox.put(&format!("file{n}"), b""));
        let mut guest = Guest::<E>::new(sandbox.grants());
        let (all, _) = guest.list(3, 4096, 0);
        for index in [0, 7, 21, 3, 12] {
            let (rest, _) = guest.list(3, 64, all[index].next);
            assert_eq!(rest, all[index + 1..], "behind {index}");
        }
        assert_eq!(guest.list(3, 100, 0).0, all);
    }
}

fn the_start_shows_what_has_changed<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("old", b"");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let names = |guest: &mut Guest<E>| -> BTreeSet<String> {
            guest.list(3, 4096, 0).0.into_iter().map(|entry| entry.name).collect()
        };
        assert!(names(&mut guest).contains("old"));
        guest.rename((3, "old"), (3, "new")).unwrap();
        assert_eq!(names(&mut guest), [".", "..", "new"].map(String::from).into());
    }
}

fn entries_that_stay_are_seen_once<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let stay: Vec<String> = (0..300).map(|n| format!("stay{n}")).collect();
        for name in &stay {
            sandbox.put(name, b"");
            sandbox.put(&format!("go-{name}"), b"");
        }
        let mut guest = Guest::<E>::new(sandbox.grants());
        let (mut seen, mut cookie) = (Vec::new(), 0);
        for round in 0.. {
            let (entries, filled) = guest.readdir(3, 512, cookie).unwrap();
            for entry in entries {
                cookie = entry.next;
                if entry.name.starts_with("go-") {
                    guest.unlink(3, &entry.name).unwrap();
                }
                seen.push(entry.name);
            }
            sandbox.put(&format!("come{round}"), b"");
            if !filled {
                break;
            }
        }
        for name in &stay {
            let times = seen.iter().filter(|other| *other == name).count();
            assert_eq!(times, 1, "{name} with {:?}", sandbox.provider);
        }
    }
}

fn all_entries_removed_while_walking<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.mkdir("sub");
        (0..200).for_each(|n| sandbox.put(&format!("sub/file{n}"), b""));
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "sub", Open::DIR).unwrap();
        let (mut cookie, mut filled) = (0, true);
        while filled {
            let entries;
            (entries, filled) = guest.readdir(fd, 256, cookie).unwrap();
            for entry in entries {
                cookie = entry.next;
                if entry.name.starts_with("file") {
                    guest.unlink(fd, &entry.name).unwrap();
                }
            }
        }
        guest.rmdir(3, "sub").unwrap();
    }
}

fn a_cookie_that_can_not_be_one_is_refused<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        guest.err("fd_readdir", &[3, 100, 100, u64::MAX, 8], errno::INVAL);
        guest.err("fd_readdir", &[3, 100, 100, 1 << 63, 8], errno::INVAL);
        // And the walk goes on as before.
        assert_eq!(guest.list(3, 100, 0).0.len(), 2);
    }
}

fn two_descriptors_walk_on_their_own<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        (0..10).for_each(|n| sandbox.put(&format!("file{n}"), b""));
        let mut guest = Guest::<E>::new(sandbox.grants());
        let second = guest.open(3, ".", Open::DIR).unwrap();
        let (first, _) = guest.readdir(3, 128, 0).unwrap();
        let (all, _) = guest.list(second, 4096, 0);
        let cookie = first.last().unwrap().next;
        let (rest, _) = guest.list(3, 4096, cookie);
        assert_eq!([first, rest].concat(), all);
    }
}
