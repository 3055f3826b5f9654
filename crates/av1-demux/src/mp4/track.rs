//! What a movie box says of the tracks in it.

use super::boxes::{self, Fields, Kind};
use super::edits::{self, Edit};
use super::tables::{self, Samples};
use super::transforms;
use crate::{Crop, OtherTrack, TrackKind, ratio};

/// Bytes of a visual sample entry (12.1.3) before the boxes in it.
const ENTRY: usize = 78;

/// A sample entry (8.5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) coding: Coding,
    /// The configuration record.
    pub(super) config: Vec<u8>,
    pub(super) pixel_aspect: Option<(u32, u32)>,
    pub(super) crop: Option<Crop>,
}

/// How the samples of an entry are coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    Av1,
    /// AV1 that is encrypted, and by which scheme.
    Encrypted(String),
    Other(Kind),
}

impl Entry {
    /// Whether it is of AV1, encrypted or not.
    pub(super) fn is_av1(&self) -> bool {
        !matches!(self.coding, Coding::Other(_))
    }

    fn read(kind: Kind, body: &[u8]) -> Self {
        let inside = body.get(ENTRY..).unwrap_or_default();
        let format = |format: Kind| match &format.map(|byte| byte.to_ascii_lowercase()) {
            b"av01" | b"dav1" => Coding::Av1,
            _ => Coding::Other(format),
        };
        let original = boxes::first(inside, &[b"sinf", b"frma"], |body| Fields(body).kind());
        let coding = match (&kind, original.map(format)) {
            (b"encv", Some(Coding::Av1)) if is_protected(inside) => {
                Coding::Encrypted(scheme(inside))
            }
            (b"encv" | b"resv", Some(original)) => original,
            _ => format(kind),
        };
        Self {
            coding,
            config: boxes::first(inside, &[b"av1C"], |record| Some(record.to_vec()))
                .unwrap_or_default(),
            pixel_aspect: boxes::first(inside, &[b"pasp"], pixel_aspect),
            crop: size(body).and_then(|size| {
                boxes::first(inside, &[b"clap"], |clap| transforms::crop(clap, size))
            }),
        }
    }
}

/// Width and height of a visual sample entry.
fn size(entry: &[u8]) -> Option<(u32, u32)> {
    let mut fields = Fields(entry.get(24..)?);
    Some((fields.u16()?.into(), fields.u16()?.into()))
}

/// The ratio of a `pasp` box, if it is not that of squares.
pub(super) fn pixel_aspect(body: &[u8]) -> Option<(u32, u32)> {
    let mut fields = Fields(body);
    ratio(fields.u32()?.into(), fields.u32()?.into())
}

/// Whether samples are encrypted unless they say otherwise (ISO/IEC 23001-7, 8.2).
fn is_protected(inside: &[u8]) -> bool {
    let tenc = |body: &[u8]| body.get(6).copied();
    boxes::first(inside, &[b"sinf", b"schi", b"tenc"], tenc) != Some(0)
}

/// The name of the encryption scheme.
fn scheme(inside: &[u8]) -> String {
    let schm = |body| {
        let mut fields = Fields(body);
        let _version = fields.version()?;
        fields.kind()
    };
    let scheme = boxes::first(inside, &[b"sinf", b"schm"], schm);
    scheme.map_or_else(|| "an unknown scheme".into(), boxes::name)
}

/// A track of a movie.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) timescale: u32,
    /// a, b, c and d of the matrix (8.3.2).
    pub(super) matrix: [i32; 4],
    pub(super) entries: Vec<Entry>,
    pub(super) edits: Vec<Edit>,
    pub(super) samples: Samples,
    /// `handler_type`: `auxv` is not to be shown by itself: alpha, depth.
    handler: Kind,
    pub(super) is_alpha: bool,
}

/// What a movie header says of time.
pub(super) fn movie_timescale(mvhd: &[u8]) -> Option<u32> {
    let mut fields = Fields(mvhd);
    let (version, _) = fields.version()?;
    fields.bytes(if version == 1 { 16 } else { 8 })?;
    fields.u32()
}

impl Track {
    /// The track of a `trak` box of a movie with `timescale` ticks a second. The file has `end`
    /// bytes; offsets count from `base`. Without AV1 it has no samples.
    pub(super) fn read(trak: &[u8], timescale: u32, end: u64, base: u64) -> Self {
        let media = boxes::first(trak, &[b"mdia", b"mdhd"], movie_timescale).unwrap_or(1).max(1);
        let (id, matrix) = boxes::first(trak, &[b"tkhd"], header).unwrap_or((0, [0; 4]));
        let hdlr = |body: &[u8]| Fields(body.get(8..)?).kind();
        let handler = boxes::first(trak, &[b"mdia", b"hdlr"], hdlr);
        let entries = boxes::first(trak, &[b"mdia", b"minf", b"stbl", b"stsd"], entries);
        let entries = entries.unwrap_or_default();
        let elst = |body| edits::read(body, timescale, media);
        let samples = match entries.iter().any(Entry::is_av1) {
            true => tables::samples(trak, end, base),
            false => Samples::default(),
        };
        let urn = boxes::all(trak, &[b"mdia", b"minf", b"stbl", b"stsd"]);
        Self {
            id,
            timescale: media,
            matrix,
            entries,
            edits: boxes::first(trak, &[b"edts", b"elst"], elst).unwrap_or_default(),
            samples,
            handler: handler.unwrap_or_default(),
            is_alpha: urn.into_iter().any(is_alpha),
        }
    }

    /// It, where it is another than the one that is decoded.
    pub(super) fn other(&self) -> OtherTrack {
        let kind = match &self.handler {
            b"vide" | b"auxv" | b"pict" => TrackKind::Video,
            b"soun" => TrackKind::Audio,
            b"sbtl" | b"subt" | b"text" | b"clcp" => TrackKind::Subtitles,
            _ => TrackKind::Other,
        };
        let codec = self.entries.first().map(|entry| match entry.coding {
            Coding::Other(kind) => boxes::name(kind),
            Coding::Av1 | Coding::Encrypted(_) => "av01".to_owned(),
        });
        OtherTrack { kind, number: self.id.into(), codec: codec.unwrap_or_default() }
    }

    /// Whether it is not to be shown by itself.
    pub(super) fn is_auxiliary(&self) -> bool {
        &self.handler == b"auxv"
    }

    /// Whether it is video that can be asked for.
    pub(super) fn is_av1(&self) -> bool {
        !self.is_auxiliary() && self.entries.iter().any(Entry::is_av1)
    }
}

/// Identifier and matrix of a track header.
fn header(tkhd: &[u8]) -> Option<(u32, [i32; 4])> {
    let mut fields = Fields(tkhd);
    let (version, _) = fields.version()?;
    let times = if version == 1 { 8 } else { 4 };
    fields.bytes(2 * times)?;
    let id = fields.u32()?;
    // Reserved, duration; then reserved, layer, group, volume, reserved.
    fields.bytes(4 + times + 16)?;
    let mut matrix = [0; 9];
    for element in &mut matrix {
        *element = fields.i32().unwrap_or(0);
    }
    let [a, b, _, c, d, ..] = matrix;
    Some((id, [a, b, c, d]))
}

/// The sample entries of an `stsd` box; `None` if there are none.
fn entries(stsd: &[u8]) -> Option<Vec<Entry>> {
    let entries = boxes::children(stsd.get(8..)?).map(|(kind, body)| Entry::read(kind, body));
    let entries: Vec<_> = entries.take(usize::from(u16::MAX)).collect();
    (!entries.is_empty()).then_some(entries)
}

/// Whether the entries of an `stsd` box say that samples are an alpha plane.
fn is_alpha(stsd: &[u8]) -> bool {
    let inside = |(_, body): (Kind, _)| <[u8]>::get(body, ENTRY..);
    boxes::children(stsd.get(8..).unwrap_or_default())
        .filter_map(inside)
        .any(|inside| boxes::all(inside, &[b"auxi"]).into_iter().any(names_alpha))
}

/// Whether the text of `body`, a `FullBox`, is a name of alpha planes (MIAF, 7.3.5.2).
pub(super) fn names_alpha(body: &[u8]) -> bool {
    const NAMES: [&[u8]; 2] =
        [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
    let text = body.get(4..).unwrap_or_default();
    NAMES.iter().any(|name| text.strip_prefix(*name).is_some_and(|rest| rest.first() == Some(&0)))
}
