//! Pictures on the device: DPB pictures and outputs, for each way to keep them, and their reuse.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;

use super::barriers::{Layer, Use};
use super::caps::{COPY, OVERWRITE, VideoFormat, with_profile};
use super::choose::Choice;
use super::device::Device;
use super::memory::Location;
use super::objects::Image;
use super::on_device::{PictureViews, Source};
use super::options::{DpbExtent, Layouts, ReadbackWay, Sampling, Sharing};
use super::readback::PictureLayout;
use super::slots::DpbSlot;
use super::submit::Ticket;
use super::views::View;
use crate::error::Result;
use crate::limits::{SPARE_IMAGE_AGE, SPARE_IMAGE_BYTES};

/// A picture: one layer of an image, with what has to be known for its next use.
pub(super) struct PictureImage {
    view: View,
    /// Size of the image in texels.
    pub(super) extent: (u32, u32),
    /// Which layouts it is kept in.
    layouts: Layouts,
    /// How it was used last.
    pub(super) last_use: Use,
    /// The newest copy of it.
    pub(super) copied: Ticket,
    /// Views for shaders, once it was drawn from.
    views: Option<Arc<PictureViews>>,
    /// Whoever draws from it has this too.
    hold: Arc<()>,
    /// The copy family owns it, and has released it to the decode family after this use.
    pub(super) comes_back: Option<Use>,
}

impl PictureImage {
    /// The view, for decoding.
    pub(super) fn view(&self) -> vk::ImageView {
        self.view.raw()
    }

    /// The layer, for barriers and copies.
    pub(super) fn layer(&self) -> Layer {
        let image = self.view.image().raw();
        Layer { image, layer: self.view.layer(), layouts: self.layouts }
    }

    /// The picture as one that is drawn from where it is: one of `layout`, made for that `sampling`.
    pub(super) fn source(&mut self, layout: PictureLayout, sampling: Sampling) -> Result<Source> {
        let views = match &self.views {
            Some(views) => views.clone(),
            None => {
                let (image, layer) = (self.view.image(), self.view.layer());
                let made = PictureViews::new(image, layer, layout, sampling)?;
                self.views.insert(Arc::new(made)).clone()
            }
        };
        let (layer, kept, extent) = (self.layer(), self.last_use, self.extent);
        Ok(Source { layer, views, kept, extent, layout, hold: self.hold.clone() })
    }

    /// The picture as one that the host reads where it is. It is not decoded to as long as that is
    /// there, unless it is one layer of many.
    pub(super) fn held(&self) -> (Arc<Image>, Arc<()>) {
        (self.view.image().clone(), self.hold.clone())
    }

    /// Whether somebody draws from it or reads it, or may.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.hold) > 1
    }
}

/// Index of a picture in [`Pictures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PictureId(usize);

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A reference picture, and in coincide mode an output.
    Dpb(DpbSlot),
    /// An output beside the reference picture.
    Output,
}

struct Entry {
    picture: PictureImage,
    is_dpb: bool,
    /// Since when nobody uses it, counted in pictures taken.
    free_since: Option<u64>,
}

impl Entry {
    /// Whether the next frame of its size may have it.
    fn is_free(&self) -> bool {
        self.free_since.is_some() && !self.picture.is_held()
    }
}

/// What became of pictures of sizes that are not wanted any more: kept until no submission uses it.
pub(super) struct Outdated(#[expect(dead_code, reason = "dropped")] Vec<PictureImage>);

/// All pictures of a session.
pub(super) struct Pictures {
    device: Arc<Device>,
    choice: Choice,
    entries: Vec<Option<Entry>>,
    /// Pictures taken so far.
    taken: u64,
    /// Size that all DPB pictures are made for, once there is one; `None` in it: each for its frame.
    dpb_size: Option<Option<(u32, u32)>>,
    /// In layered mode: the entry of each DPB slot.
    layers: Vec<PictureId>,
}

/// Images are multiples of this in both directions, as subsampled formats want it
/// (VUID-VkImageCreateInfo-format-04712).
const MULTIPLE: u32 = 2;
/// How many times a session's largest frame may be as large as its first.
const MOST_LARGER: u64 = 16;

impl Pictures {
    /// No pictures yet, for sessions of `choice`.
    pub(super) fn new(device: &Arc<Device>, choice: &Choice) -> Self {
        Self {
            device: device.clone(),
            choice: choice.clone(),
            entries: Vec::new(),
            taken: 0,
            dpb_size: None,
            layers: Vec::new(),
        }
    }

    /// A picture for frames of `size` luma samples; freed with [`Self::free`]. With `copied` it is one
    /// that no copy newer than this is of: a decode to it waits for none.
    pub(super) fn take(
        &mut self,
        role: Role,
        size: (u32, u32),
        copied: Option<Ticket>,
    ) -> Result<PictureId> {
        if let (Role::Dpb(slot), true) = (role, self.choice.layered) {
            return self.layer(slot);
        }
        let is_dpb = role != Role::Output;
        let size = if is_dpb { self.dpb_size(size) } else { size };
        let extent = self.image_extent(size);
        self.taken += 1;
        let is_over = |picture: &PictureImage| copied.is_none_or(|copied| picture.copied <= copied);
        let fits = |e: &Entry| {
            let is_like_it = e.is_dpb == is_dpb && e.picture.extent == extent;
            e.is_free() && is_like_it && is_over(&e.picture)
        };
        let found = self.entries.iter().position(|e| e.as_ref().is_some_and(fits));
        let index = match found {
            Some(index) => index,
            None => {
                let image = Arc::new(self.image(is_dpb, extent, 1)?);
                self.add(&image, 0, extent, is_dpb)?
            }
        };
        if let Some(Some(entry)) = self.entries.get_mut(index) {
            entry.free_since = None;
        }
        Ok(PictureId(index))
    }

    /// What DPB pictures are made for: the largest frame of the sequence. Engines with one pitch and
    /// one height for all references (VCN up to 4) read those of another size wrongly. Not where the
    /// sequence says much more than its first frame has: nine pictures of it could be all memory.
    fn dpb_size(&mut self, frame: (u32, u32)) -> (u32, u32) {
        let most = self.choice.max_coded_extent;
        if self.choice.dpb_extent == DpbExtent::Frame {
            return frame;
        }
        let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
        let all = *self
            .dpb_size
            .get_or_insert_with(|| (area(most) <= MOST_LARGER * area(frame)).then_some(most));
        all.unwrap_or(frame)
    }

    /// Takes away what nobody has used for long, or is more than may lie about. It may be in use by
    /// submissions so far.
    pub(super) fn outdated(&mut self) -> Option<Outdated> {
        let mut free: Vec<(u64, usize, u64)> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(entry) = entry.as_ref().filter(|entry| entry.is_free()) else { continue };
            let Some(since) = entry.free_since else { continue };
            if !self.layers.contains(&PictureId(index)) {
                free.push((since, index, entry.picture.view.image().size_bytes()));
            }
        }
        free.sort_unstable();
        let mut bytes: u64 = free.iter().map(|(_, _, bytes)| bytes).sum();
        let mut gone = Vec::new();
        for (since, index, size) in free {
            if bytes <= SPARE_IMAGE_BYTES && self.taken - since <= SPARE_IMAGE_AGE {
                break;
            }
            bytes -= size;
            gone.extend(self.entries[index].take().map(|entry| entry.picture));
        }
        (!gone.is_empty()).then_some(Outdated(gone))
    }

    /// Gives a picture back. Its next use comes after all uses so far, by order of submission and
    /// by the tickets that it keeps.
    pub(super) fn free(&mut self, id: PictureId) {
        if let Some(Some(entry)) = self.entries.get_mut(id.0) {
            entry.free_since = Some(self.taken);
        }
    }

    /// How many pictures somebody draws from, or may.
    pub(super) fn held(&self) -> usize {
        self.entries.iter().flatten().filter(|entry| entry.picture.is_held()).count()
    }

    pub(super) fn get(&self, id: PictureId) -> &PictureImage {
        match &self.entries[id.0] {
            Some(entry) => &entry.picture,
            None => unreachable!("a picture that is in use was taken away"),
        }
    }

    pub(super) fn get_mut(&mut self, id: PictureId) -> &mut PictureImage {
        match &mut self.entries[id.0] {
            Some(entry) => &mut entry.picture,
            None => unreachable!("a picture that is in use was taken away"),
        }
    }

    /// The layer of `slot` of the one DPB image, which is made when it is first needed: of the
    /// largest size, since all references must be in it.
    fn layer(&mut self, slot: DpbSlot) -> Result<PictureId> {
        if self.layers.is_empty() {
            let extent = self.image_extent(self.choice.max_coded_extent);
            let image = Arc::new(self.image(true, extent, self.choice.slots)?);
            for layer in 0..self.choice.slots {
                let index = self.add(&image, layer, extent, true)?;
                self.layers.push(PictureId(index));
            }
        }
        let id = self.layers.get(slot.as_usize()).copied();
        Ok(id.unwrap_or(PictureId(0)))
    }

    fn add(
        &mut self,
        image: &Arc<Image>,
        layer: u32,
        extent: (u32, u32),
        is_dpb: bool,
    ) -> Result<usize> {
        let picture = PictureImage {
            view: View::new(image, layer)?,
            extent,
            layouts: self.choice.layouts,
            last_use: Use::Dpb,
            copied: Ticket::default(),
            views: None,
            hold: Arc::default(),
            comes_back: None,
        };
        let entry = Some(Entry { picture, is_dpb, free_since: Some(self.taken) });
        match self.entries.iter().position(Option::is_none) {
            Some(index) => {
                self.entries[index] = entry;
                Ok(index)
            }
            None => {
                self.entries.push(entry);
                Ok(self.entries.len() - 1)
            }
        }
    }

    /// `size` rounded up to what the driver writes, and to what the format wants.
    fn image_extent(&self, size: (u32, u32)) -> (u32, u32) {
        let unit = |granularity: u32| granularity.max(MULTIPLE).next_multiple_of(MULTIPLE);
        let granularity = self.choice.caps.granularity;
        (size.0.next_multiple_of(unit(granularity.0)), size.1.next_multiple_of(unit(granularity.1)))
    }

    fn image(&self, is_dpb: bool, extent: (u32, u32), layers: u32) -> Result<Image> {
        let choice = &self.choice;
        let (format, usage, name): (&VideoFormat, _, _) = match is_dpb {
            true => (&choice.dpb, choice.dpb_usage(), "DPB picture"),
            false => (&choice.output, choice.output_usage(), "output picture"),
        };
        let info = vk::ImageCreateInfo::default()
            .image_type(format.image_type)
            .format(format.format)
            .extent(vk::Extent3D { width: extent.0, height: extent.1, depth: 1 })
            .mip_levels(1)
            .array_layers(layers)
            .samples(vk::SampleCountFlags::TYPE_1)
            .tiling(format.tiling)
            .usage(usage)
            .sharing_mode(vk::SharingMode::EXCLUSIVE)
            .initial_layout(vk::ImageLayout::UNDEFINED);
        let is_output = usage.contains(vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR);
        let location = match choice.readback {
            ReadbackWay::Linear if is_output => Location::Readback,
            _ => Location::Device,
        };
        let families =
            [self.device.decode_queue(), self.device.copy_queue()].map(|queue| queue.family.index);
        let sampled = usage.contains(vk::ImageUsageFlags::SAMPLED);
        let copied = usage.intersects(COPY | OVERWRITE) && choice.sharing == Sharing::Concurrent;
        let info = match families[0] != families[1] && (sampled || copied) {
            true => info.sharing_mode(vk::SharingMode::CONCURRENT).queue_family_indices(&families),
            false => info,
        };
        let info = match sampled && choice.sampling == Sampling::Planes {
            true => info.flags(vk::ImageCreateFlags::MUTABLE_FORMAT),
            false => info,
        };
        // Images that are nothing but references belong to a profile all the same
        // (VUID-VkImageCreateInfo-flags-08329).
        if choice.profile_independent && is_output {
            let independent = vk::ImageCreateFlags::VIDEO_PROFILE_INDEPENDENT_KHR;
            let info = info.flags(info.flags | independent);
            // SAFETY: as below; videoMaintenance1 is enabled.
            return unsafe { Image::new(&self.device, &info, location, name) };
        }
        with_profile(&choice.profile, |_, list| {
            let info = info.push_next(list);
            // SAFETY: type, format, tiling and usage are those of one answer of the format query
            // for this profile.
            unsafe { Image::new(&self.device, &info, location, name) }
        })
    }
}

#[cfg(all(test, feature = "soft"))]
mod tests {
    use super::*;
    use crate::plan::SessionSpec;
    use crate::syntax::testing::plain_sequence;
    use crate::vk::choose::{choose, profiles};
    use crate::vk::entry::Driver;
    use crate::vk::features::Features;
    use crate::vk::instance::{Instance, InstanceOptions};
    use crate::vk::options::ExecutorOptions;

    /// Pictures of a session on softvk, of the largest frame `max`.
    fn pictures(max: (u32, u32)) -> Pictures {
        pictures_by(max, ExecutorOptions::default())
    }

    fn pictures_by(max: (u32, u32), options: ExecutorOptions) -> Pictures {
        let driver = Driver::Soft { config: None };
        let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
        let adapter = instance.adapters().expect("adapters").remove(0);
        let device =
            Device::open(&instance, &adapter, Features::wanted(&options), options.copy_queue)
                .expect("a device");
        let mut sequence = plain_sequence();
        sequence.max_frame_width_minus_1 = max.0 - 1;
        sequence.max_frame_height_minus_1 = max.1 - 1;
        let spec = SessionSpec { sequence: Arc::new(sequence), seq_level_idx: 8 };
        let profile = profiles(&spec, &options).remove(0);
        let choice = choose(&spec, &options, &adapter.profile_report(profile)).expect("a choice");
        Pictures::new(&device, &choice)
    }

    #[test]
    fn what_somebody_draws_from_is_not_decoded_to() {
        let mut pictures = pictures((64, 48));
        let size = (64, 48);
        let first = pictures.take(Role::Output, size, None).expect("a picture");
        let hold = pictures.get(first).hold.clone();
        assert_eq!(pictures.held(), 1);
        pictures.free(first);
        let second = pictures.take(Role::Output, size, None).expect("a picture");
        assert_ne!(second, first);
        pictures.free(second);
        assert_eq!(pictures.take(Role::Output, size, None).expect("a picture"), second);
        drop(hold);
        assert_eq!(pictures.held(), 0);
        assert_eq!(pictures.take(Role::Output, size, None).expect("a picture"), first);
    }

    /// As `slots` numbers them.
    fn dpb() -> Role {
        let mut slots = crate::vk::slots::Slots::new(1, crate::vk::SlotPolicy::Lowest);
        Role::Dpb(slots.bind(crate::plan::SurfaceId(0)).expect("free"))
    }

    #[test]
    fn dpb_pictures_are_as_large_as_the_sequence_says() {
        let mut layers = pictures((256, 192));
        for size in [(64, 48), (128, 96), (256, 192)] {
            let id = layers.take(dpb(), size, None).expect("a picture");
            assert_eq!(layers.get(id).extent, (256, 192));
            let id = layers.take(Role::Output, size, None).expect("a picture");
            assert_eq!(layers.get(id).extent, size);
        }
        let own = ExecutorOptions { dpb_extent: DpbExtent::Frame, ..Default::default() };
        let mut own = pictures_by((256, 192), own);
        let id = own.take(dpb(), (64, 48), None).expect("a picture");
        assert_eq!(own.get(id).extent, (64, 48));
        // A sequence header that says much more than there is.
        let mut absurd = pictures((16384, 8704));
        for size in [(176, 144), (352, 288)] {
            let id = absurd.take(dpb(), size, None).expect("a picture");
            assert_eq!(absurd.get(id).extent, size);
        }
    }

    #[test]
    fn pictures_of_sizes_that_do_not_come_back_go() {
        let mut pictures = pictures((4096, 4096));
        let mut most = 0;
        for nr in 0..300 {
            let id = pictures.take(Role::Output, (64 + 2 * nr, 64), None).expect("a picture");
            pictures.free(id);
            drop(pictures.outdated());
            most = most.max(pictures.entries.iter().flatten().count());
        }
        assert!(most as u64 <= SPARE_IMAGE_AGE + 1, "{most}");
        // Large ones sooner: 24 MiB each.
        for nr in 0..40 {
            let id = pictures.take(Role::Output, (4096 - 2 * nr, 4096), None).expect("a picture");
            pictures.free(id);
            drop(pictures.outdated());
        }
        let bytes = |e: &Entry| e.picture.view.image().size_bytes();
        let spare: u64 = pictures.entries.iter().flatten().map(bytes).sum();
        assert!(spare <= SPARE_IMAGE_BYTES, "{spare}");
        // One size comes back again and again, and stays.
        let first = pictures.take(Role::Output, (64, 64), None).expect("a picture");
        for _ in 0..300 {
            pictures.free(first);
            drop(pictures.outdated());
            assert_eq!(pictures.take(Role::Output, (64, 64), None).expect("a picture"), first);
        }
    }
}
