//! Allocates memory, a mebibyte at a time, until it is refused; prints how far it got.
//! The first argument is where to stop all the same, in MiB (4096 without one).

const MIB: usize = 1024 * 1024;

fn main() {
    let limit = std::env::args().nth(1).map_or(4096, |arg| arg.parse().expect("a number of MiB"));
    let mut blocks: Vec<Vec<u8>> = Vec::with_capacity(limit);
    while blocks.len() < limit {
        let mut block: Vec<u8> = Vec::new();
        if block.try_reserve_exact(MIB).is_err() {
            println!("refused after {} MiB", blocks.len());
            return;
        }
        block.push(1); // touch it, so that it is really there
        blocks.push(std::hint::black_box(block));
    }
    println!("stopped at the limit of {} MiB", blocks.len());
}
