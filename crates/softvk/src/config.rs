//! What the driver imitates: read from `SOFTVK_CONFIG`, or set by the program that embeds it.

use std::cell::RefCell;

/// The environment variable.
pub const VARIABLE: &str = "SOFTVK_CONFIG";

thread_local! {
    static OVERRIDE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets the configuration of instances that this thread makes from now on, in place of the
/// environment variable.
pub fn set_config(text: Option<&str>) {
    OVERRIDE.set(text.map(str::to_owned));
}

/// A configuration, as words separated by commas:
///
/// | Word | Effect |
/// |---|---|
/// | `coincide` | the output may only be the reference picture |
/// | `distinct` | the output may only be a picture beside the reference picture |
/// | `layered` | all reference pictures are layers of one image |
/// | `planar` | three-plane formats only |
/// | `no-grain` | profiles with `filmGrainSupport` are refused |
/// | `no-status` | no result status queries |
/// | `pure-decode-family` | the decode queue cannot copy |
/// | `slots=N` | `maxDpbSlots` (1 to 16) |
/// | `active=N` | `maxActiveReferencePictures` (1 to 16) |
/// | `align=O/S` | bitstream offset and size alignments, powers of two up to 4096 |
/// | `granularity=WxH` | `pictureAccessGranularity`, powers of two up to 64 |
/// | `clobber-headers` | bytes that are not tile data are overwritten before decoding |
/// | `threads=N` | decoder threads of a session |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_COINCIDE_BIT_KHR.
    pub coincide: bool,
    /// VK_VIDEO_DECODE_CAPABILITY_DPB_AND_OUTPUT_DISTINCT_BIT_KHR.
    pub distinct: bool,
    /// VK_VIDEO_CAPABILITY_SEPARATE_REFERENCE_IMAGES_BIT_KHR.
    pub separate: bool,
    /// Three-plane formats only, else both.
    pub planar: bool,
    /// Profiles with film grain.
    pub grain: bool,
    /// Result status queries.
    pub status: bool,
    /// The decode family has TRANSFER.
    pub decode_copies: bool,
    /// maxDpbSlots.
    pub slots: u32,
    /// maxActiveReferencePictures.
    pub active: u32,
    /// minBitstreamBufferOffsetAlignment and minBitstreamBufferSizeAlignment.
    pub align: (u64, u64),
    /// pictureAccessGranularity.
    pub granularity: (u32, u32),
    /// Overwrite what is not tile data.
    pub clobber_headers: bool,
    /// Decoder threads of a session; 0 chooses.
    pub threads: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            coincide: true,
            distinct: true,
            separate: true,
            planar: false,
            grain: true,
            status: true,
            decode_copies: true,
            slots: 9,
            active: 7,
            align: (1, 1),
            granularity: (1, 1),
            clobber_headers: false,
            threads: 0,
        }
    }
}

impl Config {
    /// The configuration in force.
    ///
    /// # Errors
    /// A word is not understood: the message names it.
    pub fn current() -> Result<Self, String> {
        let set = OVERRIDE.with_borrow(Clone::clone);
        let text = set.or_else(|| std::env::var(VARIABLE).ok()).unwrap_or_default();
        match Self::parse(&text) {
            (config, unknown) if unknown.is_empty() => Ok(config),
            (_, unknown) => Err(format!("{VARIABLE}: not understood: {}", unknown.join(", "))),
        }
    }

    /// The configuration of `text`, and the words that are not understood.
    pub fn parse(text: &str) -> (Self, Vec<&str>) {
        let mut config = Self::default();
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let unknown = words.filter(|word| config.word(word).is_none()).collect();
        (config, unknown)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match (name, value) {
            ("coincide", "") => (self.coincide, self.distinct) = (true, false),
            ("distinct", "") => (self.coincide, self.distinct) = (false, true),
            ("layered", "") => self.separate = false,
            ("planar", "") => self.planar = true,
            ("no-grain", "") => self.grain = false,
            ("no-status", "") => self.status = false,
            ("pure-decode-family", "") => self.decode_copies = false,
            ("clobber-headers", "") => self.clobber_headers = true,
            ("slots", n) => self.slots = number(n, 1, 16)?,
            ("active", n) => self.active = number(n, 1, 16)?,
            ("threads", n) => self.threads = number(n, 1, 64)?,
            ("align", pair) => {
                let (offset, size) = pair.split_once('/')?;
                self.align = (power(offset, 4096)?.into(), power(size, 4096)?.into());
            }
            ("granularity", pair) => {
                let (width, height) = pair.split_once('x')?;
                self.granularity = (power(width, 64)?, power(height, 64)?);
            }
            _ => return None,
        }
        Some(())
    }
}

fn number(text: &str, low: u32, high: u32) -> Option<u32> {
    text.parse().ok().filter(|n| *n >= low && *n <= high)
}

fn power(text: &str, high: u32) -> Option<u32> {
    number(text, 1, high).filter(|n| n.is_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_the_rest_is_named() {
        let (config, unknown) =
            Config::parse("distinct, layered,align=256/128,granularity=64x32,slots=8,slots=99,x");
        assert_eq!(unknown, ["slots=99", "x"]);
        assert!(config.distinct && !config.coincide && !config.separate);
        assert_eq!((config.align, config.granularity), ((256, 128), (64, 32)));
        assert_eq!(config.slots, 8);
        assert_eq!(Config::parse("").0, Config::default());
    }
}
