//! The records of a capture.

use av1_engine::job::Profile;
use av1_std::owned::{
    Cdef, FilmGrain, GlobalMotion, LoopFilter, LoopRestoration, Members, PictureInfo, Quantization,
    Segmentation, TileInfo,
};

use super::{About, Seen, Submitted};
use crate::keys::Map;
use crate::recorded::{Decode, Parameters, Resource, Slot};
use crate::text::Line;

/// The version of the format of `session-N.jsonl`.
const FORMAT: u32 = 1;

/// An image that is decoded to.
pub(super) fn image(seen: &Seen) -> Line {
    let mut line = Line::new();
    line.object("image", |line| {
        line.number("number", seen.image)
            .number("layers", seen.layers as u64)
            .number("format", seen.format.as_raw())
            .numbers("extent", [seen.extent.0, seen.extent.1])
            .number("usage", seen.usage.as_raw())
            .number("flags", seen.flags.as_raw());
    });
    line
}

/// Where a frame was submitted.
pub(super) fn submission(
    line: &mut Line,
    number: u64,
    frame: &Submitted,
    parameters: Option<&Parameters>,
) {
    line.number("number", number)
        .number("submission", frame.submission)
        .number("recorded", frame.decode.recorded)
        .numbers("queue", [frame.queue.0, frame.queue.1]);
    match parameters {
        Some(parameters) => line.number("sequence", parameters.number),
        None => line.null("sequence"),
    };
    line.flag("inline_parameters", frame.decode.inline.is_some());
}

/// A value with its text: most of a frame's are those of the frame before.
struct Known<T>(Option<T>, Vec<u8>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(None, Vec::new())
    }
}

impl<T: PartialEq + Clone> Known<T> {
    /// The text of a value; `write` writes its members if it is another one than before.
    fn text(&mut self, value: &T, write: impl FnOnce(&mut Line, &T)) -> &[u8] {
        if self.0.as_ref() != Some(value) {
            let mut line = Line::again(std::mem::take(&mut self.1));
            write(&mut line, value);
            self.1 = line.closed();
            self.0 = Some(value.clone());
        }
        &self.1
    }
}

/// A slot of a frame: what is given, what is known of its picture, and the frame that is in it.
type SlotText = Known<(Slot, Option<Seen>, Option<u64>)>;

/// Texts of what frames repeat.
#[derive(Default)]
pub(super) struct Texts {
    tile_info: Known<TileInfo>,
    quantization: Known<Quantization>,
    segmentation: Known<Segmentation>,
    loop_filter: Known<LoopFilter>,
    cdef: Known<Cdef>,
    loop_restoration: Known<LoopRestoration>,
    global_motion: Known<GlobalMotion>,
    film_grain: Known<FilmGrain>,
    /// By their index, of the references and of what is bound.
    slots: [Map<i32, SlotText>; 2],
}

fn resource(line: &mut Line, resource: &Resource, seen: Option<&Seen>, decoded: Option<u64>) {
    line.numbers("extent", [resource.extent.0, resource.extent.1]);
    line.numbers("offset", [resource.offset.0, resource.offset.1]);
    let Some(seen) = seen else { return };
    line.number("image", seen.image)
        .number("layer", seen.layer)
        .number("layout", seen.layout.as_raw());
    if let Some(frame) = decoded {
        line.number("decoded", frame);
    }
}

fn slot(line: &mut Line, (slot, seen, decoded): &(Slot, Option<Seen>, Option<u64>)) {
    line.number("slot", slot.index);
    if let Some(at) = &slot.resource {
        resource(line, at, seen.as_ref(), *decoded);
    }
    if let Some(std) = &slot.std {
        line.members("std", std);
    }
}

/// The picture resources of a frame; `decoded`: the frame that each picture was decoded to last.
pub(super) fn resources(
    line: &mut Line,
    frame: &Submitted,
    decoded: &Map<(u64, u32), u64>,
    texts: &mut Texts,
) {
    let mut seen = frame.seen.iter();
    let mut next = || {
        let seen = *seen.next()?;
        Some((seen?, decoded.get(&(seen?.image, seen?.layer)).copied()))
    };
    let dst = next();
    line.object("dst", |line| {
        let (seen, decoded) = dst.unzip();
        resource(line, &frame.decode.dst, seen.as_ref(), decoded.flatten());
    });
    let mut with = |slot: &Slot| {
        let (seen, decoded) = next().unzip();
        (slot.clone(), seen, decoded.flatten())
    };
    match &frame.decode.setup {
        Some(setup) => line.object("setup", |line| slot(line, &with(setup))),
        None => line.null("setup"),
    };
    let [references, bound] = &mut texts.slots;
    let mut known = |known: &mut Map<i32, SlotText>, text: &mut Vec<u8>, one: &Slot| {
        let known = known.entry(one.index).or_default();
        text.extend_from_slice(known.text(&with(one), slot));
    };
    line.values("references", &frame.decode.references, |text, one| known(references, text, one));
    line.values("bound", frame.bound.iter(), |text, one| known(bound, text, one));
}

/// StdVideoDecodeAV1PictureInfo.
fn picture_info(line: &mut Line, info: &PictureInfo, texts: &mut Texts) {
    fn pointed<T: Members + PartialEq + Clone>(
        line: &mut Line,
        name: &str,
        value: Option<&T>,
        known: &mut Known<T>,
    ) {
        if let Some(value) = value {
            line.value(name, known.text(value, |line, value| line.all(value)));
        }
    }
    line.own(info);
    pointed(line, "pTileInfo", info.pTileInfo.as_ref(), &mut texts.tile_info);
    pointed(line, "pQuantization", info.pQuantization.as_ref(), &mut texts.quantization);
    pointed(line, "pSegmentation", info.pSegmentation.as_ref(), &mut texts.segmentation);
    pointed(line, "pLoopFilter", info.pLoopFilter.as_ref(), &mut texts.loop_filter);
    pointed(line, "pCDEF", info.pCDEF.as_ref(), &mut texts.cdef);
    pointed(line, "pLoopRestoration", info.pLoopRestoration.as_ref(), &mut texts.loop_restoration);
    pointed(line, "pGlobalMotion", info.pGlobalMotion.as_ref(), &mut texts.global_motion);
    pointed(line, "pFilmGrain", info.pFilmGrain.as_ref(), &mut texts.film_grain);
}

/// What the decode command says beside its resources.
pub(super) fn commands(line: &mut Line, decode: &Decode, texts: &mut Texts) {
    line.object("bitstream", |line| {
        line.number("offset", decode.offset).number("range", decode.range);
        let Some(picture) = &decode.picture else { return };
        line.number("frame_header_offset", picture.frame_header_offset)
            .numbers("tile_offsets", picture.tile_offsets.iter().copied())
            .numbers("tile_sizes", picture.tile_sizes.iter().copied());
    });
    line.flag("status_query", decode.query.is_some());
    line.flag("inline_query", decode.inline_query);
    if let Some(picture) = &decode.picture {
        line.numbers("names", picture.names);
        line.object("picture_info", |line| picture_info(line, &picture.info, texts));
    }
}

/// The first record.
pub(super) fn begin(number: u32, about: &About<'_>) -> Line {
    let mut line = Line::new();
    let Profile { std_profile, bit_depth, film_grain_support, .. } = about.profile;
    line.object("watch", |line| {
        line.number("format", FORMAT).text("version", env!("CARGO_PKG_VERSION"));
        line.number("session", number).number("process", std::process::id());
        line.object("device", about.device);
        line.object("profile", |line| {
            line.number("std_profile", std_profile)
                .text("chroma", &format!("{:?}", about.profile.chroma))
                .number("bit_depth", bit_depth)
                .flag("film_grain_support", film_grain_support);
        });
        line.object("create_info", |line| {
            let info = about.info;
            let extent = info.max_coded_extent;
            line.number("flags", info.flags.as_raw())
                .number("queue_family", info.queue_family_index)
                .number("picture_format", info.picture_format.as_raw())
                .number("reference_picture_format", info.reference_picture_format.as_raw())
                .numbers("max_coded_extent", [extent.width, extent.height])
                .number("max_dpb_slots", info.max_dpb_slots)
                .number("max_active_reference_pictures", info.max_active_reference_pictures);
        });
        line.object("capabilities", about.capabilities);
    });
    line
}
