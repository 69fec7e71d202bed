//! Exits with the number given as its first argument.

fn main() {
    let code = std::env::args().nth(1).and_then(|arg| arg.parse().ok());
    std::process::exit(code.expect("usage: exit_code NUMBER"));
}
