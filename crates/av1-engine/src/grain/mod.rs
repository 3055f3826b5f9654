//! Film grain synthesis, spec 7.18.3, on a copy of the picture. Written from the specification, and
//! not for speed: for what the decoder's own does not have, and to tell whether that is right.

#[cfg(feature = "decoder")]
mod add;
#[cfg(feature = "decoder")]
mod gaussian;
mod params;
#[cfg(feature = "decoder")]
mod template;

pub(crate) use params::Params;

#[cfg(feature = "decoder")]
use super::{Frame, Plane};
#[cfg(feature = "decoder")]
use template::Templates;

/// The samples of one plane, rows without gaps.
#[cfg(feature = "decoder")]
pub(crate) struct Samples {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u16>,
}

/// The film grain synthesis process, spec 7.18.3.1: `clean` with grain.
#[cfg(feature = "decoder")]
pub(crate) fn apply(clean: &Frame, params: &Params) -> Frame {
    if !params.changes_samples() {
        return clean.clone();
    }
    let planes: Vec<Samples> = clean.planes().iter().map(Samples::from_plane).collect();
    let templates = Templates::generate(params);
    let grained = add::add_noise(params, &templates, &planes);
    Frame::from_samples(
        clean.bit_depth(),
        grained.into_iter().map(|plane| (plane.width, plane.height, plane.data)).collect(),
    )
}

#[cfg(feature = "decoder")]
impl Samples {
    fn from_plane(plane: &Plane<'_>) -> Self {
        Self { width: plane.width, height: plane.height, data: plane.samples() }
    }
}

/// `Round2( x, n )`, spec 4.7, also of negative numbers.
#[cfg(feature = "decoder")]
fn round2(x: i32, n: u32) -> i32 {
    if n == 0 { x } else { (x + (1 << (n - 1))) >> n }
}

/// `RandomRegister` and `get_random_number( bits )`, spec 7.18.3.2.
#[cfg(feature = "decoder")]
struct Random(u16);

#[cfg(feature = "decoder")]
impl Random {
    fn bits(&mut self, bits: u32) -> usize {
        let r = self.0;
        let bit = (r ^ (r >> 1) ^ (r >> 3) ^ (r >> 12)) & 1;
        self.0 = (r >> 1) | (bit << 15);
        usize::from(self.0 >> (16 - bits)) & ((1 << bits) - 1)
    }
}

#[cfg(all(test, feature = "decoder"))]
mod tests;
