//! The executor's work on one `Decode` step: slot, pictures, references, bitstream, submission.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::{Arc, OnceLock};

use ash::vk;

use super::barriers::{self, Use};
use super::bitstream::Layout;
use super::execute::Executor;
use super::handed::Handed;
use super::images::{PictureId, Role};
use super::in_flight::{InFlight, QueuedWork, Work};
use super::objects::{Buffer, Commands};
use super::options::{CodedExtent, IntraReferences, OrderHints, Recording, TileStarts};
use super::record::{DecodeCommand, Nulls, Query, Resource, SlotUse};
use super::session::Parameters;
use super::slots::DpbSlot;
use super::submit::Ticket;
use super::surface::Surface;
use crate::error::Result;
use crate::plan::{FramePlan, SurfaceId};
use crate::syntax::frame::{FrameHeader, FrameType};
use crate::syntax::frame_size::FrameSize;
use av1_std::picture::{picture_parts, reference_info, superblock_starts};
use av1_std::sequence::sequence_parts;

/// Tile entries that some drivers read whatever the count is: RADV of Mesa 26.1.
const TILE_ENTRIES: usize = 256;
/// Bytes of the smallest bitstream buffer.
const MIN_BITSTREAM: u64 = 64 << 10;
/// Bytes of a bitstream buffer behind the range at least: engines fetch ahead of what they decode.
const SLACK: u64 = 4096;
/// Tiles of a frame that hardware is given at most. Level 7.3 allows 128 (A.3), drivers have room
/// for 256.
const MOST_TILES: usize = 256;

/// References of a frame: each slot once, with its surface's picture, and the slots by name.
struct References {
    slots: Vec<SlotUse>,
    pictures: Vec<PictureId>,
    names: [i32; 7],
}

/// Where a frame is decoded to.
#[derive(Clone, Copy)]
struct Targets {
    dpb: Option<PictureId>,
    output: PictureId,
}

impl Executor {
    pub(super) fn decode_frame(&mut self, plan: &FramePlan) -> Result<()> {
        let size = &plan.header.frame_size;
        let extent = (size.upscaled_width, size.frame_height);
        let handed = self.handed.remove(&plan.frame);
        let coded = match &handed {
            Some(handed) => handed.extent,
            None => coded_extent(size, self.options.coded_extent),
        };
        self.check_extent(coded)?;
        self.check_tiles(plan.bitstream.tile_offsets.len())?;
        self.retire_passed()?;
        let full = self.options.frames_in_flight.max(1) as usize;
        // Shuffled frames are recorded together, so all of them go before the next.
        let left = if self.options.recording == Recording::Shuffled { 0 } else { full - 1 };
        if self.in_flight.len() >= full {
            while self.in_flight.len() > left {
                self.retire_oldest()?;
            }
        }
        let mut references = self.references(plan)?;
        if let Some(handed) = &handed {
            references.slots = self.handed_references(handed)?;
        }
        let apply_grain = self.active()?.choice.profile.film_grain
            && self.options.film_grain.is_drivers()
            && plan.header.film_grain_params.apply_grain;
        let slot = match &handed {
            Some(handed) => self.bind_handed(plan, handed)?,
            None => self.bind_slot(plan)?,
        };
        let targets = self.targets(slot.map(Role::Dpb), extent, apply_grain)?;
        if let Some(outdated) = self.active()?.pictures.outdated() {
            self.retired.keep(&self.decode, &self.copy, outdated);
        }
        let own = handed.as_ref().and_then(Handed::setup_info);
        let mut info = own.unwrap_or_else(|| reference_info(&plan.header));
        if self.options.order_hints == Some(OrderHints::Shifted) && own.is_none() {
            info.SavedOrderHints.rotate_left(1);
        }
        let mut work = self.work()?;
        let layout = self.layout(plan)?;
        self.upload(&mut work, plan, &layout)?;
        let wait = self.newest_copy(&references, targets);
        let frame =
            Frame { plan, coded, slot: slot.map(DpbSlot::index), targets, info, apply_grain };
        let mut command = self.command(&work, &layout, references, frame)?;
        if let Some(handed) = &handed {
            handed.apply(&mut command);
        }
        if let Some(fault) = self.options.planted {
            self.plant_applied |= command.plant(fault, plan.frame);
        }
        let wait = self.copy.wait_for(wait);
        // SAFETY: recorded for the decode family before it is submitted; all that it uses is kept in
        // `in_flight`, `surfaces`, `active` or `retired` until its ticket has passed.
        let ticket = unsafe { self.enqueue(QueuedWork::Decode, wait) };
        let status = Arc::new(OnceLock::new());
        self.in_flight.push_back(InFlight {
            ticket,
            frame: plan.frame,
            unit: plan.unit,
            query: command.query.map(|query| query.index),
            status: status.clone(),
            work,
            command: Some(Box::new(command)),
        });
        self.newest = plan.frame;
        if self.options.recording == Recording::InOrder {
            self.flush()?;
        }
        let sequence = self.active()?.sequence.clone();
        self.surfaces.insert(
            plan.surface,
            Surface {
                slot,
                dpb: targets.dpb,
                output: targets.output,
                extent,
                coded,
                info,
                ticket,
                frame: plan.frame,
                header: plan.header.clone(),
                sequence,
                grained: apply_grain,
                status,
            },
        );
        Ok(())
    }

    fn check_tiles(&self, tiles: usize) -> Result<()> {
        let is_hardware = self.adapter.device_type != vk::PhysicalDeviceType::CPU;
        match too_many_tiles(tiles, is_hardware) {
            Some(what) => Err(self.device.lacks(what).into()),
            None => Ok(()),
        }
    }

    fn check_extent(&mut self, (width, height): (u32, u32)) -> Result<()> {
        let fits = self.active()?.choice.takes_extent((width, height));
        fits.map_err(|what| self.device.lacks(what).into())
    }

    fn references(&mut self, plan: &FramePlan) -> Result<References> {
        let limit = self.active()?.choice.active_references;
        let fit = self.active()?.choice.takes_references(plan, 0);
        fit.map_err(|what| self.device.lacks(what))?;
        let mut references = References { slots: Vec::new(), pictures: Vec::new(), names: [-1; 7] };
        let names = match plan.header.frame_type {
            FrameType::IntraOnly if limit > 0 => [self.any_reference(plan); 7],
            _ => plan.references,
        };
        for (name, surface) in references.names.iter_mut().zip(names) {
            let Some(surface) = surface.and_then(|id| self.surfaces.get(&id)) else { continue };
            let (Some(slot), Some(dpb)) = (surface.slot, surface.dpb) else { continue };
            *name = slot.index();
            if references.slots.iter().any(|s| s.index == slot.index()) {
                continue;
            }
            let active = self.active.as_ref();
            let Some(active) = active else { continue };
            references.pictures.push(dpb);
            references.slots.push(SlotUse {
                index: slot.index(),
                resource: Resource { view: active.pictures.get(dpb).view(), extent: surface.coded },
                info: surface.info,
            });
        }
        let fit = self.active()?.choice.takes_references(plan, references.slots.len());
        fit.map_err(|what| self.device.lacks(what))?;
        Ok(references)
    }

    /// The picture in the lowest slot, for a frame that need not name any; not one whose slot it
    /// gets itself.
    fn any_reference(&self, plan: &FramePlan) -> Option<SurfaceId> {
        let is_full = self.active.as_ref().is_some_and(|active| active.slots.is_full());
        let taken = plan.replaced.filter(|_| is_full);
        let named = self.options.intra_references == IntraReferences::Named;
        let held =
            self.surfaces.iter().filter(|(id, s)| named && s.dpb.is_some() && Some(**id) != taken);
        let slots = held.filter_map(|(id, s)| Some((s.slot?, *id)));
        slots.min_by_key(|(slot, _)| slot.index()).map(|(_, id)| id)
    }

    /// A free slot for the frame; where there is none, that of the surface whose place it takes.
    fn bind_slot(&mut self, plan: &FramePlan) -> Result<Option<DpbSlot>> {
        let active = self.active()?;
        if active.choice.slots == 0 {
            return Ok(None);
        }
        match active.slots.take(plan.surface, plan.replaced) {
            Some(slot) => Ok(Some(slot)),
            None => {
                let what = active.choice.no_slot();
                Err(self.device.lacks(what).into())
            }
        }
    }

    fn targets(&mut self, dpb: Option<Role>, size: (u32, u32), grain: bool) -> Result<Targets> {
        // Frames are decoded beside each other on a processor, as long as none waits for a copy; its
        // images take no memory until somebody looks.
        let copied = match self.adapter.device_type {
            vk::PhysicalDeviceType::CPU => {
                self.copy.passed(self.copy.last())?;
                Some(self.copy.done())
            }
            _ => None,
        };
        let active = self.active()?;
        let dpb = dpb.map(|role| active.pictures.take(role, size, None)).transpose()?;
        let output = match dpb {
            Some(dpb) if active.choice.coincide && !grain => dpb,
            _ => active.pictures.take(Role::Output, size, copied)?,
        };
        Ok(Targets { dpb, output })
    }

    fn work(&mut self) -> Result<Work> {
        if let Some(work) = self.spare_work.pop() {
            return Ok(work);
        }
        let commands = Commands::new(&self.device, self.decode.family(), "decode")?;
        Ok(Work { commands, bitstream: None })
    }

    fn layout(&mut self, plan: &FramePlan) -> Result<Layout> {
        let shape = self.options.bitstream;
        let caps = &self.active()?.choice.caps;
        let align = (caps.offset_alignment, caps.size_alignment);
        Ok(Layout::new(&plan.bitstream, shape, align))
    }

    /// Copies the frame's bytes to the bitstream buffer: zeros behind them up to the end of the
    /// range, and bytes that are no OBU before it.
    fn upload(&mut self, work: &mut Work, plan: &FramePlan, layout: &Layout) -> Result<()> {
        let bytes = layout.bytes(&plan.bitstream);
        let needed = layout.offset + layout.range;
        let small = work.bitstream.as_ref().is_none_or(|b| b.size_bytes() < needed + SLACK);
        if small {
            let size = buffer_bytes(needed);
            let profile = self.active()?.choice.profile;
            // The old one is spare: no submission uses it.
            let profile = (!self.options.profile_independent).then_some(&profile);
            work.bitstream = Some(Buffer::bitstream(&self.device, profile, size)?);
        }
        let before = vec![0xff; layout.offset as usize];
        let padding = vec![0; (layout.range - bytes.len() as u64) as usize];
        match &mut work.bitstream {
            // SAFETY: the buffer is spare: no submission uses it.
            Some(buffer) => unsafe { buffer.write(&[&before, bytes, &padding]) },
            None => Ok(()),
        }
    }

    /// The newest copy of a picture that the frame touches.
    fn newest_copy(&mut self, references: &References, targets: Targets) -> Ticket {
        let Some(active) = &self.active else { return Ticket::default() };
        let touched = references.pictures.iter().copied().chain(targets.dpb);
        let copied = |id| active.pictures.get(id).copied;
        touched.chain([targets.output]).map(copied).max().unwrap_or_default()
    }

    fn barriers(
        &mut self,
        references: &References,
        targets: Targets,
    ) -> Result<Vec<vk::ImageMemoryBarrier2<'static>>> {
        let transfer = self.device.transfer();
        let pictures = &mut self.active()?.pictures;
        let mut barriers = Vec::new();
        for id in &references.pictures {
            let picture = pictures.get_mut(*id);
            if let (Some(from), Some((decode, copy))) = (picture.comes_back.take(), transfer) {
                barriers.push(barriers::acquire(picture.layer(), from, Use::Dpb, (copy, decode)));
            }
        }
        let apart = (targets.dpb != Some(targets.output)).then_some((targets.output, Use::Output));
        for (id, to) in targets.dpb.map(|dpb| (dpb, Use::Dpb)).into_iter().chain(apart) {
            let picture = pictures.get_mut(id);
            picture.comes_back = None;
            picture.last_use = to;
            barriers.push(barriers::discard(picture.layer(), to));
        }
        Ok(barriers)
    }

    /// All that is to be recorded of `frame`.
    fn command(
        &mut self,
        work: &Work,
        layout: &Layout,
        references: References,
        frame: Frame<'_>,
    ) -> Result<DecodeCommand> {
        let barriers = self.barriers(&references, frame.targets)?;
        let tile_starts = self.options.tile_starts.unwrap_or(TileStarts::ModeInfo);
        let order_hints = self.options.order_hints;
        let plan = frame.plan;
        let active = self.active()?;
        let index = active.next_query();
        let mut parts = picture_parts(&plan.header, frame.apply_grain);
        if tile_starts == TileStarts::Superblocks {
            let mi = if active.sequence.use_128x128_superblock { 32 } else { 16 };
            parts.mi_col_starts = superblock_starts(parts.mi_col_starts, mi);
            parts.mi_row_starts = superblock_starts(parts.mi_row_starts, mi);
        }
        if is_apart(&plan.header, active.sequence.max_frame_size()) {
            parts.info.flags.set_frame_size_override_flag(1);
        }
        if order_hints == Some(OrderHints::Shifted) {
            parts.info.OrderHints.rotate_left(1);
        }
        let resource = |id| Resource { view: active.pictures.get(id).view(), extent: frame.coded };
        let setup = frame.slot.zip(frame.targets.dpb).map(|(index, dpb)| SlotUse {
            index,
            resource: resource(dpb),
            info: frame.info,
        });
        let inline = active.choice.inline_parameters;
        let inline_query = active.choice.inline_queries;
        Ok(DecodeCommand {
            session: active.session.raw(),
            parameters: active.parameters.as_ref().map(Parameters::raw).unwrap_or_default(),
            inline_sequence: inline.then(|| sequence_parts(&active.sequence)),
            reset: std::mem::take(&mut active.needs_reset),
            barriers,
            bitstream: work.bitstream.as_ref().map(Buffer::raw).unwrap_or_default(),
            offset: layout.offset,
            range_bytes: layout.range,
            frame_header_offset: layout.frame_header_offset,
            tile_offsets: padded(&layout.tile_offsets),
            tile_sizes: padded(&plan.bitstream.tile_sizes),
            n_tiles: plan.bitstream.tile_offsets.len() as u32,
            parts,
            nulls: Nulls::default(),
            dst: resource(frame.targets.output),
            setup,
            references: references.slots,
            reference_name_slot_indices: references.names,
            query: active.queries.as_ref().map(|queries| Query {
                pool: queries.raw(),
                index,
                inline: inline_query,
            }),
        })
    }
}

/// What is known of a frame when it is recorded.
struct Frame<'a> {
    plan: &'a FramePlan,
    /// codedExtent.
    coded: (u32, u32),
    slot: Option<i32>,
    targets: Targets,
    info: vk::native::StdVideoDecodeAV1ReferenceInfo,
    apply_grain: bool,
}

/// codedExtent of a frame of `size`.
pub(super) fn coded_extent(size: &FrameSize, mode: CodedExtent) -> (u32, u32) {
    match mode {
        CodedExtent::Upscaled => (size.upscaled_width, size.frame_height),
        CodedExtent::Frame => (size.frame_width, size.frame_height),
    }
}

/// Bytes of the buffer for a range that ends at `needed`.
fn buffer_bytes(needed: u64) -> u64 {
    (needed + SLACK).next_power_of_two().max(MIN_BITSTREAM)
}

/// What a device lacks for a frame of so many tiles, if it is hardware.
pub(super) fn too_many_tiles(tiles: usize, is_hardware: bool) -> Option<String> {
    (is_hardware && tiles > MOST_TILES)
        .then(|| format!("a frame of {tiles} tiles: drivers have room for {MOST_TILES}"))
}

/// Whether a frame has not the size `largest` of the sequence header that the driver was handed,
/// without saying so: that header is larger than the coded one where a key frame is.
fn is_apart(header: &FrameHeader, largest: (u32, u32)) -> bool {
    let size = &header.frame_size;
    !header.frame_size_override_flag && (size.upscaled_width, size.frame_height) != largest
}

/// Offsets or sizes of tiles with as many entries as drivers read.
fn padded(values: &[u32]) -> Vec<u32> {
    let mut values = values.to_vec();
    values.resize(values.len().max(TILE_ENTRIES), 0);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_never_ends_where_its_buffer_does() {
        for needed in [1, 60 << 10, 64 << 10, 1 << 20, (1 << 20) - 100] {
            let bytes = buffer_bytes(needed);
            assert!(bytes >= needed + SLACK && bytes.is_power_of_two(), "{needed}: {bytes}");
        }
        assert_eq!(buffer_bytes(1), MIN_BITSTREAM);
    }

    #[test]
    fn a_frame_with_superres_has_two_extents() {
        let mut size = crate::syntax::testing::plain_frame().frame_size;
        (size.frame_width, size.upscaled_width, size.frame_height) = (88, 176, 144);
        assert_eq!(coded_extent(&size, CodedExtent::Upscaled), (176, 144));
        assert_eq!(coded_extent(&size, CodedExtent::Frame), (88, 144));
    }

    #[test]
    fn a_frame_smaller_than_a_sequence_that_has_grown_says_so() {
        let mut header = crate::syntax::testing::plain_frame();
        header.frame_size_override_flag = false;
        (header.frame_size.upscaled_width, header.frame_size.frame_height) = (176, 144);
        assert!(!is_apart(&header, (176, 144)) && is_apart(&header, (192, 144)));
        header.frame_size_override_flag = true;
        assert!(!is_apart(&header, (192, 144)));
    }

    #[test]
    fn entries_of_tiles_go_on_for_drivers_that_do_not_count_them() {
        let (one, many) = (padded(&[7]), padded(&[7; 300]));
        assert_eq!((one.len(), &one[..3], many.len()), (256, &[7, 0, 0][..], 300));
    }

    #[test]
    fn hardware_is_given_256_tiles_at_most() {
        assert_eq!(too_many_tiles(256, true), None);
        assert_eq!(too_many_tiles(4096, false), None);
        assert!(too_many_tiles(257, true).is_some_and(|what| what.contains("257 tiles")));
    }
}
