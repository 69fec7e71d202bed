//! A library over values of every kind, and over a resource of its own: see `wit/calculator.wit`.

use std::cell::{Cell, RefCell};

use exports::wayleave::test::counters::{self, Counter, CounterBorrow, GuestCounter};
use exports::wayleave::test::values::{
    self, Bits, Color, MathError, Months, Number, Permissions, Person, Point, Reading, Shape,
};

wit_bindgen::generate!({ world: "calculator", path: "../components/wit" });

struct Calculator;
export!(Calculator);

impl Guest for Calculator {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

// Values

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl values::Guest for Calculator {
    fn not(x: bool) -> bool {
        !x
    }

    fn next_u8(x: u8) -> u8 {
        x.wrapping_add(1)
    }

    fn next_s8(x: i8) -> i8 {
        x.wrapping_add(1)
    }

    fn next_u16(x: u16) -> u16 {
        x.wrapping_add(1)
    }

    fn next_s16(x: i16) -> i16 {
        x.wrapping_add(1)
    }

    fn next_u32(x: u32) -> u32 {
        x.wrapping_add(1)
    }

    fn next_s32(x: i32) -> i32 {
        x.wrapping_add(1)
    }

    fn next_u64(x: u64) -> u64 {
        x.wrapping_add(1)
    }

    fn next_s64(x: i64) -> i64 {
        x.wrapping_add(1)
    }

    fn half_f32(x: f32) -> f32 {
        x / 2.0
    }

    fn half_f64(x: f64) -> f64 {
        x / 2.0
    }

    fn next_char(x: char) -> char {
        (x..=char::MAX).nth(1).unwrap_or('\0')
    }

    fn reverse(text: String) -> String {
        text.chars().rev().collect()
    }

    fn sum(numbers: Vec<i64>) -> i64 {
        numbers.iter().fold(0, |sum, x| sum.wrapping_add(*x))
    }

    fn invert(bytes: Vec<u8>) -> Vec<u8> {
        bytes.into_iter().map(|byte| !byte).collect()
    }

    fn sort(mut words: Vec<String>) -> Vec<String> {
        words.sort();
        words
    }

    fn lengths(rows: Vec<Vec<String>>) -> Vec<Vec<u32>> {
        let row = |row: &Vec<String>| row.iter().map(|text| text.len() as u32).collect();
        rows.iter().map(row).collect()
    }

    fn zeros(bytes: u32) -> Vec<u8> {
        vec![0; bytes as usize]
    }

    fn mirror(p: Point) -> Point {
        Point { x: p.y, y: p.x }
    }

    fn older(mut who: Person, years: u8) -> Result<Person, String> {
        let age = who.age.checked_add(years);
        who.age = age.ok_or_else(|| format!("{} would be too old", who.name))?;
        Ok(who)
    }

    fn amend(r: Reading) -> Reading {
        let notes = r.notes.into_iter().skip(1).collect();
        Reading { serial: r.serial.wrapping_add(1), low: r.high, high: r.low, notes, ..r }
    }

    fn area(s: Shape) -> f64 {
        match s {
            Shape::Nothing => 0.0,
            Shape::Circle(radius) => std::f64::consts::PI * radius * radius,
            Shape::Rectangle((width, height)) => width * height,
            Shape::Polygon(points) => {
                let next = points.iter().cycle().skip(1);
                let twice: f64 = points.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
                twice.abs() / 2.0
            }
        }
    }

    fn scale(s: Shape, by: f64) -> Shape {
        match s {
            Shape::Nothing => Shape::Nothing,
            Shape::Circle(radius) => Shape::Circle(radius * by),
            Shape::Rectangle((width, height)) => Shape::Rectangle((width * by, height * by)),
            Shape::Polygon(points) => {
                let scaled = points.into_iter().map(|p| Point { x: p.x * by, y: p.y * by });
                Shape::Polygon(scaled.collect())
            }
        }
    }

    fn describe(n: Number) -> String {
        match n {
            Number::Int(x) => format!("int {x}"),
            Number::Float(x) => format!("float {x:?}"),
            Number::Byte(x) => format!("byte {x}"),
            Number::Text(x) => format!("text {x}"),
            Number::Double(x) => format!("double {x:?}"),
        }
    }

    fn parse(text: String) -> Number {
        if let Ok(int) = text.parse() {
            Number::Int(int)
        } else if let Ok(double) = text.parse() {
            Number::Double(double)
        } else {
            Number::Text(text)
        }
    }

    fn next_color(c: Color) -> Color {
        match c {
            Color::Red => Color::Green,
            Color::Green => Color::Blue,
            Color::Blue => Color::Red,
        }
    }

    fn others(p: Permissions) -> Permissions {
        !p
    }

    fn later_by_one(m: Months) -> Months {
        let bits = m.bits();
        Months::from_bits_truncate(bits << 1 | bits >> 11)
    }

    fn flip(b: Bits) -> Bits {
        !b
    }

    fn first(words: Vec<String>) -> Option<String> {
        words.into_iter().next()
    }

    fn layers(x: Option<Option<u32>>) -> u64 {
        match x {
            None => 0,
            Some(None) => 1,
            Some(Some(x)) => u64::from(x) + 2,
        }
    }

    fn to_layers(x: u64) -> Option<Option<u32>> {
        match x {
            0 => None,
            1 => Some(None),
            x => Some(Some((x - 2) as u32)),
        }
    }

    fn divide(a: i32, b: i32) -> Result<i32, MathError> {
        if b == 0 {
            return Err(MathError::DivisionByZero);
        }
        a.checked_div(b).ok_or_else(|| MathError::Overflow(format!("{a} / {b}")))
    }

    fn even(x: u32) -> Result<(), ()> {
        if x.is_multiple_of(2) { Ok(()) } else { Err(()) }
    }

    fn empty(text: String) -> Result<(), String> {
        if text.is_empty() { Ok(()) } else { Err(text) }
    }

    fn to_u32(text: String) -> Result<u32, ()> {
        text.parse().map_err(drop)
    }

    fn swap((number, text): (u8, String)) -> (String, u8) {
        (text, number)
    }

    fn many(
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: i8,
        f: i16,
        g: i32,
        h: i64,
        i: f32,
        j: f64,
        k: bool,
        l: char,
        m: String,
        n: u32,
        o: u32,
        p: u32,
        q: u32,
        r: Option<u32>,
    ) -> f64 {
        let small = f64::from(a) + f64::from(b) + f64::from(c) + d as f64;
        let signed = f64::from(e) + f64::from(f) + f64::from(g) + h as f64;
        let other = f64::from(i) + j + f64::from(u8::from(k)) + f64::from(u32::from(l));
        let last = [n, o, p, q, r.unwrap_or(0)].into_iter().map(f64::from).sum::<f64>();
        small + signed + other + m.len() as f64 + last
    }

    fn nothing() {
        CALLS.set(CALLS.get() + 1);
    }

    fn calls() -> u32 {
        CALLS.get()
    }

    fn fail() {
        panic!("asked to");
    }
}

// The resource

thread_local! {
    static LIVE: Cell<u32> = const { Cell::new(0) };
    static KEPT: RefCell<Vec<Counter>> = const { RefCell::new(Vec::new()) };
}

struct Count(Cell<i32>);

impl Count {
    fn counter(start: i32) -> Counter {
        Counter::new(<Self as GuestCounter>::new(start))
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}

impl GuestCounter for Count {
    fn new(start: i32) -> Self {
        LIVE.set(LIVE.get() + 1);
        Self(Cell::new(start))
    }

    fn add(&self, by: i32) -> i32 {
        self.0.set(self.0.get().wrapping_add(by));
        self.0.get()
    }

    fn value(&self) -> i32 {
        self.0.get()
    }

    fn parse(text: String) -> Result<Counter, String> {
        let start = text.parse().map_err(|error| format!("{text}: {error}"))?;
        Ok(Self::counter(start))
    }

    fn merge(a: Counter, b: Counter) -> Counter {
        Self::counter(value(&a).wrapping_add(value(&b)))
    }
}

impl counters::Guest for Calculator {
    type Counter = Count;

    fn live() -> u32 {
        LIVE.get()
    }

    fn peek(c: CounterBorrow<'_>) -> i32 {
        c.get::<Count>().value()
    }

    fn total(all: Vec<CounterBorrow<'_>>) -> i32 {
        all.iter().fold(0, |sum, c| sum.wrapping_add(c.get::<Count>().value()))
    }

    fn consume(c: Counter) -> i32 {
        value(&c)
    }

    fn split(c: Counter, into: u32) -> Vec<Counter> {
        (0..into).map(|i| Count::counter(value(&c).wrapping_add(i as i32))).collect()
    }

    fn largest(all: Vec<Counter>) -> Option<Counter> {
        all.into_iter().max_by_key(value)
    }

    fn keep(c: Counter) {
        KEPT.with_borrow_mut(|kept| kept.push(c));
    }

    fn give_back() -> Option<Counter> {
        KEPT.with_borrow_mut(Vec::pop)
    }
}

fn value(counter: &Counter) -> i32 {
    counter.get::<Count>().value()
}
