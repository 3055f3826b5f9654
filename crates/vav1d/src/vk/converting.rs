//! From a readback to the picture's bytes, on a thread beside the executor: large pictures take
//! longer to be put in order than to be decoded.
#![allow(unsafe_code, reason = "access to mapped memory")]

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::lending::{Readback, Spares};
use super::readback::CopyPlan;
use crate::pixels::{Lend, Samples};

/// Pictures that may wait to be put in order: each has a readback.
const MOST_WAITING: usize = 4;
/// Pictures of fewer bytes are put in order at once: to hand them over would take as long.
const LEAST_BYTES: usize = 1 << 20;

/// Memory of pictures that are done with.
type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// The thread, and what it was given.
#[derive(Default)]
pub(super) struct Converter {
    jobs: Option<Sender<Job>>,
    /// Oldest first.
    waiting: VecDeque<Weak<OnceLock<Vec<u8>>>>,
    pool: Pool,
}

/// A picture to put in order.
struct Job {
    readback: Option<Readback>,
    plan: CopyPlan,
    spares: Spares,
    pool: Pool,
    bytes: Arc<OnceLock<Vec<u8>>>,
}

impl Job {
    fn run(mut self) {
        let Some(readback) = self.readback.take() else { return };
        let memory = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = Vec::new();
        // SAFETY: the copy has ended, and no other is started before the readback is given back.
        let bytes = unsafe { readback.buffer.fetched(self.plan.size_bytes(), &mut scratch) };
        let picture = self.plan.picture(bytes, memory.unwrap_or_default());
        // Set here only, once.
        let _ = self.bytes.set(picture.data.into_vec());
        self.spares.give(readback);
    }
}

impl Drop for Job {
    /// Whoever waits is not left waiting, should the thread have panicked.
    fn drop(&mut self) {
        let _set = self.bytes.set(vec![0; self.plan.picture_bytes()]);
    }
}

impl Converter {
    /// Whether pictures of `plan` are worth the thread.
    pub(super) fn takes(plan: &CopyPlan) -> bool {
        plan.picture_bytes() >= LEAST_BYTES
    }

    /// The samples of the picture that a copy by `plan`, which has ended, left in `readback`, whose
    /// bytes were [fetched](super::objects::Buffer::fetch). They are there when somebody looks at
    /// them; the readback goes to `spares`.
    pub(super) fn convert(
        &mut self,
        plan: CopyPlan,
        readback: Readback,
        spares: &Spares,
    ) -> Samples {
        let is_under_way = |bytes: &Weak<OnceLock<Vec<u8>>>| {
            bytes.upgrade().is_some_and(|bytes| bytes.get().is_none())
        };
        self.waiting.retain(is_under_way);
        while self.waiting.len() >= MOST_WAITING {
            self.wait_for_oldest();
        }
        let bytes: Arc<OnceLock<Vec<u8>>> = Arc::default();
        self.waiting.push_back(Arc::downgrade(&bytes));
        let samples = Converted {
            bytes: Arc::clone(&bytes),
            count: plan.picture_bytes(),
            pool: Arc::downgrade(&self.pool),
        };
        let (spares, pool) = (spares.clone(), Arc::clone(&self.pool));
        let job = Job { readback: Some(readback), plan, spares, pool, bytes };
        self.send(job);
        Samples::lent(Box::new(samples))
    }

    fn wait_for_oldest(&mut self) {
        if let Some(oldest) = self.waiting.pop_front().and_then(|bytes| bytes.upgrade()) {
            oldest.wait();
        }
    }

    fn send(&mut self, job: Job) {
        if self.jobs.is_none() {
            let (sender, jobs) = channel::<Job>();
            let thread = std::thread::Builder::new().name("pictures".into());
            // It ends with the last sender.
            if thread.spawn(move || jobs.into_iter().for_each(Job::run)).is_ok() {
                self.jobs = Some(sender);
            }
        }
        match &self.jobs {
            Some(jobs) => {
                if let Err(job) = jobs.send(job) {
                    job.0.run();
                }
            }
            None => job.run(),
        }
    }
}

impl Drop for Converter {
    /// Readbacks are of the device, which does not go before they are back.
    fn drop(&mut self) {
        self.jobs = None;
        while !self.waiting.is_empty() {
            self.wait_for_oldest();
        }
    }
}

/// A picture that is put in order, or was.
struct Converted {
    bytes: Arc<OnceLock<Vec<u8>>>,
    count: usize,
    pool: Weak<Mutex<Vec<Vec<u8>>>>,
}

impl Lend for Converted {
    fn bytes(&self) -> &[u8] {
        self.bytes.wait()
    }

    fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Converted {
    fn drop(&mut self) {
        let memory = Arc::get_mut(&mut self.bytes).and_then(OnceLock::take);
        if let (Some(pool), Some(memory)) = (self.pool.upgrade(), memory) {
            let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
            if pool.len() < MOST_WAITING {
                pool.push(memory);
            }
        }
    }
}
