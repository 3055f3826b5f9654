//! The video session, its memory, and its parameters.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::ffi::CString;
use std::sync::Arc;

use ash::vk;

use super::caps::{Profile, with_profile};
use super::choose::Choice;
use super::device::Device;
use super::failed;
use super::features;
use super::memory::{Location, Memory};
use super::options::{ReadbackWay, StatusQueries};
use crate::error::Result;
use crate::syntax::sequence::SequenceHeader;
use av1_std::sequence::sequence_parts;

/// What a session is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Its profile.
    pub profile: Profile,
    /// Whether DPB picture and output are one.
    pub coincide: bool,
    /// Whether DPB pictures are layers of one image.
    pub layered: bool,
    /// maxDpbSlots.
    pub dpb_slots: u32,
    /// maxActiveReferencePictures.
    pub active_references: u32,
    /// maxCodedExtent.
    pub max_coded_extent: (u32, u32),
    /// Format of outputs.
    pub output_format: ash::vk::Format,
    /// Format of DPB pictures.
    pub dpb_format: ash::vk::Format,
    /// How decode statuses are queried.
    pub status_queries: StatusQueries,
    /// How pictures get to the host.
    pub readback: ReadbackWay,
}

/// Version 1.0.0 of the Std headers: that of the structures that a session is given.
const STD_1_0_0: u32 = vk::make_api_version(0, 1, 0, 0);

/// stdHeaderVersion of sessions: a driver that knows a later version would read members that our
/// structures do not have.
fn std_version(offered: u32) -> u32 {
    offered.min(STD_1_0_0)
}

/// A video session with the memory that it asked for.
pub(super) struct VideoSession {
    device: Arc<Device>,
    raw: vk::VideoSessionKHR,
    /// Freed after the session.
    memory: Vec<Memory>,
}

impl VideoSession {
    /// The session that `choice` describes, on the decode family. Uninitialised: its first coding
    /// command is a RESET.
    pub(super) fn new(device: &Arc<Device>, choice: &Choice) -> Result<Self> {
        let name = CString::new(choice.caps.std_header_name.as_str()).unwrap_or_default();
        let mut header = vk::ExtensionProperties::default()
            .spec_version(std_version(choice.caps.std_header_version));
        for (to, from) in header.extension_name.iter_mut().zip(name.as_bytes_with_nul()) {
            *to = *from as std::ffi::c_char;
        }
        let (width, height) = choice.max_coded_extent;
        let raw = with_profile(&choice.profile, |profile, _| {
            let mut flags = vk::VideoSessionCreateFlagsKHR::empty();
            if choice.inline_queries {
                flags |= vk::VideoSessionCreateFlagsKHR::INLINE_QUERIES;
            }
            if choice.inline_parameters {
                flags |= features::INLINE_SESSION_PARAMETERS;
            }
            let info = vk::VideoSessionCreateInfoKHR::default()
                .flags(flags)
                .queue_family_index(device.decode_queue().family.index)
                .video_profile(profile)
                .picture_format(choice.output.format)
                .max_coded_extent(vk::Extent2D { width, height })
                .reference_picture_format(choice.dpb.format)
                .max_dpb_slots(choice.slots)
                .max_active_reference_pictures(choice.active_references)
                .std_header_version(&header);
            // SAFETY: all values are within the profile's capabilities; see `choose`.
            unsafe { device.table().create_video_session(&info) }
        })
        .map_err(failed("vkCreateVideoSessionKHR"))?;
        device.name_object(raw, "video session");
        let mut session = Self { device: device.clone(), raw, memory: Vec::new() };
        session.bind_memory()?;
        Ok(session)
    }

    /// Binds every memory that the session asks for; the indices may have gaps.
    fn bind_memory(&mut self) -> Result<()> {
        // SAFETY: the session is of this device.
        let wanted = unsafe { self.device.table().memory_requirements(self.raw) }
            .map_err(failed("vkGetVideoSessionMemoryRequirementsKHR"))?;
        let mut binds = Vec::with_capacity(wanted.len());
        for want in &wanted {
            let requirements = want.memory_requirements;
            let memory = Memory::allocate(&self.device, requirements, Location::Device, None)?;
            binds.push(
                vk::BindVideoSessionMemoryInfoKHR::default()
                    .memory_bind_index(want.memory_bind_index)
                    .memory(memory.raw())
                    .memory_offset(0)
                    .memory_size(requirements.size),
            );
            self.memory.push(memory);
        }
        let indexes: Vec<_> = wanted.iter().map(|want| want.memory_bind_index).collect();
        log::debug!("video session memory: {} bindings, {indexes:?}", indexes.len());
        if binds.is_empty() {
            return Ok(());
        }
        // SAFETY: each index once, each memory of a type and size that was asked for
        // (VUID-VkBindVideoSessionMemoryInfoKHR-memoryOffset-07201, memorySize-07202).
        unsafe { self.device.table().bind_memory(self.raw, &binds) }
            .map_err(failed("vkBindVideoSessionMemoryKHR"))?;
        Ok(())
    }

    pub(super) fn raw(&self) -> vk::VideoSessionKHR {
        self.raw
    }
}

impl Drop for VideoSession {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroyVideoSessionKHR-videoSession-07192: no submission uses it any
        // more. Its memory is freed afterwards.
        self.device.destroy(|_| unsafe { self.device.table().destroy_video_session(self.raw) });
    }
}

/// Session parameters: one sequence header.
pub(super) struct Parameters {
    session: Arc<VideoSession>,
    raw: vk::VideoSessionParametersKHR,
}

impl Parameters {
    /// Parameters of `session` with `sequence`.
    pub(super) fn new(session: &Arc<VideoSession>, sequence: &SequenceHeader) -> Result<Self> {
        let parts = sequence_parts(sequence);
        let header = parts.joined();
        let mut av1 = vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default()
            .std_sequence_header(&header);
        let info = vk::VideoSessionParametersCreateInfoKHR::default()
            .video_session(session.raw)
            .push_next(&mut av1);
        // SAFETY: the chain is of locals, and complete for AV1 (videoSession-09259).
        let raw = unsafe { session.device.table().create_parameters(&info) }
            .map_err(failed("vkCreateVideoSessionParametersKHR"))?;
        Ok(Self { session: session.clone(), raw })
    }

    pub(super) fn raw(&self) -> vk::VideoSessionParametersKHR {
        self.raw
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        let device = &self.session.device;
        // SAFETY: VUID-vkDestroyVideoSessionParametersKHR-videoSessionParameters-07212: no
        // submission uses them any more.
        device.destroy(|_| unsafe { device.table().destroy_parameters(self.raw) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_take_the_structures_of_version_1_0_0() {
        let version = |major, minor| vk::make_api_version(0, major, minor, 0);
        for (offered, expected) in [
            (version(1, 0), version(1, 0)),
            (version(1, 1), version(1, 0)),
            (version(0, 9), version(0, 9)),
        ] {
            assert_eq!(std_version(offered), expected);
        }
    }
}
