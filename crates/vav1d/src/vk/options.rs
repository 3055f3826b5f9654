//! How to decode: what a caller may choose, with its defaults.

use std::time::Duration;

use super::bitstream::BitstreamShape;
use super::planted::PlantedFault;
use super::slots::SlotPolicy;

/// Whether DPB picture and output are to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpbPreference {
    /// One picture.
    Coincide,
    /// Two pictures.
    Distinct,
}

/// Who applies film grain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrainMode {
    /// The driver, where it can; else the caller, told by `Output::pending_grain`.
    #[default]
    Driver,
    /// As `Driver`, also where a driver's film grain is known to be wrong.
    DriverAlways,
    /// The caller always, told by `Output::pending_grain`.
    Host,
    /// Nobody.
    None,
}

impl GrainMode {
    /// Whether the driver is to apply it, if it can.
    pub(super) fn is_drivers(self) -> bool {
        matches!(self, Self::Driver | Self::DriverAlways)
    }

    /// Whether nobody else is to.
    pub(super) fn is_always(self) -> bool {
        self == Self::DriverAlways
    }
}

/// How decode statuses are queried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusQueries {
    /// Not at all.
    None,
    /// By vkCmdBeginQuery and vkCmdEndQuery.
    Pool,
    /// By VkVideoInlineQueryInfoKHR (videoMaintenance1).
    Inline,
}

/// Layouts of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layouts {
    /// VIDEO_DECODE_DPB, VIDEO_DECODE_DST, TRANSFER_SRC.
    Video,
    /// GENERAL always (unifiedImageLayoutsVideo).
    General,
}

/// How the sequence header gets to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersMode {
    /// In a VkVideoSessionParametersKHR.
    Object,
    /// With each decode (videoMaintenance2).
    Inline,
}

/// Order in which the command buffers of frames in flight are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// As they are submitted.
    InOrder,
    /// The newest first, when as many as may be in flight are waiting.
    Shuffled,
}

/// Unit of pMiColStarts and pMiRowStarts: drivers shall not need them, and clients disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileStarts {
    /// Units of 4x4 luma samples.
    ModeInfo,
    /// Superblocks.
    Superblocks,
}

/// Whether an INTRA_ONLY_FRAME names a reference, which it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntraReferences {
    /// It names a picture that is there: ANV (Mesa 26.2) crashes without, and RADV takes the pitch
    /// of the DPB from it.
    Named,
    /// It names none, as a KEY_FRAME does.
    None,
}

/// Where OrderHints and SavedOrderHints have the order hint of reference name n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderHints {
    /// At n, as in the AV1 specification.
    Named,
    /// At n - 1, where NVIDIA's drivers 555 to 565 look for it.
    Shifted,
}

/// What DPB pictures are made as large as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpbExtent {
    /// The largest frame of the sequence, unless that is far larger than its first: an engine with one
    /// pitch and height for all references (VCN up to 4) reads those of another size wrongly.
    Sequence,
    /// Their frames.
    Frame,
}

/// How queue families share the images that are decoded to and copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// VK_SHARING_MODE_CONCURRENT, as released clients have it.
    Concurrent,
    /// VK_SHARING_MODE_EXCLUSIVE: their ownership is handed over for each copy.
    Exclusive,
}

/// How outputs lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputTiling {
    /// VK_IMAGE_TILING_OPTIMAL: as the device likes it.
    Optimal,
    /// VK_IMAGE_TILING_LINEAR: row by row.
    Linear,
}

/// How decoded pictures get to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadbackWay {
    /// A queue copies them to a buffer.
    Copy,
    /// The host copies them out of the image (VK_EXT_host_image_copy).
    Host,
    /// The host reads the memory of the image, which is of LINEAR tiling.
    Linear,
}

/// How shaders sample a picture that stays on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// By a view of each plane, which the image's MUTABLE_FORMAT allows.
    #[default]
    Planes,
    /// By one view of all planes, through a VkSamplerYcbcrConversion that changes nothing.
    Whole,
}

/// Which queue family copies decoded pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyQueue {
    /// One without video, which only copies if there is such a one; else the decode family.
    Auto,
    /// The decode family.
    Decode,
    /// The family of this index.
    Family(u32),
}

/// codedExtent of a frame with superres, of which the Vulkan specification says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodedExtent {
    /// UpscaledWidth x FrameHeight.
    Upscaled,
    /// FrameWidth x FrameHeight: what is coded.
    Frame,
}

/// How to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorOptions {
    /// Whether DPB picture and output are one; `None` chooses. Default: `None`.
    pub dpb: Option<DpbPreference>,
    /// Where `dpb` is left open, both are offered and pictures go to the host: DISTINCT. A reference
    /// then need not leave its layout for a copy, and decodes do not wait for copies. Default: no;
    /// RADV gets it, and what decodes on the processor.
    pub prefer_distinct: bool,
    /// Whether DPB pictures are layers of one image; `None`: only where they must. Default: `None`.
    pub layered: Option<bool>,
    /// What DPB pictures are made as large as, unless they are layers of one image. Default: the largest
    /// frame of the sequence.
    pub dpb_extent: DpbExtent,
    /// Who applies film grain. Default: the driver.
    pub film_grain: GrainMode,
    /// Which free DPB slot a frame gets. Default: the lowest.
    pub slot_policy: SlotPolicy,
    /// How decode statuses are queried; `None`: from a pool, where the queue family offers it.
    /// Default: `None`.
    pub status_queries: Option<StatusQueries>,
    /// Layouts of pictures. Default: those made for video.
    pub layouts: Layouts,
    /// How the sequence header gets to the driver. Default: by a parameters object.
    pub parameters: ParametersMode,
    /// Whether images and buffers are made for no profile (videoMaintenance1). Default: no.
    pub profile_independent: bool,
    /// Order in which command buffers are recorded. Default: as they are submitted.
    pub recording: Recording,
    /// Unit of pMiColStarts and pMiRowStarts; `None`: superblocks on RADV and ANV, which take them
    /// for that in Mesa 25.0 and ignore them later, else mode info units. Default: `None`.
    pub tile_starts: Option<TileStarts>,
    /// Whether an INTRA_ONLY_FRAME names a reference. Default: it does.
    pub intra_references: IntraReferences,
    /// Where order hints of references are; `None`: one entry lower for NVIDIA's drivers 555 to
    /// 565, else by name. Default: `None`.
    pub order_hints: Option<OrderHints>,
    /// How queue families share images. Default: concurrently.
    pub sharing: Sharing,
    /// Which queue family copies. Default: one without video.
    pub copy_queue: CopyQueue,
    /// Tiling of outputs; `None`: optimal, where both are offered. Default: `None`.
    pub output_tiling: Option<OutputTiling>,
    /// How pictures get to the host; `None` chooses. Where pictures may stay on the device, those
    /// that do not are copied. Default: `None`.
    pub readback: Option<ReadbackWay>,
    /// Where `readback` is left open and formats list that usage: by the host. Default: no; integrated
    /// devices that offer it and have no queue family that only copies get it.
    pub prefer_host: bool,
    /// codedExtent of a frame with superres. Default: the upscaled one.
    pub coded_extent: CodedExtent,
    /// How coded bytes lie in the buffer. Default: whole OBUs from offset 0.
    pub bitstream: BitstreamShape,
    /// Frames that the device may be busy with, 1 to 64; 0 chooses: 4, and more where the device is
    /// the processor and has many cores. Default: 0.
    pub frames_in_flight: u32,
    /// How long to wait for the device. Default: 20 s.
    pub timeout: Duration,
    /// A wrong value on purpose. Default: none.
    pub planted: Option<PlantedFault>,
    /// DPB pictures are made so that [`crate::vk::Executor::overwrite`] can write them. Default:
    /// no.
    pub overwritable: bool,
    /// Try streams of a level above the device's maximum. Default: no.
    pub force_level: bool,
    /// MUTABLE_FORMAT is taken where a device supports it and does not list it for video formats, so
    /// that pictures can be drawn from where they are. Default: no; NVIDIA's driver gets it, but not
    /// under the validation layer, which goes by the list.
    pub unlisted_mutable: bool,
    /// Pictures stay on the device, where it is one that draws ([`crate::vk::Executor::on`]), and
    /// are read only when somebody looks at their samples. Default: no.
    pub on_device: bool,
    /// How shaders sample them; `None`: by planes, where the device allows that, else as a whole.
    /// Default: `None`.
    pub sampling: Option<Sampling>,
}

impl Default for ExecutorOptions {
    fn default() -> Self {
        Self {
            dpb: None,
            prefer_distinct: false,
            layered: None,
            dpb_extent: DpbExtent::Sequence,
            film_grain: GrainMode::Driver,
            slot_policy: SlotPolicy::Lowest,
            status_queries: None,
            layouts: Layouts::Video,
            parameters: ParametersMode::Object,
            profile_independent: false,
            recording: Recording::InOrder,
            tile_starts: None,
            intra_references: IntraReferences::Named,
            order_hints: None,
            sharing: Sharing::Concurrent,
            copy_queue: CopyQueue::Auto,
            output_tiling: None,
            readback: None,
            prefer_host: false,
            coded_extent: CodedExtent::Upscaled,
            bitstream: BitstreamShape::default(),
            frames_in_flight: 0,
            timeout: Duration::from_secs(20),
            planted: None,
            overwritable: false,
            force_level: false,
            unlisted_mutable: false,
            on_device: false,
            sampling: None,
        }
    }
}
