//! Work that takes long without waiting for anything, in parts.

use std::cell::Cell;

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs an operation that may do a part of what it has to do, and say
/// [`Again`](crate::ErrorCode::Again), where all of it would take long: whoever calls it looks whether
/// to go on, and calls it again. Outside of this, operations do all they have to do.
pub fn in_parts<T>(operation: impl FnOnce() -> T) -> T {
    with(true, operation)
}

/// Runs an operation inside of [`in_parts`] that is to be done as a whole all the same.
pub fn as_a_whole<T>(operation: impl FnOnce() -> T) -> T {
    with(false, operation)
}

/// Whether whoever has called wants to be asked between two parts.
pub(crate) fn are_wanted() -> bool {
    WANTED.get()
}

fn with<T>(wanted: bool, operation: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            WANTED.set(self.0);
        }
    }
    let _restore = Restore(WANTED.replace(wanted));
    operation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_holds_inside_alone() {
        assert!(!are_wanted());
        in_parts(|| {
            assert!(are_wanted());
            as_a_whole(|| assert!(!are_wanted()));
            assert!(are_wanted());
            assert!(!std::thread::spawn(are_wanted).join().unwrap());
        });
        assert!(!are_wanted());
    }
}
