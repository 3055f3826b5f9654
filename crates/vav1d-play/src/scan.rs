//! What a temporal unit is, from its OBU headers and the first bits of its frame headers alone.

use vav1d::container::TemporalUnit;
use vav1d::obu::{self, Obu, ObuType};
use vav1d::plan::layers::Layers;
use vav1d::plan::planner::PlannerOptions;
use vav1d::syntax;
use vav1d::syntax::metadata::Metadata;

/// What a unit adds to a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether decoding can start at it: its first frame is a key frame, shown or not, and a
    /// sequence header is before it (7.6.1, 7.6.2).
    pub(super) is_access_point: bool,
    /// Frames that are decoded.
    pub(super) frames: u64,
    /// Pictures of the units before that are output, as it shows: none was known to replace them.
    pub(super) before: u64,
    /// Pictures that are output.
    pub(super) outputs: u64,
    /// What it says of the content's luminance.
    pub(super) metadata: Vec<Metadata>,
}

/// Reads the units of a stream in order.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    options: PlannerOptions,
    layers: Layers,
    /// Of the sequence header in force.
    reduced_still_picture_header: bool,
    /// Whether there is a shown frame that a higher spatial layer may replace.
    is_waiting: bool,
    /// Presentation time of the last unit.
    last_pts: Option<i64>,
}

/// What the first bits of a frame header say.
struct Head {
    is_coded: bool,
    is_key: bool,
    is_shown: bool,
}

impl Scanner {
    pub(super) fn new(options: PlannerOptions) -> Self {
        Self {
            options,
            layers: Layers::default(),
            reduced_still_picture_header: false,
            is_waiting: false,
            last_pts: None,
        }
    }

    /// Goes elsewhere in the stream.
    pub(super) fn restart(&mut self) {
        (self.is_waiting, self.last_pts) = (false, None);
    }

    /// Whether there is a picture that the end of the stream would output.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// The picture that waits is output.
    fn end_layer_group(&mut self) -> u64 {
        u64::from(std::mem::take(&mut self.is_waiting))
    }

    /// What `unit` adds. One that is broken would have shown a picture, as each does (7.5).
    pub(super) fn unit(&mut self, unit: &TemporalUnit) -> Facts {
        let mut facts = Facts::default();
        let mut has_sequence_header = false;
        let last = std::mem::replace(&mut self.last_pts, unit.pts);
        if last.is_none() || last != unit.pts {
            facts.before = self.end_layer_group();
        }
        // Whether something was shown in this unit.
        let mut is_first = true;
        for obu in obu::obus(&unit.data, unit.framing) {
            let Ok(obu) = obu else {
                facts.outputs = facts.outputs.max(1);
                break;
            };
            match obu.obu_type {
                ObuType::SequenceHeader => has_sequence_header |= self.sequence_header(&obu),
                ObuType::Metadata => facts.metadata.extend(luminance(&obu)),
                ObuType::TemporalDelimiter if is_first => facts.before += self.end_layer_group(),
                ObuType::TemporalDelimiter => facts.outputs += self.end_layer_group(),
                ObuType::FrameHeader | ObuType::Frame => {
                    if obu.has_extension && self.layers.drops(obu.temporal_id, obu.spatial_id) {
                        continue;
                    }
                    let Some(head) = self.frame_header(&obu) else { continue };
                    if std::mem::take(&mut is_first) {
                        facts.is_access_point = has_sequence_header && head.is_key;
                    }
                    facts.frames += u64::from(head.is_coded);
                    let is_last = self.layers.only_layer().is_none_or(|l| obu.spatial_id >= l);
                    match (head.is_shown, is_last) {
                        (false, _) => {}
                        (true, false) => self.is_waiting = true,
                        (true, true) => {
                            (self.is_waiting, facts.outputs) = (false, facts.outputs + 1);
                        }
                    }
                }
                _ => {}
            }
        }
        if unit.is_hidden {
            (facts.outputs, self.is_waiting) = (0, false);
        }
        facts
    }

    /// Takes note of a sequence header; whether it can be read.
    fn sequence_header(&mut self, obu: &Obu<'_>) -> bool {
        let Ok(header) = syntax::sequence::sequence_header_obu(&mut obu.reader()) else {
            return false;
        };
        self.reduced_still_picture_header = header.reduced_still_picture_header;
        let point = header.operating_points.get(usize::from(self.options.operating_point));
        self.layers =
            point.map_or_else(Layers::default, |point| Layers::new(point, self.options.all_layers));
        true
    }

    /// The first bits of uncompressed_header(), 5.9.2.
    fn frame_header(&self, obu: &Obu<'_>) -> Option<Head> {
        if self.reduced_still_picture_header {
            return Some(Head { is_coded: true, is_key: true, is_shown: true });
        }
        let mut r = obu.reader();
        if r.flag("show_existing_frame").ok()? {
            return Some(Head { is_coded: false, is_key: false, is_shown: true });
        }
        let is_key = r.f(2, "frame_type").ok()? == 0;
        Some(Head { is_coded: true, is_key, is_shown: r.flag("show_frame").ok()? })
    }
}

/// The metadata in `obu`, if it is about luminance and not broken.
fn luminance(obu: &Obu<'_>) -> Option<Metadata> {
    let metadata = syntax::metadata::metadata_obu(&mut obu.reader()).ok()?;
    matches!(metadata, Metadata::HdrCll { .. } | Metadata::HdrMdcv(_)).then_some(metadata)
}
