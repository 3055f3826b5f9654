//! One vector: a stream, and what it should decode to.

use std::path::PathBuf;

/// A stream with what is known of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// `SUITE/NAME`, or the path of the file: letters, digits and `/._+@-` only, so that it needs
    /// no quotes in any report.
    pub name: String,
    /// The stream.
    pub input: PathBuf,
    /// What it should decode to; `Err` says why what is there cannot be used.
    pub oracle: Result<Option<Oracle>, String>,
    /// Operating point to decode.
    pub operating_point: u8,
    /// Output pictures to decode; `None` for all.
    pub limit: Option<u64>,
}

impl Vector {
    /// A vector without an oracle. Characters that a name may not have become `_`.
    pub fn new(name: &str, input: PathBuf) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._+@-".contains(c);
        let name = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        Self { name, input, oracle: Ok(None), operating_point: 0, limit: None }
    }

    /// The part of the name before the last `/`: its suite or folder.
    pub fn suite(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(suite, _)| suite)
    }
}

/// What a stream should decode to, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// Who made it.
    pub kind: Kind,
    /// The hashes.
    pub expected: Expected,
    /// What they are hashes of.
    pub semantics: Semantics,
}

/// Hashes of the output. A picture's bytes are its planes Y, U, V, rows top-down without padding,
/// at the picture's own size, and two bytes a sample, little-endian, above 8 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// MD5 of all output pictures together.
    Total(String),
    /// MD5 of each output picture.
    Frames(Vec<String>),
}

/// Which pictures were hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// With film grain.
    pub film_grain: bool,
    /// All spatial layers, not only the highest.
    pub all_layers: bool,
    /// 4:0:0 has two chroma planes of mid grey.
    pub grey_planes: bool,
}

impl Semantics {
    /// Film grain, the highest layer, luma alone for 4:0:0: what the specification outputs.
    pub const OUTPUT: Self = Self { film_grain: true, all_layers: false, grey_planes: false };

    /// The others that tools have, those that differ in one thing first.
    pub fn others(self) -> impl Iterator<Item = Self> {
        let flip = move |bits: u8| Self {
            film_grain: self.film_grain ^ (bits & 1 != 0),
            all_layers: self.all_layers ^ (bits & 2 != 0),
            grey_planes: self.grey_planes ^ (bits & 4 != 0),
        };
        [1, 2, 4, 3, 5, 6, 7].into_iter().map(flip)
    }

    /// In words, as far as `from` says otherwise.
    pub fn differences(self, from: Self) -> String {
        let mut words = Vec::new();
        let mut word = |differs, is, with, without| {
            if differs {
                words.push(if is { with } else { without });
            }
        };
        word(
            self.film_grain != from.film_grain,
            self.film_grain,
            "with film grain",
            "without film grain",
        );
        word(
            self.all_layers != from.all_layers,
            self.all_layers,
            "with all layers",
            "with the highest layer alone",
        );
        word(
            self.grey_planes != from.grey_planes,
            self.grey_planes,
            "with grey chroma planes",
            "without grey chroma planes",
        );
        words.join(" and ")
    }
}

/// Where an oracle comes from. Each has semantics of its own, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Fluster suite: film grain and layers as `optional_params` says; without them as
    /// AV1-TEST-VECTORS has it, with film grain and the highest layer.
    Fluster,
    /// Our own manifest: with film grain, the highest layer.
    Manifest,
    /// libaom's `.md5`: with film grain, the highest layer; some have grey planes for 4:0:0.
    Libaom,
    /// A bare MD5, as `dav1d --muxer md5` writes and `--verify` reads it: without film grain, all
    /// layers.
    Dav1d,
    /// ffmpeg's framemd5: with film grain, the highest layer. Of streams that change their size
    /// only those made with `-autoscale 0` can match.
    Framemd5,
    /// Argon's `md5_ref`: with film grain, all layers.
    Argon,
    /// Argon's `md5_no_film_grain`: without film grain, all layers.
    ArgonNoFilmGrain,
    /// `decode_samples.json` of Vulkan-Video-Samples: with film grain, the highest layer.
    VulkanVideoSamples,
    /// softvk, where there is nothing else.
    Softvk,
}

impl Kind {
    /// Its word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fluster => "fluster",
            Self::Manifest => "manifest",
            Self::Libaom => "libaom",
            Self::Dav1d => "dav1d",
            Self::Framemd5 => "framemd5",
            Self::Argon => "argon",
            Self::ArgonNoFilmGrain => "argon-no-film-grain",
            Self::VulkanVideoSamples => "vulkan-video-samples",
            Self::Softvk => "softvk",
        }
    }

    /// What it hashes, where it does not say so itself.
    pub fn semantics(self) -> Semantics {
        let (film_grain, all_layers) = match self {
            Self::Dav1d | Self::ArgonNoFilmGrain => (false, true),
            Self::Argon => (true, true),
            _ => (true, false),
        };
        Semantics { film_grain, all_layers, grey_planes: false }
    }
}
