//! The executor: steps in, pictures out. The decoding of a frame is in `decoding`, the way of a
//! picture to the host in `showing`.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use ash::vk;

use super::active::Active;
use super::adapter::Adapter;
use super::choose;
use super::decoded::DecodedPicture;
use super::device::Device;
use super::features::Features;
use super::handed::Handed;
use super::host_copies::HostCopies;
use super::in_flight::{InFlight, Passage, Queued, QueuedWork, Work};
use super::instance::Instance;
use super::journal::Journal;
use super::options::{ExecutorOptions, ReadbackWay, Sampling, Sharing};
use super::output::{DecodeStatus, FailedFrame, Output};
use super::pending::Showing;
use super::record::{Resource, SlotUse};
use super::session::SessionReport;
use super::slots::DpbSlot;
use super::submit::{Lane, Retired, Ticket, Touches, Wait};
use super::surface::Surface;
use crate::error::{DeviceError, Result};
use crate::plan::{FramePlan, SessionSpec, Step, SurfaceId};

/// Executes steps on one device.
pub struct Executor {
    pub(super) device: Arc<Device>,
    pub(super) adapter: Adapter,
    pub(super) options: ExecutorOptions,
    /// The planted fault was applied.
    pub(super) plant_applied: bool,
    /// Nobody has said how many frames are in flight.
    frames_chosen: bool,
    pub(super) decode: Lane,
    pub(super) copy: Lane,
    pub(super) retired: Retired,
    pub(super) active: Option<Active>,
    pub(super) surfaces: HashMap<SurfaceId, Surface>,
    pub(super) in_flight: VecDeque<InFlight>,
    /// What is to be submitted, in this order.
    pub(super) queued: Vec<Queued>,
    /// The last frame decoded, in decoding order.
    pub(super) newest: u64,
    pub(super) spare_work: Vec<Work>,
    pub(super) failed: Vec<FailedFrame>,
    pub(super) showing: Showing,
    /// Where the host copies out of images.
    pub(super) host_copies: Option<Arc<HostCopies>>,
    journal: Option<Journal>,
    /// Frames that are handed over as an application has.
    pub(super) handed: HashMap<u64, Handed>,
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("adapter", &self.adapter.name).finish_non_exhaustive()
    }
}

impl Executor {
    /// Opens `adapter`'s device.
    /// # Errors
    /// `Unsupported` if it does not decode AV1, `Device` if it cannot be opened.
    pub fn new(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        mut options: ExecutorOptions,
    ) -> Result<Self> {
        options.on_device = false;
        let frames_chosen = options.frames_in_flight == 0;
        super::quirks::settle(adapter, &mut options);
        let device =
            Device::open(instance, adapter, Features::wanted(&options), options.copy_queue)?;
        let mut executor = Self::of(device, adapter, options)?;
        executor.frames_chosen = frames_chosen;
        Ok(executor)
    }

    /// An executor on a device that also draws, whose pictures stay there if `options` say so.
    /// # Errors
    /// `Device` if the device fails.
    pub fn on(shared: &super::SharedDevice, mut options: ExecutorOptions) -> Result<Self> {
        super::quirks::settle(&shared.adapter, &mut options);
        options.readback = Some(ReadbackWay::Copy);
        Self::of(Arc::clone(&shared.device), &shared.adapter, options)
    }

    fn of(device: Arc<Device>, adapter: &Adapter, options: ExecutorOptions) -> Result<Self> {
        let timeout = options.timeout;
        let decode = Lane::new(&device, device.decode_queue(), timeout, "decoding")?;
        let copy = Lane::new(&device, device.copy_queue(), timeout, "readback")?;
        let by_host = Features::wanted(&options).host_image_copy;
        let host_copies = by_host.then(|| Arc::new(HostCopies::new(&device, adapter.raw())));
        Ok(Self {
            device,
            adapter: adapter.clone(),
            options,
            plant_applied: false,
            frames_chosen: false,
            decode,
            copy,
            retired: Retired::default(),
            active: None,
            surfaces: HashMap::new(),
            in_flight: VecDeque::new(),
            queued: Vec::new(),
            newest: 0,
            spare_work: Vec::new(),
            failed: Vec::new(),
            showing: Showing::default(),
            host_copies,
            journal: None,
            handed: HashMap::new(),
        })
    }

    /// Pictures of sessions from now on go to the host at once, whatever the options say.
    pub fn keep_nothing_on_device(&mut self) {
        self.options.on_device = false;
    }

    /// Whether pictures that the host can read where they are (VK_EXT_host_image_copy) are delivered
    /// unread from now on, as [`DecodedPicture::Device`]. Each keeps an image: for who reads one at a
    /// time.
    pub fn leave_unread(&mut self, unread: bool) {
        self.showing.unread = unread;
    }

    /// Whether a picture is delivered from now on once the device has the frames behind it to work on,
    /// and not as soon as it is there: for who works on a picture for as long as the device on a frame,
    /// and is in no hurry. At the end all come.
    pub fn keep_busy(&mut self, busy: bool) {
        self.showing.busy = busy;
    }

    /// Whether the embedded driver leaves a core of the processor to the caller, in sessions from now
    /// on: for who works on a picture for as long as one core decodes a frame.
    /// Where nobody has said how many frames are in flight, there is one more on a processor: with one
    /// in the making, what takes pictures is not to wait for a frame that takes long.
    pub fn leave_core(&mut self, leave: bool) {
        self.showing.keeps_core = leave;
        if leave && self.adapter.device_type == vk::PhysicalDeviceType::CPU {
            self.options.frames_in_flight += u32::from(std::mem::take(&mut self.frames_chosen));
        }
    }

    /// Frames that the device may be busy with: of older ones it is known what became of them.
    pub fn frames_in_flight(&self) -> u64 {
        self.options.frames_in_flight.max(1).into()
    }

    /// Writes down from now on what the device is given.
    pub fn set_journal(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Executes one step: `Decode` submits, `Show` submits a readback; neither waits for its end.
    /// # Errors
    /// `Unsupported` for a stream that the device cannot decode, `Device` for its failures.
    pub fn execute(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Configure(spec) => self.configure(spec),
            Step::Decode(plan) => self.decode_frame(plan),
            Step::Show(show) => self.show(show),
            Step::Release(surface) => {
                self.release(*surface);
                Ok(())
            }
        }
    }

    /// The next picture in the order of `Show`; with `wait`, `None` means that none is due.
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn next_output(&mut self, wait: bool) -> Result<Option<Output>> {
        if let Some(output) = self.showing.ready.pop_front() {
            return Ok(Some(output));
        }
        let Some(due) = self.showing.next_due() else { return Ok(None) };
        if !wait && (self.showing.busy || !self.is_over(due)?) {
            return Ok(None);
        }
        self.finish_show()?;
        Ok(self.showing.ready.pop_front())
    }

    /// Takes back a picture whose memory a later one may have.
    pub fn reuse(&mut self, picture: impl Into<DecodedPicture>) {
        if let DecodedPicture::Host(picture) = picture.into() {
            self.showing.memory.extend(picture.data.into_memory());
        }
    }

    /// Waits until the device is idle. Pictures stay to be fetched.
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn drain(&mut self) -> Result<()> {
        self.flush()?;
        self.copy.wait(self.copy.last())?;
        self.decode.wait(self.decode.last())?;
        self.retire_passed()
    }

    /// What the current session is like, once there is one.
    pub fn session(&self) -> Option<&SessionReport> {
        self.active.as_ref().map(|active| &active.report)
    }

    /// Planted faults that have had no effect so far: `NAME@FRAME` of the options, and words of the
    /// configuration of a softvk inside this process.
    pub fn unfired(&self) -> Vec<String> {
        let own = self.options.planted.filter(|_| !self.plant_applied);
        own.iter().map(ToString::to_string).chain(super::entry::unfired()).collect()
    }

    /// Frames, shown or not, that the driver has reported as failed since the last call.
    pub fn take_failed(&mut self) -> Vec<FailedFrame> {
        std::mem::take(&mut self.failed)
    }

    fn configure(&mut self, spec: &SessionSpec) -> Result<()> {
        let choice = choose::choose_for(spec, &self.options, &self.adapter)
            .map_err(|why| self.device.lacks(why))?;
        if self.options.on_device && !choice.on_device {
            log::info!(
                "pictures go through the host: no format for outputs can be sampled (SAMPLED) by \
                 planes (MUTABLE_FORMAT) or as a whole (Y'CBCR conversion)"
            );
        }
        if choice.on_device && choice.sampling == Sampling::Whole {
            log::info!("pictures are sampled as a whole, through a Y'CBCR conversion");
        }
        if choice.readback == ReadbackWay::Host && choice.output.is_host_unlisted {
            self.device.warn_once(
                "HOST_TRANSFER is not among the usages that are listed for video formats \
                 (VUID-VkImageCreateInfo-pNext-06811), but images can be made with it",
            );
        }
        // Statuses are read from the old session's queries.
        self.flush()?;
        self.decode.wait(self.decode.last())?;
        self.retire_passed()?;
        let leftover: Vec<_> = self.surfaces.keys().copied().collect();
        leftover.into_iter().for_each(|surface| self.release(surface));
        let serves = |active: &&mut Active| active.choice.serves(&choice);
        if let Some(active) = self.active.as_mut().filter(serves) {
            if let Some(old) = active.set_sequence(&spec.sequence)? {
                self.retired.keep(&self.decode, &self.copy, old);
            }
            return Ok(());
        }
        super::entry::take_cores(self.showing.keeps_core.into());
        let active = Active::new(&self.device, choice, &spec.sequence, &self.options)?;
        log::info!("video session: {:?}", active.report);
        if let Some(old) = self.active.replace(active) {
            self.retired.keep(&self.decode, &self.copy, old);
        }
        // Buffers of bitstream are made for a profile.
        for mut work in self.spare_work.drain(..) {
            if let Some(buffer) = work.bitstream.take() {
                self.retired.keep(&self.decode, &self.copy, buffer);
            }
            self.retired.keep(&self.decode, &self.copy, work);
        }
        Ok(())
    }

    fn release(&mut self, id: SurfaceId) {
        let (Some(surface), Some(active)) = (self.surfaces.remove(&id), &mut self.active) else {
            return;
        };
        active.slots.release(id);
        if let Some(dpb) = surface.dpb {
            active.pictures.free(dpb);
        }
        if surface.dpb != Some(surface.output) {
            active.pictures.free(surface.output);
        }
    }

    /// Queues `what`, to be submitted by [`Self::flush`].
    ///
    /// # Safety
    /// As [`Lane::submit`] says; `Decode` is of the frame that is put in flight next.
    pub(super) unsafe fn enqueue(&mut self, what: QueuedWork, wait: Option<Wait>) -> Ticket {
        let ticket = match what {
            QueuedWork::Decode | QueuedWork::HandOver(_) => self.decode.reserve(),
            QueuedWork::Copy(_) => self.copy.reserve(),
        };
        self.queued.push(Queued { ticket, wait, what });
        ticket
    }

    /// Records what is to be recorded, and submits what is queued.
    /// # Errors
    /// `Device` if a call fails: what was queued is gone then.
    pub(super) fn flush(&mut self) -> Result<()> {
        let queued = std::mem::take(&mut self.queued);
        if queued.is_empty() {
            return Ok(());
        }
        let flushed = self.record_and_submit(&queued);
        if flushed.is_err() {
            let (decode, copy) = (self.decode.forget(), self.copy.forget());
            self.in_flight.retain(|frame| frame.ticket <= decode);
            self.showing.forget(decode, copy);
        }
        flushed
    }

    fn record_and_submit(&mut self, queued: &[Queued]) -> Result<()> {
        // More than one are queued only if recording is shuffled: the newest is recorded first.
        for frame in self.in_flight.iter_mut().rev() {
            let Some(command) = frame.command.take() else { continue };
            // SAFETY: the work is of this frame alone: no submission uses its commands.
            let commands = unsafe { frame.work.commands.begin() }?;
            // SAFETY: recording for the decode family; the handles live until the ticket has passed.
            unsafe { super::record::decode(&self.device, commands, &command) };
            frame.work.commands.end()?;
        }
        for Queued { ticket, wait, what } in queued {
            let (lane, commands, touches) = match what {
                QueuedWork::HandOver(commands) => (&mut self.decode, *commands, Touches::Nothing),
                QueuedWork::Copy(commands) => (&mut self.copy, *commands, Touches::Nothing),
                QueuedWork::Decode => {
                    let frame = self.in_flight.iter().find(|frame| frame.ticket == *ticket);
                    let Some(frame) = frame else { continue };
                    if let Some(journal) = &mut self.journal {
                        journal.submit(frame.frame, frame.unit)?;
                    }
                    (&mut self.decode, frame.work.commands.raw(), Touches::Decodes)
                }
            };
            // SAFETY: the promise of `enqueue`.
            unsafe { lane.submit(commands, *ticket, *wait, touches) }?;
        }
        Ok(())
    }

    /// Takes note of all decodes that have ended.
    pub(super) fn retire_passed(&mut self) -> Result<()> {
        while let Some(oldest) = self.in_flight.front() {
            let ticket = oldest.ticket;
            if !self.decode.passed(ticket)? {
                break;
            }
            self.retire_oldest()?;
        }
        self.retired.sweep(&self.decode, &self.copy);
        Ok(())
    }

    /// Waits for the oldest decode, and takes note of its status.
    pub(super) fn retire_oldest(&mut self) -> Result<()> {
        self.flush()?;
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(()) };
        self.decode.wait(oldest.ticket)?;
        if let Some(journal) = &mut self.journal {
            journal.done(oldest.frame)?;
        }
        let queries = self.active.as_ref().and_then(|active| active.queries.as_ref());
        let status = match oldest.query.zip(queries) {
            // SAFETY: the submission that reset the query and ran it has ended.
            Some((index, queries)) => match unsafe { queries.status(index) }? {
                0 => DecodeStatus::Unknown,
                status if status > 0 => DecodeStatus::Complete,
                status => DecodeStatus::Error(status),
            },
            None => DecodeStatus::Unknown,
        };
        if let DecodeStatus::Error(status) = status {
            let (frame, unit) = (oldest.frame, oldest.unit);
            self.failed.push(FailedFrame { frame, unit, status });
        }
        // Set here only, once.
        let _ = oldest.status.set(status);
        self.spare_work.push(oldest.work);
        Ok(())
    }

    /// How pictures get from the decode family to that of copies.
    pub(super) fn passage(&self) -> Passage {
        let on_device = self.active.as_ref().is_some_and(|active| active.choice.on_device);
        match self.device.transfer() {
            _ if on_device => Passage::Shared,
            None => Passage::Within,
            Some(_) if self.options.sharing == Sharing::Concurrent => Passage::Shared,
            Some((decode, copy)) => Passage::Owned { decode, copy },
        }
    }

    /// The session in use.
    /// # Errors
    /// `Fault` if no `Configure` came before.
    pub(super) fn active(&mut self) -> Result<&mut Active> {
        let none = || DeviceError::Fault("a frame comes before any session".into());
        Ok(self.active.as_mut().ok_or_else(none)?)
    }

    /// The next frame with the number `frame` is decoded with `handed`.
    pub fn give(&mut self, frame: u64, handed: Handed) {
        self.handed.insert(frame, handed);
    }

    /// The session begins anew: the next decode resets it first. All surfaces must have been
    /// released.
    ///
    /// # Errors
    /// `Fault` if there is no session.
    pub fn reset_session(&mut self) -> Result<()> {
        self.active()?.needs_reset = true;
        Ok(())
    }

    /// The slot that an application has given to a frame.
    pub(super) fn bind_handed(
        &mut self,
        plan: &FramePlan,
        handed: &Handed,
    ) -> Result<Option<DpbSlot>> {
        let active = self.active()?;
        let slots = active.choice.slots;
        let Some((index, _)) = handed.setup.as_ref().filter(|_| slots > 0) else {
            return Ok(None);
        };
        match active.slots.bind_at(plan.surface, *index) {
            Some(slot) => Ok(Some(slot)),
            None => {
                let what = format!("slot {index}, of a session with {slots}, is not free");
                Err(self.device.lacks(what).into())
            }
        }
    }

    /// The references that an application has listed, as far as they hold a picture.
    pub(super) fn handed_references(&self, handed: &Handed) -> Result<Vec<SlotUse>> {
        let none = || DeviceError::Fault("a frame comes before any session".into());
        let active = self.active.as_ref().ok_or_else(none)?;
        let held = |index: i32| {
            self.surfaces.values().find(|surface| surface.slot.map(DpbSlot::index) == Some(index))
        };
        let mut slots = Vec::new();
        for (index, extent, info) in &handed.references {
            let Some(dpb) = held(*index).and_then(|surface| surface.dpb) else { continue };
            let view = active.pictures.get(dpb).view();
            let resource = Resource { view, extent: *extent };
            slots.push(SlotUse { index: *index, resource, info: info.std() });
        }
        Ok(slots)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // What is still queued is not wanted any more.
        self.decode.forget();
        self.copy.forget();
        // What is dropped next may be in use until then.
        for (what, waited) in [
            ("decoding", self.decode.wait(self.decode.last())),
            ("readback", self.copy.wait(self.copy.last())),
        ] {
            if let Err(error) = waited {
                log::warn!("{what} did not end: {error}");
            }
        }
    }
}
