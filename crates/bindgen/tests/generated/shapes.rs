//! Values of every shape go through an import and an export, and come back as they were.

use crate::support::{echo, instance};
use bindings::exports::test::shapes::echo::Exports;
use bindings::test::shapes::types::*;
use wayleave_component::plan::Type;
use wayleave_component::{ComponentType, Engine, Instance, Stop};

mod bindings {
    wayleave_bindgen::bindgen!({ path: "tests/wit/shapes.wit" });
}

const WIT: &str = include_str!("../wit/shapes.wit");

crate::on_each_engine! {
    every_value_comes_back_as_it_was
    layouts_are_those_of_the_plan
    guests_of_other_versions_fit
    what_does_not_fit_is_named
}

/// Says back what it hears, and counts.
#[derive(Default)]
struct Echo {
    calls: u32,
}

macro_rules! say_back {
    ($($name:ident: $ty:ty),* $(,)?) => {$(
        fn $name(&mut self, x: $ty) -> Result<$ty, Stop> {
            self.calls += 1;
            Ok(x)
        }
    )*};
}

impl bindings::test::shapes::echo::Host for Echo {
    say_back! {
        to_bool: bool, to_s8: i8, to_u8: u8, to_s16: i16, to_u16: u16, to_s32: i32, to_u32: u32, to_s64: i64, to_u64: u64,
        to_f32: f32, to_f64: f64, to_char: char, to_mixed: Mixed, to_plain: Plain, to_nested: Nested, to_shape: Shape,
        to_tags: Tags, to_words: Words, to_color: Color, to_few: Few, to_some: Some, to_many: Many, to_crowd: Crowd,
        to_pair: (String, u16), to_numbers: Vec<u32>, to_texts: Vec<String>, to_records: Vec<Mixed>,
        to_maybe: Option<String>, to_maybe_maybe: Option<Option<u8>>, to_outcome: Result<u64, String>,
        to_no_error: Result<u64, ()>, to_no_value: Result<(), Color>, to_neither: Result<(), ()>,
        to_triple: (u8, String, f64),
    }

    fn to_string(&mut self, x: &str) -> Result<String, Stop> {
        self.calls += 1;
        Ok(x.to_owned())
    }

    fn to_name(&mut self, x: &str) -> Result<String, Stop> {
        self.to_string(x)
    }

    fn to_bytes(&mut self, x: &[u8]) -> Result<Vec<u8>, Stop> {
        self.calls += 1;
        Ok(x.to_vec())
    }

    fn nothing(&mut self) -> Result<(), Stop> {
        self.calls += 1;
        Ok(())
    }

    fn add(&mut self, a: u8, b: i16, c: u64, d: f32) -> Result<u64, Stop> {
        Ok((f64::from(a) + f64::from(b) + c as f64 + f64::from(d)) as u64)
    }

    fn lengths(
        &mut self,
        a: &str,
        b: &str,
        c: &str,
        d: &str,
        e: &str,
        f: &str,
        g: &str,
        h: &str,
        i: &str,
    ) -> Result<Vec<u32>, Stop> {
        Ok([a, b, c, d, e, f, g, h, i].map(|text| text.len() as u32).to_vec())
    }

    fn sum(
        &mut self,
        a: u8,
        b: u8,
        c: u8,
        d: u8,
        e: u8,
        f: u8,
        g: u8,
        h: u8,
        i: u8,
        j: u8,
        k: u8,
        l: u8,
        m: u8,
        n: u8,
        o: u8,
        p: u8,
        q: u64,
        instance: &str,
        r: &[u8],
    ) -> Result<u64, Stop> {
        let small = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
        let small: u64 = small.iter().chain(r).map(|n| u64::from(*n)).sum();
        Ok(small + q + instance.len() as u64)
    }
}

impl bindings::Host for Echo {
    fn twice(&mut self, x: &str) -> Result<String, Stop> {
        Ok(format!("{x}{x}"))
    }
}

fn guest<E: Engine>() -> (Instance<E, Echo>, bindings::Shapes<E>) {
    let mut instance = instance::<E, _>(&echo(WIT), Echo::default(), |linker| {
        bindings::link_all(linker, |state: &mut Echo| state).unwrap();
    });
    let shapes = bindings::Shapes::new(&mut instance).unwrap();
    (instance, shapes)
}

fn every_value_comes_back_as_it_was<E: Engine>() {
    let (mut instance, shapes) = guest::<E>();
    let echo: &Exports<E> = shapes.test_shapes_echo();
    let mut calls = 0;
    macro_rules! same {
        ($($method:ident: $($value:expr),+;)*) => {$($({
            let value = $value;
            let back = echo.$method(&mut instance, value.clone()).unwrap();
            assert_eq!(back, value.to_owned(), stringify!($method));
            calls += 1;
        })+)*};
    }
    same! {
        call_to_bool: true, false;
        call_to_s8: i8::MIN, -1, i8::MAX;
        call_to_u8: 0, u8::MAX;
        call_to_s16: i16::MIN, -1, i16::MAX;
        call_to_u16: u16::MAX;
        call_to_s32: i32::MIN, -1;
        call_to_u32: u32::MAX;
        call_to_s64: i64::MIN, -1;
        call_to_u64: u64::MAX;
        call_to_f32: 1.5, f32::NEG_INFINITY;
        call_to_f64: -0.0, 1e300;
        call_to_char: 'a', '\u{10ffff}';
        call_to_string: "", "grüß ∞";
        call_to_name: "name";
        call_to_bytes: &[][..], &[1, 2, 255][..];
        call_to_numbers: &[][..], &[1, u32::MAX][..];
        call_to_plain: plain();
        call_to_tags: Tags::First, Tags::Second;
        call_to_words: Words::F(1.5), Words::I(u32::MAX), Words::L(u64::MAX), Words::D(-1e300);
        call_to_color: Color::Red, Color::Green, Color::Blue;
        call_to_few: Few::empty(), Few::A | Few::C_D, Few::all();
        call_to_some: Some::G0 | Some::G8, Some::all();
        call_to_many: Many::G16, Many::all();
        call_to_crowd: Crowd::G0 | Crowd::G31, Crowd::all(), Crowd::empty();
        call_to_maybe_maybe: None, Option::Some(None), Option::Some(Option::Some(7));
        call_to_no_error: Ok(u64::MAX), Err(());
        call_to_no_value: Ok(()), Err(Color::Blue);
        call_to_neither: Ok(()), Err(());
    }
    // What is not cheap to copy is lent.
    macro_rules! same_lent {
        ($($method:ident: $($value:expr),+;)*) => {$($({
            let value = $value;
            assert_eq!(echo.$method(&mut instance, &value).unwrap(), value, stringify!($method));
            calls += 1;
        })+)*};
    }
    same_lent! {
        call_to_mixed: mixed("text");
        call_to_nested: nested();
        call_to_shape: Shape::Nothing, Shape::Number(0.5), Shape::Wide(1 << 63),
            Shape::Text("text".into()), Shape::Self_((1, -1));
        call_to_records: vec![], vec![mixed("a"), mixed("b")];
        call_to_texts: vec![], vec!["a".to_owned(), String::new()];
    }
    assert_eq!(echo.call_to_pair(&mut instance, ("a", 7)).unwrap(), ("a".into(), 7));
    let triple = echo.call_to_triple(&mut instance, (1, "b", 2.5)).unwrap();
    assert_eq!(triple, (1, "b".into(), 2.5));
    for text in [None, Option::Some("text")] {
        let back = echo.call_to_maybe(&mut instance, text).unwrap();
        assert_eq!(back.as_deref(), text);
    }
    assert_eq!(echo.call_to_outcome(&mut instance, Ok(1)).unwrap(), Ok(1));
    assert_eq!(echo.call_to_outcome(&mut instance, Err("e")).unwrap(), Err("e".to_owned()));
    echo.call_nothing(&mut instance).unwrap();
    assert_eq!(instance.state().calls, calls + 7, "not all of it went through the host");

    assert_eq!(echo.call_add(&mut instance, 1, -2, 40, 3.0).unwrap(), 42);
    let texts = ["", "1", "22", "333", "4444", "55555", "666666", "7777777", "88888888"];
    let [a, b, c, d, e, f, g, h, i] = texts;
    let lengths = echo.call_lengths(&mut instance, a, b, c, d, e, f, g, h, i).unwrap();
    assert_eq!(lengths, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let sum = echo
        .call_sum(
            &mut instance,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            100,
            "four",
            &[10, 20],
        )
        .unwrap();
    assert_eq!(sum, 150);
    assert_eq!(shapes.call_twice(&mut instance, "ab").unwrap(), "abab");
}

fn layouts_are_those_of_the_plan<E: Engine>() {
    let (mut instance, _) = guest::<E>();
    let mut compared = 0;
    macro_rules! compare {
        ($($name:literal: $ty:ty),* $(,)?) => {$({
            let function = instance.func(&["test:shapes/echo@1.2.0", $name]).unwrap();
            let ty: Type = function.ty().params[0].1;
            let types = instance.plan().types();
            let ours = (<$ty as ComponentType>::SIZE, <$ty as ComponentType>::ALIGN);
            assert_eq!(ours, types.size_align(ty), $name);
            assert_eq!(Option::Some(<$ty>::FLAT), types.flat(ty).map(|flat| flat.len()), $name);
            compared += 1;
        })*};
    }
    compare! {
        "to-mixed": Mixed, "to-plain": Plain, "to-nested": Nested, "to-shape": Shape, "to-tags": Tags,
        "to-words": Words, "to-color": Color, "to-few": Few, "to-some": Some, "to-many": Many, "to-crowd": Crowd,
        "to-pair": Pair, "to-triple": (u8, String, f64), "to-maybe-maybe": Option<Option<u8>>,
        "to-outcome": Result<u64, String>, "to-bytes": Bytes,
    }
    assert_eq!(compared, 16);
}

fn guests_of_other_versions_fit<E: Engine>() {
    let wit = WIT.replace("@1.2.0", "@1.9.3");
    let mut instance = instance::<E, _>(&echo(&wit), Echo::default(), |linker| {
        bindings::link_all(linker, |state: &mut Echo| state).unwrap();
    });
    let shapes = bindings::Shapes::new(&mut instance).unwrap();
    let echo = shapes.test_shapes_echo();
    assert_eq!(echo.call_to_plain(&mut instance, plain()).unwrap(), plain());
}

fn what_does_not_fit_is_named<E: Engine>() {
    for (from, to, expected) in [
        ("b: f64, c: char }", "b: u64, c: char }", "f64 in the field `b`, found u64"),
        ("b: f64, c: char }", "c: f64, b: char }", "expected record { a, b, c }"),
        ("number(f32),", "number(s32),", "f32 in the case `number`, found s32"),
        ("number(f32),", "number,", "expected variant { nothing, number"),
        ("{ red, green, blue }", "{ red, blue, green }", "expected enum { red, green, blue }"),
        ("flags few { a, b, c-d }", "flags few { a, b }", "expected flags { a, b, c-d }"),
    ] {
        let wit = WIT.replace(from, to);
        assert_ne!(wit, WIT);
        let engine = E::new(&wayleave_engine::Config::default()).unwrap();
        let component = wayleave_component::Component::new(&engine, &echo(&wit)).unwrap();
        let mut linker = wayleave_component::Linker::<E, Echo>::new();
        bindings::link_all(&mut linker, |state: &mut Echo| state).unwrap();
        let Err(error) = linker.link(&engine, &component) else { panic!("{to} fits") };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

fn plain() -> Plain {
    Plain { a: -1, b: 0.25, c: 'ß' }
}

fn mixed(text: &str) -> Mixed {
    Mixed { small: 200, wide: u64::MAX, r#type: true, text: text.into() }
}

fn nested() -> Nested {
    Nested { plain: plain(), many: vec![mixed("a"), mixed("")], maybe: Option::Some(plain()) }
}

#[test]
fn flags_are_sets() {
    let set = Few::A | Few::C_D;
    assert!(set.contains(Few::A) && set.contains(Few::A | Few::C_D) && !set.contains(Few::B));
    assert_eq!(format!("{set:?}"), "Few(a | c-d)");
    assert_eq!(set.bits(), 0b101);
    assert_eq!(Few::from_bits(0xff), Few::all());
    let mut crowd = Crowd::default();
    crowd.set(Crowd::G31, true);
    assert_eq!(crowd.bits(), 1 << 31);
    crowd.set(Crowd::G31, false);
    assert!(crowd.is_empty());
    assert_eq!(Crowd::all().bits(), u32::MAX);
}
