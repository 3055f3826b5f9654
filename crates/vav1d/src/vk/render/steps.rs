//! The compute passes of one drawing, with their sets and uniforms.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;
use std::time::Duration;

use ash::vk;

use super::drawing::Content;
use super::film_grain::groups;
use super::modules::Binding;
use super::passes::{self, Gather};
use super::pipelines::{Pass, Pipelines, SETS, SetPool, UNIFORM_STRIDE};
use super::whole::WholeSets;
use crate::color::{Conversion, Variant};
use crate::error::Result;
use crate::vk::device::Device;
use crate::vk::objects::{Buffer, Commands};
use crate::vk::on_device::{OnDevice, Views, Whole};
use crate::vk::submit::Ticket;

/// How long a drawing may take before the device is taken to hang.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

/// A pass, its set, and the work groups of it.
pub(super) type Step = (Pass, vk::DescriptorSet, (u32, u32));

/// What a conversion works on.
#[derive(Clone, Copy)]
struct Buffers {
    /// The samples, where they are not in an image, and the data of film grain behind them.
    picture: Binding,
    /// The samples of an image that is sampled as a whole, without film grain.
    gathered: Binding,
    /// With film grain.
    grained: Binding,
    /// As R'G'B'.
    rgb: Binding,
}

/// What one drawing uses, and one after it may use again.
pub(super) struct Slot {
    pub(super) commands: Commands,
    pub(super) sets: SetPool,
    pub(super) uniforms: Buffer,
    /// Sets for pictures that are sampled as a whole.
    pub(super) wholes: WholeSets,
    pub(super) picture: Buffer,
    pub(super) overlay: Buffer,
    /// The picture, if it is on the device: kept until the drawing has ended.
    pub(super) decoded: Option<Arc<OnDevice>>,
    pub(super) ticket: Ticket,
}

/// The sets and uniforms of one drawing as they are filled.
pub(super) struct Passes<'s> {
    pub(super) slot: &'s mut Slot,
    pub(super) next: usize,
    pub(super) uniforms: Vec<u8>,
}

impl Passes<'_> {
    /// The next set: `uniform`, what is read and written, and the planes of an image.
    ///
    /// # Safety
    /// As [`SetPool::update`] says.
    pub(super) unsafe fn set(
        &mut self,
        uniform: &[u8],
        storage: [Binding; 2],
        views: Option<Views>,
    ) -> vk::DescriptorSet {
        debug_assert!(self.next < SETS);
        let binding = self.uniform(uniform);
        let index = self.next;
        self.next += 1;
        // SAFETY: the caller's promise.
        unsafe { self.slot.sets.update(index, binding, storage, views) }
    }

    /// Where `uniform` is.
    fn uniform(&mut self, uniform: &[u8]) -> Binding {
        debug_assert!(uniform.len() as u64 <= UNIFORM_STRIDE);
        let offset = self.uniforms.len() as u64;
        self.uniforms.extend(uniform);
        self.uniforms.resize(offset as usize + UNIFORM_STRIDE as usize, 0);
        (self.slot.uniforms.raw(), offset, uniform.len() as u64)
    }

    /// The pass that writes the samples of a picture that is sampled as a whole to `to`.
    ///
    /// # Safety
    /// As [`SetPool::update`] says.
    unsafe fn gather_whole(
        &mut self,
        pipelines: &mut Pipelines,
        gather: &Gather,
        whole: &Whole<'_>,
        to: Binding,
    ) -> Result<Step> {
        let index = pipelines.wholes.prepare(whole.conversion)?;
        let uniform = self.uniform(bytemuck::bytes_of(gather));
        let sets = &mut self.slot.wholes;
        // SAFETY: the caller's promise.
        let set = unsafe { sets.update(&pipelines.wholes, index, uniform, to, whole) }?;
        Ok((Pass::GatherWhole(index), set, groups(gather.words())))
    }

    pub(super) fn write(&mut self) -> Result<()> {
        // SAFETY: the slot's last drawing has ended.
        unsafe { self.slot.uniforms.write(&[&self.uniforms]) }
    }

    /// The passes from samples to R'G'B', or to pixels of the target, in which B is first or not: out
    /// of the image that they were decoded to, if they are still there. `buffers` are those of
    /// [`Buffers`], in its order.
    ///
    /// # Safety
    /// As [`SetPool::update`](super::pipelines::SetPool::update) says.
    pub(super) unsafe fn convert(
        &mut self,
        pipelines: &mut Pipelines,
        frame: &Content<'_>,
        (mut conversion, direct): (Conversion, Option<bool>),
        buffers: [Binding; 4],
    ) -> Result<Vec<Step>> {
        let [picture, gathered, grained, rgb] = buffers;
        let buffers = Buffers { picture, gathered, grained, rgb };
        let mut steps = Vec::new();
        let mut samples = buffers.picture;
        let decoded = self.slot.decoded.clone();
        let shift = decoded.as_ref().map_or(0, |decoded| decoded.shift());
        let mut views = decoded.as_ref().and_then(|decoded| decoded.views());
        if let Some(decoded) = &decoded {
            let (format, size) = (decoded.format(), decoded.size());
            let gather = Gather::new(format, size, decoded.extent(), shift);
            if let Some(whole) = decoded.whole() {
                samples = if frame.grain.is_some() { samples } else { buffers.gathered };
                // SAFETY: the caller's promise.
                steps.push(unsafe { self.gather_whole(pipelines, &gather, &whole, samples) }?);
            } else if frame.grain.is_some() {
                let uniform = bytemuck::bytes_of(&gather);
                // SAFETY: as above.
                let set = unsafe { self.set(uniform, [samples; 2], views.take()) };
                steps.push((Pass::Gather, set, groups(gather.words())));
            }
        }
        if let Some(grain) = frame.grain {
            let uniform = bytemuck::bytes_of(&grain.uniform);
            // SAFETY: as above.
            let set = unsafe { self.set(uniform, [samples, buffers.grained], None) };
            steps.push((Pass::FilmGrain, set, groups(grain.uniform.data)));
            samples = buffers.grained;
        }
        if views.is_some() {
            conversion.shift = shift;
        }
        let image = views.is_some();
        let variant = Variant { image, ..conversion.variant(frame.picture.format()) };
        let pass = match direct {
            Some(_) => Pass::Direct(variant),
            None => Pass::Convert(variant),
        };
        pipelines.prepare(pass)?;
        conversion.swapped = direct.unwrap_or_default().into();
        let uniform = bytemuck::bytes_of(&conversion);
        // SAFETY: as above.
        let set = unsafe { self.set(uniform, [samples, buffers.rgb], views) };
        let size = (conversion.size[0], conversion.size[1]);
        steps.push((pass, set, passes::conversion_groups(size)));
        Ok(steps)
    }
}

/// Orders what is recorded before with what comes after.
///
/// # Safety
/// `commands` is recording, outside rendering; stages and layouts fit its queue and the images.
pub(super) unsafe fn barrier(
    device: &Device,
    commands: vk::CommandBuffer,
    memory: &[vk::MemoryBarrier2<'_>],
    images: &[vk::ImageMemoryBarrier2<'_>],
) {
    let dependency =
        vk::DependencyInfo::default().memory_barriers(memory).image_memory_barriers(images);
    // SAFETY: the caller's promise.
    unsafe { device.table().cmd_pipeline_barrier2(device.raw(), commands, &dependency) };
}
