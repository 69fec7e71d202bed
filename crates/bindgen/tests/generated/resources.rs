//! Resources of the host's in a guest, and of a guest's in the host.

use crate::support::{MEMORY, component, instance};
use bindings::exports::test::resources::counters::Counter;
use bindings::test::resources::cells::Cell;
use std::collections::BTreeMap;
use wayleave_component::{Borrow, Engine, Error, Instance, Own, Stop};

mod bindings {
    wayleave_bindgen::bindgen!({ path: "tests/wit/resources.wit" });
}

crate::on_each_engine! {
    a_guest_uses_the_hosts_resources
    the_host_uses_the_guests_resources
    a_resource_is_only_what_it_is
}

const WIT: &str = include_str!("../wit/resources.wit");

/// A counter is the address of its count.
const GUEST: &str = r#"
    (import "test:resources/cells@0.3.0" "[constructor]cell" (func $new (param i32) (result i32)))
    (import "test:resources/cells@0.3.0" "[method]cell.get" (func $get (param i32) (result i32)))
    (import "test:resources/cells@0.3.0" "[method]cell.set" (func $set (param i32 i32)))
    (import "test:resources/cells@0.3.0" "[static]cell.sum"
        (func $sum (param i32 i32) (result i32)))
    (import "test:resources/cells@0.3.0" "total" (func $total (param i32 i32) (result i32)))
    (import "test:resources/cells@0.3.0" "[resource-drop]cell" (func $drop (param i32)))
    (import "[export]test:resources/counters@0.3.0" "[resource-new]counter"
        (func $counter-new (param i32) (result i32)))
    (import "[export]test:resources/counters@0.3.0" "[resource-rep]counter"
        (func $counter-rep (param i32) (result i32)))
    (import "[export]test:resources/counters@0.3.0" "[resource-new]other"
        (func $other-new (param i32) (result i32)))
    (global $dropped (mut i32) (i32.const 0))

    (func $make (param $start i32) (result i32) (local $at i32)
        (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)))
        (i32.store (local.get $at) (local.get $start))
        (call $counter-new (local.get $at)))
    (func (export "test:resources/counters@0.3.0#[constructor]counter") (param i32) (result i32)
        (call $make (local.get 0)))
    (func (export "test:resources/counters@0.3.0#[static]counter.make") (param i32) (result i32)
        (local $at i32)
        (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 12)))
        (if (i32.eqz (local.get 0))
            (then
                (i32.store8 (local.get $at) (i32.const 1))
                (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 16))
                (i32.store (i32.add (local.get $at) (i32.const 8)) (i32.const 4)))
            (else
                (i32.store8 (local.get $at) (i32.const 0))
                (i32.store (i32.add (local.get $at) (i32.const 4)) (call $make (local.get 0)))))
        (local.get $at))
    (data (i32.const 16) "zero")
    (func (export "test:resources/counters@0.3.0#[method]counter.up") (param i32 i32) (result i32)
        (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (local.get 1)))
        (i32.load (local.get 0)))
    (func (export "test:resources/counters@0.3.0#[constructor]other") (result i32)
        (call $other-new (i32.const 0)))
    (func (export "test:resources/counters@0.3.0#[dtor]counter") (param i32)
        (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
    (func (export "test:resources/counters@0.3.0#dropped") (result i32) (global.get $dropped))
    (func (export "test:resources/counters@0.3.0#give-back") (param i32) (result i32)
        (local $at i32)
        (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
        (i32.store (local.get $at) (local.get 0))
        (i32.store (i32.add (local.get $at) (i32.const 4))
            (i32.load (call $counter-rep (local.get 0))))
        (local.get $at))
    (func (export "test:resources/counters@0.3.0#both") (param i32 i32) (result i32)
        (i32.add (i32.load (local.get 0)) (i32.load (local.get 1))))

    (func (export "test:resources/counters@0.3.0#double") (param $cell i32) (result i32)
        (local $own i32)
        (local.set $own (call $new (i32.const 0)))
        (call $set (local.get $own) (call $get (local.get $cell)))
        ;; What both hold together, by lending both.
        (i32.store (i32.const 32) (local.get $cell))
        (i32.store (i32.const 36) (local.get $own))
        (call $set (local.get $own) (call $total (i32.const 32) (i32.const 2)))
        (call $drop (local.get $cell))
        ;; A sum of one, which takes it.
        (i32.store (i32.const 32) (local.get $own))
        (call $sum (i32.const 32) (i32.const 1)))
    (func (export "test:resources/counters@0.3.0#swallow") (param i32)
        (call $drop (local.get 0)))
"#;

/// Cells by their numbers.
#[derive(Default)]
struct Cells {
    values: BTreeMap<u32, u32>,
    made: u32,
}

impl Cells {
    fn put(&mut self, value: u32) -> Own<Cell> {
        self.made += 1;
        self.values.insert(self.made, value);
        Own::new(self.made)
    }
}

impl bindings::test::resources::cells::Host for Cells {
    fn cell_new(&mut self, value: u32) -> Result<Own<Cell>, Stop> {
        Ok(self.put(value))
    }

    fn cell_get(&mut self, this: Borrow<Cell>) -> Result<u32, Stop> {
        Ok(self.values[&this.rep()])
    }

    fn cell_set(&mut self, this: Borrow<Cell>, value: u32) -> Result<(), Stop> {
        self.values.insert(this.rep(), value);
        Ok(())
    }

    fn cell_sum(&mut self, cells: Vec<Own<Cell>>) -> Result<Own<Cell>, Stop> {
        let sum = cells.iter().filter_map(|cell| self.values.remove(&cell.rep())).sum();
        Ok(self.put(sum))
    }

    fn total(&mut self, cells: Vec<Borrow<Cell>>) -> Result<u32, Stop> {
        Ok(cells.iter().map(|cell| self.values[&cell.rep()]).sum())
    }

    fn cell_drop(&mut self, this: Own<Cell>) -> Result<(), Stop> {
        assert!(self.values.remove(&this.rep()).is_some());
        Ok(())
    }
}

fn guest<E: Engine>() -> (Instance<E, Cells>, bindings::Resources<E>) {
    let binary = component(WIT, &format!("(module {GUEST} {MEMORY})"));
    let mut instance = instance::<E, _>(&binary, Cells::default(), |linker| {
        bindings::link_all(linker, |state: &mut Cells| state).unwrap();
    });
    let resources = bindings::Resources::new(&mut instance).unwrap();
    (instance, resources)
}

fn a_guest_uses_the_hosts_resources<E: Engine>() {
    let (mut instance, resources) = guest::<E>();
    let counters = resources.test_resources_counters();
    let cell = instance.state().put(21);
    let double = counters.call_double(&mut instance, cell.borrow()).unwrap();
    assert_eq!(instance.state().values, [(1, 21), (double.rep(), 42)].into());
    counters.call_swallow(&mut instance, cell).unwrap();
    assert_eq!(instance.state().values, [(double.rep(), 42)].into(), "the guest has dropped it");
    instance.drop_own(double).unwrap();
    assert!(instance.state().values.is_empty(), "the host has dropped it");
}

fn the_host_uses_the_guests_resources<E: Engine>() {
    let (mut instance, resources) = guest::<E>();
    let counters = resources.test_resources_counters();
    let one: Own<Counter> = counters.call_counter_new(&mut instance, 10).unwrap();
    let two = counters.call_counter_make(&mut instance, 5).unwrap().unwrap();
    assert_eq!(counters.call_counter_make(&mut instance, 0).unwrap().unwrap_err(), "zero");
    assert_eq!(counters.call_counter_up(&mut instance, one.borrow(), 7).unwrap(), 17);
    assert_eq!(counters.call_both(&mut instance, one.borrow(), two.borrow()).unwrap(), 22);
    let report = counters.call_give_back(&mut instance, one).unwrap();
    assert_eq!(report.count, 17);
    assert_eq!(counters.call_dropped(&mut instance).unwrap(), 0);
    counters.drop_counter(&mut instance, report.counter).unwrap();
    counters.drop_counter(&mut instance, two).unwrap();
    assert_eq!(counters.call_dropped(&mut instance).unwrap(), 2);
}

/// The guest gives one kind of resource for the other.
fn a_resource_is_only_what_it_is<E: Engine>() {
    let lie =
        GUEST.replace("(call $counter-new (local.get $at))", "(call $other-new (i32.const 0))");
    let binary = component(WIT, &format!("(module {lie} {MEMORY})"));
    let link = |linker: &mut wayleave_component::Linker<E, Cells>| {
        bindings::link_all(linker, |state: &mut Cells| state).unwrap();
    };
    let mut wrong = instance::<E, _>(&binary, Cells::default(), link);
    let resources = bindings::Resources::new(&mut wrong).unwrap();
    let counters = resources.test_resources_counters();
    let stop = counters.call_counter_new(&mut wrong, 1).unwrap_err();
    assert!(stop.to_string().contains("wrong type"), "{stop}");

    // Without `link_all` nobody knows what the guest's resources are.
    let mut unlinked = instance::<E, _>(&binary, Cells::default(), |linker| {
        bindings::test::resources::cells::link(linker, |state: &mut Cells| state).unwrap();
    });
    let Err(error) = bindings::Resources::new(&mut unlinked) else { panic!("it was found") };
    assert!(
        matches!(error, Error::Export { .. }) && error.to_string().contains("Counter"),
        "{error}"
    );
}
