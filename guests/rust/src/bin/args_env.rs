//! Prints its arguments, then its environment, one a line and in the order given.

fn main() {
    for (index, arg) in std::env::args().enumerate() {
        println!("arg {index}: {arg}");
    }
    for (name, value) in std::env::vars() {
        println!("env {name}={value}");
    }
}
