//! Pipelines: one layout for all, a uniform, two storage buffers, and views of three planes.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::modules::{Binding, compute, first, with_module};
use super::passes::Kernel;
use super::whole::Wholes;
use crate::color::Variant;
use crate::error::Result;
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::on_device::Views;

const GATHER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gather.spv"));
const FILM_GRAIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/film_grain.spv"));
macro_rules! variants {
    ($name:literal: $($index:literal)*) => {
        [$(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, "-", $index, ".spv"))),*]
    };
}
const CONVERT: [&[u8]; Variant::COUNT] =
    variants!("convert": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
const DIRECT: [&[u8]; Variant::COUNT] =
    variants!("direct": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
/// Without, and with an overlay.
const PRESENT: [&[u8]; 2] = variants!("present": 0 1);
/// By [`peak_index`].
const PEAK: [&[u8]; 3] = variants!("peak": 0 1 2);
/// By the kernel.
const SCALE: [&[u8]; 4] = variants!("scale": 0 1 2 3);

/// Sets of one [`SetPool`]: gather, film grain, convert, scale twice, present. To measure takes one.
pub(super) const SETS: usize = 6;

/// Where the sets' uniforms are in their buffer: the largest alignment that a device may ask for.
pub(super) const UNIFORM_STRIDE: u64 = 256;

/// The pipelines of a renderer, and their layout.
pub(super) struct Pipelines {
    device: Arc<Device>,
    set: vk::DescriptorSetLayout,
    layout: vk::PipelineLayout,
    gather: vk::Pipeline,
    film_grain: vk::Pipeline,
    /// By [`Variant::index`]; null until one is wanted.
    convert: [vk::Pipeline; Variant::COUNT],
    /// The same for pixels that are copied.
    direct: [vk::Pipeline; Variant::COUNT],
    /// By [`peak_index`]; null until one is wanted.
    peak: [vk::Pipeline; 3],
    /// By the kernel; null until one is wanted.
    scale: [vk::Pipeline; 4],
    present: [vk::Pipeline; 2],
    /// Of pictures that are sampled as a whole, by their conversion.
    pub(super) wholes: Wholes,
}

/// A pipeline of [`Pipelines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Gather,
    /// Of [`Pipelines::wholes`].
    GatherWhole(usize),
    FilmGrain,
    Convert(Variant),
    /// To pixels of the target.
    Direct(Variant),
    /// Which samples it looks at, as those of a conversion.
    Peak(Variant),
    Scale(Kernel),
    /// With an overlay, or without.
    Present(bool),
}

impl Pipelines {
    /// For targets of `format`.
    pub(super) fn new(device: &Arc<Device>, format: vk::Format) -> Result<Self> {
        let mut pipelines = Self {
            device: device.clone(),
            set: vk::DescriptorSetLayout::null(),
            layout: vk::PipelineLayout::null(),
            gather: vk::Pipeline::null(),
            film_grain: vk::Pipeline::null(),
            convert: [vk::Pipeline::null(); Variant::COUNT],
            direct: [vk::Pipeline::null(); Variant::COUNT],
            peak: [vk::Pipeline::null(); 3],
            scale: [vk::Pipeline::null(); 4],
            present: [vk::Pipeline::null(); 2],
            wholes: Wholes::new(device),
        };
        pipelines.set = set_layout(device)?;
        let sets = [pipelines.set];
        let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
        // SAFETY: the set layout is of this device.
        pipelines.layout = unsafe { device.raw().create_pipeline_layout(&info, None) }
            .map_err(failed("vkCreatePipelineLayout"))?;
        pipelines.gather = compute(device, GATHER, c"gather", pipelines.layout)?;
        pipelines.film_grain = compute(device, FILM_GRAIN, c"film_grain", pipelines.layout)?;
        for (pipeline, code) in pipelines.present.iter_mut().zip(PRESENT) {
            *pipeline = graphics(device, code, format, pipelines.layout)?;
        }
        Ok(pipelines)
    }

    /// Makes the pipeline of `pass` if it is not there yet: those that have variants.
    pub(super) fn prepare(&mut self, pass: Pass) -> Result<()> {
        let (pipeline, code, name) = match pass {
            Pass::Convert(variant) => {
                let index = variant.index();
                (&mut self.convert[index], CONVERT[index], c"convert")
            }
            Pass::Direct(variant) => {
                let index = variant.index();
                (&mut self.direct[index], DIRECT[index], c"convert")
            }
            Pass::Peak(variant) => {
                let index = peak_index(variant);
                (&mut self.peak[index], PEAK[index], c"peak")
            }
            Pass::Scale(kernel) => {
                let index = kernel as usize;
                (&mut self.scale[index], SCALE[index], c"scale")
            }
            _ => return Ok(()),
        };
        if *pipeline == vk::Pipeline::null() {
            *pipeline = compute(&self.device, code, name, self.layout)?;
        }
        Ok(())
    }

    /// Binds the pipeline of `pass` with `set`.
    ///
    /// # Safety
    /// `commands` is recording for a family that has the pass, which is prepared; the set is of this layout and stays
    /// as it is until the commands have ended.
    pub(super) unsafe fn bind(
        &self,
        commands: vk::CommandBuffer,
        pass: Pass,
        set: vk::DescriptorSet,
    ) {
        let mut layout = self.layout;
        let (point, pipeline) = match pass {
            Pass::GatherWhole(index) => {
                let (pipeline, own) = self.wholes.pipeline(index);
                layout = own;
                (vk::PipelineBindPoint::COMPUTE, pipeline)
            }
            Pass::Gather => (vk::PipelineBindPoint::COMPUTE, self.gather),
            Pass::FilmGrain => (vk::PipelineBindPoint::COMPUTE, self.film_grain),
            Pass::Convert(variant) => {
                (vk::PipelineBindPoint::COMPUTE, self.convert[variant.index()])
            }
            Pass::Direct(variant) => (vk::PipelineBindPoint::COMPUTE, self.direct[variant.index()]),
            Pass::Peak(variant) => (vk::PipelineBindPoint::COMPUTE, self.peak[peak_index(variant)]),
            Pass::Scale(kernel) => (vk::PipelineBindPoint::COMPUTE, self.scale[kernel as usize]),
            Pass::Present(overlay) => {
                (vk::PipelineBindPoint::GRAPHICS, self.present[usize::from(overlay)])
            }
        };
        let raw = self.device.raw();
        // SAFETY: the caller's promise.
        unsafe { raw.cmd_bind_pipeline(commands, point, pipeline) };
        // SAFETY: as above.
        unsafe { raw.cmd_bind_descriptor_sets(commands, point, layout, 0, &[set], &[]) };
    }
}

impl Drop for Pipelines {
    fn drop(&mut self) {
        let device = &self.device;
        let alone = [self.gather, self.film_grain];
        let of_pixels = [&self.convert[..], &self.direct, &self.peak];
        let all = [of_pixels.concat().as_slice(), &self.scale, &self.present, &alone].concat();
        for pipeline in all {
            // SAFETY: VUID-vkDestroyPipeline-pipeline-00765: no submission uses it any more.
            device.destroy(|raw| unsafe { raw.destroy_pipeline(pipeline, None) });
        }
        // SAFETY: nothing is recorded with it any more.
        device.destroy(|raw| unsafe { raw.destroy_pipeline_layout(self.layout, None) });
        // SAFETY: as above.
        device.destroy(|raw| unsafe { raw.destroy_descriptor_set_layout(self.set, None) });
    }
}

/// Which of the shaders looks at samples that are where `variant` says, as `build.rs` counts them.
fn peak_index(variant: Variant) -> usize {
    match (variant.image, variant.wide) {
        (false, wide) => usize::from(wide),
        (true, _) => 2,
    }
}

fn set_layout(device: &Device) -> Result<vk::DescriptorSetLayout> {
    let binding = |binding, kind| {
        vk::DescriptorSetLayoutBinding::default()
            .binding(binding)
            .descriptor_type(kind)
            .descriptor_count(1)
            .stage_flags(vk::ShaderStageFlags::COMPUTE | vk::ShaderStageFlags::FRAGMENT)
    };
    let bindings = [
        binding(0, vk::DescriptorType::UNIFORM_BUFFER),
        binding(1, vk::DescriptorType::STORAGE_BUFFER),
        binding(2, vk::DescriptorType::STORAGE_BUFFER),
        binding(3, vk::DescriptorType::SAMPLED_IMAGE),
        binding(4, vk::DescriptorType::SAMPLED_IMAGE),
        binding(5, vk::DescriptorType::SAMPLED_IMAGE),
    ];
    let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
    // SAFETY: the bindings are complete.
    let made = unsafe { device.raw().create_descriptor_set_layout(&info, None) };
    Ok(made.map_err(failed("vkCreateDescriptorSetLayout"))?)
}

/// One triangle over the whole target, no blending.
fn graphics(
    device: &Device,
    code: &[u8],
    format: vk::Format,
    layout: vk::PipelineLayout,
) -> Result<vk::Pipeline> {
    with_module(device, code, |module| {
        let stage = |stage, name| {
            vk::PipelineShaderStageCreateInfo::default().stage(stage).module(module).name(name)
        };
        let stages = [
            stage(vk::ShaderStageFlags::VERTEX, c"corner"),
            stage(vk::ShaderStageFlags::FRAGMENT, c"pixel"),
        ];
        let vertices = vk::PipelineVertexInputStateCreateInfo::default();
        let assembly = vk::PipelineInputAssemblyStateCreateInfo::default()
            .topology(vk::PrimitiveTopology::TRIANGLE_LIST);
        let viewport =
            vk::PipelineViewportStateCreateInfo::default().viewport_count(1).scissor_count(1);
        let raster = vk::PipelineRasterizationStateCreateInfo::default().line_width(1.0);
        let samples = vk::PipelineMultisampleStateCreateInfo::default()
            .rasterization_samples(vk::SampleCountFlags::TYPE_1);
        let attachments = [vk::PipelineColorBlendAttachmentState::default()
            .color_write_mask(vk::ColorComponentFlags::RGBA)];
        let blend = vk::PipelineColorBlendStateCreateInfo::default().attachments(&attachments);
        let dynamic = [vk::DynamicState::VIEWPORT, vk::DynamicState::SCISSOR];
        let dynamic = vk::PipelineDynamicStateCreateInfo::default().dynamic_states(&dynamic);
        let formats = [format];
        let mut rendering =
            vk::PipelineRenderingCreateInfo::default().color_attachment_formats(&formats);
        let info = vk::GraphicsPipelineCreateInfo::default()
            .stages(&stages)
            .vertex_input_state(&vertices)
            .input_assembly_state(&assembly)
            .viewport_state(&viewport)
            .rasterization_state(&raster)
            .multisample_state(&samples)
            .color_blend_state(&blend)
            .dynamic_state(&dynamic)
            .layout(layout)
            .push_next(&mut rendering);
        // SAFETY: the states are complete for dynamic rendering; the layout has what is bound.
        let made = unsafe {
            device.raw().create_graphics_pipelines(vk::PipelineCache::null(), &[info], None)
        };
        first(made, "vkCreateGraphicsPipelines")
    })
}

/// The descriptor sets of one drawing.
pub(super) struct SetPool {
    device: Arc<Device>,
    pool: vk::DescriptorPool,
    sets: Vec<vk::DescriptorSet>,
}

impl SetPool {
    /// [`SETS`] sets for `pipelines`.
    pub(super) fn new(pipelines: &Pipelines) -> Result<Self> {
        let device = &pipelines.device;
        let size = |ty, count| vk::DescriptorPoolSize { ty, descriptor_count: count };
        let n = SETS as u32;
        let sizes = [
            size(vk::DescriptorType::UNIFORM_BUFFER, n),
            size(vk::DescriptorType::STORAGE_BUFFER, 2 * n),
            size(vk::DescriptorType::SAMPLED_IMAGE, 3 * n),
        ];
        let info = vk::DescriptorPoolCreateInfo::default().max_sets(n).pool_sizes(&sizes);
        // SAFETY: the sizes are complete.
        let pool = unsafe { device.raw().create_descriptor_pool(&info, None) }
            .map_err(failed("vkCreateDescriptorPool"))?;
        let mut made = Self { device: device.clone(), pool, sets: Vec::new() };
        let layouts = [pipelines.set; SETS];
        let info =
            vk::DescriptorSetAllocateInfo::default().descriptor_pool(pool).set_layouts(&layouts);
        // SAFETY: the pool was made for this many.
        made.sets = unsafe { device.raw().allocate_descriptor_sets(&info) }
            .map_err(failed("vkAllocateDescriptorSets"))?;
        Ok(made)
    }

    /// Set `index` with its uniform, its storage buffers, and the planes' views where its pass has
    /// them.
    ///
    /// # Safety
    /// No submission uses the set; buffers and views live until the next that does has ended.
    pub(super) unsafe fn update(
        &mut self,
        index: usize,
        uniform: Binding,
        storage: [Binding; 2],
        views: Option<Views>,
    ) -> vk::DescriptorSet {
        let set = self.sets.get(index).copied().unwrap_or_default();
        let info =
            |(buffer, offset, range): Binding| [vk::DescriptorBufferInfo { buffer, offset, range }];
        let infos = [info(uniform), info(storage[0]), info(storage[1])];
        let write = |binding: usize, kind| {
            vk::WriteDescriptorSet::default()
                .dst_set(set)
                .dst_binding(binding as u32)
                .descriptor_type(kind)
                .buffer_info(&infos[binding])
        };
        let planes = views.map(|Views { planes, layout }| {
            let info = vk::DescriptorImageInfo::default().image_layout(layout);
            planes.map(|plane| [info.image_view(plane)])
        });
        let mut writes = vec![
            write(0, vk::DescriptorType::UNIFORM_BUFFER),
            write(1, vk::DescriptorType::STORAGE_BUFFER),
            write(2, vk::DescriptorType::STORAGE_BUFFER),
        ];
        if let Some(planes) = &planes {
            let view = vk::WriteDescriptorSet::default()
                .dst_set(set)
                .descriptor_type(vk::DescriptorType::SAMPLED_IMAGE);
            writes.extend((3..).zip(planes).map(|(n, info)| view.dst_binding(n).image_info(info)));
        }
        // SAFETY: the caller's promise.
        unsafe { self.device.raw().update_descriptor_sets(&writes, &[]) };
        set
    }
}

impl Drop for SetPool {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyDescriptorPool-descriptorPool-00303: no submission uses its sets.
        self.device.destroy(|raw| unsafe { raw.destroy_descriptor_pool(self.pool, None) });
    }
}
