//! Shader modules, compute pipelines of them, and what is bound.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::ffi::CStr;

use ash::vk;

use crate::error::Result;
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::objects::Buffer;

/// A buffer for a binding of a set: the buffer, and the first byte and bytes of it.
pub(super) type Binding = (vk::Buffer, u64, u64);

/// All of `buffer`.
pub(super) fn whole(buffer: &Buffer) -> Binding {
    (buffer.raw(), 0, vk::WHOLE_SIZE)
}

/// Calls `f` with a module of `code`.
pub(super) fn with_module<R>(
    device: &Device,
    code: &[u8],
    f: impl FnOnce(vk::ShaderModule) -> Result<R>,
) -> Result<R> {
    let words: Vec<u32> = code
        .chunks_exact(4)
        .map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let info = vk::ShaderModuleCreateInfo::default().code(&words);
    // SAFETY: SPIR-V that was validated when it was compiled.
    let module = unsafe { device.raw().create_shader_module(&info, None) }
        .map_err(failed("vkCreateShaderModule"))?;
    let made = f(module);
    // SAFETY: pipelines do not need it once they are made.
    unsafe { device.raw().destroy_shader_module(module, None) };
    made
}

/// A compute pipeline of the entry point `name` of `code`.
pub(super) fn compute(
    device: &Device,
    code: &[u8],
    name: &CStr,
    layout: vk::PipelineLayout,
) -> Result<vk::Pipeline> {
    with_module(device, code, |module| {
        let stage = vk::PipelineShaderStageCreateInfo::default()
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module)
            .name(name);
        let info = vk::ComputePipelineCreateInfo::default().stage(stage).layout(layout);
        // SAFETY: the layout has what the shader binds.
        let made = unsafe {
            device.raw().create_compute_pipelines(vk::PipelineCache::null(), &[info], None)
        };
        first(made, "vkCreateComputePipelines")
    })
}

/// The one pipeline that `call` made.
pub(super) fn first(
    made: Result<Vec<vk::Pipeline>, (Vec<vk::Pipeline>, vk::Result)>,
    call: &'static str,
) -> Result<vk::Pipeline> {
    let made = made.map_err(|(_, result)| failed(call)(result))?;
    Ok(made.first().copied().unwrap_or_default())
}
