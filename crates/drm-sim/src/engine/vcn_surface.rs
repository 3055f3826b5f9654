//! Where AMD chips write a picture: the output, and the image that later pictures refer to.

use av1_engine::Decoded;

use super::Outcome;
use super::part::Part;
use super::vcn_dpb::Place;
use crate::memory::Space;
use crate::surface::{self, Seal, Surface};
use crate::swizzle::{Family, Swizzle};
use crate::tiling::Tiling;

/// Where a picture goes, or why it cannot go there.
pub(super) struct Surfaces {
    /// What is shown, with its film grain.
    output: Result<Surface, String>,
    /// What is referred to, if it is kept, and not in the output.
    kept: Option<Result<Surface, String>>,
    /// Whether it is kept in the output.
    is_output_kept: bool,
}

impl Surfaces {
    /// Those of a message whose output is in the buffer at `target`, and whose picture is kept at
    /// `kept`.
    pub(super) fn new(
        decode: &Part,
        target: u64,
        kept: Option<Place>,
        family: Option<Family>,
        sample_bytes: u64,
    ) -> Self {
        let at = |name: &str| target.wrapping_add(decode.one(name) as u64);
        let output = Image {
            luma: at("dt_luma_top_offset"),
            chroma: at("dt_chroma_top_offset"),
            pitches: [decode.one("dt_pitch"), decode.one("dt_uv_pitch")],
            mode: decode.one("dt_swizzle_mode"),
        };
        let is_output_kept = kept.is_some_and(|kept| kept.address == output.luma);
        let kept = kept.filter(|_| !is_output_kept).map(|kept| Image {
            luma: kept.address,
            chroma: kept.chroma,
            pitches: [kept.pitch, kept.chroma_pitch],
            mode: kept.swizzle,
        });
        Self {
            output: output.surface(family, sample_bytes),
            kept: kept.map(|kept| kept.surface(family, sample_bytes)),
            is_output_kept,
        }
    }

    /// By what it is known again that nothing else was written to what is kept; `None` where nothing
    /// is kept.
    pub(super) fn seal(&self, space: &Space, height: u32) -> Option<Seal> {
        let kept = match self.is_output_kept {
            true => Some(&self.output),
            false => self.kept.as_ref(),
        };
        let surface = kept?.as_ref().ok()?;
        Some(Seal::of(space, surface, height as usize))
    }

    /// Makes them bytes that nobody takes for a picture.
    pub(super) fn poison(
        &self,
        space: &Space,
        size: (u32, u32),
        sample_bytes: u64,
        outcome: &mut Outcome,
    ) {
        for surface in self.kept.iter().chain([&self.output]).flatten() {
            outcome.poison(space, surface, size, sample_bytes as usize);
        }
    }

    /// Writes the picture.
    pub(super) fn write(&self, space: &Space, decoded: &Decoded, outcome: &mut Outcome) {
        let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
        let kept = self.kept.iter().map(|kept| ("DPB", kept, &decoded.clean));
        for (name, surface, frame) in kept.chain([("output", &self.output, shown)]) {
            let surface = surface.as_ref().map_err(Clone::clone);
            if let Err(why) = surface.and_then(|surface| surface::write(space, surface, frame)) {
                outcome.fault(format!("{name}: {why}"));
            }
        }
    }
}

/// An image as messages have it.
struct Image {
    luma: u64,
    chroma: u64,
    /// In samples of luma, and in pairs of samples of chroma.
    pitches: [i64; 2],
    /// Its swizzle mode.
    mode: i64,
}

impl Image {
    fn surface(&self, family: Option<Family>, sample_bytes: u64) -> Result<Surface, String> {
        let mode = self.mode;
        let swizzle = |texel| Swizzle::new(family?, u32::try_from(mode).ok()?, texel);
        let tiling = |texel| match mode {
            0 => Ok(Tiling::Linear),
            _ => swizzle(texel)
                .map(Tiling::Swizzled)
                .ok_or(format!("swizzle mode {mode} is not imitated")),
        };
        let [luma, chroma] = self.pitches.map(|pitch| u64::try_from(pitch).unwrap_or(0));
        Ok(Surface {
            luma: self.luma,
            chroma: self.chroma,
            luma_pitch: luma * sample_bytes,
            chroma_pitch: chroma * sample_bytes * 2,
            luma_tiling: tiling(sample_bytes)?,
            chroma_tiling: tiling(sample_bytes * 2)?,
        })
    }
}
