//! The cores that a command may use.

use std::io;

/// Keeps this thread, and those that it starts from now on, to the first `count` of the cores that it
/// may use. How many those are.
///
/// # Errors
/// The system has no such thing, or refuses it.
#[cfg(target_os = "linux")]
pub(super) fn keep_to(count: usize) -> io::Result<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None)?;
    let mut kept = CpuSet::new();
    let cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    cores.take(count).for_each(|core| kept.set(core));
    sched_setaffinity(None, &kept)?;
    Ok(kept.count() as usize)
}

/// The same where threads cannot be kept to cores.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep_to(_count: usize) -> io::Result<usize> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux keeps threads to cores"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_and_those_that_it_starts_are_kept_to_as_many_cores() {
        let cores = || thread::available_parallelism().expect("a number").get();
        let all = cores();
        let within = thread::spawn(move || {
            assert_eq!(keep_to(1).expect("one core"), 1);
            let started = thread::spawn(cores).join().expect("a thread");
            (cores(), started)
        });
        assert_eq!(within.join().expect("a thread"), (1, 1));
        // More than there are changes nothing.
        let whole = thread::spawn(move || (keep_to(1000).expect("all of them"), cores()));
        assert_eq!(whole.join().expect("a thread"), (all, all));
        assert_eq!(cores(), all, "that of who plays");
    }
}
