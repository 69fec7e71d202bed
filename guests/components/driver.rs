//! Uses the stores that a host or another component provides, well and badly.

use std::fmt::Write;
use std::mem;

use exports::wayleave::test::driver::{Guest, LentMistake, Mistake};
use wayleave::test::store::{self, Store};

wit_bindgen::generate!({ world: "driver-world", path: "../components/wit" });

struct Driver;
export!(Driver);

impl Guest for Driver {
    fn tour() -> String {
        let mut seen = Transcript(String::new());
        seen.add("live at first", store::live());

        let fruit = Store::new("fruit");
        seen.add("name", fruit.name());
        seen.add("put", text(fruit.put("apple", b"red")));
        seen.add("put again", text(fruit.put("apple", b"green")));
        fruit.put("kiwi", "grün, behaart".as_bytes());
        fruit.put("nothing", b"");
        seen.add("get", text(fruit.get("kiwi")));
        seen.add("get nothing", text(fruit.get("nothing")));
        seen.add("get missing", text(fruit.get("pear")));
        seen.add("keys", fruit.keys().join(" "));
        let large: Vec<u8> = (0..100_000_u32).map(|i| (i * 7 >> 3) as u8).collect();
        fruit.put("large", &large);
        seen.add("large", fruit.get("large") == Some(large));

        let more = Store::open("").map_or_else(|error| error, |store| store.name());
        seen.add("open without a name", more);
        let more = Store::open("more").unwrap();
        more.put("pear", b"yellow");
        seen.add("copied", more.copy_from(&fruit));
        seen.add("copied from itself", more.copy_from(&more));
        seen.add("count", store::count(&[&fruit, &more, &fruit]));
        seen.add("live with two", store::live());

        let both = Store::merge(fruit, more);
        seen.add("merged", inspect(&both));
        seen.add("live when merged", store::live());
        let parts = store::split(both);
        seen.add("split", parts.iter().map(inspect).collect::<Vec<_>>().join(", "));
        seen.add("live when split", store::live());
        parts[2].put("a", b"b");
        seen.add("largest", store::largest(parts).as_ref().map_or("none".to_owned(), inspect));
        seen.add("largest of none", store::largest(Vec::new()).is_none());
        seen.add("live at last", store::live());
        seen.0
    }

    fn misuse(how: Mistake) -> String {
        let store = Store::new("misused");
        match how {
            Mistake::Leak => mem::forget(store),
            Mistake::DropTwice => drop((double(&store), store)),
            Mistake::UseAfterDrop => {
                let dropped = mem::ManuallyDrop::new(double(&store));
                drop(store);
                dropped.name();
            }
            Mistake::UseAfterMove => {
                let moved = mem::ManuallyDrop::new(double(&store));
                store::split(store);
                moved.name();
            }
            Mistake::MoveTwice => drop(Store::merge(double(&store), store)),
            Mistake::Forged => forged(12345),
            Mistake::Zero => forged(0),
        }
        "done".to_owned()
    }

    fn misuse_lent(what: &Store, how: LentMistake) -> String {
        match how {
            LentMistake::Keep => drop(what.take_handle()),
            LentMistake::DropTwice => drop(double(what)),
            LentMistake::GiveAway => drop(store::split(double(what))),
        }
        "done".to_owned()
    }

    fn inspect(what: &Store) -> String {
        inspect(what)
    }

    fn inspect_both(a: &Store, b: &Store) -> (String, String) {
        (inspect(a), inspect(b))
    }

    fn fill(what: &Store, key: String, value: String) -> Option<String> {
        let before = what.put(&key, value.as_bytes())?;
        Some(String::from_utf8_lossy(&before).into_owned())
    }

    fn take(what: Store) -> String {
        what.name()
    }

    fn pass(what: Store) -> Store {
        what
    }

    fn make(names: Vec<String>) -> Vec<Store> {
        names.iter().map(|name| Store::new(name)).collect()
    }
}

struct Transcript(String);

impl Transcript {
    fn add(&mut self, what: &str, result: impl std::fmt::Display) {
        writeln!(self.0, "{what}: {result}").unwrap();
    }
}

fn inspect(store: &Store) -> String {
    format!("{} [{}]", store.name(), store.keys().join(" "))
}

fn text(value: Option<Vec<u8>>) -> String {
    value.map_or("none".to_owned(), |value| format!("{:?}", String::from_utf8_lossy(&value)))
}

/// A second owner of the same handle, which there must not be.
fn double(store: &Store) -> Store {
    // SAFETY: the handle is one of this component's. What comes of having it twice is for the host
    // to stop; it endangers nothing in here.
    unsafe { Store::from_handle(store.handle()) }
}

/// Uses a number as if it were a handle.
fn forged(handle: u32) {
    // SAFETY: as above.
    unsafe { Store::from_handle(handle) }.name();
}
