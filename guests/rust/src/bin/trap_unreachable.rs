//! Executes `unreachable` three calls deep: what a backtrace is tested with.

#[inline(never)]
fn innermost(depth: u32) -> u32 {
    if std::hint::black_box(depth) > 2 {
        return depth;
    }
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

// The additions keep these from being tail calls, which would leave the frames out.
#[inline(never)]
fn middle(depth: u32) -> u32 {
    innermost(depth + 1) + 1
}

#[inline(never)]
fn outer(depth: u32) -> u32 {
    middle(depth + 1) + 1
}

fn main() {
    println!("about to trap");
    println!("not reached: {}", outer(0));
}
