//! Session shapes: the axes in which a decode may differ without another output.

use clap::{Args, ValueEnum};

use vav1d::vk::{
    BitstreamShape, CodedExtent, CopyQueue, DpbExtent, DpbPreference, ExecutorOptions,
    IntraReferences, Layouts, OrderHints, OutputTiling, ParametersMode, ReadbackWay, Recording,
    Sharing, SlotPolicy, StatusQueries, TileStarts,
};

impl Default for ShapeArgs {
    /// As the command line has it where no option is given.
    fn default() -> Self {
        Self {
            dpb: Dpb::Auto,
            dpb_images: DpbImages::Auto,
            dpb_extent: DpbSize::Sequence,
            slots: SlotPolicy::Lowest,
            layout: Layout::Video,
            parameters: Parameters::Object,
            resources: Resources::Profile,
            status: Status::Auto,
            recording: RecordingOrder::InOrder,
            frames_in_flight: None,
            bitstream_offset: 0,
            bitstream_padding: 0,
            header_bytes: HeaderBytes::Present,
            tile_starts: TileUnit::Auto,
            intra_references: IntraNames::Named,
            sharing: SharingMode::Concurrent,
            copy_queue: CopyQueue::Auto,
            order_hints: Hints::Auto,
            output_tiling: TilingMode::Auto,
            readback: ReadbackMode::Auto,
            coded_extent: SuperresExtent::Upscaled,
        }
    }
}

/// How the session is made and used. A shape that the device cannot take is refused.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Session shape")]
pub struct ShapeArgs {
    /// Where pictures are decoded to: the reference picture itself, or a picture beside it
    #[arg(long, value_enum, default_value = "auto", value_name = "MODE")]
    pub dpb: Dpb,
    /// Reference pictures as layers of one image, or as separate images
    #[arg(long, value_enum, default_value = "auto", value_name = "MODE")]
    pub dpb_images: DpbImages,
    /// What separate reference pictures are made as large as: the largest frame of the sequence, or
    /// each for its own, which engines with one pitch for all of them (VCN up to 4) read wrongly
    #[arg(long, value_enum, default_value = "sequence", value_name = "SIZE")]
    pub dpb_extent: DpbSize,
    /// Which free DPB slot a frame gets: lowest, round-robin, random or random:SEED
    #[arg(long, default_value = "lowest", value_name = "POLICY", value_parser = slot_policy)]
    pub slots: SlotPolicy,
    /// Layouts of pictures: those made for video, or GENERAL always (unified image layouts)
    #[arg(long, value_enum, default_value = "video", value_name = "MODE")]
    pub layout: Layout,
    /// Sequence headers in a parameters object, or with each decode (video maintenance 2)
    #[arg(long, value_enum, default_value = "object", value_name = "MODE")]
    pub parameters: Parameters,
    /// Images and buffers for the stream's profile, or for any (video maintenance 1)
    #[arg(long, value_enum, default_value = "profile", value_name = "MODE")]
    pub resources: Resources,
    /// Result status queries: where the device offers them, none, from a query pool, or inline
    /// (video maintenance 1)
    #[arg(long, value_enum, default_value = "auto", value_name = "MODE")]
    pub status: Status,
    /// Command buffers recorded in the order of submission, or the newest in flight first
    #[arg(long, value_enum, default_value = "in-order", value_name = "ORDER")]
    pub recording: RecordingOrder,
    /// Frames in flight: 4 if it is not said, and more where the device is a processor of many cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub frames_in_flight: Option<u32>,
    /// srcBufferOffset, in units of minBitstreamBufferOffsetAlignment
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=4096))]
    pub bitstream_offset: u32,
    /// Zeros behind a frame's bytes, in units of minBitstreamBufferSizeAlignment
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=4096))]
    pub bitstream_padding: u32,
    /// Header bytes in the bitstream buffer, or tile data only
    #[arg(long, value_enum, default_value = "present", value_name = "MODE")]
    pub header_bytes: HeaderBytes,
    /// Unit of pMiColStarts and pMiRowStarts: 4x4 luma samples, or superblocks as some clients do
    /// and Mesa's drivers need up to 25.0
    #[arg(long, value_enum, default_value = "auto", value_name = "UNIT")]
    pub tile_starts: TileUnit,
    /// What an intra-only frame names as its references, which it does not have: a picture that is
    /// there, or none
    #[arg(long, value_enum, default_value = "named", value_name = "MODE")]
    pub intra_references: IntraNames,
    /// Images that are decoded to and copied from: shared by the queue families, or owned by one
    /// after the other
    #[arg(long, value_enum, default_value = "concurrent", value_name = "MODE")]
    pub sharing: SharingMode,
    /// Which queue family copies pictures: auto (one without video, that only copies if there is
    /// such a one), decode, or the index of a family
    #[arg(long, default_value = "auto", value_name = "FAMILY", value_parser = copy_queue)]
    pub copy_queue: CopyQueue,
    /// Where OrderHints and SavedOrderHints have the hint of reference name n: at n as in the AV1
    /// specification, or at n - 1, where NVIDIA's drivers 555 to 565 look for it
    #[arg(long, value_enum, default_value = "auto", value_name = "PLACE")]
    pub order_hints: Hints,
    /// How outputs lie in memory: as the device likes it, or row by row
    #[arg(long, value_enum, default_value = "auto", value_name = "TILING")]
    pub output_tiling: TilingMode,
    /// How pictures get to the host: a queue copies them, the host copies them out of the image
    /// (host image copy), or reads the memory of a linear image
    #[arg(long, value_enum, default_value = "auto", value_name = "WAY")]
    pub readback: ReadbackMode,
    /// codedExtent of a frame with superres: as it is shown, or as it is coded
    #[arg(long, value_enum, default_value = "upscaled", value_name = "SIZE")]
    pub coded_extent: SuperresExtent,
}

/// Relation of output and reference pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dpb {
    /// As the driver offers.
    Auto,
    /// The output is the reference picture.
    Coincide,
    /// The output is a picture of its own.
    Distinct,
}

/// Storage of reference pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DpbImages {
    /// As the driver offers.
    Auto,
    /// One image with a layer for each.
    Layered,
    /// An image for each.
    Separate,
}

/// Size of reference pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DpbSize {
    /// That of the largest frame of the sequence, unless it is far larger than the first.
    Sequence,
    /// That of their frame.
    Frame,
}

/// Result status queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Status {
    /// Where the queue family offers them.
    Auto,
    /// None.
    None,
    /// From a query pool.
    Pool,
    /// From a query pool, by the decode commands themselves.
    Inline,
}

/// Layouts of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Those made for video.
    Video,
    /// GENERAL.
    General,
}

/// Where sequence headers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Parameters {
    /// In a parameters object.
    Object,
    /// With each decode.
    Inline,
}

/// What images and buffers are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Resources {
    /// The stream's profile.
    Profile,
    /// Any profile.
    Independent,
}

/// Order of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordingOrder {
    /// That of submission.
    InOrder,
    /// The newest first.
    Shuffled,
}

/// Unit of tile starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TileUnit {
    /// As the driver needs.
    Auto,
    /// 4x4 luma samples.
    Mi,
    /// Superblocks.
    Superblock,
}

/// What is in the bitstream buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeaderBytes {
    /// The frame's OBUs as they are.
    Present,
    /// Tile data only.
    None,
}

/// What an intra-only frame names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IntraNames {
    /// A picture that is there.
    Named,
    /// None.
    None,
}

/// How queue families share images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SharingMode {
    /// All at once.
    Concurrent,
    /// One after the other.
    Exclusive,
}

/// Where order hints are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hints {
    /// As the driver needs.
    Auto,
    /// At the reference's name.
    Named,
    /// One entry lower.
    Shifted,
}

/// codedExtent under superres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuperresExtent {
    /// UpscaledWidth x FrameHeight.
    Upscaled,
    /// FrameWidth x FrameHeight.
    Frame,
}

/// Tiling of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TilingMode {
    /// Optimal, where both are offered.
    Auto,
    /// VK_IMAGE_TILING_OPTIMAL.
    Optimal,
    /// VK_IMAGE_TILING_LINEAR.
    Linear,
}

/// How pictures get to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReadbackMode {
    /// By the host where the device is integrated, offers it and has no queue family that only
    /// copies; else by a copy.
    Auto,
    /// vkCmdCopyImageToBuffer.
    Copy,
    /// vkCopyImageToMemoryEXT.
    Host,
    /// Mapped memory of images of LINEAR tiling.
    Linear,
}

fn copy_queue(text: &str) -> Result<CopyQueue, String> {
    match text {
        "auto" => Ok(CopyQueue::Auto),
        "decode" => Ok(CopyQueue::Decode),
        index => match index.parse() {
            Ok(index) => Ok(CopyQueue::Family(index)),
            Err(_) => Err("auto, decode or the index of a queue family".to_owned()),
        },
    }
}

fn slot_policy(text: &str) -> Result<SlotPolicy, String> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("lowest", "") => Ok(SlotPolicy::Lowest),
        ("round-robin", "") => Ok(SlotPolicy::RoundRobin),
        ("random", "") => Ok(SlotPolicy::Random(0)),
        ("random", seed) => seed.parse().map(SlotPolicy::Random).map_err(|e| format!("seed: {e}")),
        _ => Err("lowest, round-robin, random or random:SEED".to_owned()),
    }
}

impl ShapeArgs {
    /// Sets what the shape says in `options`.
    pub(super) fn apply(&self, options: &mut ExecutorOptions) {
        options.dpb = match self.dpb {
            Dpb::Auto => None,
            Dpb::Coincide => Some(DpbPreference::Coincide),
            Dpb::Distinct => Some(DpbPreference::Distinct),
        };
        options.layered = match self.dpb_images {
            DpbImages::Auto => None,
            DpbImages::Layered => Some(true),
            DpbImages::Separate => Some(false),
        };
        options.dpb_extent = match self.dpb_extent {
            DpbSize::Sequence => DpbExtent::Sequence,
            DpbSize::Frame => DpbExtent::Frame,
        };
        options.slot_policy = self.slots;
        options.status_queries = match self.status {
            Status::Auto => None,
            Status::None => Some(StatusQueries::None),
            Status::Pool => Some(StatusQueries::Pool),
            Status::Inline => Some(StatusQueries::Inline),
        };
        options.layouts = match self.layout {
            Layout::Video => Layouts::Video,
            Layout::General => Layouts::General,
        };
        options.parameters = match self.parameters {
            Parameters::Object => ParametersMode::Object,
            Parameters::Inline => ParametersMode::Inline,
        };
        options.profile_independent = self.resources == Resources::Independent;
        options.recording = match self.recording {
            RecordingOrder::InOrder => Recording::InOrder,
            RecordingOrder::Shuffled => Recording::Shuffled,
        };
        options.tile_starts = match self.tile_starts {
            TileUnit::Auto => None,
            TileUnit::Mi => Some(TileStarts::ModeInfo),
            TileUnit::Superblock => Some(TileStarts::Superblocks),
        };
        options.intra_references = match self.intra_references {
            IntraNames::Named => IntraReferences::Named,
            IntraNames::None => IntraReferences::None,
        };
        options.sharing = match self.sharing {
            SharingMode::Concurrent => Sharing::Concurrent,
            SharingMode::Exclusive => Sharing::Exclusive,
        };
        options.copy_queue = self.copy_queue;
        options.order_hints = match self.order_hints {
            Hints::Auto => None,
            Hints::Named => Some(OrderHints::Named),
            Hints::Shifted => Some(OrderHints::Shifted),
        };
        options.output_tiling = match self.output_tiling {
            TilingMode::Auto => None,
            TilingMode::Optimal => Some(OutputTiling::Optimal),
            TilingMode::Linear => Some(OutputTiling::Linear),
        };
        options.readback = match self.readback {
            ReadbackMode::Auto => None,
            ReadbackMode::Copy => Some(ReadbackWay::Copy),
            ReadbackMode::Host => Some(ReadbackWay::Host),
            ReadbackMode::Linear => Some(ReadbackWay::Linear),
        };
        options.coded_extent = match self.coded_extent {
            SuperresExtent::Upscaled => CodedExtent::Upscaled,
            SuperresExtent::Frame => CodedExtent::Frame,
        };
        options.frames_in_flight = self.frames_in_flight.unwrap_or(0);
        options.bitstream = BitstreamShape {
            offset: self.bitstream_offset,
            padding: self.bitstream_padding,
            payload_only: self.header_bytes == HeaderBytes::None,
        };
    }
}

/// The axes of `vav1d matrix`: an option, and the values that it takes there.
pub(super) const AXES: [(&str, &[&str]); 17] = [
    ("dpb", &["coincide", "distinct"]),
    ("dpb-images", &["separate", "layered"]),
    ("slots", &["lowest", "round-robin", "random:1"]),
    ("layout", &["video", "general"]),
    ("parameters", &["object", "inline"]),
    ("resources", &["profile", "independent"]),
    ("status", &["none", "pool", "inline"]),
    ("recording", &["in-order", "shuffled"]),
    ("frames-in-flight", &["1", "4"]),
    ("bitstream-offset", &["0", "3"]),
    ("bitstream-padding", &["0", "2"]),
    ("header-bytes", &["present", "none"]),
    ("tile-starts", &["mi", "superblock"]),
    ("intra-references", &["named", "none"]),
    ("sharing", &["concurrent", "exclusive"]),
    ("output-tiling", &["auto", "linear"]),
    ("readback", &["copy", "host", "linear"]),
];
