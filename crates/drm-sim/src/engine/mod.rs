//! The imitated video engine: what a driver wrote becomes a frame again, is decoded, and goes where
//! the driver wants it. Whatever does not fit is a fault, which the recording names.

mod avp;
mod avp_frame;
mod avp_job;
mod part;
mod tiles;
mod vcn;
mod vcn_dpb;
mod vcn_job;
mod vcn_surface;

#[cfg(test)]
mod tests;

use av1_engine::{Decoded, Engine, Fault, job};

use crate::memory::Space;
use crate::surface::{self, Surface};

pub(crate) use self::avp::Avp;
pub(crate) use self::avp_frame::{Frame, frames};
pub(crate) use self::vcn::{Next, Vcn};

/// Whether nothing is to be decoded: `VAV1D_DRM_SIM_ENGINE=off`.
pub(crate) fn is_off() -> bool {
    std::env::var_os("VAV1D_DRM_SIM_ENGINE").is_some_and(|value| value == "off")
}

/// What the engine made of one frame.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The picture, and what its header says, in words.
    pub(crate) picture: Option<(Decoded, String)>,
    /// What did not fit.
    pub(crate) faults: Vec<String>,
}

impl Outcome {
    /// Marks the place of a picture that there is not.
    fn poison(&mut self, space: &Space, to: &Surface, size: (u32, u32), sample_bytes: usize) {
        if let Err(reason) = surface::poison(space, to, size, sample_bytes) {
            self.fault(format!("output: {reason}"));
        }
    }

    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// What did not fit, if something did not.
    fn fault_if(&mut self, what: Option<String>) {
        self.faults.extend(what);
    }
}

/// The engine of one session, opened with its first frame.
#[derive(Default)]
struct Opened(Option<Engine>);

impl Opened {
    /// Decodes `job`; another profile than before is another session.
    fn decode(
        &mut self,
        profile: job::Profile,
        job: &job::FrameJob,
        tiles: &[&[u8]],
        next: Option<u32>,
    ) -> Result<Decoded, Fault> {
        let engine = match self.0.take().filter(|engine| engine.profile() == profile) {
            Some(engine) => engine,
            None => Engine::new(profile)?,
        };
        self.0.insert(engine).decode(job, tiles, next)
    }
}

/// What a frame's header says, in words.
fn facts(job: &job::FrameJob, profile: job::Profile) -> String {
    let std = &job.picture.std;
    let kind = match std.frame_type {
        0 => "KEY_FRAME",
        1 => "INTER_FRAME",
        2 => "INTRA_ONLY_FRAME",
        _ => "SWITCH_FRAME",
    };
    let q = job.picture.quantization.as_ref().map_or(0, |q| q.base_q_idx);
    let tiles = job.tile_sizes.len();
    let grain = if std.flags.apply_grain() != 0 { " film_grain" } else { "" };
    let (width, height) = job.coded_extent;
    format!(
        "{width}x{height} {} bit {kind} order_hint={} base_q_idx={q} tiles={tiles}{grain}",
        profile.bit_depth, std.OrderHint
    )
}
