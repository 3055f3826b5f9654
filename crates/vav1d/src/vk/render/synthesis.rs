//! Film grain for pictures of the host, by the shader that drawing uses.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::fmt;
use std::sync::Arc;

use ash::vk;

use super::film_grain::{groups, parts, picture_bytes};
use super::gpu;
use super::modules::whole;
use super::pipelines::{Pass, Pipelines, SetPool};
use super::steps::TIMEOUT;
use crate::error::Result;
use crate::grain::GrainPass;
use crate::pixels::Picture;
use crate::vk::adapter::Adapter;
use crate::vk::barriers;
use crate::vk::device::Device;
use crate::vk::instance::Instance;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Commands};
use crate::vk::submit::{Lane, Touches};

/// Gives pictures film grain on a device.
pub struct GrainSynthesizer {
    device: Arc<Device>,
    lane: Lane,
    pipelines: Pipelines,
    sets: SetPool,
    commands: Commands,
    uniform: Buffer,
    source: Buffer,
    grained: Buffer,
    /// Samples of memory that the host does not cache.
    scratch: Vec<u8>,
    max_storage_bytes: u64,
    name: String,
}

impl fmt::Debug for GrainSynthesizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrainSynthesizer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl GrainSynthesizer {
    /// On `adapter`.
    ///
    /// # Errors
    /// `Unsupported` if it does not draw; `Device` for its failures.
    pub fn new(instance: &Arc<Instance>, adapter: &Adapter) -> Result<Self> {
        let family = gpu::family(adapter)?;
        let device = gpu::open(instance, adapter, family, false)?;
        let lane = Lane::new(&device, device.copy_queue(), TIMEOUT, "film grain")?;
        let pipelines = Pipelines::new(&device, vk::Format::R8G8B8A8_UNORM)?;
        // SAFETY: the adapter is of the instance.
        let properties = unsafe { instance.raw().get_physical_device_properties(adapter.raw()) };
        let usage = vk::BufferUsageFlags::UNIFORM_BUFFER;
        Ok(Self {
            sets: SetPool::new(&pipelines)?,
            commands: Commands::new(&device, lane.family(), "film grain")?,
            uniform: Buffer::shader(&device, usage, Location::Stream, 256, "film grain")?,
            source: storage(&device, Location::Stream, 4)?,
            grained: storage(&device, Location::Readback, 4)?,
            scratch: Vec::new(),
            max_storage_bytes: properties.limits.max_storage_buffer_range.into(),
            name: adapter.name.clone(),
            device,
            lane,
            pipelines,
        })
    }

    /// `picture` with `grain`, which was made for its format and size.
    ///
    /// # Errors
    /// `Unsupported` for pictures that are too large for the device, `Device` for its failures.
    pub fn apply(&mut self, picture: &Picture, grain: &GrainPass) -> Result<Picture> {
        let parts = parts(picture, Some(grain));
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        self.device.fits("picture", bytes, self.max_storage_bytes)?;
        if self.source.size_bytes() < bytes {
            self.source = storage(&self.device, Location::Stream, bytes)?;
        }
        if self.grained.size_bytes() < picture_bytes(grain) {
            self.grained = storage(&self.device, Location::Readback, picture_bytes(grain))?;
        }
        // SAFETY: the last picture's commands have ended.
        unsafe { self.source.write(&parts) }?;
        let uniform = bytemuck::bytes_of(&grain.uniform);
        // SAFETY: as above.
        unsafe { self.uniform.write(&[uniform]) }?;
        self.run(grain)?;
        // SAFETY: the commands have ended, and made what they wrote available to the host.
        let grained = unsafe { self.grained.read(picture.data.len(), &mut self.scratch) }?;
        Ok(Picture { data: grained.to_vec().into(), ..*picture })
    }

    /// Runs the shader from `source` to `grained`, and waits for it.
    fn run(&mut self, grain: &GrainPass) -> Result<()> {
        let uniform = (self.uniform.raw(), 0, size_of_val(&grain.uniform) as u64);
        // SAFETY: the last commands have ended; the buffers are kept until these have.
        let set = unsafe {
            self.sets.update(0, uniform, [whole(&self.source), whole(&self.grained)], None)
        };
        // SAFETY: as above.
        let commands = unsafe { self.commands.begin() }?;
        // SAFETY: recording for a family that computes.
        unsafe { self.pipelines.bind(commands, Pass::FilmGrain, set) };
        let (x, y) = groups(grain.uniform.data);
        // SAFETY: as above; the shader ends with the samples.
        unsafe { self.device.raw().cmd_dispatch(commands, x, y, 1) };
        let to_host = [barriers::shaders_to_host()];
        let dependency = vk::DependencyInfo::default().memory_barriers(&to_host);
        // SAFETY: recording, outside rendering.
        unsafe {
            self.device.table().cmd_pipeline_barrier2(self.device.raw(), commands, &dependency);
        }
        let commands = self.commands.end()?;
        let ticket = self.lane.reserve();
        // SAFETY: recorded for the lane's family; everything it uses is kept until it has ended.
        unsafe { self.lane.submit_with(commands, ticket, &[], None, Touches::Nothing) }?;
        self.lane.wait(ticket)
    }
}

impl Drop for GrainSynthesizer {
    fn drop(&mut self) {
        if let Err(error) = self.lane.wait(self.lane.last()) {
            log::warn!("film grain did not end: {error}");
        }
    }
}

fn storage(device: &Arc<Device>, location: Location, bytes: u64) -> Result<Buffer> {
    let usage = vk::BufferUsageFlags::STORAGE_BUFFER;
    Buffer::shader(device, usage, location, bytes, "film grain")
}
