//! What a segment says of itself and of its tracks (RFC 9559, 5.1.2 and 5.1.4), as far as video
//! needs it.

use super::ebml::{Child, children, float, id, string, unsigned};
use super::encoding::Encoding;
use crate::{Crop, OtherTrack, TrackKind, rate, ratio};

/// Nanoseconds of a second.
pub(super) const SECOND: u64 = 1_000_000_000;
/// TimestampScale where there is none, in nanoseconds.
const DEFAULT_SCALE: u64 = 1_000_000;
/// TrackType of video.
const VIDEO: u64 = 1;
/// Bytes of BITMAPINFOHEADER, which V_MS/VFW/FOURCC has before the private data of the codec.
const BITMAP_INFO: usize = 40;

/// Info.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Info {
    /// Nanoseconds of a tick.
    pub(super) scale: u64,
    /// In ticks.
    pub(super) duration: Option<f64>,
}

impl Default for Info {
    fn default() -> Self {
        Self { scale: DEFAULT_SCALE, duration: None }
    }
}

impl Info {
    /// Of the body of Info.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut info = Self::default();
        for child in children(body) {
            match (child.id, child.whole()) {
                (0x2a_d7b1, Some(body)) => info.scale = unsigned(body),
                (0x4489, Some(body)) => info.duration = float(body),
                _ => {}
            }
        }
        if info.scale == 0 {
            info.scale = DEFAULT_SCALE;
        }
        info
    }
}

/// A track, as far as it is one of video.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Track {
    /// TrackNumber.
    pub(super) number: u64,
    /// TrackType; `None` where it is missing.
    kind: Option<u64>,
    /// CodecID.
    codec: String,
    private: Vec<u8>,
    /// DefaultDuration, in nanoseconds; 0 where there is none.
    pub(super) default_duration: u64,
    pub(super) video: Video,
    /// In the order of their application to what was encoded.
    pub(super) encodings: Vec<Encoding>,
}

/// Video: how the pictures of a track are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Video {
    /// Width and height.
    pixels: [u64; 2],
    /// Columns and rows that are not shown: at the left and the top, and at the right and the bottom.
    cropped: [[u64; 2]; 2],
    display: [u64; 2],
    /// ProjectionPoseYaw and ProjectionPosePitch are zero, and ProjectionPoseRoll is this.
    roll: f64,
}

/// The tracks of the body of Tracks.
pub(super) fn tracks(body: &[u8]) -> Vec<Track> {
    let entries = children(body).filter(|child| child.id == id::TRACK_ENTRY);
    entries.map(|child| Track::read(child.body)).collect()
}

impl Track {
    /// Of the body of TrackEntry.
    fn read(body: &[u8]) -> Self {
        let mut track = Self::default();
        for child in children(body) {
            match (child.id, child.whole()) {
                (0xe0, _) => track.video = Video::read(child.body),
                (0x6d80, _) => track.encodings = Encoding::all(child.body),
                (_, None) => {}
                (0xd7, Some(body)) => track.number = unsigned(body),
                (0x83, Some(body)) => track.kind = Some(unsigned(body)),
                (0x86, Some(body)) => track.codec = string(body),
                (0x63a2, Some(body)) => track.private = body.to_vec(),
                (0x23_e383, Some(body)) => track.default_duration = unsigned(body),
                _ => {}
            }
        }
        track
    }

    /// Whether it is video, as it says.
    pub(super) fn is_video(&self) -> bool {
        self.kind.unwrap_or(VIDEO) == VIDEO
    }

    /// It, where it is another than the one that is decoded.
    pub(super) fn other(&self) -> OtherTrack {
        let kind = match self.kind {
            None | Some(VIDEO) => TrackKind::Video,
            Some(2) => TrackKind::Audio,
            Some(0x11) => TrackKind::Subtitles,
            Some(_) => TrackKind::Other,
        };
        OtherTrack { kind, number: self.number, codec: self.codec() }
    }

    /// The name of its codec.
    pub(super) fn codec(&self) -> String {
        match self.four_characters() {
            Some(code) => code.escape_ascii().to_string(),
            None => self.codec.escape_debug().to_string(),
        }
    }

    /// Whether its frames are AV1.
    pub(super) fn is_av1(&self) -> bool {
        match self.four_characters() {
            Some(code) => code.eq_ignore_ascii_case(b"AV01"),
            // Others read its beginning.
            None => self.codec.starts_with("V_AV1"),
        }
    }

    /// The codec's code where it is one of Video for Windows.
    fn four_characters(&self) -> Option<&[u8]> {
        let is_windows = self.codec == "V_MS/VFW/FOURCC";
        self.private.get(16..20).filter(|_| is_windows)
    }

    /// `av1C` in CodecPrivate, `private` as it was before it was encoded.
    pub(super) fn record<'a>(&self, private: &'a [u8]) -> &'a [u8] {
        let skipped = if self.four_characters().is_some() { BITMAP_INFO } else { 0 };
        private.get(skipped..).unwrap_or_default()
    }

    /// CodecPrivate, as it is coded.
    pub(super) fn private(&self) -> &[u8] {
        &self.private
    }

    /// Pictures a second.
    pub(super) fn frame_rate(&self) -> Option<(u32, u32)> {
        (self.default_duration > 0).then(|| frame_rate_of(self.default_duration)).flatten()
    }
}

impl Video {
    /// Of the body of Video.
    fn read(body: &[u8]) -> Self {
        let mut video = Self::default();
        for Child { id, body, is_whole, .. } in children(body) {
            let value = unsigned(body);
            match id {
                0x7670 => video.roll = roll(body).unwrap_or(0.0),
                _ if !is_whole => {}
                0xb0 => video.pixels[0] = value,
                0xba => video.pixels[1] = value,
                0x54cc => video.cropped[0][0] = value,
                0x54bb => video.cropped[0][1] = value,
                0x54dd => video.cropped[1][0] = value,
                0x54aa => video.cropped[1][1] = value,
                0x54b0 => video.display[0] = value,
                0x54ba => video.display[1] = value,
                _ => {}
            }
        }
        video
    }

    /// Columns (0) or rows (1) that are shown.
    fn shown(&self, axis: usize) -> Option<u64> {
        let [before, after] = self.cropped.map(|side| side.get(axis).copied().unwrap_or(0));
        self.pixels.get(axis)?.checked_sub(before)?.checked_sub(after)
    }

    /// What is to be shown of a picture, if not all of it (5.1.4.1.28.8 to 11).
    pub(super) fn crop(&self) -> Option<Crop> {
        let [x, y] = self.cropped[0].map(u32::try_from);
        let [width, height] = [self.shown(0)?, self.shown(1)?].map(u32::try_from);
        let crop = Crop { x: x.ok()?, y: y.ok()?, width: width.ok()?, height: height.ok()? };
        (self.cropped != [[0; 2]; 2] && crop.width > 0 && crop.height > 0).then_some(crop)
    }

    /// Width and height of a sample: the picture without what is cropped, shown at another ratio.
    pub(super) fn pixel_aspect(&self) -> Option<(u32, u32)> {
        let [width, height] = [self.shown(0)?, self.shown(1)?];
        let [shown_width, shown_height] = self.display;
        ratio(shown_width.checked_mul(height)?, shown_height.checked_mul(width)?)
    }

    /// By how many degrees it is to be turned clockwise: 0, 90, 180 or 270.
    pub(super) fn rotation(&self) -> u16 {
        let turns = -self.roll / 90.0;
        match turns.fract() == 0.0 {
            true => turns.rem_euclid(4.0) as u16 * 90,
            false => 0,
        }
    }
}

/// ProjectionPoseRoll of the body of Projection, in degrees counterclockwise, where nothing else is
/// turned.
fn roll(body: &[u8]) -> Option<f64> {
    let pose =
        |id| children(body).find(|child| child.id == id).map_or(Some(0.0), |c| float(c.body));
    let is_flat = pose(0x7673)? == 0.0 && pose(0x7674)? == 0.0;
    pose(0x7675).filter(|_| is_flat)
}

/// DefaultDuration, in nanoseconds, as a rate. Those of television are rounded there.
fn frame_rate_of(nanoseconds: u64) -> Option<(u32, u32)> {
    let television = [24_000, 30_000, 60_000, 120_000].map(|pictures| (pictures, 1001));
    let rounded = |(pictures, seconds): &(u32, u32)| {
        (SECOND * u64::from(*seconds) / u64::from(*pictures)).abs_diff(nanoseconds) <= 1
    };
    television.into_iter().find(rounded).or_else(|| {
        // 33333333 ns are a thirtieth.
        let whole = SECOND.saturating_add(nanoseconds / 2) / nanoseconds.max(1);
        match whole > 0 && (SECOND / whole).abs_diff(nanoseconds) <= 1 {
            true => rate(whole, 1),
            false => rate(SECOND, nanoseconds),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rates() {
        for (nanoseconds, rate) in [
            (41_708_333, (24_000, 1001)),
            (41_666_667, (24, 1)),
            (40_000_000, (25, 1)),
            (33_366_667, (30_000, 1001)),
            (33_333_333, (30, 1)),
            (16_683_333, (60_000, 1001)),
            (400_000_000, (5, 2)),
        ] {
            assert_eq!(frame_rate_of(nanoseconds), Some(rate), "{nanoseconds}");
        }
    }

    #[test]
    fn video_may_say_nothing_of_use() {
        for body in
            [&[][..], &[0xb0, 0x81, 0, 0xba, 0x81, 0], &[0x54, 0xb0, 0x81, 0, 0xb0, 0x81, 9]]
        {
            assert_eq!(Video::read(body).pixel_aspect(), None, "{body:?}");
            assert_eq!(Video::read(body).rotation(), 0, "{body:?}");
        }
        // 90 degrees counterclockwise: ProjectionPoseRoll is 90.
        let turned = [0x76, 0x70, 0x87, 0x76, 0x75, 0x84, 0x42, 0xb4, 0, 0];
        assert_eq!(Video::read(&turned).rotation(), 270);
    }

    #[test]
    fn codecs_have_two_kinds_of_names() {
        let mut windows = vec![0; BITMAP_INFO];
        windows[16..20].copy_from_slice(b"AV01");
        windows.extend(b"av1C");
        let track = |codec: &str, private: &[u8]| {
            let private = private.to_vec();
            Track { codec: codec.into(), private, ..Track::default() }
        };
        for (codec, private) in [("V_AV1", &b"av1C"[..]), ("V_MS/VFW/FOURCC", &windows)] {
            let track = track(codec, private);
            assert!(track.is_av1());
            assert_eq!(track.record(private), b"av1C", "{codec}");
        }
        assert!(!track("V_MS/VFW/FOURCC", &[0; 40]).is_av1());
        assert!(!track("V_VP9", b"av1C").is_av1());
    }
}
