//! Submissions: a lane is a queue with a timeline, a ticket a point on it.
//!
//! Lanes of one device may be of different threads. Each submission takes its queue's lock, then that
//! of what lanes must know of each other: see [`super::order::Order`].
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use ash::vk;

use super::device::{Device, Queue};
use super::failed;
use super::objects::Semaphore;
use super::order::{Newest, Timeline};
use crate::error::{DeviceError, Result};

pub(super) use super::order::Ticket;

impl Timeline for Semaphore {
    fn semaphore(&self) -> vk::Semaphore {
        self.raw()
    }
}

/// A ticket of another lane, for a submission to wait for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    semaphore: vk::Semaphore,
    ticket: Ticket,
}

/// What a submission does to reference pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Touches {
    /// Nothing, or only what later submissions wait for already.
    #[default]
    Nothing,
    /// It decodes.
    Decodes,
    /// It takes one out of its layout, and puts it back.
    Borrows,
}

/// A queue and its timeline.
pub(super) struct Lane {
    device: Arc<Device>,
    queue: Queue,
    semaphore: Arc<Semaphore>,
    /// The newest ticket given away.
    last: Ticket,
    submitted: Ticket,
    done: Ticket,
    /// Timelines of other lanes that submissions wait for.
    others: Vec<(Ticket, Arc<dyn Timeline>)>,
    timeout: Duration,
    what: &'static str,
}

impl Lane {
    /// The lane of `queue`, called `what` in errors.
    pub(super) fn new(
        device: &Arc<Device>,
        queue: Queue,
        timeout: Duration,
        what: &'static str,
    ) -> Result<Self> {
        Ok(Self {
            device: device.clone(),
            queue,
            semaphore: Arc::new(Semaphore::new(device, what)?),
            last: Ticket::default(),
            submitted: Ticket::default(),
            done: Ticket::default(),
            others: Vec::new(),
            timeout,
            what,
        })
    }

    /// The queue family.
    pub(super) fn family(&self) -> u32 {
        self.queue.family.index
    }

    /// The newest ticket.
    pub(super) fn last(&self) -> Ticket {
        self.last
    }

    /// A ticket for a submission that follows all with earlier ones.
    pub(super) fn reserve(&mut self) -> Ticket {
        self.last = Ticket(self.last.0 + 1);
        self.last
    }

    /// Takes back the tickets of what was not submitted; the newest that is left.
    pub(super) fn forget(&mut self) -> Ticket {
        self.last = self.submitted;
        self.last
    }

    /// For a submission of another lane, to wait for `ticket`; `None` if it is long over.
    pub(super) fn wait_for(&self, ticket: Ticket) -> Option<Wait> {
        (ticket > self.done).then(|| Wait { semaphore: self.semaphore.raw(), ticket })
    }

    /// The timeline: a ticket is its value.
    pub(super) fn timeline(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// Submits `commands`, which start once `wait` is over, under the next reserved `ticket`.
    ///
    /// # Safety
    /// `commands` is recorded for this lane's family, and not submitted before; all that it uses
    /// lives until the ticket has passed.
    pub(super) unsafe fn submit(
        &mut self,
        commands: vk::CommandBuffer,
        ticket: Ticket,
        wait: Option<Wait>,
        touches: Touches,
    ) -> Result<()> {
        let waits = wait.map(|w| (w.semaphore, w.ticket.0));
        // SAFETY: the caller's promise.
        unsafe { self.submit_with(commands, ticket, waits.as_slice(), None, touches) }
    }

    /// The same, with `waits` for semaphores (and values, of timelines) at all stages, and a
    /// binary semaphore to signal.
    ///
    /// # Safety
    /// As for [`Self::submit`]; the semaphores are of this device, binary ones to wait for have a
    /// signal pending, the one to signal has none.
    pub(super) unsafe fn submit_with(
        &mut self,
        commands: vk::CommandBuffer,
        ticket: Ticket,
        waits: &[(vk::Semaphore, u64)],
        signal: Option<vk::Semaphore>,
        touches: Touches,
    ) -> Result<()> {
        // In this order: another thread may have the queue until a display has refreshed, and the
        // lanes of other queues are not to wait for that.
        let queue = self.device.lock(self.queue.raw);
        let mut order = self.device.order();
        let other = match touches {
            Touches::Nothing => &None,
            Touches::Decodes => &order.borrowed,
            Touches::Borrows => &order.decoded,
        };
        let other =
            other.as_ref().and_then(|newest| newest.timeline.upgrade().zip(Some(newest.ticket)));
        let wait_for_other =
            other.as_ref().map(|(timeline, ticket)| (timeline.semaphore(), ticket.0));
        let all = vk::PipelineStageFlags2::ALL_COMMANDS;
        let info = |(semaphore, value): (vk::Semaphore, u64)| {
            vk::SemaphoreSubmitInfo::default().semaphore(semaphore).value(value).stage_mask(all)
        };
        let buffers = [vk::CommandBufferSubmitInfo::default().command_buffer(commands)];
        let waits: Vec<_> = waits.iter().copied().chain(wait_for_other).map(info).collect();
        let ours = (self.semaphore.raw(), ticket.0);
        let signals: Vec<_> =
            [Some(ours), signal.map(|s| (s, 0))].into_iter().flatten().map(info).collect();
        let submit = vk::SubmitInfo2::default()
            .wait_semaphore_infos(&waits)
            .command_buffer_infos(&buffers)
            .signal_semaphore_infos(&signals);
        let (table, raw) = (self.device.table(), self.device.raw());
        // SAFETY: whoever uses a queue of the device has its lock, as we do now; the value is
        // above all that were signalled (VUID-VkSubmitInfo2-semaphore-03882).
        unsafe { table.queue_submit2(raw, self.queue.raw, &[submit]) }
            .map_err(failed("vkQueueSubmit2"))?;
        let timeline: Arc<dyn Timeline> = self.semaphore.clone();
        let newest = Some(Newest { timeline: Arc::downgrade(&timeline), ticket });
        match touches {
            Touches::Nothing => {}
            Touches::Decodes => order.decoded = newest,
            Touches::Borrows => order.borrowed = newest,
        }
        drop(order);
        drop(queue);
        let done = self.done;
        self.others.retain(|(ticket, _)| *ticket > done);
        self.others.extend(other.map(|(timeline, _)| (ticket, timeline)));
        self.submitted = ticket;
        Ok(())
    }

    /// The queue.
    #[cfg(feature = "window")]
    pub(super) fn queue(&self) -> vk::Queue {
        self.queue.raw
    }

    /// Whether `ticket` has passed.
    pub(super) fn passed(&mut self, ticket: Ticket) -> Result<bool> {
        if ticket > self.done {
            // SAFETY: a timeline semaphore of this device.
            let value = unsafe {
                self.device.table().semaphore_value(self.device.raw(), self.semaphore.raw())
            };
            self.done = Ticket(value.map_err(failed("vkGetSemaphoreCounterValue"))?);
        }
        Ok(ticket <= self.done)
    }

    /// The newest ticket that is known to have passed.
    pub(super) fn done(&self) -> Ticket {
        self.done
    }

    /// Waits until `ticket` has passed.
    /// # Errors
    /// `DeviceError::Timeout`, after which the device is never waited for again.
    pub(super) fn wait(&mut self, ticket: Ticket) -> Result<()> {
        if self.passed(ticket)? {
            return Ok(());
        }
        let timeout = DeviceError::Timeout { what: self.what, after: self.timeout };
        if self.device.is_abandoned() {
            return Err(timeout.into());
        }
        let (semaphores, values) = ([self.semaphore.raw()], [ticket.0]);
        let info = vk::SemaphoreWaitInfo::default().semaphores(&semaphores).values(&values);
        let ns = u64::try_from(self.timeout.as_nanos()).unwrap_or(u64::MAX);
        // SAFETY: a timeline semaphore of this device.
        match unsafe { self.device.table().wait_semaphores(self.device.raw(), &info, ns) } {
            Ok(()) => {
                self.done = self.done.max(ticket);
                Ok(())
            }
            Err(vk::Result::TIMEOUT) => {
                self.device.abandon();
                Err(timeout.into())
            }
            Err(e) => Err(failed("vkWaitSemaphores")(e).into()),
        }
    }
}

/// Objects that were replaced while submissions may still use them: kept until those are over.
#[derive(Default)]
pub(super) struct Retired(Vec<(Ticket, Ticket, Box<dyn Any + Send>)>);

impl Retired {
    /// Keeps `object` until all that was submitted so far has ended.
    pub(super) fn keep(&mut self, decode: &Lane, copy: &Lane, object: impl Any + Send) {
        self.0.push((decode.last(), copy.last(), Box::new(object)));
    }

    /// Drops what is not used any more.
    pub(super) fn sweep(&mut self, decode: &Lane, copy: &Lane) {
        self.0.retain(|(d, c, _)| *d > decode.done || *c > copy.done);
    }
}

#[cfg(all(test, feature = "soft"))]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::vk::entry::Driver;
    use crate::vk::features::Features;
    use crate::vk::instance::{Instance, InstanceOptions};
    use crate::vk::objects::Commands;
    use crate::vk::options::{CopyQueue, ExecutorOptions};

    const PATIENCE: Duration = Duration::from_secs(10);

    fn device(copy: CopyQueue) -> Arc<Device> {
        let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default())
            .expect("softvk");
        let adapter = instance.adapters().expect("adapters").remove(0);
        let features = Features::wanted(&ExecutorOptions::default());
        Device::open(&instance, &adapter, features, copy).expect("a device")
    }

    /// Submits nothing to the decode queue, from another thread, and waits for it.
    fn submitted(device: &Arc<Device>) -> mpsc::Receiver<()> {
        let (sender, receiver) = mpsc::channel();
        let device = Arc::clone(device);
        std::thread::spawn(move || {
            let queue = device.decode_queue();
            let mut lane = Lane::new(&device, queue, PATIENCE, "decoding").expect("a lane");
            let mut commands =
                Commands::new(&device, queue.family.index, "nothing").expect("commands");
            // SAFETY: new.
            unsafe { commands.begin() }.expect("begun");
            let raw = commands.end().expect("ended");
            let ticket = lane.reserve();
            // SAFETY: recorded for the queue's family; the commands live until the wait is over.
            unsafe { lane.submit(raw, ticket, None, Touches::Decodes) }.expect("submitted");
            lane.wait(ticket).expect("over");
            // Whoever asked may be gone.
            let _ = sender.send(());
        });
        receiver
    }

    #[test]
    fn a_queue_that_waits_for_a_display_holds_no_other_up() {
        let device = device(CopyQueue::Auto);
        assert_ne!(device.copy_queue().raw, device.decode_queue().raw);
        let waits = device.lock(device.copy_queue().raw);
        assert_eq!(submitted(&device).recv_timeout(PATIENCE), Ok(()));
        drop(waits);
    }

    #[test]
    fn two_threads_are_never_on_one_queue() {
        let device = device(CopyQueue::Decode);
        assert_eq!(device.copy_queue().raw, device.decode_queue().raw);
        let held = device.lock(device.copy_queue().raw);
        let other = submitted(&device);
        assert!(other.recv_timeout(Duration::from_millis(100)).is_err());
        drop(held);
        assert_eq!(other.recv_timeout(PATIENCE), Ok(()));
    }

    #[test]
    fn of_a_device_that_is_given_up_nothing_is_destroyed() {
        let device = device(CopyQueue::Auto);
        let mut destroyed = 0;
        device.destroy(|_| destroyed += 1);
        device.abandon();
        device.destroy(|_| destroyed += 1);
        assert_eq!(destroyed, 1);
        // What it was given goes on living, and so does what that was made of.
        let instance = Arc::downgrade(device.instance());
        drop(device);
        assert!(instance.upgrade().is_some());
    }
}
