//! Units out, a file out.

mod matroska;
mod mp4;

use av1_syntax::obu::{Framing, ObuType, obus};
use av1_syntax::unit::TemporalUnit;

use crate::Derived;
use crate::bits::leb128;
use crate::error::{Error, Result};
use crate::stream::Stream;
use crate::write::write;

/// Containers that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// IVF.
    Ivf,
    /// Low-overhead OBU stream, 5.2.
    Section5,
    /// Length-delimited stream, Annex B.
    AnnexB,
    /// Matroska; WebM by its extension.
    Matroska,
    /// MP4.
    Mp4,
}

impl Container {
    /// The container that a file of `extension` has; `annexb.obu` is not told by its extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "ivf" => Self::Ivf,
            "obu" | "av1" => Self::Section5,
            "annexb" => Self::AnnexB,
            "mkv" | "webm" => Self::Matroska,
            "mp4" => Self::Mp4,
            _ => return None,
        })
    }

    /// How OBUs are delimited in it.
    pub fn framing(self) -> Framing {
        match self {
            Self::AnnexB => Framing::AnnexB,
            _ => Framing::Section5,
        }
    }

    /// `stream` as units that can be in it: a Section 5 stream, which IVF has too, has the size of
    /// every OBU.
    ///
    /// # Errors
    /// Those of [`crate::write::write()`].
    pub fn units(self, stream: &Stream, derived: Derived) -> Result<Vec<TemporalUnit>> {
        if !matches!(self, Self::Section5 | Self::Ivf) {
            return write(stream, self.framing(), derived);
        }
        let mut sized = stream.clone();
        sized.wraps_mut().for_each(|(wrap, _)| wrap.size_bytes = wrap.size_bytes.max(1));
        write(&sized, self.framing(), derived)
    }

    /// A file of `units`, which have its framing; `time_base` is the seconds of a tick of their times.
    ///
    /// # Errors
    /// The container cannot hold them.
    pub fn file(self, units: &[TemporalUnit], time_base: Option<(u32, u32)>) -> Result<Vec<u8>> {
        if units.iter().any(|unit| unit.framing != self.framing()) {
            return Err(Error::Unsupported("units of another framing than the container's"));
        }
        match self {
            Self::Ivf => ivf(units, time_base),
            Self::Section5 => section5(units),
            Self::AnnexB => annexb(units),
            Self::Matroska => matroska::file(units, time_base),
            Self::Mp4 => mp4::file(units, time_base),
        }
    }
}

/// The time base of streams that have none: that of raw streams of other programs.
const TIME_BASE: (u32, u32) = (1, 25);

/// The size in samples that the first sequence header says, and the bytes of its OBU's payload.
fn sequence_header(units: &[TemporalUnit]) -> Result<(u32, u32, Vec<u8>)> {
    for unit in units {
        for obu in obus(&unit.data, unit.framing) {
            let obu = obu?;
            if obu.obu_type == ObuType::SequenceHeader {
                let mut r = obu.reader();
                let sequence = av1_syntax::syntax::sequence::sequence_header_obu(&mut r)?;
                let (width, height) = sequence.max_frame_size();
                return Ok((width, height, obu.payload.to_vec()));
            }
        }
    }
    Err(Error::Unsupported("a file without a sequence header"))
}

/// The times of `units` in ticks: their own, and where they have none, one after the other.
fn times(units: &[TemporalUnit]) -> Vec<i64> {
    (0i64..).zip(units).map(|(index, unit)| unit.pts.unwrap_or(index)).collect()
}

fn ivf(units: &[TemporalUnit], time_base: Option<(u32, u32)>) -> Result<Vec<u8>> {
    let (width, height, _) = sequence_header(units)?;
    let (numerator, denominator) = time_base.unwrap_or(TIME_BASE);
    let mut out = b"DKIF\0\0\x20\0AV01".to_vec();
    // 65536 does not fit; the size there is a hint.
    out.extend_from_slice(&(width.min(0xffff) as u16).to_le_bytes());
    out.extend_from_slice(&(height.min(0xffff) as u16).to_le_bytes());
    out.extend_from_slice(&denominator.to_le_bytes());
    out.extend_from_slice(&numerator.to_le_bytes());
    out.extend_from_slice(&(units.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for (unit, time) in units.iter().zip(times(units)) {
        out.extend_from_slice(&(unit.data.len() as u32).to_le_bytes());
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&unit.data);
    }
    Ok(out)
}

fn section5(units: &[TemporalUnit]) -> Result<Vec<u8>> {
    for unit in units {
        for obu in obus(&unit.data, unit.framing) {
            let head = unit.data.get(obu?.offset).copied().unwrap_or_default();
            if head & 2 == 0 {
                return Err(Error::Unsupported("an OBU without a size in a Section 5 stream"));
            }
        }
    }
    Ok(units.iter().flat_map(|unit| unit.data.iter().copied()).collect())
}

fn annexb(units: &[TemporalUnit]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for unit in units {
        let first = obus(&unit.data, unit.framing).next().transpose()?;
        if first.is_none_or(|obu| obu.obu_type != ObuType::TemporalDelimiter) {
            let what = "a unit of Annex B that starts without a temporal delimiter";
            return Err(Error::Unsupported(what));
        }
        leb128(&mut out, unit.data.len(), 1)?;
        out.extend_from_slice(&unit.data);
    }
    Ok(out)
}
