//! Buffers, images and views, as data.

pub(crate) mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ash::vk;

use crate::format::{self, Format, PlaneFormat};
use crate::memory::{ALIGNMENT, Binding};
use crate::order::{BufferState, LayerState};
use av1_engine::job::Profile;

use self::store::Pending;

/// A buffer.
pub(crate) struct Buffer {
    pub(crate) size: u64,
    pub(crate) binding: Binding,
    pub(crate) profiles: Profiles,
    /// As the executed commands left it.
    pub(crate) state: Mutex<BufferState>,
}

/// The video profiles that a resource may be used with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Profiles {
    /// Those of its list.
    Listed(Vec<Profile>),
    /// VIDEO_PROFILE_INDEPENDENT: all.
    Independent,
}

impl Profiles {
    /// Whether a resource with them is compatible with `profile`.
    pub(crate) fn has(&self, profile: &Profile) -> bool {
        match self {
            Self::Listed(list) => list.contains(profile),
            Self::Independent => true,
        }
    }
}

/// One plane of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaneLayout {
    /// Its format.
    pub(crate) format: PlaneFormat,
    /// Size in texels.
    pub(crate) width: u32,
    /// See `width`.
    pub(crate) height: u32,
    /// Offset in a layer, in bytes.
    pub(crate) offset: u64,
    /// Bytes of a row.
    pub(crate) pitch: u64,
}

/// An image: rows of its planes, one layer after the other. OPTIMAL is the same as LINEAR.
pub(crate) struct Image {
    pub(crate) format: Format,
    pub(crate) extent: vk::Extent3D,
    pub(crate) layers: u32,
    pub(crate) planes: Vec<PlaneLayout>,
    pub(crate) layer_bytes: u64,
    pub(crate) binding: Binding,
    /// VK_IMAGE_TILING_OPTIMAL: only commands look at its contents.
    pub(crate) optimal: bool,
    /// For each layer the decoded picture that its memory does not hold yet.
    pending: Vec<Mutex<Option<Pending>>>,
    /// VK_SHARING_MODE_EXCLUSIVE.
    pub(crate) exclusive: bool,
    pub(crate) profiles: Profiles,
    /// What it may be used for.
    pub(crate) usage: vk::ImageUsageFlags,
    /// The state of each layer, as the executed commands left it.
    pub(crate) states: Mutex<Vec<LayerState>>,
}

const ROW_ALIGNMENT: u64 = 64;

impl Image {
    /// An image without memory; `None` for what the driver does not support.
    pub(crate) fn new(info: &vk::ImageCreateInfo<'_>, profiles: Profiles) -> Option<Self> {
        let format = format::describe(info.format)?;
        let supported = info.image_type == vk::ImageType::TYPE_2D
            && info.mip_levels == 1
            && info.samples == vk::SampleCountFlags::TYPE_1
            && info.extent.depth == 1
            && info.array_layers >= 1
            && info.extent.width >= 1
            && info.extent.height >= 1;
        if !supported {
            return None;
        }
        let mut planes = Vec::new();
        let mut offset = 0;
        for plane in format.planes() {
            let width = info.extent.width.div_ceil(1 << plane.shift.0);
            let height = info.extent.height.div_ceil(1 << plane.shift.1);
            let pitch = (u64::from(width) * u64::from(plane.bytes)).next_multiple_of(ROW_ALIGNMENT);
            planes.push(PlaneLayout { format: *plane, width, height, offset, pitch });
            offset += pitch * u64::from(height);
        }
        Some(Self {
            format,
            extent: info.extent,
            layers: info.array_layers,
            planes,
            layer_bytes: offset.next_multiple_of(ALIGNMENT),
            binding: Binding::default(),
            optimal: info.tiling == vk::ImageTiling::OPTIMAL,
            pending: (0..info.array_layers).map(|_| Mutex::default()).collect(),
            exclusive: info.sharing_mode == vk::SharingMode::EXCLUSIVE,
            profiles,
            usage: info.usage,
            states: Mutex::new(vec![
                LayerState::new(info.initial_layout);
                info.array_layers as usize
            ]),
        })
    }

    /// Bytes of memory that it needs.
    pub(crate) fn size(&self) -> u64 {
        self.layer_bytes * u64::from(self.layers)
    }

    /// Offset of texel (`x`, `y`) of `plane` in `layer`; `None` outside the image.
    pub(crate) fn offset(&self, plane: usize, layer: u32, x: u32, y: u32) -> Option<u64> {
        let p = self.planes.get(plane)?;
        let inside = layer < self.layers && x <= p.width && y < p.height;
        inside.then(|| {
            u64::from(layer) * self.layer_bytes
                + p.offset
                + u64::from(y) * p.pitch
                + u64::from(x) * u64::from(p.format.bytes)
        })
    }

    /// The decoded picture that the memory of `layer` does not hold yet; `None` if there is no such
    /// layer.
    pub(crate) fn pending(&self, layer: u32) -> Option<MutexGuard<'_, Option<Pending>>> {
        let pending = self.pending.get(layer as usize)?;
        Some(pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Before the memory of `layer` is read or written: writes what is pending.
    pub(crate) fn settle(&self, layer: u32) {
        let pending = self.pending(layer).and_then(|mut pending| pending.take());
        if pending.is_some_and(|pending| pending.write(self, layer).is_none()) {
            log::error!("softvk: a decoded picture does not fit in its image's memory");
        }
    }

    /// vkGetImageSubresourceLayout.
    pub(crate) fn subresource_layout(&self, plane: usize, layer: u32) -> vk::SubresourceLayout {
        let Some(p) = self.planes.get(plane) else { return vk::SubresourceLayout::default() };
        vk::SubresourceLayout {
            offset: u64::from(layer) * self.layer_bytes + p.offset,
            size: p.pitch * u64::from(p.height),
            row_pitch: p.pitch,
            array_pitch: self.layer_bytes,
            depth_pitch: 0,
        }
    }
}

/// An image view.
pub(crate) struct ImageView {
    pub(crate) image: Arc<Image>,
    pub(crate) format: vk::Format,
    pub(crate) base_layer: u32,
    pub(crate) layer_count: u32,
}

/// VkVideoPictureResourceInfoKHR: a picture in an image.
#[derive(Clone)]
pub(crate) struct Resource {
    pub(crate) view: Arc<ImageView>,
    /// Layer of the image: that of the view and `baseArrayLayer` added.
    pub(crate) layer: u32,
    /// `codedExtent`.
    pub(crate) extent: (u32, u32),
    /// `codedOffset`.
    pub(crate) offset: (i32, i32),
}

impl Resource {
    /// Whether both are the same image subresource.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view.image, &other.view.image) && self.layer == other.layer
    }

    /// Whether both match: the same subresource, offset and extent.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.is_same(other) && self.extent == other.extent && self.offset == other.offset
    }
}
