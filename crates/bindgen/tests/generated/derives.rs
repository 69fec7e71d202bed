//! The traits derived for types that are written by hand.

use crate::support::{echo, instance};
use std::borrow::Cow;
use wayleave_bindgen::{ComponentType, Lift, Lower};
use wayleave_component::{ComponentType, Engine, HostFunction, Instance, Linker, Stop};

crate::on_each_engine! {
    derived_types_are_those_of_the_component
    what_a_derived_type_borrows_stays_where_it_is
    a_derived_record_can_be_all_parameters
    other_names_and_kinds_do_not_fit
}

const WIT: &str = "
    package test:derives;
    world derives {
        record pair { first: u8, second: string }
        variant shape { round, square(pair), wide(u64) }
        variant bare { one, two }
        enum color { dark-red, green }
        import to-pair: func(p: pair) -> pair;
        import to-shape: func(s: shape) -> shape;
        import to-bare: func(b: bare) -> bare;
        import to-color: func(c: color) -> color;
        import many: func(first: u8, second: string) -> u64;
        export to-pair: func(p: pair) -> pair;
        export to-shape: func(s: shape) -> shape;
        export to-bare: func(b: bare) -> bare;
        export to-color: func(c: color) -> color;
        export many: func(first: u8, second: string) -> u64;
    }";

#[derive(Clone, Debug, PartialEq, ComponentType, Lift, Lower)]
struct Pair<A, B> {
    first: A,
    #[component(name = "second")]
    last: B,
}

#[derive(Clone, Debug, PartialEq, ComponentType, Lift, Lower)]
#[component(crate = ::wayleave_component)]
enum Shape {
    Round,
    Square(Pair<u8, String>),
    Wide(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Bare {
    One,
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, ComponentType, Lift, Lower)]
enum Color {
    DarkRed,
    Green,
}

/// As [`Pair`], without a copy.
#[derive(ComponentType, Lift, Lower)]
struct Lent<'a> {
    first: u8,
    second: Cow<'a, str>,
}

fn link<E: Engine>(linker: &mut Linker<E, u32>) {
    let mut root = linker.root();
    root.func("to-pair", |_: &mut u32, (pair,): (Pair<u8, String>,)| Ok((pair,))).unwrap();
    root.func("to-shape", |_: &mut u32, (shape,): (Shape,)| Ok((shape,))).unwrap();
    root.func("to-bare", |_: &mut u32, (bare,): (Bare,)| Ok((bare,))).unwrap();
    root.func("to-color", |_: &mut u32, (color,): (Color,)| Ok((color,))).unwrap();
    root.func("many", |_: &mut u32, pair: Pair<u8, String>| {
        Ok((u64::from(pair.first) + pair.last.len() as u64,))
    })
    .unwrap();
}

fn guest<E: Engine>() -> Instance<E, u32> {
    instance::<E, _>(&echo(WIT), 0, link)
}

fn derived_types_are_those_of_the_component<E: Engine>() {
    let mut instance = guest::<E>();
    macro_rules! comes_back {
        ($name:literal, $ty:ty: $($value:expr),*) => {{
            let function = instance.typed::<($ty,), ($ty,)>(&[$name]).unwrap();
            $(
                let back = instance.call_typed(&function, ($value,)).unwrap();
                assert_eq!(back, ($value,));
            )*
            let ty = instance.func(&[$name]).unwrap().ty().params[0].1;
            let layout = (<$ty as ComponentType>::SIZE, <$ty as ComponentType>::ALIGN);
            assert_eq!(layout, instance.plan().types().size_align(ty));
            let flat = instance.plan().types().flat(ty).unwrap().len();
            assert_eq!(<$ty as ComponentType>::FLAT, flat);
        }};
    }
    let pair = || Pair { first: 7, last: "text".to_owned() };
    comes_back!("to-pair", Pair<u8, String>: pair());
    comes_back!("to-shape", Shape: Shape::Round, Shape::Square(pair()), Shape::Wide(u64::MAX));
    comes_back!("to-bare", Bare: Bare::One, Bare::Two);
    comes_back!("to-color", Color: Color::DarkRed, Color::Green);
}

/// Counts the bytes of texts that are in the guest's memory.
struct Look;

impl HostFunction<u32> for Look {
    type Params<'m> = (Lent<'m>,);
    type Results = (Lent<'static>,);

    fn call(&self, state: &mut u32, (lent,): (Lent<'_>,)) -> Result<(Lent<'static>,), Stop> {
        if let Cow::Borrowed(text) = &lent.second {
            *state += text.len() as u32;
        }
        Ok((Lent { first: lent.first, second: "given".into() },))
    }
}

fn what_a_derived_type_borrows_stays_where_it_is<E: Engine>() {
    let mut instance = instance::<E, _>(&echo(WIT), 0, |linker| {
        link(linker);
        linker.root().host_func("to-pair", Look).unwrap();
    });
    let function = instance.typed::<(Lent<'_>,), (Pair<u8, String>,)>(&["to-pair"]).unwrap();
    let lent = Lent { first: 1, second: "lent".into() };
    let (back,) = instance.call_typed(&function, (lent,)).unwrap();
    assert_eq!(back, Pair { first: 1, last: "given".to_owned() });
    assert_eq!(*instance.state(), 4);
}

fn a_derived_record_can_be_all_parameters<E: Engine>() {
    let mut instance = guest::<E>();
    let function = instance.typed::<Pair<u8, &str>, (u64,)>(&["many"]).unwrap();
    let params = Pair { first: 7, last: "text" };
    assert_eq!(instance.call_typed(&function, params).unwrap(), (11,));
}

fn other_names_and_kinds_do_not_fit<E: Engine>() {
    #[derive(ComponentType, Lift, Lower)]
    struct Misnamed {
        first: u8,
        last: String,
    }
    #[derive(ComponentType, Lift, Lower)]
    enum Colors {
        Red,
        Green,
    }
    #[derive(ComponentType, Lift, Lower)]
    enum OneTwo {
        One,
        Two,
    }
    let mut instance = guest::<E>();
    assert!(instance.typed::<(Misnamed,), (Misnamed,)>(&["to-pair"]).is_err());
    assert!(instance.typed::<(Colors,), (Colors,)>(&["to-color"]).is_err());
    assert!(instance.typed::<(OneTwo,), (OneTwo,)>(&["to-bare"]).is_err(), "an enum is no variant");
    assert!(instance.typed::<(Pair<u16, String>,), (Pair<u8, String>,)>(&["to-pair"]).is_err());
}
