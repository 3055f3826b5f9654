//! Layouts, stages and accesses for each use of a picture, as a table, and the barriers between
//! uses. Numbers and handles only.
//!
//! Semaphores are waited for at all stages, so a barrier whose first half comes from elsewhere (a
//! discard, an acquire) starts at all stages: that chains it to the wait, whatever was waited for.

use ash::vk;

use super::options::Layouts;

/// What a picture is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Decode output that is not the setup picture.
    Output,
    /// Setup picture, the output or not, and later reference.
    Dpb,
    /// Source of a copy.
    Copy,
    /// Destination of a copy.
    Overwrite,
    /// Sampled by compute shaders.
    Sampled,
    /// Read by the host.
    Host,
}

/// Layout, stage and access of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) layout: vk::ImageLayout,
    pub(super) stage: vk::PipelineStageFlags2,
    pub(super) access: vk::AccessFlags2,
}

const DECODE: vk::PipelineStageFlags2 = vk::PipelineStageFlags2::VIDEO_DECODE_KHR;
const READ: vk::AccessFlags2 = vk::AccessFlags2::VIDEO_DECODE_READ_KHR;
const WRITE: vk::AccessFlags2 = vk::AccessFlags2::VIDEO_DECODE_WRITE_KHR;

impl Use {
    /// Its row of the table: VUID-vkCmdDecodeVideoKHR-pDecodeInfo-10801 to 10804.
    pub(super) fn state(self) -> State {
        let (layout, stage, access) = match self {
            Self::Output => (vk::ImageLayout::VIDEO_DECODE_DST_KHR, DECODE, WRITE),
            Self::Dpb => {
                let both = vk::AccessFlags2::from_raw(READ.as_raw() | WRITE.as_raw());
                (vk::ImageLayout::VIDEO_DECODE_DPB_KHR, DECODE, both)
            }
            Self::Copy => (
                vk::ImageLayout::TRANSFER_SRC_OPTIMAL,
                vk::PipelineStageFlags2::ALL_TRANSFER,
                vk::AccessFlags2::TRANSFER_READ,
            ),
            Self::Overwrite => (
                vk::ImageLayout::TRANSFER_DST_OPTIMAL,
                vk::PipelineStageFlags2::ALL_TRANSFER,
                vk::AccessFlags2::TRANSFER_WRITE,
            ),
            Self::Sampled => (
                vk::ImageLayout::SHADER_READ_ONLY_OPTIMAL,
                vk::PipelineStageFlags2::COMPUTE_SHADER,
                vk::AccessFlags2::SHADER_SAMPLED_READ,
            ),
            Self::Host => (
                vk::ImageLayout::GENERAL,
                vk::PipelineStageFlags2::HOST,
                vk::AccessFlags2::HOST_READ,
            ),
        };
        State { layout, stage, access }
    }
}

/// One layer of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) image: vk::Image,
    pub(super) layer: u32,
    /// Which layouts the image is kept in.
    pub(super) layouts: Layouts,
}

impl Layer {
    /// The layout for `usage`.
    pub(super) fn layout(self, usage: Use) -> vk::ImageLayout {
        match self.layouts {
            Layouts::Video => usage.state().layout,
            Layouts::General => vk::ImageLayout::GENERAL,
        }
    }
}

/// The two sides of an ownership transfer, by queue family; `None` within one family.
pub(super) type Transfer = Option<(u32, u32)>;

fn barrier(at: Layer, families: Transfer) -> vk::ImageMemoryBarrier2<'static> {
    let (from, to) = families.unwrap_or((vk::QUEUE_FAMILY_IGNORED, vk::QUEUE_FAMILY_IGNORED));
    vk::ImageMemoryBarrier2::default()
        .image(at.image)
        .src_queue_family_index(from)
        .dst_queue_family_index(to)
        .subresource_range(
            vk::ImageSubresourceRange::default()
                .aspect_mask(vk::ImageAspectFlags::COLOR)
                .level_count(1)
                .base_array_layer(at.layer)
                .layer_count(1),
        )
}

/// Old contents go, whoever had them; `to` comes next.
pub(super) fn discard(at: Layer, to: Use) -> vk::ImageMemoryBarrier2<'static> {
    let new = at.layout(to);
    let to = to.state();
    barrier(at, None)
        .src_stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS)
        .src_access_mask(vk::AccessFlags2::MEMORY_WRITE)
        .old_layout(vk::ImageLayout::UNDEFINED)
        .dst_stage_mask(to.stage)
        .dst_access_mask(to.access)
        .new_layout(new)
}

/// From one use to another within a family, perhaps from a queue that a semaphore speaks for.
pub(super) fn change(at: Layer, from: Use, to: Use) -> vk::ImageMemoryBarrier2<'static> {
    let (old, new) = (at.layout(from), at.layout(to));
    let (from, to) = (from.state(), to.state());
    barrier(at, None)
        .src_stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS)
        .src_access_mask(from.access)
        .old_layout(old)
        .dst_stage_mask(to.stage)
        .dst_access_mask(to.access)
        .new_layout(new)
}

/// First half of a change between families, on the queue that gives.
pub(super) fn release(
    at: Layer,
    from: Use,
    to: Use,
    families: (u32, u32),
) -> vk::ImageMemoryBarrier2<'static> {
    barrier(at, Some(families))
        .src_stage_mask(from.state().stage)
        .src_access_mask(from.state().access)
        .old_layout(at.layout(from))
        .new_layout(at.layout(to))
}

/// Second half of a change between families, on the queue that takes.
pub(super) fn acquire(
    at: Layer,
    from: Use,
    to: Use,
    families: (u32, u32),
) -> vk::ImageMemoryBarrier2<'static> {
    barrier(at, Some(families))
        .src_stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS)
        .old_layout(at.layout(from))
        .dst_stage_mask(to.state().stage)
        .dst_access_mask(to.state().access)
        .new_layout(at.layout(to))
}

/// From one use to another of a picture that all families share, on the queue of the second, which
/// waits for the first: what that wrote is visible by the wait.
pub(super) fn borrow(at: Layer, from: Use, to: Use) -> vk::ImageMemoryBarrier2<'static> {
    barrier(at, None)
        .src_stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS)
        .old_layout(at.layout(from))
        .dst_stage_mask(to.state().stage)
        .dst_access_mask(to.state().access)
        .new_layout(at.layout(to))
}

/// Back from `from` to the use before, whose queue waits for this one.
pub(super) fn give_back(at: Layer, from: Use, to: Use) -> vk::ImageMemoryBarrier2<'static> {
    let writes = from == Use::Overwrite;
    let written = if writes { from.state().access } else { vk::AccessFlags2::NONE };
    barrier(at, None)
        .src_stage_mask(from.state().stage)
        .src_access_mask(written)
        .old_layout(at.layout(from))
        .dst_stage_mask(vk::PipelineStageFlags2::ALL_COMMANDS)
        .new_layout(at.layout(to))
}

/// Orders a decode after all decodes before it: their pictures are its references, and theirs its
/// setup picture.
pub(super) fn decode_after_decode() -> vk::MemoryBarrier2<'static> {
    let both = Use::Dpb.state().access;
    vk::MemoryBarrier2::default()
        .src_stage_mask(DECODE)
        .src_access_mask(WRITE)
        .dst_stage_mask(DECODE)
        .dst_access_mask(both)
}

/// What shaders wrote is there for shaders, and what they read may be written.
pub(super) fn after_shaders() -> vk::MemoryBarrier2<'static> {
    use vk::{AccessFlags2 as Access, PipelineStageFlags2 as Stage};
    let shaders = Stage::COMPUTE_SHADER | Stage::FRAGMENT_SHADER;
    vk::MemoryBarrier2::default()
        .src_stage_mask(shaders)
        .src_access_mask(Access::SHADER_STORAGE_WRITE)
        .dst_stage_mask(shaders)
        .dst_access_mask(Access::SHADER_STORAGE_READ | Access::SHADER_STORAGE_WRITE)
}

/// Shaders work on what a buffer was filled with.
pub(super) fn filled_for_shaders() -> vk::MemoryBarrier2<'static> {
    use vk::{AccessFlags2 as Access, PipelineStageFlags2 as Stage};
    vk::MemoryBarrier2::default()
        .src_stage_mask(Stage::ALL_TRANSFER)
        .src_access_mask(Access::TRANSFER_WRITE)
        .dst_stage_mask(Stage::COMPUTE_SHADER)
        .dst_access_mask(Access::SHADER_STORAGE_READ | Access::SHADER_STORAGE_WRITE)
}

/// What shaders wrote is copied.
pub(super) fn shaders_to_copy() -> vk::MemoryBarrier2<'static> {
    use vk::{AccessFlags2 as Access, PipelineStageFlags2 as Stage};
    vk::MemoryBarrier2::default()
        .src_stage_mask(Stage::COMPUTE_SHADER)
        .src_access_mask(Access::SHADER_STORAGE_WRITE)
        .dst_stage_mask(Stage::ALL_TRANSFER)
        .dst_access_mask(Access::TRANSFER_READ)
}

/// Lets the host read what shaders wrote.
pub(super) fn shaders_to_host() -> vk::MemoryBarrier2<'static> {
    use vk::{AccessFlags2 as Access, PipelineStageFlags2 as Stage};
    vk::MemoryBarrier2::default()
        .src_stage_mask(Stage::COMPUTE_SHADER)
        .src_access_mask(Access::SHADER_STORAGE_WRITE)
        .dst_stage_mask(Stage::HOST)
        .dst_access_mask(Access::HOST_READ)
}

/// Lets the host read what copies wrote.
pub(super) fn copy_to_host() -> vk::MemoryBarrier2<'static> {
    vk::MemoryBarrier2::default()
        .src_stage_mask(vk::PipelineStageFlags2::ALL_TRANSFER)
        .src_access_mask(vk::AccessFlags2::TRANSFER_WRITE)
        .dst_stage_mask(vk::PipelineStageFlags2::HOST)
        .dst_access_mask(vk::AccessFlags2::HOST_READ)
}

/// Lets the host read what decodes wrote.
pub(super) fn decode_to_host() -> vk::MemoryBarrier2<'static> {
    let host = Use::Host.state();
    vk::MemoryBarrier2::default()
        .src_stage_mask(DECODE)
        .src_access_mask(WRITE)
        .dst_stage_mask(host.stage)
        .dst_access_mask(host.access)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Layer = Layer { image: vk::Image::null(), layer: 3, layouts: Layouts::Video };

    #[test]
    fn both_halves_of_a_transfer_agree() {
        for (from, to) in [
            (Use::Dpb, Use::Copy),
            (Use::Copy, Use::Dpb),
            (Use::Output, Use::Copy),
            (Use::Dpb, Use::Overwrite),
            (Use::Overwrite, Use::Dpb),
        ] {
            let (r, a) = (release(AT, from, to, (1, 0)), acquire(AT, from, to, (1, 0)));
            assert_eq!((r.old_layout, r.new_layout), (a.old_layout, a.new_layout));
            assert_eq!((r.src_queue_family_index, r.dst_queue_family_index), (1, 0));
            assert_eq!((a.src_queue_family_index, a.dst_queue_family_index), (1, 0));
            assert_eq!(r.subresource_range.base_array_layer, 3);
        }
    }

    #[test]
    fn layouts_follow_the_specification() {
        let layout = |u: Use| AT.layout(u);
        assert_eq!(layout(Use::Output), vk::ImageLayout::VIDEO_DECODE_DST_KHR);
        assert_eq!(layout(Use::Dpb), vk::ImageLayout::VIDEO_DECODE_DPB_KHR);
        assert_eq!(layout(Use::Copy), vk::ImageLayout::TRANSFER_SRC_OPTIMAL);
        assert_eq!(layout(Use::Sampled), vk::ImageLayout::SHADER_READ_ONLY_OPTIMAL);
        assert_eq!(layout(Use::Overwrite), vk::ImageLayout::TRANSFER_DST_OPTIMAL);
        assert_eq!(discard(AT, Use::Dpb).old_layout, vk::ImageLayout::UNDEFINED);
        let general = Layer { layouts: Layouts::General, ..AT };
        let change = change(general, Use::Dpb, Use::Copy);
        assert_eq!(
            (change.old_layout, change.new_layout),
            (vk::ImageLayout::GENERAL, vk::ImageLayout::GENERAL)
        );
    }
}
