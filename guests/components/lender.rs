//! Lends and gives its own stores to a driver.

use wayleave::test::driver;
use wayleave::test::store::{self, Store};

wit_bindgen::generate!({ world: "lender-world", path: "../components/wit" });

struct Lender;
export!(Lender);

impl Guest for Lender {
    fn round() -> String {
        let ours = Store::new("ours");
        let mut seen = Vec::new();
        let mut add = |what: &str, result: String| seen.push(format!("{what}: {result}\n"));

        add("fill", format!("{:?}", driver::fill(&ours, "key", "first, größer")));
        add("fill again", format!("{:?}", driver::fill(&ours, "key", "second")));
        add("get", format!("{:?}", ours.get("key").map(String::from_utf8)));
        add("inspect", driver::inspect(&ours));
        add("inspect twice", format!("{:?}", driver::inspect_both(&ours, &ours)));
        let ours = driver::pass(ours);
        add("passed", ours.name());
        let made = driver::make(&["a".to_owned(), "b".to_owned()]);
        add("made", made.iter().map(Store::name).collect::<Vec<_>>().join(" "));
        add("live", store::live().to_string());
        add("taken", driver::take(ours));
        drop(made);
        add("live at last", store::live().to_string());
        seen.concat()
    }

    fn misuse(how: LentMistake) -> String {
        driver::misuse_lent(&Store::new("lent"), how)
    }
}
