//! Clocks that show the same on every run: a virtual WASI, for components that are composed with it.
//!
//! The date stands still. The other clock moves on by a millisecond each time that it is read; only
//! waiting is left to the host.

use std::cell::Cell;

use exports::wasi::clocks::{monotonic_clock, wall_clock};
use wasi::clocks::monotonic_clock as host;
use wasi::io::poll::Pollable;

wit_bindgen::generate!({
    inline: "
        package wayleave:fixed-clocks;

        world clocks {
            import wasi:clocks/monotonic-clock@0.2.12;
            export wasi:clocks/monotonic-clock@0.2.12;
            export wasi:clocks/wall-clock@0.2.12;
        }
    ",
    path: ["../../wit/0.2/deps/io", "../../wit/0.2/deps/clocks"],
    generate_all,
});

struct Clocks;
export!(Clocks);

const MILLISECOND: u64 = 1_000_000;
const DATE: wall_clock::Datetime =
    wall_clock::Datetime { seconds: 1_000_000_000, nanoseconds: 123_456_789 };

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

impl wall_clock::Guest for Clocks {
    fn now() -> wall_clock::Datetime {
        DATE
    }

    fn resolution() -> wall_clock::Datetime {
        wall_clock::Datetime { seconds: 0, nanoseconds: 1 }
    }
}

impl monotonic_clock::Guest for Clocks {
    fn now() -> u64 {
        NOW.set(NOW.get() + MILLISECOND);
        NOW.get()
    }

    fn resolution() -> u64 {
        MILLISECOND
    }

    fn subscribe_instant(when: u64) -> Pollable {
        host::subscribe_duration(when.saturating_sub(NOW.get()))
    }

    fn subscribe_duration(when: u64) -> Pollable {
        host::subscribe_duration(when)
    }
}
