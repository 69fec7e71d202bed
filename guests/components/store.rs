//! Keeps bytes under names, for the components that import `wayleave:test/store`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use exports::wayleave::test::store::{Guest, GuestStore, Store, StoreBorrow};

wit_bindgen::generate!({ world: "store-world", path: "../components/wit" });

struct Provider;
export!(Provider);

thread_local! {
    static LIVE: Cell<u32> = const { Cell::new(0) };
}

struct Shelf {
    name: String,
    items: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Shelf {
    fn with(name: String, items: BTreeMap<String, Vec<u8>>) -> Store {
        LIVE.set(LIVE.get() + 1);
        Store::new(Self { name, items: RefCell::new(items) })
    }

    fn len(&self) -> usize {
        self.items.borrow().len()
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}

impl GuestStore for Shelf {
    fn new(name: String) -> Self {
        LIVE.set(LIVE.get() + 1);
        Self { name, items: RefCell::default() }
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn put(&self, key: String, value: Vec<u8>) -> Option<Vec<u8>> {
        self.items.borrow_mut().insert(key, value)
    }

    fn get(&self, key: String) -> Option<Vec<u8>> {
        self.items.borrow().get(&key).cloned()
    }

    fn keys(&self) -> Vec<String> {
        self.items.borrow().keys().cloned().collect()
    }

    fn copy_from(&self, other: StoreBorrow<'_>) -> u32 {
        // Copied first: the other may be this one.
        let theirs = other.get::<Self>().items.borrow().clone();
        let mut ours = self.items.borrow_mut();
        let before = ours.len();
        for (key, value) in theirs {
            ours.entry(key).or_insert(value);
        }
        (ours.len() - before) as u32
    }

    fn open(name: String) -> Result<Store, String> {
        if name.is_empty() {
            return Err("a store needs a name".to_owned());
        }
        Ok(Self::with(name, BTreeMap::new()))
    }

    fn merge(a: Store, b: Store) -> Store {
        let (a, b) = (a.into_inner::<Self>(), b.into_inner::<Self>());
        let mut items = b.items.take();
        items.append(&mut a.items.take());
        Self::with(format!("{}+{}", a.name, b.name), items)
    }
}

impl Guest for Provider {
    type Store = Shelf;

    fn live() -> u32 {
        LIVE.get()
    }

    fn count(stores: Vec<StoreBorrow<'_>>) -> u32 {
        stores.iter().map(|store| store.get::<Shelf>().len() as u32).sum()
    }

    fn split(whole: Store) -> Vec<Store> {
        let items = whole.get::<Shelf>().items.take();
        let one = |(key, value): (String, Vec<u8>)| Shelf::with(key.clone(), [(key, value)].into());
        items.into_iter().map(one).collect()
    }

    fn largest(stores: Vec<Store>) -> Option<Store> {
        // The first of equals, where `max_by_key` gives the last.
        stores.into_iter().rev().max_by_key(|store| store.get::<Shelf>().len())
    }
}
