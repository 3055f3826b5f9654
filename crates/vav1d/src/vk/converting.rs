//! From a readback to the picture's bytes, on a thread beside the executor: large pictures take
//! longer to be put in order than to be decoded.
#![allow(unsafe_code, reason = "access to mapped memory")]

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;

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
    thread: Option<JoinHandle<()>>,
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
    /// Should the thread have panicked, there is no picture, and none is made up: whoever waits would
    /// wait for ever, and what judges pictures must not be given others.
    fn drop(&mut self) {
        if self.bytes.get().is_none() {
            log::error!("a picture could not be put in order");
            std::process::abort();
        }
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
            if let Ok(thread) = thread.spawn(move || jobs.into_iter().for_each(Job::run)) {
                (self.jobs, self.thread) = (Some(sender), Some(thread));
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
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that puts pictures in order has panicked");
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

#[cfg(all(test, feature = "soft"))]
mod tests {
    use ash::vk;

    use super::super::device::Device;
    use super::super::entry::Driver;
    use super::super::features::Features;
    use super::super::instance::{Instance, InstanceOptions};
    use super::super::objects::{Buffer, Commands};
    use super::super::options::{CopyQueue, ExecutorOptions};
    use super::super::readback::PictureLayout;
    use super::*;
    use crate::pixels::{Chroma, Format};

    /// A device, and what a copy leaves of a picture of 1024 x 1024 whose samples are all `value`.
    fn device() -> Arc<Device> {
        let driver = Driver::Soft { config: None };
        let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
        let adapter = instance.adapters().expect("adapters").remove(0);
        let features = Features::wanted(&ExecutorOptions::default());
        Device::open(&instance, &adapter, features, CopyQueue::Auto).expect("a device")
    }

    fn plan() -> CopyPlan {
        let format = vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16;
        let layout = PictureLayout::of(format).expect("known");
        let wanted = Format { chroma: Chroma::Yuv420, bit_depth: 10 };
        CopyPlan::new(layout, wanted, (1024, 1024), (1024, 1024), (1, 1, 1))
    }

    fn readback(device: &Arc<Device>, value: u16) -> Readback {
        let plan = plan();
        let mut buffer = Buffer::readback(device, plan.size_bytes() as u64).expect("a buffer");
        let sample = (value << 6).to_le_bytes();
        let bytes = sample.repeat(plan.size_bytes() / 2);
        // SAFETY: no submission uses the buffer.
        unsafe { buffer.write(&[&bytes]) }.expect("written");
        let family = device.copy_queue().family.index;
        Readback { commands: Commands::new(device, family, "readback").expect("made"), buffer }
    }

    #[test]
    fn pictures_are_put_in_order_elsewhere_and_few_wait_for_it() {
        let device = device();
        let (mut converter, spares) = (Converter::default(), Spares::default());
        assert!(Converter::takes(&plan()));
        // The thread comes no further than this lock, and whoever hands a picture over does.
        let pool = Arc::clone(&converter.pool);
        let held = pool.lock().expect("free");
        let mut samples: Vec<_> = (1..=4)
            .map(|value| converter.convert(plan(), readback(&device, value), &spares))
            .collect();
        assert!(samples.iter().all(|s| s.len() == plan().picture_bytes()));
        drop(held);
        for value in 5..=8 {
            samples.push(converter.convert(plan(), readback(&device, value), &spares));
            assert!(converter.waiting.len() <= MOST_WAITING);
        }
        for (value, samples) in (1_u16..).zip(&samples) {
            assert!(samples.as_chunks().0.iter().all(|s| *s == value.to_le_bytes()), "{value}");
        }
        drop(samples);
        assert!((1..=MOST_WAITING).contains(&pool.lock().expect("free").len()));
        drop(converter);
        assert!(spares.take(plan().size_bytes() as u64).is_some());
    }
}
