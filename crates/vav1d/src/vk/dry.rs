//! What a device lacks for a stream, told without decoding it: the executor's own checks, step by
//! step, without a device being opened.

use std::collections::HashMap;

use super::adapter::Adapter;
use super::caps::{Profile, ProfileReport};
use super::choose::{self, Choice};
use super::decoding::{coded_extent, too_many_tiles};
use super::device;
use super::features::Features;
use super::options::ExecutorOptions;
use super::slots::{DpbSlot, Slots};
use crate::plan::{FramePlan, SessionSpec, Step, SurfaceId};

/// Goes through the steps of streams as an [`Executor`](super::Executor) on `adapter` would.
#[derive(Debug)]
pub struct DryRun {
    adapter: Adapter,
    options: ExecutorOptions,
    /// What the device said already.
    reports: HashMap<Profile, ProfileReport>,
    choice: Option<Choice>,
    slots: Slots,
    held: HashMap<SurfaceId, DpbSlot>,
}

impl DryRun {
    /// On `adapter`, with `options` as an executor gets them.
    pub fn new(adapter: &Adapter, options: &ExecutorOptions) -> Self {
        let mut options = options.clone();
        options.on_device = false;
        super::quirks::settle(adapter, &mut options);
        Self {
            adapter: adapter.clone(),
            options,
            reports: HashMap::new(),
            choice: None,
            slots: Slots::default(),
            held: HashMap::new(),
        }
    }

    /// Whether the device can be opened at all.
    ///
    /// # Errors
    /// What it lacks, in the words of [`crate::error::Unsupported::Device`].
    pub fn opens(&self) -> Result<(), String> {
        if !self.adapter.decodes_av1() {
            return Err("no AV1 decode (VK_KHR_video_decode_av1)".to_owned());
        }
        let features = Features::wanted(&self.options);
        device::check(&self.adapter, features, self.options.copy_queue)
    }

    /// A new stream begins.
    pub fn restart(&mut self) {
        self.choice = None;
        self.slots = Slots::default();
        self.held.clear();
    }

    /// Takes one step.
    ///
    /// # Errors
    /// What the device lacks for it, in the words of [`crate::error::Unsupported::Device`]. Nothing
    /// that follows means anything, up to [`Self::restart`].
    pub fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Configure(spec) => self.configure(spec),
            Step::Decode(plan) => self.decode(plan),
            Step::Show(_) => Ok(()),
            Step::Release(surface) => {
                self.held.remove(surface);
                self.slots.release(*surface);
                Ok(())
            }
        }
    }

    fn configure(&mut self, spec: &SessionSpec) -> Result<(), String> {
        let Self { adapter, options, reports, .. } = self;
        let report = |profile| {
            reports.entry(profile).or_insert_with(|| adapter.profile_report(profile)).clone()
        };
        let choice = choose::choose_of(spec, options, report)?;
        self.held.clear();
        // The executor keeps a session that serves, with its extent.
        let is_kept = self.choice.as_ref().is_some_and(|old| old.serves(&choice));
        self.slots = Slots::new(choice.slots, self.options.slot_policy);
        if !is_kept {
            self.choice = Some(choice);
        }
        Ok(())
    }

    fn decode(&mut self, plan: &FramePlan) -> Result<(), String> {
        let Some(choice) = &self.choice else { return Ok(()) };
        choice.takes_extent(coded_extent(&plan.header.frame_size, self.options.coded_extent))?;
        let is_hardware = self.adapter.device_type != ash::vk::PhysicalDeviceType::CPU;
        if let Some(what) = too_many_tiles(plan.bitstream.tile_offsets.len(), is_hardware) {
            return Err(what);
        }
        let named = plan.references.iter().flatten();
        let mut slots: Vec<_> = named.filter_map(|surface| self.held.get(surface)).collect();
        slots.sort();
        slots.dedup();
        choice.takes_references(plan, slots.len())?;
        if choice.slots > 0 {
            let slot = self.slots.take(plan.surface, plan.replaced);
            let slot = slot.ok_or_else(|| choice.no_slot())?;
            self.held.insert(plan.surface, slot);
        }
        Ok(())
    }
}
