//! Commands on a rig: decodes, barriers and copies, right unless a test makes them wrong.

use ash::vk;
use ash::vk::native::{
    StdVideoAV1Quantization, StdVideoAV1TileInfo, StdVideoDecodeAV1PictureInfo,
    StdVideoDecodeAV1ReferenceInfo,
};

use crate::rig::{BITSTREAM, DECODES, Rig, SIZE};

/// A layer of an image, with `baseArrayLayer` of the picture resource.
#[derive(Clone, Copy)]
pub struct Picture {
    pub image: usize,
    pub layer: u32,
    pub base: u32,
}

/// Layer `layer` of image `image`.
pub fn picture(image: usize, layer: u32) -> Picture {
    Picture { image, layer, base: 0 }
}

/// A decode in a scope of its own.
pub struct Decode {
    pub info: Option<StdVideoDecodeAV1PictureInfo>,
    pub setup_info: Option<StdVideoDecodeAV1ReferenceInfo>,
    /// Of all references.
    pub reference_info: Option<StdVideoDecodeAV1ReferenceInfo>,
    pub reset: bool,
    pub extent: vk::Extent2D,
    pub offset: vk::Offset2D,
    /// The same of what the scope binds, and of references.
    pub bound_extent: vk::Extent2D,
    pub bound_offset: vk::Offset2D,
    pub reference_extent: vk::Extent2D,
    pub reference_offset: vk::Offset2D,
    pub header_offset: u32,
    pub names: [i32; 7],
    pub tile_offsets: Vec<u32>,
    pub tile_sizes: Vec<u32>,
    pub src_offset: u64,
    pub src_range: u64,
    pub chain: bool,
    pub parameters: bool,
    /// Others than those of the rig.
    pub with: Option<vk::VideoSessionParametersKHR>,
    /// Slots that the scope binds.
    pub bound: Vec<(i32, Option<Picture>)>,
    pub references: Vec<(i32, Picture)>,
    pub dst: Option<Picture>,
    pub setup: Option<(i32, Picture)>,
}

impl Default for Decode {
    /// Nothing but zeros: a key frame without a tile layout, quantiser and filters, which no
    /// decoder takes. Output and reference picture are layer 0 of image 0, in slot 0.
    fn default() -> Self {
        // SAFETY: integers and pointers that may be null.
        let mut info: StdVideoDecodeAV1PictureInfo = unsafe { std::mem::zeroed() };
        info.primary_ref_frame = 7;
        Self {
            info: Some(info),
            // SAFETY: as above.
            setup_info: Some(unsafe { std::mem::zeroed() }),
            // SAFETY: as above.
            reference_info: Some(unsafe { std::mem::zeroed() }),
            reset: true,
            extent: SIZE,
            offset: vk::Offset2D::default(),
            bound_extent: SIZE,
            bound_offset: vk::Offset2D::default(),
            reference_extent: SIZE,
            reference_offset: vk::Offset2D::default(),
            header_offset: 0,
            names: [-1; 7],
            tile_offsets: vec![0],
            tile_sizes: vec![16],
            src_offset: 0,
            src_range: BITSTREAM,
            chain: true,
            parameters: true,
            with: None,
            bound: vec![(-1, Some(picture(0, 0)))],
            references: Vec::new(),
            dst: Some(picture(0, 0)),
            setup: Some((0, picture(0, 0))),
        }
    }
}

/// A picture of one tile, which a decoder takes: a key frame that is shown.
pub fn key_frame() -> StdVideoDecodeAV1PictureInfo {
    // SAFETY: integers and pointers that may be null.
    let (mut info, mut tiles, mut quantization): (
        StdVideoDecodeAV1PictureInfo,
        StdVideoAV1TileInfo,
        StdVideoAV1Quantization,
    ) = unsafe { std::mem::zeroed() };
    info.flags.set_error_resilient_mode(1);
    info.primary_ref_frame = 7;
    info.refresh_frame_flags = 0xff;
    info.TxMode = 1;
    tiles.flags.set_uniform_tile_spacing_flag(1);
    (tiles.TileCols, tiles.TileRows) = (1, 1);
    quantization.base_q_idx = 100;
    info.pTileInfo = Box::leak(Box::new(tiles));
    info.pQuantization = Box::leak(Box::new(quantization));
    info
}

/// A decode to layer 0 of image 0, in slot 0, without a mistake.
pub fn right() -> Decode {
    Decode { info: Some(key_frame()), tile_sizes: vec![512], ..Decode::default() }
}

/// An inter frame of order hint `hint`, all of whose references have order hint `references`.
pub fn inter_frame(hint: u8, references: u8) -> StdVideoDecodeAV1PictureInfo {
    let mut info = key_frame();
    info.frame_type = 1;
    info.flags.set_error_resilient_mode(0);
    (info.refresh_frame_flags, info.OrderHint) = (1, hint);
    info.OrderHints = [references; 8];
    info.OrderHints[0] = 0;
    info
}

/// What is to be said of the frame of `info` as a reference.
pub fn reference_info(info: &StdVideoDecodeAV1PictureInfo) -> StdVideoDecodeAV1ReferenceInfo {
    // SAFETY: integers.
    let mut reference: StdVideoDecodeAV1ReferenceInfo = unsafe { std::mem::zeroed() };
    reference.frame_type = info.frame_type as u8;
    (reference.OrderHint, reference.SavedOrderHints) = (info.OrderHint, info.OrderHints);
    if info.frame_type == 1 && info.OrderHints[1] > info.OrderHint {
        reference.RefFrameSignBias = 0xfe;
    }
    reference
}

/// A key frame of order hint `hint` in slot 1.
pub fn first(hint: u8) -> Decode {
    let (mut info, to) = (key_frame(), picture(1, 0));
    info.OrderHint = hint;
    Decode {
        setup_info: Some(reference_info(&info)),
        info: Some(info),
        bound: vec![(-1, Some(to))],
        dst: Some(to),
        setup: Some((1, to)),
        ..right()
    }
}

/// The inter frame of `info` to layer 0 of image 0, in slot 0; all its references are the frame of
/// `from` in slot 1.
pub fn second(info: StdVideoDecodeAV1PictureInfo, from: &Decode) -> Decode {
    Decode {
        setup_info: Some(reference_info(&info)),
        info: Some(info),
        reset: false,
        names: [1; 7],
        reference_info: from.setup_info,
        bound: vec![(-1, Some(picture(0, 0))), (1, from.dst)],
        references: from.dst.map(|picture| (1, picture)).into_iter().collect(),
        ..right()
    }
}

/// Bytes of a tile: whatever they are, a decoder makes something of them.
pub fn tile_bytes() -> Vec<u8> {
    (0..BITSTREAM).map(|i| ((i * i) >> 4) as u8 ^ 0x5a).collect()
}

impl Rig {
    /// Runs `decodes` one after the other, of pictures whose contents nobody needs. What is said.
    pub fn decode_all(&self, decodes: &[&Decode]) -> Vec<String> {
        self.write(0, &tile_bytes());
        let dpb = vk::ImageLayout::VIDEO_DECODE_DPB_KHR;
        for decode in decodes {
            self.run(DECODES, |commands| {
                for to in [decode.dst, decode.setup.map(|(_, p)| p)].into_iter().flatten() {
                    self.discard(commands, to, dpb);
                }
                self.record(commands, decode);
            });
        }
        self.heard()
    }

    /// The luma of `picture`, which a decode has left in the layout of reference pictures.
    pub fn luma(&self, picture: Picture) -> Vec<u8> {
        let (dpb, src) =
            (vk::ImageLayout::VIDEO_DECODE_DPB_KHR, vk::ImageLayout::TRANSFER_SRC_OPTIMAL);
        let region = vk::BufferImageCopy::default()
            .buffer_offset(BITSTREAM)
            .image_subresource(vk::ImageSubresourceLayers {
                aspect_mask: vk::ImageAspectFlags::PLANE_0,
                mip_level: 0,
                base_array_layer: picture.layer,
                layer_count: 1,
            })
            .image_extent(SIZE.into());
        self.run(DECODES, |commands| {
            self.barrier(commands, picture, |b| b.old_layout(dpb).new_layout(src));
            let image = self.images[picture.image];
            // SAFETY: inside image and buffer.
            unsafe {
                self.device.cmd_copy_image_to_buffer(commands, image, src, self.buffer, &[region]);
            }
            self.to_host(commands);
        });
        self.copied()
    }

    /// Runs a decode after the barrier that it needs. The status, and what was said.
    pub fn decode(&self, wrong: impl FnOnce(&mut Decode)) -> (i32, Vec<String>) {
        let mut decode = Decode::default();
        wrong(&mut decode);
        self.run(DECODES, |commands| {
            self.discard(commands, picture(0, 0), vk::ImageLayout::VIDEO_DECODE_DPB_KHR);
            self.record(commands, &decode);
        });
        (self.status(), self.heard())
    }

    /// The status of the last decode.
    pub fn status(&self) -> i32 {
        let mut status = [0_i32];
        let flags = vk::QueryResultFlags::WITH_STATUS_KHR | vk::QueryResultFlags::WAIT;
        // SAFETY: the query was reset and run.
        unsafe { self.device.get_query_pool_results(self.queries, 0, &mut status, flags) }
            .expect("a status");
        status[0]
    }

    fn resource(
        &self,
        picture: Option<Picture>,
        (extent, offset): (vk::Extent2D, vk::Offset2D),
    ) -> vk::VideoPictureResourceInfoKHR<'static> {
        let info = vk::VideoPictureResourceInfoKHR::default();
        let info = info.coded_extent(extent).coded_offset(offset);
        match picture {
            Some(p) => {
                info.image_view_binding(self.view(p.image, p.layer)).base_array_layer(p.base)
            }
            None => info,
        }
    }

    /// Records the scope of `decode`.
    pub fn record(&self, commands: vk::CommandBuffer, decode: &Decode) {
        let at = (decode.bound_extent, decode.bound_offset);
        let bound: Vec<_> =
            decode.bound.iter().map(|(_, p)| p.map(|p| self.resource(Some(p), at))).collect();
        let slots = decode.bound.iter().zip(&bound).map(|((index, _), resource)| {
            let info = vk::VideoReferenceSlotInfoKHR::default().slot_index(*index);
            resource.as_ref().map_or(info, |resource| info.picture_resource(resource))
        });
        let slots: Vec<_> = slots.collect();
        let mut begin = vk::VideoBeginCodingInfoKHR::default()
            .video_session(self.session)
            .reference_slots(&slots);
        if decode.parameters {
            begin = begin.video_session_parameters(decode.with.unwrap_or(self.parameters));
        }
        // SAFETY: handles of this rig; the mistakes are on purpose, and the driver has to survive.
        unsafe {
            self.device.cmd_reset_query_pool(commands, self.queries, 0, 1);
            (self.queue_fns.cmd_begin_video_coding_khr)(commands, &begin);
            if decode.reset {
                let info = vk::VideoCodingControlInfoKHR::default()
                    .flags(vk::VideoCodingControlFlagsKHR::RESET);
                (self.queue_fns.cmd_control_video_coding_khr)(commands, &info);
            }
            let flags = vk::QueryControlFlags::empty();
            self.device.cmd_begin_query(commands, self.queries, 0, flags);
            self.decode_command(commands, decode);
            self.device.cmd_end_query(commands, self.queries, 0);
            let end = vk::VideoEndCodingInfoKHR::default();
            (self.queue_fns.cmd_end_video_coding_khr)(commands, &end);
        }
    }

    /// vkCmdDecodeVideoKHR.
    ///
    /// # Safety
    /// Inside a scope.
    unsafe fn decode_command(&self, commands: vk::CommandBuffer, decode: &Decode) {
        let dpb_slot = |info: &Option<StdVideoDecodeAV1ReferenceInfo>| {
            let p_std_reference_info = info.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
            vk::VideoDecodeAV1DpbSlotInfoKHR { p_std_reference_info, ..Default::default() }
        };
        let mut setup_dpb = dpb_slot(&decode.setup_info);
        let reference_dpb = dpb_slot(&decode.reference_info);
        let at = (decode.extent, decode.offset);
        let setup_resource = self.resource(decode.setup.map(|(_, p)| p), at);
        let setup = vk::VideoReferenceSlotInfoKHR::default()
            .slot_index(decode.setup.map_or(0, |(index, _)| index))
            .picture_resource(&setup_resource)
            .push_next(&mut setup_dpb);
        let reference = (decode.reference_extent, decode.reference_offset);
        let resources: Vec<_> =
            decode.references.iter().map(|(_, p)| self.resource(Some(*p), reference)).collect();
        let references: Vec<_> = decode
            .references
            .iter()
            .zip(&resources)
            .map(|((index, _), resource)| {
                let info = vk::VideoReferenceSlotInfoKHR::default();
                let mut info = info.slot_index(*index).picture_resource(resource);
                info.p_next = std::ptr::from_ref(&reference_dpb).cast();
                info
            })
            .collect();
        let mut av1 = vk::VideoDecodeAV1PictureInfoKHR::default()
            .reference_name_slot_indices(decode.names)
            .frame_header_offset(decode.header_offset)
            .tile_offsets(&decode.tile_offsets)
            .tile_sizes(&decode.tile_sizes);
        av1.p_std_picture_info = decode.info.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let mut info = vk::VideoDecodeInfoKHR::default()
            .src_buffer(self.buffer)
            .src_buffer_offset(decode.src_offset)
            .src_buffer_range(decode.src_range)
            .dst_picture_resource(self.resource(decode.dst, at))
            .reference_slots(&references);
        if decode.setup.is_some() {
            info = info.setup_reference_slot(&setup);
        }
        if decode.chain {
            info.p_next = std::ptr::from_mut(&mut av1).cast();
        }
        // SAFETY: the caller's promise.
        unsafe { (self.decode_fns.cmd_decode_video_khr)(commands, &info) };
    }

    /// A barrier that lets the host see what transfers have written.
    pub fn to_host(&self, commands: vk::CommandBuffer) {
        use vk::{AccessFlags2 as A, PipelineStageFlags2 as S};
        self.memory(commands, (S::COPY, A::TRANSFER_WRITE), (S::HOST, A::HOST_READ));
    }

    /// A memory barrier.
    pub fn memory(
        &self,
        commands: vk::CommandBuffer,
        from: (vk::PipelineStageFlags2, vk::AccessFlags2),
        to: (vk::PipelineStageFlags2, vk::AccessFlags2),
    ) {
        let barriers = [vk::MemoryBarrier2::default()
            .src_stage_mask(from.0)
            .src_access_mask(from.1)
            .dst_stage_mask(to.0)
            .dst_access_mask(to.1)];
        let info = vk::DependencyInfo::default().memory_barriers(&barriers);
        // SAFETY: recording.
        unsafe { self.device.cmd_pipeline_barrier2(commands, &info) };
    }

    /// A barrier after which `picture` is in `layout`, whatever it was before.
    pub fn discard(&self, commands: vk::CommandBuffer, picture: Picture, layout: vk::ImageLayout) {
        self.barrier(commands, picture, |b| {
            b.old_layout(vk::ImageLayout::UNDEFINED).new_layout(layout)
        });
    }

    /// A barrier for `picture` from all to all, changed by `change`.
    pub fn barrier(
        &self,
        commands: vk::CommandBuffer,
        picture: Picture,
        change: impl FnOnce(vk::ImageMemoryBarrier2<'static>) -> vk::ImageMemoryBarrier2<'static>,
    ) {
        let all = vk::PipelineStageFlags2::ALL_COMMANDS;
        let access = vk::AccessFlags2::MEMORY_READ | vk::AccessFlags2::MEMORY_WRITE;
        let images = [change(
            vk::ImageMemoryBarrier2::default()
                .image(self.images[picture.image])
                .src_stage_mask(all)
                .src_access_mask(access)
                .dst_stage_mask(all)
                .dst_access_mask(access)
                .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
                .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
                .subresource_range(vk::ImageSubresourceRange {
                    aspect_mask: vk::ImageAspectFlags::COLOR,
                    base_mip_level: 0,
                    level_count: 1,
                    base_array_layer: picture.layer,
                    layer_count: 1,
                }),
        )];
        let info = vk::DependencyInfo::default().image_memory_barriers(&images);
        // SAFETY: recording; the mistakes are on purpose.
        unsafe { self.device.cmd_pipeline_barrier2(commands, &info) };
    }

    /// A copy of the first texels of `picture`, in `layout`.
    pub fn copy(&self, commands: vk::CommandBuffer, picture: Picture, layout: vk::ImageLayout) {
        let region = vk::BufferImageCopy::default()
            .buffer_offset(BITSTREAM)
            .image_subresource(vk::ImageSubresourceLayers {
                aspect_mask: vk::ImageAspectFlags::PLANE_0,
                mip_level: 0,
                base_array_layer: picture.layer,
                layer_count: 1,
            })
            .image_extent(vk::Extent3D { width: 16, height: 16, depth: 1 });
        let image = self.images[picture.image];
        // SAFETY: inside image and buffer; the mistakes are on purpose.
        unsafe {
            self.device.cmd_copy_image_to_buffer(commands, image, layout, self.buffer, &[region]);
        }
    }
}
