//! What a temporal unit is, from its OBU headers and the first bits of its frame headers alone.

use crate::color::Luminance;
use crate::container::TemporalUnit;
use crate::obu::{self, Obu, ObuType};
use crate::plan::layers::Layers;
use crate::plan::planner::PlannerOptions;
use crate::syntax;

/// What a unit adds to a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Whether decoding can start at it: its first frame is a key frame, shown or not, and a
    /// sequence header is before it (7.6.1, 7.6.2).
    pub(super) is_access_point: bool,
    /// Frames that are decoded.
    pub(super) frames: u64,
    /// Pictures that are output.
    pub(super) outputs: u64,
    /// What metadata have said of luminance, up to its end.
    pub(super) luminance: Luminance,
}

/// Reads the units of a stream in order.
#[derive(Debug)]
pub(super) struct Scanner {
    options: PlannerOptions,
    layers: Layers,
    /// Of the sequence header in force.
    reduced_still_picture_header: bool,
    luminance: Luminance,
}

/// What the first bits of a frame header say.
struct Head {
    is_coded: bool,
    is_key: bool,
    is_shown: bool,
}

impl Scanner {
    pub(super) fn new(options: PlannerOptions) -> Self {
        let (layers, luminance) = (Layers::default(), Luminance::default());
        Self { options, layers, reduced_still_picture_header: false, luminance }
    }

    /// What `unit` adds. One that is broken would have shown a picture, as each does (7.5).
    pub(super) fn unit(&mut self, unit: &TemporalUnit) -> Facts {
        let mut facts = Facts::default();
        let mut has_sequence_header = false;
        // A shown frame that a higher spatial layer may replace.
        let mut waiting = 0;
        for obu in obu::obus(&unit.data, unit.framing) {
            let Ok(obu) = obu else {
                facts.outputs = facts.outputs.max(1);
                break;
            };
            match obu.obu_type {
                ObuType::SequenceHeader => has_sequence_header |= self.sequence_header(&obu),
                ObuType::Metadata => self.metadata(&obu),
                ObuType::TemporalDelimiter => facts.outputs += std::mem::take(&mut waiting),
                ObuType::FrameHeader | ObuType::Frame => {
                    if obu.has_extension && self.layers.drops(obu.temporal_id, obu.spatial_id) {
                        continue;
                    }
                    let Some(head) = self.frame_header(&obu) else { continue };
                    if facts.frames == 0 && facts.outputs + waiting == 0 {
                        facts.is_access_point = has_sequence_header && head.is_key;
                    }
                    facts.frames += u64::from(head.is_coded);
                    let is_last = self.layers.only_layer().is_none_or(|l| obu.spatial_id >= l);
                    match (head.is_shown, is_last) {
                        (false, _) => {}
                        (true, false) => waiting = 1,
                        (true, true) => (waiting, facts.outputs) = (0, facts.outputs + 1),
                    }
                }
                _ => {}
            }
        }
        facts.outputs += waiting;
        facts.luminance = self.luminance;
        facts
    }

    /// Takes note of metadata; what is malformed says nothing.
    fn metadata(&mut self, obu: &Obu<'_>) {
        if let Ok(metadata) = syntax::metadata::metadata_obu(&mut obu.reader()) {
            self.luminance.note(&metadata);
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::obu::Framing;

    #[test]
    fn light_levels_are_found() {
        // Temporal delimiter; metadata_hdr_cll of 1000 and 400; metadata_hdr_mdcv of 4000 and 0.005.
        let mut data = vec![0x12, 0, 0x2a, 5, 1, 0x03, 0xe8, 0x01, 0x90, 0x2a, 25, 2];
        data.extend([0; 16]);
        data.extend((4000_u32 << 8).to_be_bytes());
        data.extend(82_u32.to_be_bytes());
        let (data, framing): (Arc<[u8]>, _) = (data.into(), Framing::Section5);
        let unit = TemporalUnit { index: 0, data, framing, pts: None, file_offset: None };
        let luminance = Scanner::new(PlannerOptions::default()).unit(&unit).luminance;
        assert_eq!((luminance.max_cll, luminance.max_fall), (Some(1000.0), Some(400.0)));
        assert_eq!(luminance.mastering_max, Some(4000.0));
        assert!(luminance.mastering_min.is_some_and(|min| (min - 0.005).abs() < 1e-4));
    }
}
