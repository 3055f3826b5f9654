//! Gathering pictures that are sampled as a whole: pipelines, layouts and sets for each conversion,
//! since Vulkan wants its sampler in the layout.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::modules::{Binding, compute};
use crate::error::Result;
use crate::vk::conversion::Conversion;
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::on_device::Whole;

const GATHER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gather_whole.spv"));

/// The pipelines of a renderer that gather whole pictures.
pub(super) struct Wholes {
    device: Arc<Device>,
    all: Vec<Gathering>,
}

/// What one conversion needs. Null until it is made.
struct Gathering {
    conversion: Arc<Conversion>,
    set: vk::DescriptorSetLayout,
    layout: vk::PipelineLayout,
    pipeline: vk::Pipeline,
}

impl Wholes {
    /// None yet.
    pub(super) fn new(device: &Arc<Device>) -> Self {
        Self { device: device.clone(), all: Vec::new() }
    }

    /// Which one is for `conversion`; it is made if it is not there yet.
    pub(super) fn prepare(&mut self, conversion: &Arc<Conversion>) -> Result<usize> {
        let is_it = |made: &Gathering| Arc::ptr_eq(&made.conversion, conversion);
        if let Some(index) = self.all.iter().position(is_it) {
            return Ok(index);
        }
        let made = Gathering {
            conversion: conversion.clone(),
            set: vk::DescriptorSetLayout::null(),
            layout: vk::PipelineLayout::null(),
            pipeline: vk::Pipeline::null(),
        };
        let index = self.all.len();
        self.all.push(made);
        if let Err(error) = fill(&self.device, &mut self.all[index]) {
            // What is there of it goes.
            let made = self.all.pop();
            made.iter().for_each(|made| destroy(&self.device, made));
            return Err(error);
        }
        Ok(index)
    }

    /// Pipeline `index`, and its layout.
    pub(super) fn pipeline(&self, index: usize) -> (vk::Pipeline, vk::PipelineLayout) {
        let made = self.all.get(index);
        made.map_or_else(Default::default, |made| (made.pipeline, made.layout))
    }
}

impl Drop for Wholes {
    fn drop(&mut self) {
        self.all.iter().for_each(|made| destroy(&self.device, made));
    }
}

fn fill(device: &Device, made: &mut Gathering) -> Result<()> {
    let samplers = [made.conversion.sampler()];
    let binding = |binding, kind| {
        vk::DescriptorSetLayoutBinding::default()
            .binding(binding)
            .descriptor_type(kind)
            .descriptor_count(1)
            .stage_flags(vk::ShaderStageFlags::COMPUTE)
    };
    let bindings = [
        binding(0, vk::DescriptorType::UNIFORM_BUFFER),
        binding(2, vk::DescriptorType::STORAGE_BUFFER),
        // VUID-VkDescriptorSetLayoutBinding-descriptorType-00282: one sampler, which is for ever.
        binding(3, vk::DescriptorType::COMBINED_IMAGE_SAMPLER).immutable_samplers(&samplers),
    ];
    let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
    // SAFETY: the bindings are complete; the conversion lives as long as the layout.
    made.set = unsafe { device.raw().create_descriptor_set_layout(&info, None) }
        .map_err(failed("vkCreateDescriptorSetLayout"))?;
    let sets = [made.set];
    let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
    // SAFETY: the set layout is of this device.
    made.layout = unsafe { device.raw().create_pipeline_layout(&info, None) }
        .map_err(failed("vkCreatePipelineLayout"))?;
    made.pipeline = compute(device, GATHER, c"gather", made.layout)?;
    Ok(())
}

fn destroy(device: &Device, made: &Gathering) {
    // SAFETY: VUID-vkDestroyPipeline-pipeline-00765: no submission uses it any more.
    device.destroy(|raw| unsafe { raw.destroy_pipeline(made.pipeline, None) });
    // SAFETY: nothing is recorded with it any more.
    device.destroy(|raw| unsafe { raw.destroy_pipeline_layout(made.layout, None) });
    // SAFETY: as above.
    device.destroy(|raw| unsafe { raw.destroy_descriptor_set_layout(made.set, None) });
}

/// The sets of one drawing for whole pictures: one a pipeline, as far as there was need of it.
#[derive(Default)]
pub(super) struct WholeSets(Vec<Option<WholeSet>>);

struct WholeSet {
    device: Arc<Device>,
    pool: vk::DescriptorPool,
    set: vk::DescriptorSet,
}

impl WholeSets {
    /// The set for pipeline `index` of `wholes`, with its uniform, the buffer that is written, and the
    /// picture.
    ///
    /// # Safety
    /// No submission uses the set; what is bound lives until the next that does has ended.
    pub(super) unsafe fn update(
        &mut self,
        wholes: &Wholes,
        index: usize,
        uniform: Binding,
        to: Binding,
        picture: &Whole<'_>,
    ) -> Result<vk::DescriptorSet> {
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        let set = match &mut self.0[index] {
            Some(there) => there.set,
            none => none.insert(WholeSet::new(wholes, &wholes.all[index])?).set,
        };
        let buffer =
            |(buffer, offset, range): Binding| [vk::DescriptorBufferInfo { buffer, offset, range }];
        let (uniform, to) = (buffer(uniform), buffer(to));
        // The sampler is the layout's.
        let image = [vk::DescriptorImageInfo::default()
            .image_view(picture.view)
            .image_layout(picture.layout)];
        let write = |binding, kind| {
            let write = vk::WriteDescriptorSet::default().dst_set(set);
            write.dst_binding(binding).descriptor_type(kind)
        };
        let writes = [
            write(0, vk::DescriptorType::UNIFORM_BUFFER).buffer_info(&uniform),
            write(2, vk::DescriptorType::STORAGE_BUFFER).buffer_info(&to),
            write(3, vk::DescriptorType::COMBINED_IMAGE_SAMPLER).image_info(&image),
        ];
        // SAFETY: the caller's promise; the view has the conversion of the layout's sampler.
        unsafe { wholes.device.raw().update_descriptor_sets(&writes, &[]) };
        Ok(set)
    }
}

impl WholeSet {
    fn new(wholes: &Wholes, made: &Gathering) -> Result<Self> {
        let device = &wholes.device;
        let size = |ty, descriptor_count| vk::DescriptorPoolSize { ty, descriptor_count };
        let of_images = made.conversion.descriptors();
        let sizes = [
            size(vk::DescriptorType::UNIFORM_BUFFER, 1),
            size(vk::DescriptorType::STORAGE_BUFFER, 1),
            size(vk::DescriptorType::COMBINED_IMAGE_SAMPLER, of_images),
        ];
        let info = vk::DescriptorPoolCreateInfo::default().max_sets(1).pool_sizes(&sizes);
        // SAFETY: the sizes are complete.
        let pool = unsafe { device.raw().create_descriptor_pool(&info, None) }
            .map_err(failed("vkCreateDescriptorPool"))?;
        let mut one = Self { device: device.clone(), pool, set: vk::DescriptorSet::null() };
        let layouts = [made.set];
        let info =
            vk::DescriptorSetAllocateInfo::default().descriptor_pool(pool).set_layouts(&layouts);
        // SAFETY: the pool was made for it.
        let sets = unsafe { device.raw().allocate_descriptor_sets(&info) }
            .map_err(failed("vkAllocateDescriptorSets"))?;
        one.set = sets.first().copied().unwrap_or_default();
        Ok(one)
    }
}

impl Drop for WholeSet {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyDescriptorPool-descriptorPool-00303: no submission uses its set.
        self.device.destroy(|raw| unsafe { raw.destroy_descriptor_pool(self.pool, None) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instructions of the shader: opcode and operands.
    fn instructions() -> Vec<(u32, Vec<u32>)> {
        let words: Vec<u32> = GATHER
            .chunks_exact(4)
            .map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        let (mut all, mut at) = (Vec::new(), 5);
        while at < words.len() {
            let long = (words[at] >> 16) as usize;
            all.push((words[at] & 0xFFFF, words[at + 1..at + long].to_vec()));
            at += long;
        }
        all
    }

    /// What WGSL cannot say, `build.rs` says: one variable for image and sampler.
    #[test]
    fn the_image_and_its_sampler_are_one_descriptor() {
        const OP_TYPE_SAMPLED_IMAGE: u32 = 27;
        const OP_TYPE_POINTER: u32 = 32;
        const OP_VARIABLE: u32 = 59;
        const OP_DECORATE: u32 = 71;
        const OP_SAMPLED_IMAGE: u32 = 86;
        const BINDING: u32 = 33;
        let all = instructions();
        let of = |op: u32| all.iter().filter(move |(is, _)| *is == op).map(|(_, words)| words);
        let mut bound: Vec<u32> =
            of(OP_DECORATE).filter(|words| words[1] == BINDING).map(|words| words[2]).collect();
        bound.sort_unstable();
        assert_eq!(bound, [0, 2, 3]);
        let image = of(OP_DECORATE).find(|words| words[1..] == [BINDING, 3]).expect("bound")[0];
        let kind = of(OP_VARIABLE).find(|words| words[1] == image).expect("declared")[0];
        let pointee = of(OP_TYPE_POINTER).find(|words| words[0] == kind).expect("a pointer")[2];
        assert!(of(OP_TYPE_SAMPLED_IMAGE).any(|words| words[0] == pointee));
        assert_eq!(of(OP_SAMPLED_IMAGE).count(), 0);
    }

    /// `stored` of `shaders/gather_whole.wgsl`: samples come back from either value that devices make
    /// of them.
    #[test]
    fn samples_come_back_from_what_devices_make_of_them() {
        for depth in [8_u32, 10, 12] {
            let top = (1_u32 << depth) - 1;
            let stored = |value: f32| (value * top as f32 - 0.008).ceil().max(0.0) as u32;
            for sample in 0..=top {
                assert_eq!(stored(sample as f32 / top as f32), sample, "{depth}");
                // 16 bits of which the low ones are zero.
                if depth > 8 {
                    let high = sample << (16 - depth);
                    assert_eq!(stored(high as f32 / 65535.0), sample, "{depth}");
                }
            }
        }
    }
}
