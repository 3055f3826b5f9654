//! How two pictures of one frame differ.

use serde::{Deserialize, Serialize};
use vav1d::pixels::Picture;

use super::graph::Node;

/// The planes in their order.
const PLANES: [&str; 3] = ["Y", "U", "V"];

/// How a picture differs from what it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Difference {
    /// Sizes or sample formats differ: nothing more can be said.
    Shape {
        /// Width, height and bit depth of the judged picture.
        #[serde(rename = "shape")]
        is: (u32, u32, u8),
        /// Of the right one.
        should_be: (u32, u32, u8),
    },
    /// Only hashes are known, and they differ.
    Hash {
        /// MD5 of the judged picture.
        #[serde(rename = "md5")]
        is: String,
        /// Of the right one.
        should_be: String,
    },
    /// Samples differ.
    Samples {
        /// Y, U, V.
        planes: Vec<PlaneDifference>,
        /// Where.
        superblocks: Superblocks,
    },
}

impl Difference {
    /// The planes that differ.
    pub fn planes(&self) -> impl Iterator<Item = &PlaneDifference> {
        let planes: &[PlaneDifference] = match self {
            Self::Samples { planes, .. } => planes,
            Self::Shape { .. } | Self::Hash { .. } => &[],
        };
        planes.iter().filter(|plane| plane.differing > 0)
    }

    /// Its first wrong superblock.
    pub fn first(&self) -> Option<&Block> {
        match self {
            Self::Samples { superblocks, .. } => Some(&superblocks.first),
            Self::Shape { .. } | Self::Hash { .. } => None,
        }
    }
}

/// One plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneDifference {
    /// Y, U or V.
    pub plane: String,
    /// Samples of the plane.
    pub samples: u64,
    /// Of these, how many differ.
    pub differing: u64,
    /// The largest difference, in units of the sample.
    pub max: u32,
    /// The first differing sample in raster order: column, row.
    pub first: Option<(u32, u32)>,
    /// Peak signal to noise ratio in dB; `None` if nothing differs.
    pub psnr: Option<f64>,
    /// Mean structural similarity over windows of 8x8 samples, four apart; 1 if nothing differs.
    /// `None` for planes smaller than a window.
    pub ssim: Option<f64>,
}

/// The superblocks that have differing samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superblocks {
    /// How many.
    pub wrong: usize,
    /// Of how many.
    pub total: usize,
    /// The first in decoding order: by tiles, and in raster order in a tile. The in-loop filters
    /// carry errors a few samples to the left and up: the origin may be its neighbour.
    pub first: Block,
}

/// A superblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Row of superblocks in the frame, from 0.
    pub row: u32,
    /// Column.
    pub column: u32,
    /// Its left upper luma sample in the picture; with superres, after upscaling.
    pub x: u32,
    /// See `x`.
    pub y: u32,
    /// Width and height in luma samples before superres: 64 or 128.
    pub size: u32,
    /// Number of its tile, in raster order.
    pub tile: u32,
}

/// The difference of `is` from `should_be`, both pictures of frame `node`; `None` if they are
/// equal.
pub fn difference(node: &Node, is: &Picture, should_be: &Picture) -> Option<Difference> {
    let shape = |p: &Picture| (p.width, p.height, p.format.bit_depth);
    if shape(is) != shape(should_be) || is.format != should_be.format {
        return Some(Difference::Shape { is: shape(is), should_be: shape(should_be) });
    }
    if is.data == should_be.data {
        return None;
    }
    let mut map = SuperblockMap::new(node);
    let planes = (0..is.format.chroma.planes()).zip(PLANES).map(|(plane, name)| {
        let (width, _) = is.format.plane_size(plane, is.width, is.height);
        let [a, b] = [is, should_be].map(|p| samples(p, plane));
        let (x, y) = if plane == 0 { (0, 0) } else { is.format.chroma.subsampling() };
        let each = |column: u32, row: u32| map.mark(column << x, row << y);
        plane_difference(name, &a, &b, width, is.format.bit_depth, each)
    });
    let planes = planes.collect();
    Some(Difference::Samples { planes, superblocks: map.finish() })
}

/// The samples of a plane.
pub(super) fn samples(picture: &Picture, plane: usize) -> Vec<u16> {
    let bytes = picture.plane(plane);
    match picture.format.sample_bytes() {
        1 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
        _ => bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
    }
}

fn plane_difference(
    plane: &str,
    a: &[u16],
    b: &[u16],
    width: u32,
    bit_depth: u8,
    mut each: impl FnMut(u32, u32),
) -> PlaneDifference {
    let (mut differing, mut max, mut squares, mut first) = (0, 0, 0_u64, None);
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let by = u32::from(a.abs_diff(*b));
        if by == 0 {
            continue;
        }
        let at = (index as u32 % width, index as u32 / width);
        each(at.0, at.1);
        first = first.or(Some(at));
        (differing, max) = (differing + 1, by.max(max));
        squares += u64::from(by) * u64::from(by);
    }
    let peak = f64::from((1_u32 << bit_depth) - 1);
    let mse = squares as f64 / a.len().max(1) as f64;
    PlaneDifference {
        plane: plane.to_owned(),
        samples: a.len() as u64,
        differing,
        max,
        first,
        psnr: (differing > 0).then(|| 10.0 * (peak * peak / mse).log10()),
        ssim: if differing == 0 { Some(1.0) } else { ssim(a, b, width as usize, peak) },
    }
}

/// Wang et al. 2004, with windows of equal weights.
fn ssim(a: &[u16], b: &[u16], width: usize, peak: f64) -> Option<f64> {
    const WINDOW: usize = 8;
    let height = a.len() / width.max(1);
    let (c1, c2) = ((0.01 * peak).powi(2), (0.03 * peak).powi(2));
    let n = (WINDOW * WINDOW) as f64;
    let (mut sum, mut windows) = (0.0, 0_u64);
    for top in (0..(height + 1).saturating_sub(WINDOW)).step_by(4) {
        for left in (0..(width + 1).saturating_sub(WINDOW)).step_by(4) {
            let (mut sa, mut sb, mut aa, mut bb, mut ab) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
            for row in top..top + WINDOW {
                let at = row * width + left..row * width + left + WINDOW;
                let (Some(ra), Some(rb)) = (a.get(at.clone()), b.get(at)) else { continue };
                for (x, y) in ra.iter().zip(rb) {
                    let (x, y) = (u64::from(*x), u64::from(*y));
                    (sa, sb) = (sa + x, sb + y);
                    (aa, bb, ab) = (aa + x * x, bb + y * y, ab + x * y);
                }
            }
            let (ma, mb) = (sa as f64 / n, sb as f64 / n);
            let (va, vb) = (aa as f64 / n - ma * ma, bb as f64 / n - mb * mb);
            let cov = ab as f64 / n - ma * mb;
            sum += (2.0 * ma * mb + c1) * (2.0 * cov + c2)
                / ((ma * ma + mb * mb + c1) * (va + vb + c2));
            windows += 1;
        }
    }
    (windows > 0).then(|| sum / windows as f64)
}

/// Which superblocks of a frame have differing samples.
struct SuperblockMap<'n> {
    node: &'n Node,
    size: u32,
    columns: u32,
    wrong: Vec<bool>,
}

impl<'n> SuperblockMap<'n> {
    fn new(node: &'n Node) -> Self {
        let size = if node.sequence.use_128x128_superblock { 128 } else { 64 };
        let frame = &node.header.frame_size;
        let columns = frame.frame_width.div_ceil(size).max(1);
        let rows = frame.frame_height.div_ceil(size).max(1);
        Self { node, size, columns, wrong: vec![false; (columns * rows) as usize] }
    }

    /// The luma sample at column `x` of row `y`, after superres, differs.
    fn mark(&mut self, x: u32, y: u32) {
        let frame = &self.node.header.frame_size;
        let scaled = u64::from(x) * u64::from(frame.frame_width);
        let column = (scaled / u64::from(frame.upscaled_width.max(1))) as u32 / self.size;
        let index = (y / self.size) * self.columns + column.min(self.columns - 1);
        if let Some(wrong) = self.wrong.get_mut(index as usize) {
            *wrong = true;
        }
    }

    fn finish(self) -> Superblocks {
        let wrong = self.wrong.iter().enumerate().filter(|(_, wrong)| **wrong);
        let blocks = wrong.clone().map(|(index, _)| self.block(index as u32));
        let nothing = Block { row: 0, column: 0, x: 0, y: 0, size: self.size, tile: 0 };
        let first = blocks.min_by_key(|block| (block.tile, block.row, block.column));
        Superblocks {
            wrong: wrong.count(),
            total: self.wrong.len(),
            first: first.unwrap_or(nothing),
        }
    }

    fn block(&self, index: u32) -> Block {
        let (row, column) = (index / self.columns, index % self.columns);
        let tiles = &self.node.header.tile_info;
        let mi = |sb: u32| sb * (self.size / 4);
        let last_start = |starts: &[u32], at: u32| {
            starts.iter().take_while(|start| **start <= at).count().saturating_sub(1) as u32
        };
        let tile_row = last_start(&tiles.mi_row_starts, mi(row));
        let tile_column = last_start(&tiles.mi_col_starts, mi(column));
        let frame = &self.node.header.frame_size;
        let x = u64::from(column * self.size) * u64::from(frame.upscaled_width);
        Block {
            row,
            column,
            x: (x / u64::from(frame.frame_width.max(1))) as u32,
            y: row * self.size,
            size: self.size,
            tile: tile_row * tiles.tile_cols() + tile_column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_measured() {
        let a: Vec<u16> = (0..256).map(|i| i % 16 * 10).collect();
        let mut b = a.clone();
        b[3 * 16 + 5] += 4;
        b[9 * 16 + 1] -= 2;
        let mut marked = Vec::new();
        let found = plane_difference("Y", &a, &b, 16, 8, |x, y| marked.push((x, y)));
        assert_eq!((found.samples, found.differing, found.max), (256, 2, 4));
        assert_eq!((found.first, &marked[..]), (Some((5, 3)), &[(5, 3), (1, 9)][..]));
        let mse = 20.0 / 256.0;
        let [psnr, ssim] = [found.psnr, found.ssim].map(Option::unwrap);
        assert!((psnr - 10.0 * (65025.0_f64 / mse).log10()).abs() < 1e-9);
        assert!(ssim < 1.0 && ssim > 0.99, "{ssim}");
        let same = plane_difference("Y", &a, &a, 16, 8, |_, _| ());
        assert_eq!((same.differing, same.psnr, same.ssim), (0, None, Some(1.0)));
    }

    #[test]
    fn structure_that_is_gone_costs_more_than_brightness() {
        let a: Vec<u16> = (0..256).map(|i| (i * 37) % 200).collect();
        let brighter: Vec<u16> = a.iter().map(|v| v + 10).collect();
        let flat = vec![100; 256];
        let [brighter, flat] = [&brighter, &flat].map(|b| ssim(&a, b, 16, 255.0).unwrap());
        assert!(brighter > 0.9 && flat < 0.1, "{brighter} {flat}");
        assert!(ssim(&a[..49], &a[1..50], 7, 255.0).is_none());
    }
}
