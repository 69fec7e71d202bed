//! What can be said to `bindgen!` beside where the WIT is, and what worlds can be made of.

use crate::support::{MEMORY, component, component_of, echo_of, instance};
use overridden::types::{File, Instant};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use wayleave_component::abi::{GuestBytes, GuestText};
use wayleave_component::{Borrow, Caller, Engine, Own, Stop};

crate::on_each_engine! {
    types_of_the_users_stand_in_and_async_methods_are_waited_for
    what_a_world_has_itself_is_at_the_root
    versions_of_a_package_are_apart
}

const WIT: &str = include_str!("../wit/options.wit");

mod overridden {
    pub(crate) mod types {
        use wayleave_bindgen::{ComponentType, Lift, Lower};

        /// The kind of a resource.
        pub(crate) struct File;

        /// A point in time, as the program that embeds the guest has it.
        #[derive(Clone, Copy, Debug, PartialEq, ComponentType, Lift, Lower)]
        pub(crate) struct Instant {
            pub(crate) seconds: u64,
            #[component(name = "nanoseconds")]
            pub(crate) nanos: u32,
        }

        pub(crate) type Lines = Vec<Box<str>>;
    }

    wayleave_bindgen::bindgen!({
        path: "tests/wit/options.wit",
        world: "overrides",
        features: ["leap-seconds"],
        // Paths mean here what they mean beside the macro.
        resources: { "test:options/files/file": types::File },
        types: { "test:options/clock@2.0.0/instant": super::overridden::types::Instant },
        returns: {
            "test:options/files.[method]file.lines": self::types::Lines,
            "test:options/files.[method]file.content": wayleave_component::abi::GuestBytes,
            "test:options/files.[method]file.title": wayleave_component::abi::GuestText,
        },
        async: ["test:options/clock.now", "test:options/files.[method]file.lines"],
        fills: [
            "test:options/files.[method]file.content",
            "test:options/files.[method]file.title",
        ],
    });
}

struct Host {
    polls: u32,
    name: String,
}

const NOW: Instant = Instant { seconds: 1 << 40, nanos: 7 };

impl overridden::test::options::clock::Host for Host {
    async fn now(&mut self) -> Result<Instant, Stop> {
        let polls = &mut self.polls;
        poll_fn(|context| {
            *polls += 1;
            if *polls == 2 {
                return Poll::Ready(Ok(NOW));
            }
            let waker = context.waker().clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(5));
                waker.wake();
            });
            Poll::Pending
        })
        .await
    }

    fn span_of(
        &mut self,
        start: Instant,
        end: Instant,
    ) -> Result<overridden::test::options::clock::Span, Stop> {
        Ok(overridden::test::options::clock::Span { start, end })
    }

    fn leap_seconds(&mut self) -> Result<u32, Stop> {
        Ok(27)
    }
}

impl overridden::test::options::files::Host for Host {
    fn file_new(&mut self, name: &str) -> Result<Own<File>, Stop> {
        name.clone_into(&mut self.name);
        Ok(Own::new(3))
    }

    async fn file_lines(&mut self, this: Borrow<File>) -> Result<Vec<Box<str>>, Stop> {
        assert_eq!(this.rep(), 3);
        Ok(["first", &self.name].map(Box::from).into())
    }

    fn file_content(
        caller: &mut impl Caller<Self>,
        this: Borrow<File>,
        len: u32,
    ) -> Result<GuestBytes, Stop> {
        assert_eq!(this.rep(), 3);
        caller.bytes(len, |host, room| {
            let bytes = host.name.as_bytes();
            room[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        })?
    }

    fn file_title(
        caller: &mut impl Caller<Self>,
        _: Borrow<File>,
        before: String,
    ) -> Result<GuestText, Stop> {
        caller.state().name.insert_str(0, &before);
        caller.text(|host| &host.name)
    }

    fn file_changed(&mut self, _: Borrow<File>) -> Result<Instant, Stop> {
        Ok(NOW)
    }

    fn file_drop(&mut self, _: Own<File>) -> Result<(), Stop> {
        self.name.clear();
        Ok(())
    }
}

fn types_of_the_users_stand_in_and_async_methods_are_waited_for<E: Engine>() {
    let guest = r#"(module
        (import "test:options/clock@2.0.0" "now" (func $now (param i32)))
        (import "test:options/clock@2.0.0" "span-of" (func $span (param i64 i32 i64 i32 i32)))
        (import "test:options/files@2.0.0" "[constructor]file"
            (func $new (param i32 i32) (result i32)))
        (import "test:options/files@2.0.0" "[method]file.lines" (func $lines (param i32 i32)))
        (import "test:options/files@2.0.0" "[method]file.changed" (func $changed (param i32 i32)))
        (import "test:options/files@2.0.0" "[method]file.content"
            (func $content (param i32 i32 i32)))
        (import "test:options/files@2.0.0" "[method]file.title"
            (func $title (param i32 i32 i32 i32)))
        (import "test:options/files@2.0.0" "[resource-drop]file" (func $drop (param i32)))
        (func (export "read") (param i32 i32) (result i32) (local $file i32)
            (local.set $file (call $new (local.get 0) (local.get 1)))
            (call $lines (local.get $file) (i32.const 16))
            (call $drop (local.get $file))
            (i32.const 16))
        (func (export "changed") (param i32 i32) (result i32)
            (call $changed (call $new (local.get 0) (local.get 1)) (i32.const 16))
            (i32.const 16))
        (func (export "content") (param i32) (result i32)
            (call $content (call $new (i32.const 65000) (i32.const 4)) (local.get 0) (i32.const 16))
            (i32.const 16))
        (func (export "title") (param i32 i32) (result i32)
            (call $title (call $new (i32.const 65000) (i32.const 4)) (local.get 0) (local.get 1)
                (i32.const 16))
            (i32.const 16))
        (data (i32.const 65000) "name")
        (func (export "since") (param i64 i32) (result i32)
            (call $now (i32.const 16))
            (call $span (local.get 0) (local.get 1)
                (i64.load (i32.const 16)) (i32.load (i32.const 24)) (i32.const 32))
            (i32.const 32))"#;
    let binary = component_of(WIT, "overrides", &format!("{guest} {MEMORY})"));
    let state = Host { polls: 0, name: String::new() };
    let mut instance = instance::<E, _>(&binary, state, |linker| {
        overridden::link_all(linker, |state: &mut Host| state).unwrap();
    });
    let guest = overridden::Overrides::new(&mut instance).unwrap();
    assert_eq!(guest.call_read(&mut instance, "second").unwrap(), ["first", "second"]);
    assert_eq!(instance.state().name, "", "the guest has dropped the file");
    assert_eq!(guest.call_changed(&mut instance, "name").unwrap(), NOW);
    assert_eq!(guest.call_content(&mut instance, 4).unwrap(), b"name");
    assert_eq!(guest.call_title(&mut instance, "its ").unwrap(), "its name");
    let start = Instant { seconds: 1, nanos: 2 };
    let span = guest.call_since(&mut instance, &start).unwrap();
    assert_eq!((span.start, span.end), (start, NOW));
    assert_eq!(instance.state().polls, 2);
}

mod inside {
    wayleave_bindgen::bindgen!({ path: "tests/wit/options.wit", world: "inside" });
}

struct Inside;

impl inside::log::Host for Inside {
    fn write(
        &mut self,
        at: inside::Instant,
        level: inside::log::Level,
        text: &str,
    ) -> Result<inside::log::Level, Stop> {
        assert_eq!((at.seconds, at.nanoseconds, text), (1, 2, "text"));
        assert_eq!(level, inside::log::Level::Low);
        Ok(inside::log::Level::High)
    }

    fn book_drop(&mut self, _: Own<inside::log::Book>) -> Result<(), Stop> {
        Ok(())
    }
}

impl inside::Host for Inside {
    fn pass_on(&mut self, note: inside::Note) -> Result<inside::Note, Stop> {
        Ok(inside::Note { text: note.text.to_uppercase(), ..note })
    }
}

impl inside::test::options::clock::Host for Inside {
    fn now(&mut self) -> Result<inside::Instant, Stop> {
        Ok(inside::Instant { seconds: 0, nanoseconds: 0 })
    }

    fn span_of(
        &mut self,
        start: inside::Instant,
        end: inside::Instant,
    ) -> Result<inside::test::options::clock::Span, Stop> {
        Ok(inside::test::options::clock::Span { start, end })
    }
}

fn what_a_world_has_itself_is_at_the_root<E: Engine>() {
    let mut instance = instance::<E, _>(&echo_of(WIT, "inside"), Inside, |linker| {
        inside::link_all(linker, |state: &mut Inside| state).unwrap();
    });
    let guest = inside::Inside::new(&mut instance).unwrap();
    let at = inside::Instant { seconds: 1, nanoseconds: 2 };
    let note = inside::Note { at, text: "note".into() };
    assert_eq!(guest.call_pass_on(&mut instance, &note).unwrap().text, "NOTE");
    let (low, high) = (inside::exports::log::Level::Low, inside::exports::log::Level::High);
    assert_eq!(guest.log().call_write(&mut instance, at, low, "text").unwrap(), high);
}

mod versions {
    wayleave_bindgen::bindgen!({
        path: "tests/wit/options.wit",
        inline: "
            package test:versions;
            package dep:numbers@1.1.0 { interface number { number: func() -> u32; } }
            package dep:numbers@2.0.0 { interface number { number: func() -> u64; } }
            world versions {
                import test:options/clock@2.0.0;
                import dep:numbers/number@1.1.0;
                import dep:numbers/number@2.0.0;
                export sum: func() -> u64;
            }
        ",
    });
}

struct Numbers;

impl versions::dep::numbers_1_1_0::number::Host for Numbers {
    fn number(&mut self) -> Result<u32, Stop> {
        Ok(1)
    }
}

impl versions::dep::numbers_2_0_0::number::Host for Numbers {
    fn number(&mut self) -> Result<u64, Stop> {
        Ok(2)
    }
}

/// The guest is of another minor version of the first.
fn versions_of_a_package_are_apart<E: Engine>() {
    let wit = "
        package test:versions;
        package dep:numbers@1.0.3 { interface number { number: func() -> u32; } }
        package dep:numbers@2.0.0 { interface number { number: func() -> u64; } }
        world versions {
            import dep:numbers/number@1.0.3;
            import dep:numbers/number@2.0.0;
            export sum: func() -> u64;
        }";
    let guest = r#"(module
        (import "dep:numbers/number@1.0.3" "number" (func $one (result i32)))
        (import "dep:numbers/number@2.0.0" "number" (func $two (result i64)))
        (func (export "sum") (result i64)
            (i64.add (i64.mul (i64.const 10) (i64.extend_i32_u (call $one))) (call $two))))"#;
    let mut instance = instance::<E, _>(&component(wit, guest), Numbers, |linker| {
        versions::dep::numbers_1_1_0::number::link(linker, |host: &mut Numbers| host).unwrap();
        versions::dep::numbers_2_0_0::number::link(linker, |host: &mut Numbers| host).unwrap();
    });
    let guest = versions::Versions::new(&mut instance).unwrap();
    assert_eq!(guest.call_sum(&mut instance).unwrap(), 12);
}
