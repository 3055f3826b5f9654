//! How bright a picture is that is on the device, for those that do not say it.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::film_grain::groups;
use super::modules::whole;
use super::passes::{self, Gather};
use super::pipelines::{Pass, Pipelines, SetPool, UNIFORM_STRIDE};
use super::steps::{Step, TIMEOUT};
use super::whole::WholeSets;
use crate::color::{Conversion, Variant, luminance_of_pq, measuring};
use crate::error::Result;
use crate::syntax::sequence::ColorConfig;
use crate::vk::barriers;
use crate::vk::device::Device;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Commands};
use crate::vk::on_device::OnDevice;
use crate::vk::submit::Lane;

/// Measures pictures, one after the other.
pub(super) struct Meter {
    device: Arc<Device>,
    lane: Lane,
    commands: Commands,
    sets: SetPool,
    /// Sets for pictures that are sampled as a whole.
    wholes: WholeSets,
    uniforms: Buffer,
    /// The samples of such a picture.
    gathered: Buffer,
    /// The bits of the largest signal.
    largest: Buffer,
    scratch: Vec<u8>,
}

impl Meter {
    /// On `device`, with `pipelines`.
    pub(super) fn new(device: &Arc<Device>, pipelines: &Pipelines) -> Result<Self> {
        use vk::BufferUsageFlags as Usage;
        let lane = Lane::new(device, device.copy_queue(), TIMEOUT, "brightness")?;
        let buffer =
            |usage, location, bytes| Buffer::shader(device, usage, location, bytes, "brightness");
        let counted = Usage::STORAGE_BUFFER | Usage::TRANSFER_DST;
        Ok(Self {
            commands: Commands::new(device, lane.family(), "brightness")?,
            sets: SetPool::new(pipelines)?,
            wholes: WholeSets::default(),
            uniforms: buffer(Usage::UNIFORM_BUFFER, Location::Stream, 2 * UNIFORM_STRIDE)?,
            gathered: buffer(Usage::STORAGE_BUFFER, Location::Device, 4)?,
            largest: buffer(counted, Location::Readback, 4)?,
            scratch: Vec::new(),
            device: device.clone(),
            lane,
        })
    }

    /// Luminance of the brightest of some samples of `picture` in cd/m2, 0 to 10000, as
    /// [`peak`](crate::color::peak) has it; `None` if it is not of PQ. Waits for it.
    ///
    /// # Errors
    /// `Device` if the device fails, or does not answer in time.
    pub(super) fn measure(
        &mut self,
        pipelines: &mut Pipelines,
        picture: &OnDevice,
        color: &ColorConfig,
    ) -> Result<Option<f32>> {
        let Some(conversion) = measuring(picture.format(), picture.size(), color) else {
            return Ok(None);
        };
        // SAFETY: the last measurement has ended.
        let commands = unsafe { self.commands.begin() }?;
        let steps = self.steps(pipelines, picture, conversion)?;
        let [before, after] = picture.barriers();
        // SAFETY: recording; four bytes of a buffer that is as large.
        unsafe { self.device.raw().cmd_fill_buffer(commands, self.largest.raw(), 0, 4, 0) };
        self.barrier(commands, &[barriers::filled_for_shaders()], &[before]);
        for (pass, set, (x, y)) in steps {
            // SAFETY: recording for a family that computes; the pass is prepared, and everything that
            // is bound is kept until the wait is over.
            unsafe { pipelines.bind(commands, pass, set) };
            // SAFETY: as above; the shaders end with the samples.
            unsafe { self.device.raw().cmd_dispatch(commands, x, y, 1) };
            self.barrier(commands, &[barriers::after_shaders()], &[]);
        }
        self.barrier(commands, &[barriers::shaders_to_host()], &[after]);
        let commands = self.commands.end()?;
        let ticket = self.lane.reserve();
        let waits = [picture.decoded()];
        // SAFETY: recorded for the lane's family; what it uses is kept until it has ended, as below.
        unsafe { self.lane.submit_with(commands, ticket, &waits, None, picture.touches()) }?;
        self.lane.wait(ticket)?;
        // SAFETY: the commands have ended, and made what they wrote available to the host.
        let bytes = unsafe { self.largest.read(4, &mut self.scratch) }?;
        let bits = bytes.try_into().map(u32::from_le_bytes).unwrap_or_default();
        Ok(Some(luminance_of_pq(f32::from_bits(bits))))
    }

    /// What is run for `picture`, whose samples mean what `conversion` says.
    fn steps(
        &mut self,
        pipelines: &mut Pipelines,
        picture: &OnDevice,
        mut conversion: Conversion,
    ) -> Result<Vec<Step>> {
        let (format, size, shift) = (picture.format(), picture.size(), picture.shift());
        let gather = Gather::new(format, size, picture.extent(), shift);
        let views = picture.views();
        if views.is_some() {
            conversion.shift = shift;
        }
        let mut uniforms = bytemuck::bytes_of(&conversion).to_vec();
        uniforms.resize(UNIFORM_STRIDE as usize, 0);
        uniforms.extend(bytemuck::bytes_of(&gather));
        // SAFETY: the last measurement has ended.
        unsafe { self.uniforms.write(&[&uniforms]) }?;
        let uniform = |offset: u64, bytes: usize| (self.uniforms.raw(), offset, bytes as u64);
        let mut steps = Vec::new();
        if let Some(image) = picture.whole() {
            if self.gathered.size_bytes() < picture.size_bytes() {
                let (usage, bytes) = (vk::BufferUsageFlags::STORAGE_BUFFER, picture.size_bytes());
                self.gathered =
                    Buffer::shader(&self.device, usage, Location::Device, bytes, "brightness")?;
            }
            let index = pipelines.wholes.prepare(image.conversion)?;
            let uniform = uniform(UNIFORM_STRIDE, size_of_val(&gather));
            let (sets, to) = (&mut self.wholes, whole(&self.gathered));
            // SAFETY: the last measurement has ended; what is bound is kept.
            let set = unsafe { sets.update(&pipelines.wholes, index, uniform, to, &image) }?;
            steps.push((Pass::GatherWhole(index), set, groups(gather.words())));
        }
        let variant = Variant { image: views.is_some(), ..conversion.variant(format) };
        let pass = Pass::Peak(variant);
        pipelines.prepare(pass)?;
        let buffers = [whole(&self.gathered), whole(&self.largest)];
        let uniform = uniform(0, size_of_val(&conversion));
        // SAFETY: as above.
        let set = unsafe { self.sets.update(0, uniform, buffers, views) };
        let of_step = |side: u32| side.div_ceil(conversion.step);
        steps.push((pass, set, passes::groups((of_step(size.0), of_step(size.1)))));
        Ok(steps)
    }

    fn barrier(
        &self,
        commands: vk::CommandBuffer,
        memory: &[vk::MemoryBarrier2<'_>],
        images: &[vk::ImageMemoryBarrier2<'_>],
    ) {
        // SAFETY: recording, outside rendering; stages and layouts fit the queue and the images.
        unsafe { super::steps::barrier(&self.device, commands, memory, images) };
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Err(error) = self.lane.wait(self.lane.last()) {
            log::warn!("measuring did not end: {error}");
        }
    }
}
