//! `path_open`.

use crate::support::oflags::{CREAT, DIRECTORY, EXCL, TRUNC};
use crate::support::{Guest, Open, Provider, Sandbox, TestEngine, each_engine, errno};

each_engine! {
    the_new_descriptor_is_written_and_nothing_else,
    every_combination_of_flags_on_what_exists,
    every_combination_of_flags_on_what_is_missing,
    links_are_followed_only_where_that_is_asked,
    only_what_was_opened_to_be_read_or_written_is,
    a_file_lives_on_without_its_name,
    a_refused_path_opens_nothing,
    opening_a_pipe_hangs_nobody,
}

fn the_new_descriptor_is_written_and_nothing_else<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        let path: (u64, &[u8]) = (100, "näme".as_bytes());
        let args = [3, 0, 100, 5, CREAT, 1 << 6, 0, 0, 51];
        guest.writes("path_open", &args, &[path], &[(51, b"\x04\0\0\0")]);
        assert_eq!(sandbox.get("näme"), b"");
        let args = [3, 0, 100, 5, 0, 0, 0, 0, 51];
        guest.writes("path_open", &args, &[path], &[(51, b"\x05\0\0\0")]);
    }
}

fn every_combination_of_flags_on_what_exists<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        sandbox.mkdir("sub");
        for flags in 0..16 {
            sandbox.put("file", b"abc");
            let expected = match flags {
                _ if flags & CREAT != 0 && flags & DIRECTORY != 0 => Err(errno::INVAL),
                _ if flags & CREAT != 0 && flags & EXCL != 0 => Err(errno::EXIST),
                _ if flags & DIRECTORY != 0 => Err(errno::NOTDIR),
                _ => Ok(4),
            };
            let opened = guest.open(3, "file", Open::WRITE.oflags(flags));
            assert_eq!(opened, expected, "{flags:04b} {:?}", sandbox.provider);
            let emptied = expected.is_ok() && flags & TRUNC != 0;
            let left: &[u8] = if emptied { b"" } else { b"abc" };
            assert_eq!(sandbox.get("file"), left, "{flags:04b} {:?}", sandbox.provider);
            opened.into_iter().for_each(|fd| guest.close(fd));
            if flags & (CREAT | TRUNC) == 0 {
                let opened = guest.open(3, "sub", Open::READ.oflags(flags));
                assert_eq!(opened, Ok(4), "{flags:04b}");
                guest.close(4);
            }
            if flags & (CREAT | EXCL) == 0 {
                let opened = guest.open(3, "sub", Open::WRITE.oflags(flags));
                assert_eq!(opened, Err(errno::ISDIR), "{flags:04b} {:?}", sandbox.provider);
            }
        }
    }
}

fn every_combination_of_flags_on_what_is_missing<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        for flags in 0..16 {
            let expected = match flags {
                _ if flags & CREAT != 0 && flags & DIRECTORY != 0 => Err(errno::INVAL),
                _ if flags & CREAT != 0 => Ok(4),
                _ => Err(errno::NOENT),
            };
            let opened = guest.open(3, "new", Open::WRITE.oflags(flags));
            assert_eq!(opened, expected, "{flags:04b} {:?}", sandbox.provider);
            assert_eq!(sandbox.has("new"), expected.is_ok());
            if let Ok(fd) = opened {
                guest.close(fd);
                guest.unlink(3, "new").unwrap();
            }
            let slash = guest.open(3, "new/", Open::WRITE.oflags(flags));
            assert!(slash.is_err() && !sandbox.has("new"), "{flags:04b}: {slash:?}");
        }
    }
}

fn links_are_followed_only_where_that_is_asked<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        sandbox.mkdir("sub");
        sandbox.link("file", "link");
        sandbox.link("sub", "link_sub");
        sandbox.link("new", "dangling");
        sandbox.link("loop", "loop");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let blind = Open { lookup: 0, ..Open::READ };
        assert_eq!(guest.open(3, "link", blind), Err(errno::LOOP));
        assert_eq!(guest.open(3, "link_sub", blind), Err(errno::LOOP));
        assert_eq!(guest.open(3, "link_sub/", blind), Ok(4));
        assert_eq!(guest.open(3, "link", Open::READ), Ok(5));
        assert_eq!(guest.read(5, 3), Ok(b"abc".to_vec()));
        assert_eq!(guest.open(3, "link_sub", Open::DIR), Ok(6));
        assert_eq!(guest.open(3, "dangling", Open::READ), Err(errno::NOENT));
        assert_eq!(guest.open(3, "loop", Open::READ), Err(errno::LOOP));
        let exclusive = Open::WRITE.oflags(CREAT | EXCL);
        assert_eq!(guest.open(3, "dangling", exclusive), Err(errno::EXIST));
        assert!(!sandbox.has("new"));
        assert_eq!(guest.open(3, "dangling", Open::WRITE.oflags(CREAT)), Ok(7));
        assert!(sandbox.has("new"));
    }
}

fn only_what_was_opened_to_be_read_or_written_is<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let reader = guest.open(3, "file", Open::READ).unwrap();
        assert_eq!(guest.write(reader, b"x"), Err(errno::NOTCAPABLE));
        let writer = guest.open(3, "file", Open { base: 1 << 6, ..Open::WRITE }).unwrap();
        assert_eq!(guest.read(writer, 1), Err(errno::NOTCAPABLE));
        assert_eq!(guest.write(writer, b"x"), Ok(1));
        assert_eq!(guest.read(reader, 9), Ok(b"xbc".to_vec()));
        assert_eq!(guest.read(3, 1), Err(errno::ISDIR));
    }
}

fn a_file_lives_on_without_its_name<E: TestEngine>() {
    for sandbox in Sandbox::each() {
        sandbox.put("file", b"abc");
        let mut guest = Guest::<E>::new(sandbox.grants());
        let fd = guest.open(3, "file", Open::WRITE).unwrap();
        guest.unlink(3, "file").unwrap();
        assert_eq!(guest.write(fd, b"x"), Ok(1));
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.read(fd, 9), Ok(b"xbc".to_vec()));
        assert_eq!(guest.fstat(fd).map(|stat| stat.nlink), Ok(0));
        assert_eq!(guest.open(3, "file", Open::READ), Err(errno::NOENT));
    }
}

fn a_refused_path_opens_nothing<E: TestEngine>() {
    let long = "a".repeat(256);
    let longer = "a/".repeat(2048);
    let cases: [(&str, u32); 9] = [
        ("", errno::NOENT),
        ("/", errno::NOTCAPABLE),
        ("/file", errno::NOTCAPABLE),
        ("..", errno::NOTCAPABLE),
        ("./../file", errno::NOTCAPABLE),
        ("none/file", errno::NOENT),
        ("a\0b", errno::INVAL),
        (&long, errno::NAMETOOLONG),
        (&longer, errno::NAMETOOLONG),
    ];
    for sandbox in Sandbox::each() {
        let mut guest = Guest::<E>::new(sandbox.grants());
        for (path, expected) in cases {
            for open in [Open::READ, Open::WRITE.oflags(CREAT), Open::DIR] {
                let opened = guest.open(3, path, open);
                // Nobody makes a folder by opening it.
                let slash = open.oflags == CREAT && (path == ".." || path == "/");
                assert!(
                    opened == Err(expected) || slash && opened.is_err(),
                    "{path:?} {open:?} {:?}: {opened:?}",
                    sandbox.provider
                );
            }
        }
        guest.poke(100, b"\xff\xfea");
        let args = [3, 0, 100, 3, CREAT, 1 << 6, 0, 0, 8];
        guest.err("path_open", &args, errno::ILSEQ);
        assert_eq!(guest.list(3, 4096, 0).0.len(), 2);
        // Nothing was left open.
        sandbox.put("file", b"");
        assert_eq!(guest.open(3, "file", Open::READ), Ok(4));
    }
}

fn opening_a_pipe_hangs_nobody<E: TestEngine>() {
    for provider in [Provider::Kernel, Provider::Walk] {
        let sandbox = Sandbox::new(provider);
        let pipe = sandbox.host("inside/pipe").unwrap();
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        let mut guest = Guest::<E>::new(sandbox.grants());
        let writer = guest.open(3, "pipe", Open { base: 1 << 6, ..Open::WRITE });
        assert_eq!(writer, Err(60), "nobody reads");
        let reader = guest.open(3, "pipe", Open::READ).unwrap();
        let writer = guest.open(3, "pipe", Open { base: 1 << 6, ..Open::WRITE }).unwrap();
        assert_eq!(guest.write(writer, b"abc"), Ok(3));
        assert_eq!(guest.read(reader, 9), Ok(b"abc".to_vec()));
        guest.close(writer);
        assert_eq!(guest.read(reader, 9), Ok(Vec::new()));
    }
}
