//! One vector: a stream, and what it should decode to.

use std::fmt::Write as _;
use std::path::PathBuf;

/// A stream with what is known of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// `SUITE/NAME`: letters, digits and `/._+@-` as they are, other bytes as `%XX`, so that it
    /// needs no quotes in any report and two streams never share one.
    pub name: String,
    /// The suite that it is of, as it was given.
    pub suite_path: PathBuf,
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
    /// A vector without an oracle, whose name is `name` as far as that is [`plain`].
    pub fn new(name: &str, input: PathBuf) -> Self {
        let name = plain(name.as_bytes());
        let suite_path = input.clone();
        Self { name, suite_path, input, oracle: Ok(None), operating_point: 0, limit: None }
    }

    /// The name as the path of a file that has the vector's logs or images.
    pub fn file_name(&self) -> PathBuf {
        file_name(&self.name)
    }

    /// The part of the name before the last `/`: its suite or folder.
    pub fn suite(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(suite, _)| suite)
    }
}

/// [`Vector::file_name`] of the vector called `name`.
pub fn file_name(name: &str) -> PathBuf {
    let parts = name.split('/').filter(|part| !part.is_empty());
    parts.map(|part| if part.starts_with('.') { format!("_{part}") } else { part.into() }).collect()
}

/// `name` with `%XX` for bytes that a list, a report or a shell could take for something else.
/// Letters of every script stay.
pub fn plain(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c.is_alphanumeric() || "/._+@-".contains(c) {
                true => text.push(c),
                false => bytes(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes(&mut text, chunk.invalid());
    }
    text
}

fn bytes(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "%{byte:02X}");
    }
}

impl Oracle {
    /// That of a stream that has to be refused.
    pub const REFUSED: Self =
        Self { kind: Kind::Refusal, expected: Expected::Refused, semantics: Semantics::OUTPUT };
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
    /// No output that counts: the stream is malformed, and has to be refused with an error that
    /// says so, whatever is decoded before it.
    Refused,
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

    /// The options of `vav1d md5` that ask for these pictures.
    pub fn options(self) -> Vec<&'static str> {
        let mut options = self.decoded();
        if self.grey_planes {
            options.push("--grey-planes");
        }
        options
    }

    /// Those of them that `vav1d compare` has: which pictures are decoded.
    pub fn decoded(self) -> Vec<&'static str> {
        let mut options = Vec::new();
        if !self.film_grain {
            options.extend(["--film-grain", "off"]);
        }
        if self.all_layers {
            options.push("--all-layers");
        }
        options
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
    /// Somebody who says that the stream has to be refused.
    Refusal,
    /// softvk, where there is nothing else.
    Softvk,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Fluster,
        Self::Manifest,
        Self::Libaom,
        Self::Dav1d,
        Self::Framemd5,
        Self::Argon,
        Self::ArgonNoFilmGrain,
        Self::VulkanVideoSamples,
        Self::Refusal,
        Self::Softvk,
    ];

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
            Self::Refusal => "refusal",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart() {
        for (name, text) in [
            ("s/a-1.ivf", "s/a-1.ivf"),
            ("s/\u{fc}ber \u{65e5}.ivf", "s/\u{fc}ber%20\u{65e5}.ivf"),
            ("a_b", "a_b"),
            ("a b", "a%20b"),
            ("a%20b", "a%2520b"),
            ("a,b\n", "a%2Cb%0A"),
        ] {
            assert_eq!(Vector::new(name, PathBuf::new()).name, text);
        }
        assert_eq!(plain(b"a\xffb"), "a%FFb");
    }

    #[test]
    fn files_of_a_vector_stay_in_their_folder() {
        let vector = Vector::new("/../s/./..x/a", PathBuf::new());
        assert_eq!(vector.file_name(), PathBuf::from("_../s/_./_..x/a"));
    }
}
