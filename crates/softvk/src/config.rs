//! What the driver imitates: read from `SOFTVK_CONFIG`, or set by the program that embeds it.

use std::cell::{Cell, RefCell};

use ash::vk;

use crate::hardware::{Hardware, HostCopies};
use crate::planted::Faults;

/// Vulkan version of the driver.
pub(crate) const API_VERSION: u32 = vk::make_api_version(0, 1, 3, 281);

/// The environment variable.
pub const VARIABLE: &str = "SOFTVK_CONFIG";

thread_local! {
    /// What a program that embeds the driver said: `None` if it said nothing, or if the driver is
    /// loaded as an ICD.
    static OVERRIDE: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
    /// See [`set_cores_taken`].
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// The program keeps `cores` cores busy itself while it takes the pictures of sessions that this
/// thread makes from now on: their decoders take the others, where nothing else was said.
pub fn set_cores_taken(cores: usize) {
    TAKEN.set(cores);
}

/// What [`set_cores_taken`] was given last on this thread; 0 at first.
pub(crate) fn cores_taken() -> usize {
    TAKEN.get()
}

/// Sets the configuration of instances that this thread makes from now on, in place of the
/// environment variable; with `None` that is read, still.
/// In any case the driver then is one that is embedded: formats of three planes are offered, too.
pub fn set_config(text: Option<&str>) {
    OVERRIDE.set(Some(text.map(str::to_owned)));
}

/// A configuration, as words separated by commas; a personality of [`PERSONALITIES`] stands for
/// some of them:
///
/// | Word | Effect |
/// |---|---|
/// | `coincide` | the output may only be the reference picture |
/// | `distinct` | the output may only be a picture beside the reference picture |
/// | `array` | all reference pictures are layers of one image |
/// | `two-plane` | two-plane formats only: so it is without a word where the driver is loaded as an ICD |
/// | `three-plane` | three-plane formats only |
/// | `all-planes` | formats of two planes, then of three: so it is without a word where the driver is embedded |
/// | `other-dpb` | reference pictures have another format than outputs |
/// | `only-420` | 4:2:0 only |
/// | `only-420-and-400` | 4:2:0 and monochrome only |
/// | `asked-usages` | formats are said to support the usages asked for only |
/// | `strict-usages` | unless more was asked for, reference pictures are said to be for nothing else, and outputs not to be a destination of transfers |
/// | `depth=N` | at most N bits: 8, 10 or 12 |
/// | `extent=WxH` | largest coded extent |
/// | `min-extent=WxH` | smallest coded extent |
/// | `session-memory=gaps` | a session wants 36 memory bindings, at indexes from 0 to 38 |
/// | `no-grain` | profiles with `filmGrainSupport` are refused with ..._CODEC_NOT_SUPPORTED |
/// | `no-grain-operation` | the same with ..._OPERATION_NOT_SUPPORTED |
/// | `no-status` | no result status queries |
/// | `pure-decode-family` | the decode queue cannot copy |
/// | `api=V` | `apiVersion` of the device, 1.3.0 to 1.4.4095, in place of 1.3.281: a gate of GStreamer's; no command or feature comes with it |
/// | `graphics-bit` | the transfer queues say GRAPHICS, too: a gate of GStreamer's; nothing can be drawn |
/// | `no-maintenance1` | no `VK_KHR_video_maintenance1` |
/// | `no-maintenance2` | no `VK_KHR_video_maintenance2` |
/// | `no-unified-layouts` | no `VK_KHR_unified_image_layouts` |
/// | `level=N` | `maxLevel`, as seq_level_idx counts: 0 is 2.0, 23 is 7.3 |
/// | `queues=N` | decode queues, 1 to 4 |
/// | `slots=N` | `maxDpbSlots` (0 to 16) |
/// | `active=N` | `maxActiveReferencePictures` (0 to 16) |
/// | `align=O/S` | bitstream offset and size alignments, powers of two up to 4096 |
/// | `granularity=WxH` | `pictureAccessGranularity`, powers of two up to 64 |
/// | `driver-id=N` | `driverID`, as VkDriverId counts: 3 is RADV, 4 NVIDIA's driver, 5 ANV |
/// | `conformance=A.B.C.D` | `conformanceVersion` |
/// | `discrete` | the device says that it is a graphics card |
/// | `memory=no-llc` | memory types as those of ANV over i915 without a cache in common (Meteor Lake): write-combined, and cached without being coherent, of which the host sees what was flushed and invalidated only |
/// | `memory=write-combined` | no memory type is cached |
/// | `window=K` | memory of the device is a window of K KiB that the host sees, beside the host's own; what does not fit is ERROR_OUT_OF_DEVICE_MEMORY |
/// | `no-mutable` | video formats do not list MUTABLE_FORMAT |
/// | `host-image-copy` | `VK_EXT_host_image_copy`, in all layouts that pictures have: so it is without a word or a personality where the driver is embedded |
/// | `no-host-image-copy` | none: so it is without a word where the driver is loaded as an ICD |
/// | `host-image-copy=general` | the same, but not in the layouts of video: as of ANV |
/// | `linear` | video formats are there with LINEAR tiling, too, behind those of OPTIMAL |
/// | `no-query-pools` | query pools cannot be made, though status queries are offered |
/// | `std-minor=N` | the driver knows version 1.N.0 of the Std headers; structures of a later one than 1.0.0 are refused all the same |
/// | `away=FILE` | where a planted fault loses the device, the next two devices of any process are refused with ERROR_INITIALIZATION_FAILED, and it is not lost a second time; FILE, which must not be there at first, counts |
/// | `clobber-headers` | bytes that are not tile data are overwritten before decoding |
/// | `fault=layer-zero` | planted: output goes to layer 0 of its image, whatever the layer |
/// | `fault=offset-zero` | planted: `srcBufferOffset` is taken as 0 |
/// | `fault=three-bit-slots` | planted: slot indexes lose their fourth bit |
/// | `fault=range-end` | planted: the last tile is taken to end where `srcBufferRange` ends |
/// | `fault=header-skip` | planted: no tile starts before `frameHeaderOffset` and one byte |
/// | `fault=output-apart` | planted: an output beside the reference picture is not written |
/// | `fault=status-write` | planted: under a query, the output's first texels are overwritten |
/// | `fault=general-layout` | planted: the same in layout GENERAL |
/// | `fault=profile-independent` | planted: the same in images made without a profile |
/// | `fault=tile-starts` | planted: the same where `pMiColStarts` or `pMiRowStarts`, taken as superblocks, leave the frame |
/// | `fault=intra-unnamed` | planted: the same where an intra-only frame names no reference |
/// | `fault=dpb-at-record` | planted: the same where a reference slot held another picture when the command was recorded |
/// | `fault=inline-header` | planted: an inline sequence header's `enable_cdef`, `enable_filter_intra` and `enable_intra_edge_filter` are taken as 0 |
/// | `fault=stale-bitstream` | planted: what is submitted while the queue is busy decodes the bytes before it |
/// | `fault=shifted-hints` | planted: the same in an inter frame where `OrderHints` or `SavedOrderHints`, read one entry too low, are not those of its references |
/// | `fault=base-q@N` | planted, in decode N of a session: `base_q_idx` is taken as one more, or as 254 where it is 255 |
/// | `fault=slot@N` | planted, likewise: the first reference name is taken from another slot that holds a picture |
/// | `fault=cdf@N` | planted, likewise: `primary_ref_frame` is taken as PRIMARY_REF_NONE, so that CDFs and what else 7.20 loads are not inherited |
/// | `fault=grain-seed@N` | planted, likewise: the lowest bit of `grain_seed` is inverted |
/// | `fault=order-hint@N` | planted, likewise: `OrderHint` is taken as one more, within its bits, and later frames inherit it |
/// | `fault=segmentation@N` | planted, likewise: the first value of `FeatureData` is off by one, towards 0 where it can be |
/// | `fault=restoration@N` | planted, likewise: the first `FrameRestorationType` that is not NONE is taken as WIENER, or as SGRPROJ where it is WIENER |
/// | `fault=extent@N` | planted, likewise: `coded_denom` is taken as one less (0 as 1), or, without superres, `codedExtent` as a sample narrower (1 as 2) |
/// | `fault=pixel@N` | planted, likewise: the lowest bit of the luma sample in the middle is inverted, in the output alone: later frames do not inherit it |
/// | `fault=status@N` | planted, likewise: it fails, and the result status says so |
/// | `fault=hang@N` | planted, likewise: its queue never does anything again |
/// | `fault=lost@N` | planted, likewise: the device is lost |
/// | `fault=crash@N` | planted, likewise: the process aborts |
/// | `fault=NAME-once@N` | planted: what `fault=NAME@N` plants, but on no device that is made after it has had its effect |
/// | `fault=when:MEMBER=VALUE` | planted, in decodes whose Std structures have that value in that member, by its own name (`OrderHint=7`, `UsesLr=1`, `gm_params[1][0]=4096`; `+` joins several): as `base-q` |
/// | `fault=NAME@when:MEMBER=VALUE` | planted, in such decodes: what `fault=NAME@N` plants in one (not `race`) |
/// | `fault=set:MEMBER=VALUE@N` | planted, in decode N of a session, or `@when:MEMBER=VALUE`: that member is taken as that value |
/// | `null` | every decode succeeds at once, no picture is written, and copies of decoded pictures copy nothing: for measuring what is above the driver |
/// | `stderr` | messages go to standard error, too |
/// | `threads=N` | decoder threads of a session; without it one for each core, 16 at most, but one for small frames (160x90) |
/// | `delay=N` | frames that those work on at a time at most, 1 to 64, as far as they are submitted and there are threads; without it the square root of the threads, rounded up, 8 at most; where neither is said, a program that keeps a core busy itself (`md5 --total`) has its core left. With planted faults and with more than nine slots it is 1 |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_COINCIDE_BIT_KHR.
    pub coincide: bool,
    /// VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_DISTINCT_BIT_KHR.
    pub distinct: bool,
    /// VK_VIDEO_CAPABILITY_SEPARATE_REFERENCE_IMAGES_BIT_KHR.
    pub separate: bool,
    /// Which formats with chroma there are.
    pub planes: Planes,
    /// Outputs have two planes, reference pictures three.
    pub opaque_dpb: bool,
    /// Which subsamplings there are.
    pub chroma: Subsamplings,
    /// Formats' properties say no more usages than were asked for.
    pub asked_usages: bool,
    /// Reference pictures have no other usage, outputs not TRANSFER_DST.
    pub strict_usages: bool,
    /// Largest bit depth.
    pub depth: u8,
    /// Largest coded extent.
    pub extent: (u32, u32),
    /// Smallest coded extent.
    pub min_extent: (u32, u32),
    /// The memory bindings of a session have indexes with gaps.
    pub memory_gaps: bool,
    /// Profiles with film grain, or how they are refused.
    pub grain: Grain,
    /// Result status queries.
    pub status: bool,
    /// The decode family has TRANSFER.
    pub decode_copies: bool,
    /// apiVersion of the device.
    pub api_version: u32,
    /// The transfer family has GRAPHICS.
    pub graphics_bit: bool,
    /// maxLevel.
    pub level: u32,
    /// Decode queues.
    pub queues: u32,
    /// VK_KHR_video_maintenance1.
    pub maintenance1: bool,
    /// VK_KHR_video_maintenance2.
    pub maintenance2: bool,
    /// VK_KHR_unified_image_layouts.
    pub unified_layouts: bool,
    /// maxDpbSlots.
    pub slots: u32,
    /// maxActiveReferencePictures.
    pub active: u32,
    /// minBitstreamBufferOffsetAlignment and minBitstreamBufferSizeAlignment.
    pub align: (u64, u64),
    /// pictureAccessGranularity.
    pub granularity: (u32, u32),
    /// What is not about video.
    pub hardware: Hardware,
    /// Overwrite what is not tile data.
    pub clobber_headers: bool,
    /// Faults on purpose.
    pub faults: Faults,
    /// Decodes succeed and write nothing.
    pub null: bool,
    /// Messages go to standard error, too.
    pub stderr: bool,
    /// Decoder threads of a session; 0 chooses.
    pub threads: u32,
    /// Frames that they work on at a time; 0 chooses.
    pub delay: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            coincide: true,
            distinct: true,
            separate: true,
            planes: Planes::Unsaid,
            opaque_dpb: false,
            chroma: Subsamplings::All,
            asked_usages: false,
            strict_usages: false,
            depth: 12,
            extent: (65536, 65536),
            min_extent: (1, 1),
            memory_gaps: false,
            grain: Grain::Yes,
            status: true,
            decode_copies: true,
            api_version: API_VERSION,
            graphics_bit: false,
            level: 23,
            queues: 1,
            maintenance1: true,
            maintenance2: true,
            unified_layouts: true,
            slots: 9,
            active: 7,
            align: (1, 1),
            granularity: (1, 1),
            hardware: Hardware::default(),
            clobber_headers: false,
            faults: Faults::default(),
            null: false,
            stderr: false,
            threads: 0,
            delay: 0,
        }
    }
}

/// The formats with chroma that there are, by their number of planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// No word was said: two in an ICD, as every other driver has, both where it is embedded.
    Unsaid,
    /// Both.
    All,
    /// This number.
    Only(u32),
}

/// The subsamplings that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsamplings {
    /// All of the profiles.
    All,
    /// 4:2:0.
    Only420,
    /// 4:2:0 and monochrome.
    Only420And400,
}

/// Whether profiles with film grain are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// They are.
    Yes,
    /// VK_ERROR_VIDEO_PROFILE_CODEC_NOT_SUPPORTED_KHR.
    Codec,
    /// VK_ERROR_VIDEO_PROFILE_OPERATION_NOT_SUPPORTED_KHR.
    Operation,
}

/// Drivers that can be imitated, and what that means in words; further words change it.
pub const PERSONALITIES: &[(&str, &str)] = &[
    ("nv-like", "coincide,two-plane,only-420,depth=10,align=256/256,granularity=16x16,no-mutable"),
    (
        "nv-560",
        "coincide,two-plane,only-420,depth=10,align=256/256,granularity=16x16,no-maintenance2,\
         no-unified-layouts,no-mutable,driver-id=4,conformance=1.3.8.2,fault=shifted-hints",
    ),
    (
        "radv-vcn4",
        "distinct,two-plane,only-420-and-400,depth=10,align=256/128,granularity=16x16,\
         min-extent=16x16,extent=8192x4352,level=17,strict-usages,no-status,pure-decode-family",
    ),
    (
        "radv-vcn5",
        "distinct,two-plane,only-420-and-400,align=256/128,granularity=16x16,\
         min-extent=16x16,extent=8192x4352,level=17,strict-usages,no-status,pure-decode-family",
    ),
    (
        "radv-mesa25",
        "distinct,two-plane,only-420-and-400,depth=10,active=8,align=128/128,granularity=16x16,\
         min-extent=16x16,extent=8192x4352,level=17,asked-usages,no-maintenance2,\
         no-unified-layouts,no-status,pure-decode-family",
    ),
    (
        "anv-gfx12",
        "coincide,two-plane,only-420,depth=10,active=8,align=32/1,granularity=16x16,\
         min-extent=16x16,extent=4096x4096,level=16,session-memory=gaps,queues=2,\
         no-unified-layouts,pure-decode-family,no-grain-operation",
    ),
    (
        "anv-xe2",
        "coincide,two-plane,only-420,depth=10,active=8,align=32/1,granularity=16x16,\
         min-extent=16x16,extent=4096x4096,level=16,session-memory=gaps,queues=2,\
         no-unified-layouts,pure-decode-family",
    ),
    ("layered", "distinct,array,two-plane,align=4096/4096,granularity=64x64,no-grain"),
    ("opaque-dpb", "distinct,other-dpb,granularity=8x8,no-grain"),
    ("intra-only", "distinct,two-plane,slots=0,active=0,align=64/64,granularity=16x16,no-grain"),
    ("planar", "coincide,three-plane"),
    ("gstreamer", "api=1.4.321,graphics-bit"),
    ("strict-min", "distinct,array,two-plane,slots=8,align=4096/4096,granularity=64x64,no-grain"),
];

impl Config {
    /// The configuration in force.
    ///
    /// # Errors
    /// A word is not understood: the message names it.
    pub fn current() -> Result<Self, String> {
        let set = OVERRIDE.with_borrow(Clone::clone);
        let embedded = set.is_some();
        let text = set.flatten().or_else(|| std::env::var(VARIABLE).ok()).unwrap_or_default();
        match Self::parse(&text) {
            (mut config, unknown) if unknown.is_empty() => {
                if config.planes == Planes::Unsaid && !embedded {
                    config.planes = Planes::Only(2);
                }
                config.hardware.settle(embedded);
                Ok(config)
            }
            (_, unknown) => Err(format!("{VARIABLE}: not understood: {}", unknown.join(", "))),
        }
    }

    /// The configuration of `text`, and the words that are not understood. A personality comes
    /// first: words before it would be lost, and are among them.
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let mut config = Self::default();
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let words: Vec<_> = words.collect();
        let first = words.iter().rposition(|word| personality(word).is_some()).unwrap_or(0);
        let (before, rest) = words.split_at(first);
        let lost = before.iter().map(|word| format!("{word} (before {})", rest[0]));
        let unknown = rest.iter().filter(|word| config.word(word).is_none());
        let unknown: Vec<_> = unknown.map(|word| (*word).to_owned()).collect();
        (config, lost.chain(unknown).collect())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if let Some(words) = personality(word) {
            self.hardware.host_copies = HostCopies::No;
            words.split(',').try_for_each(|word| self.word(word))?;
            self.faults.imply();
            return Some(());
        }
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match (name, value) {
            ("coincide", "") => (self.coincide, self.distinct) = (true, false),
            ("distinct", "") => (self.coincide, self.distinct) = (false, true),
            ("array", "") => self.separate = false,
            ("two-plane", "") => self.planes = Planes::Only(2),
            ("three-plane", "") => self.planes = Planes::Only(3),
            ("all-planes", "") => self.planes = Planes::All,
            ("other-dpb", "") => self.opaque_dpb = true,
            ("only-420", "") => self.chroma = Subsamplings::Only420,
            ("only-420-and-400", "") => self.chroma = Subsamplings::Only420And400,
            ("asked-usages", "") => self.asked_usages = true,
            ("strict-usages", "") => self.strict_usages = true,
            ("session-memory", "gaps") => self.memory_gaps = true,
            ("no-grain", "") => self.grain = Grain::Codec,
            ("no-grain-operation", "") => self.grain = Grain::Operation,
            ("depth", n) => self.depth = number(n, 8, 12)? as u8,
            ("extent", pair) => self.extent = extent(pair)?,
            ("min-extent", pair) => self.min_extent = extent(pair)?,
            ("no-status", "") => self.status = false,
            ("pure-decode-family", "") => self.decode_copies = false,
            ("api", version) => self.api_version = api(version)?,
            ("graphics-bit", "") => self.graphics_bit = true,
            ("no-maintenance1", "") => self.maintenance1 = false,
            ("no-maintenance2", "") => self.maintenance2 = false,
            ("no-unified-layouts", "") => self.unified_layouts = false,
            ("clobber-headers", "") => self.clobber_headers = true,
            ("level", n) => self.level = number(n, 0, 23)?,
            ("queues", n) => self.queues = number(n, 1, 4)?,
            ("slots", n) => self.slots = number(n, 0, 16)?,
            ("active", n) => self.active = number(n, 0, 16)?,
            ("null", "") => self.null = true,
            ("stderr", "") => self.stderr = true,
            ("threads", n) => self.threads = number(n, 1, 64)?,
            ("delay", n) => self.delay = number(n, 1, 64)?,
            ("fault", fault) => self.faults.add(fault)?,
            ("align", pair) => {
                let (offset, size) = pair.split_once('/')?;
                self.align = (power(offset, 4096)?.into(), power(size, 4096)?.into());
            }
            ("granularity", pair) => {
                let (width, height) = pair.split_once('x')?;
                self.granularity = (power(width, 64)?, power(height, 64)?);
            }
            _ => self.hardware.word(name, value)?,
        }
        Some(())
    }
}

/// What the personality `name` stands for.
fn personality(name: &str) -> Option<&'static str> {
    PERSONALITIES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

fn extent(pair: &str) -> Option<(u32, u32)> {
    let (width, height) = pair.split_once('x')?;
    Some((number(width, 1, 65536)?, number(height, 1, 65536)?))
}

/// A version 1.3.N or 1.4.N, encoded.
fn api(version: &str) -> Option<u32> {
    let (minor, patch) = version.strip_prefix("1.")?.split_once('.')?;
    Some(vk::make_api_version(0, 1, number(minor, 3, 4)?, number(patch, 0, 4095)?))
}

fn number(text: &str, low: u32, high: u32) -> Option<u32> {
    text.parse().ok().filter(|n| *n >= low && *n <= high)
}

fn power(text: &str, high: u32) -> Option<u32> {
    number(text, 1, high).filter(|n| n.is_power_of_two())
}

#[cfg(test)]
mod tests;
