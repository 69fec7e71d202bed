//! Which threads the operating system runs first.

/// Has the calling thread run behind the others of the machine: whenever one of those has something
/// to do, this one waits, or nearly so (a tenth of the time is left to it). There is no way back.
///
/// Where the operating system knows no priorities of threads nothing changes.
pub fn stand_back() {
    // A thread may always make itself less important, and a privileged one also more: not here.
    #[cfg(target_os = "linux")]
    if rustix::process::getpriority_process(None).is_ok_and(|now| now < BEHIND) {
        let _ = rustix::process::setpriority_process(None, BEHIND);
    }
}

/// A nice value. At 10, the weight is about a tenth of an ordinary thread's.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn only_this_thread_stands_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let behind = std::thread::spawn(move || {
            super::stand_back();
            nice()
        });
        assert_eq!(behind.join().unwrap(), super::BEHIND.max(before));
        assert_eq!(nice(), before);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn one_that_is_further_behind_stays_there() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let further = super::BEHIND + 5;
        let behind = std::thread::spawn(move || {
            rustix::process::setpriority_process(None, further.max(nice())).unwrap();
            let before = nice();
            super::stand_back();
            (before, nice())
        });
        let (before, after) = behind.join().unwrap();
        assert_eq!(after, before);
    }
}
