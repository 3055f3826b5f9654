//! The shapes of sessions: one row for everything that may be chosen, with its values and what each
//! sets. The options of the command line, the axes of `vav1d matrix`, help, man pages and completions
//! are this table.

use vav1d::vk::{
    CodedExtent, CopyQueue, DpbExtent, DpbPreference, ExecutorOptions, IntraReferences, Layouts,
    OrderHints, OutputTiling, ParametersMode, ReadbackWay, Recording, Sharing, SlotPolicy,
    StatusQueries, TileStarts,
};

/// What may be chosen of a session: an option of the command line.
#[derive(Debug)]
pub struct Axis {
    /// The option, without its dashes.
    pub name: &'static str,
    /// What it is about, in the words of `--help`.
    pub help: &'static str,
    /// What `--help` has in the place of the value.
    pub value_name: &'static str,
    /// The value where none is given; none where leaving the option out is a value of its own.
    pub default: Option<&'static str>,
    /// What it takes.
    pub values: Values,
    /// The values that `vav1d matrix` decodes with; empty where none but a driver that wants it is
    /// expected to take another.
    pub tried: &'static [&'static str],
}

/// What an [`Axis`] takes.
#[derive(Debug)]
pub enum Values {
    /// One of these.
    Words(&'static [Word]),
    /// Whatever can be read.
    ///
    /// # Errors
    /// What is expected.
    Read(fn(&mut ExecutorOptions, &str) -> Result<(), String>),
}

/// A value that has a name.
#[derive(Debug)]
pub struct Word {
    /// Its name.
    pub name: &'static str,
    /// What it means, in the words of `--help`.
    pub help: &'static str,
    /// Sets it.
    pub set: fn(&mut ExecutorOptions),
}

impl Axis {
    /// Sets `value`, as it is given on the command line.
    ///
    /// # Errors
    /// It is no value of this axis: what is expected.
    pub fn set(&self, options: &mut ExecutorOptions, value: &str) -> Result<(), String> {
        match self.values {
            Values::Read(read) => read(options, value),
            Values::Words(words) => {
                let word = words.iter().find(|word| word.name == value);
                let names = || words.iter().map(|word| word.name).collect::<Vec<_>>().join(", ");
                let word = word.ok_or_else(|| format!("there are {}", names()))?;
                (word.set)(options);
                Ok(())
            }
        }
    }
}

const fn word(name: &'static str, help: &'static str, set: fn(&mut ExecutorOptions)) -> Word {
    Word { name, help, set }
}

/// A whole number in a range.
fn number(text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    let number = text.parse().map_err(|e| format!("{e}"))?;
    let (first, last) = (range.start(), range.end());
    match range.contains(&number) {
        true => Ok(number),
        false => Err(format!("{number} is not in {first}..={last}")),
    }
}

/// Everything that may be chosen; the axes of `vav1d matrix` come first.
pub const SHAPE: &[Axis] = &[
    Axis {
        name: "dpb",
        help: "Where pictures are decoded to: the reference picture itself, or a picture beside it",
        value_name: "MODE",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "As the driver offers", |o| o.dpb = None),
            word("coincide", "The output is the reference picture", |o| {
                o.dpb = Some(DpbPreference::Coincide);
            }),
            word("distinct", "The output is a picture of its own", |o| {
                o.dpb = Some(DpbPreference::Distinct);
            }),
        ]),
        tried: &["coincide", "distinct"],
    },
    Axis {
        name: "dpb-images",
        help: "Reference pictures as layers of one image, or as separate images",
        value_name: "MODE",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "As the driver offers", |o| o.layered = None),
            word("layered", "One image with a layer for each", |o| o.layered = Some(true)),
            word("separate", "An image for each", |o| o.layered = Some(false)),
        ]),
        tried: &["separate", "layered"],
    },
    Axis {
        name: "slots",
        help: "Which free DPB slot a frame gets: lowest, round-robin, random or random:SEED",
        value_name: "POLICY",
        default: Some("lowest"),
        values: Values::Read(|o, text| {
            o.slot_policy = match text.split_once(':').unwrap_or((text, "")) {
                ("lowest", "") => SlotPolicy::Lowest,
                ("round-robin", "") => SlotPolicy::RoundRobin,
                ("random", "") => SlotPolicy::Random(0),
                ("random", seed) => {
                    SlotPolicy::Random(seed.parse().map_err(|e| format!("seed: {e}"))?)
                }
                _ => return Err("lowest, round-robin, random or random:SEED".to_owned()),
            };
            Ok(())
        }),
        tried: &["lowest", "round-robin", "random:1"],
    },
    Axis {
        name: "layout",
        help: "Layouts of pictures: those made for video, or GENERAL always (unified image layouts)",
        value_name: "MODE",
        default: Some("video"),
        values: Values::Words(&[
            word("video", "Those made for video", |o| o.layouts = Layouts::Video),
            word("general", "GENERAL", |o| o.layouts = Layouts::General),
        ]),
        tried: &["video", "general"],
    },
    Axis {
        name: "parameters",
        help: "Sequence headers in a parameters object, or with each decode (video maintenance 2)",
        value_name: "MODE",
        default: Some("object"),
        values: Values::Words(&[
            word("object", "In a parameters object", |o| o.parameters = ParametersMode::Object),
            word("inline", "With each decode", |o| o.parameters = ParametersMode::Inline),
        ]),
        tried: &["object", "inline"],
    },
    Axis {
        name: "resources",
        help: "Images and buffers for the stream's profile, or for any (video maintenance 1)",
        value_name: "MODE",
        default: Some("profile"),
        values: Values::Words(&[
            word("profile", "The stream's profile", |o| o.profile_independent = false),
            word("independent", "Any profile", |o| o.profile_independent = true),
        ]),
        tried: &["profile", "independent"],
    },
    Axis {
        name: "status",
        help: "Result status queries: where the device offers them, none, from a query pool, or \
               inline (video maintenance 1)",
        value_name: "MODE",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "Where the queue family offers them", |o| o.status_queries = None),
            word("none", "None", |o| o.status_queries = Some(StatusQueries::None)),
            word("pool", "From a query pool", |o| o.status_queries = Some(StatusQueries::Pool)),
            word("inline", "From a query pool, by the decode commands themselves", |o| {
                o.status_queries = Some(StatusQueries::Inline);
            }),
        ]),
        tried: &["none", "pool", "inline"],
    },
    Axis {
        name: "recording",
        help: "Command buffers recorded in the order of submission, or the newest in flight first",
        value_name: "ORDER",
        default: Some("in-order"),
        values: Values::Words(&[
            word("in-order", "That of submission", |o| o.recording = Recording::InOrder),
            word("shuffled", "The newest first", |o| o.recording = Recording::Shuffled),
        ]),
        tried: &["in-order", "shuffled"],
    },
    Axis {
        name: "frames-in-flight",
        help: "Frames in flight: 4 if it is not said, and more where the device is a processor of \
               many cores",
        value_name: "N",
        default: None,
        values: Values::Read(|o, text| {
            o.frames_in_flight = number(text, 1..=64)?;
            Ok(())
        }),
        tried: &["1", "4"],
    },
    Axis {
        name: "bitstream-offset",
        help: "srcBufferOffset, in units of minBitstreamBufferOffsetAlignment",
        value_name: "N",
        default: Some("0"),
        values: Values::Read(|o, text| {
            o.bitstream.offset = number(text, 0..=4096)?;
            Ok(())
        }),
        tried: &["0", "3"],
    },
    Axis {
        name: "bitstream-padding",
        help: "Zeros behind a frame's bytes, in units of minBitstreamBufferSizeAlignment",
        value_name: "N",
        default: Some("0"),
        values: Values::Read(|o, text| {
            o.bitstream.padding = number(text, 0..=4096)?;
            Ok(())
        }),
        tried: &["0", "2"],
    },
    Axis {
        name: "header-bytes",
        help: "Header bytes in the bitstream buffer, or tile data only",
        value_name: "MODE",
        default: Some("present"),
        values: Values::Words(&[
            word("present", "The frame's OBUs as they are", |o| o.bitstream.payload_only = false),
            word("none", "Tile data only", |o| o.bitstream.payload_only = true),
        ]),
        tried: &["present", "none"],
    },
    Axis {
        name: "tile-starts",
        help: "Unit of pMiColStarts and pMiRowStarts: 4x4 luma samples, or superblocks as some \
               clients do and Mesa's drivers need up to 25.0",
        value_name: "UNIT",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "As the driver needs", |o| o.tile_starts = None),
            word("mi", "4x4 luma samples", |o| o.tile_starts = Some(TileStarts::ModeInfo)),
            word("superblock", "Superblocks", |o| o.tile_starts = Some(TileStarts::Superblocks)),
        ]),
        tried: &["mi", "superblock"],
    },
    Axis {
        name: "intra-references",
        help: "What an intra-only frame names as its references, which it does not have: a picture \
               that is there, or none",
        value_name: "MODE",
        default: Some("named"),
        values: Values::Words(&[
            word("named", "A picture that is there", |o| {
                o.intra_references = IntraReferences::Named;
            }),
            word("none", "None", |o| o.intra_references = IntraReferences::None),
        ]),
        tried: &["named", "none"],
    },
    Axis {
        name: "sharing",
        help: "Images that are decoded to and copied from: shared by the queue families, or owned by \
               one after the other",
        value_name: "MODE",
        default: Some("concurrent"),
        values: Values::Words(&[
            word("concurrent", "All at once", |o| o.sharing = Sharing::Concurrent),
            word("exclusive", "One after the other", |o| o.sharing = Sharing::Exclusive),
        ]),
        tried: &["concurrent", "exclusive"],
    },
    Axis {
        name: "output-tiling",
        help: "How outputs lie in memory: as the device likes it, or row by row",
        value_name: "TILING",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "Optimal, where both are offered", |o| o.output_tiling = None),
            word("optimal", "VK_IMAGE_TILING_OPTIMAL", |o| {
                o.output_tiling = Some(OutputTiling::Optimal);
            }),
            word("linear", "VK_IMAGE_TILING_LINEAR", |o| {
                o.output_tiling = Some(OutputTiling::Linear);
            }),
        ]),
        tried: &["auto", "linear"],
    },
    Axis {
        name: "readback",
        help: "How pictures get to the host: a queue copies them, the host copies them out of the \
               image (host image copy), or reads the memory of a linear image",
        value_name: "WAY",
        default: Some("auto"),
        values: Values::Words(&[
            word(
                "auto",
                "By the host where the device is integrated, offers it and has no queue family that \
                 only copies; else by a copy",
                |o| o.readback = None,
            ),
            word("copy", "vkCmdCopyImageToBuffer", |o| o.readback = Some(ReadbackWay::Copy)),
            word("host", "vkCopyImageToMemoryEXT", |o| o.readback = Some(ReadbackWay::Host)),
            word("linear", "Mapped memory of images of LINEAR tiling", |o| {
                o.readback = Some(ReadbackWay::Linear);
            }),
        ]),
        tried: &["copy", "host", "linear"],
    },
    Axis {
        name: "copy-queue",
        help: "Which queue family copies pictures: auto (one without video, that only copies if \
               there is such a one), decode, or the index of a family",
        value_name: "FAMILY",
        default: Some("auto"),
        values: Values::Read(|o, text| {
            o.copy_queue = match text {
                "auto" => CopyQueue::Auto,
                "decode" => CopyQueue::Decode,
                index => CopyQueue::Family(
                    index.parse().map_err(|_| "auto, decode or the index of a queue family")?,
                ),
            };
            Ok(())
        }),
        tried: &[],
    },
    Axis {
        name: "order-hints",
        help: "Where OrderHints and SavedOrderHints have the hint of reference name n: at n as in \
               the AV1 specification, or at n - 1, where NVIDIA's drivers 555 to 565 look for it",
        value_name: "PLACE",
        default: Some("auto"),
        values: Values::Words(&[
            word("auto", "As the driver needs", |o| o.order_hints = None),
            word("named", "At the reference's name", |o| o.order_hints = Some(OrderHints::Named)),
            word("shifted", "One entry lower", |o| o.order_hints = Some(OrderHints::Shifted)),
        ]),
        tried: &[],
    },
    Axis {
        name: "coded-extent",
        help: "codedExtent of a frame with superres: as it is shown, or as it is coded",
        value_name: "SIZE",
        default: Some("upscaled"),
        values: Values::Words(&[
            word("upscaled", "UpscaledWidth x FrameHeight", |o| {
                o.coded_extent = CodedExtent::Upscaled;
            }),
            word("frame", "FrameWidth x FrameHeight", |o| o.coded_extent = CodedExtent::Frame),
        ]),
        tried: &[],
    },
    Axis {
        name: "dpb-extent",
        help: "What separate reference pictures are made as large as: the largest frame of the \
               sequence, or each for its own, which engines with one pitch for all of them (VCN up \
               to 4) read wrongly",
        value_name: "SIZE",
        default: Some("sequence"),
        values: Values::Words(&[
            word(
                "sequence",
                "That of the largest frame of the sequence, unless it is far larger than the first",
                |o| o.dpb_extent = DpbExtent::Sequence,
            ),
            word("frame", "That of their frame", |o| o.dpb_extent = DpbExtent::Frame),
        ]),
        tried: &[],
    },
];

/// How many of [`SHAPE`] are axes of `vav1d matrix`.
pub const TRIED: usize = {
    let mut count = 0;
    while count < SHAPE.len() && !SHAPE[count].tried.is_empty() {
        count += 1;
    }
    count
};

/// The axes of `vav1d matrix`.
pub fn axes() -> &'static [Axis] {
    &SHAPE[..TRIED]
}

/// How many shapes all combinations of values are.
pub fn combinations() -> usize {
    axes().iter().map(|axis| axis.tried.len()).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_come_first_and_their_values_can_be_set() {
        assert!(SHAPE[TRIED..].iter().all(|axis| axis.tried.is_empty()));
        for axis in SHAPE {
            let set = |value: &&str| axis.set(&mut ExecutorOptions::default(), value);
            for value in axis.tried.iter().chain(&axis.default) {
                assert_eq!(set(value), Ok(()), "--{}={value}", axis.name);
            }
            assert!(set(&"nonsense").is_err(), "--{}", axis.name);
        }
        let names: std::collections::BTreeSet<_> = SHAPE.iter().map(|axis| axis.name).collect();
        assert_eq!(names.len(), SHAPE.len());
    }

    #[test]
    fn defaults_are_those_of_the_library() {
        let mut options = ExecutorOptions::default();
        for axis in SHAPE {
            let set = axis.default.map(|value| axis.set(&mut options, value));
            assert!(set.is_none_or(|set| set.is_ok()), "--{}", axis.name);
        }
        assert_eq!(format!("{options:?}"), format!("{:?}", ExecutorOptions::default()));
    }

    #[test]
    fn every_tried_value_makes_other_options() {
        for axis in axes() {
            let made = axis.tried.iter().map(|value| {
                let mut options = ExecutorOptions::default();
                axis.set(&mut options, value).expect("a value");
                format!("{options:?}")
            });
            let different: std::collections::BTreeSet<_> = made.collect();
            assert_eq!(different.len(), axis.tried.len(), "--{}", axis.name);
        }
    }
}
