//! The stable text form of steps: one line each, for `vav1d plan` and for snapshots.

use std::fmt;

use super::{FramePlan, SessionSpec, ShowPlan, Step, SurfaceId};
use crate::format::Chroma;
use crate::syntax::frame::FrameType;

impl fmt::Display for SurfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}", self.0)
    }
}

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Key => "KEY_FRAME",
            Self::Inter => "INTER_FRAME",
            Self::IntraOnly => "INTRA_ONLY_FRAME",
            Self::Switch => "SWITCH_FRAME",
        })
    }
}

impl fmt::Display for Chroma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Monochrome => "4:0:0",
            Self::Yuv420 => "4:2:0",
            Self::Yuv422 => "4:2:2",
            Self::Yuv444 => "4:4:4",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configure(spec) => configure(f, spec),
            Self::Decode(frame) => decode(f, frame),
            Self::Show(show) => shown(f, show),
            Self::Release(surface) => write!(f, "release {surface}"),
        }
    }
}

fn configure(f: &mut fmt::Formatter<'_>, spec: &SessionSpec) -> fmt::Result {
    let sequence = &spec.sequence;
    let (width, height) = sequence.max_frame_size();
    let format = sequence.color_config.format();
    write!(
        f,
        "configure profile={} level={} max={width}x{height} {} {}bit sb={}",
        sequence.seq_profile,
        spec.seq_level_idx,
        format.chroma,
        format.bit_depth,
        if sequence.use_128x128_superblock { 128 } else { 64 },
    )?;
    if sequence.film_grain_params_present {
        f.write_str(" film_grain")?;
    }
    Ok(())
}

fn decode(f: &mut fmt::Formatter<'_>, plan: &FramePlan) -> fmt::Result {
    let header = &plan.header;
    let size = &header.frame_size;
    write!(
        f,
        "decode frame={} unit={} -> {} {} {}x{}",
        plan.frame,
        plan.unit,
        plan.surface,
        header.frame_type,
        size.upscaled_width,
        size.frame_height,
    )?;
    if size.use_superres {
        write!(f, " superres={}", size.superres_denom())?;
    }
    if plan.spatial_id != 0 || plan.temporal_id != 0 {
        write!(f, " layer={}.{}", plan.spatial_id, plan.temporal_id)?;
    }
    write!(f, " hint={} refresh={:#04x}", header.order_hint, header.refresh_frame_flags)?;
    if header.ref_frame_idx.is_some() {
        f.write_str(" refs=")?;
        for (i, surface) in plan.references.iter().enumerate() {
            let sep = if i == 0 { "" } else { "," };
            match surface {
                Some(surface) => write!(f, "{sep}{surface}")?,
                None => write!(f, "{sep}-")?,
            }
        }
        write!(f, " primary={}", header.primary_ref_frame)?;
    }
    let tiles = &header.tile_info;
    write!(f, " tiles={}x{}", tiles.tile_cols(), tiles.tile_rows())?;
    let coded: u64 = plan.bitstream.tile_sizes.iter().map(|s| u64::from(*s)).sum();
    write!(f, " bytes={}/{coded}", plan.bitstream.range.len())?;
    if header.film_grain_params.apply_grain {
        write!(f, " grain={:#06x}", header.film_grain_params.grain_seed)?;
    }
    Ok(())
}

fn shown(f: &mut fmt::Formatter<'_>, show: &ShowPlan) -> fmt::Result {
    write!(f, "show {} unit={}", show.surface, show.unit)?;
    if let Some(pts) = show.pts {
        write!(f, " pts={pts}")?;
    }
    if show.show_existing_frame {
        f.write_str(" existing")?;
    }
    if show.is_doubtful {
        f.write_str(" doubtful")?;
    }
    Ok(())
}
