//! Panics with a message.

#[inline(never)]
fn third_of(list: &[u32]) -> u32 {
    *list.get(2).expect("the list has a third entry")
}

fn main() {
    let list = vec![1, 2];
    println!("{}", third_of(std::hint::black_box(&list)));
}
