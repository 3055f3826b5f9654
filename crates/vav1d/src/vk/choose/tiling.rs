//! Outputs of the tiling that is asked for.

use super::super::caps::{ProfileReport, VideoFormat};
use super::super::options::OutputTiling;
use ash::vk;

/// `report` with output formats of `tiling` alone, if one is asked for.
pub(super) fn only(report: &ProfileReport, tiling: Option<OutputTiling>) -> ProfileReport {
    let mut report = report.clone();
    if let Some(tiling) = tiling {
        let wanted = match tiling {
            OutputTiling::Optimal => vk::ImageTiling::OPTIMAL,
            OutputTiling::Linear => vk::ImageTiling::LINEAR,
        };
        let keep = |list: &mut Result<Vec<VideoFormat>, vk::Result>| {
            if let Ok(list) = list {
                list.retain(|format| format.tiling == wanted);
            }
        };
        keep(&mut report.dst);
        keep(&mut report.dst_dpb);
    }
    report
}
