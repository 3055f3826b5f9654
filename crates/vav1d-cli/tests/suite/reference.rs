//! Pictures to R, G, B on the CPU, in double precision, written from H.273, BT.2100 and BT.2390
//! alone: what drawn pictures are compared with.

use vav1d::pixels::{Chroma, Picture};

/// How samples become colours.
#[derive(Clone, Copy, Debug)]
pub struct Colors {
    /// KR and KB; `None` for identity.
    pub luma: Option<(f64, f64)>,
    /// Full range.
    pub full: bool,
    /// Chroma samples lie on luma samples in both directions.
    pub colocated: bool,
}

pub const BT601: Option<(f64, f64)> = Some((0.299, 0.114));
pub const BT709: Option<(f64, f64)> = Some((0.2126, 0.0722));
pub const BT2020: Option<(f64, f64)> = Some((0.2627, 0.0593));

/// The samples of plane `plane`.
pub fn samples(picture: &Picture, plane: usize) -> Vec<f64> {
    match picture.format.sample_bytes() {
        1 => picture.plane(plane).iter().map(|s| f64::from(*s)).collect(),
        _ => picture
            .plane(plane)
            .chunks(2)
            .map(|s| f64::from(u16::from_le_bytes([s[0], s[1]])))
            .collect(),
    }
}

/// R', G', B' of each pixel, 0 to 1, not clipped.
pub fn rgb(picture: &Picture, colors: Colors) -> Vec<[f64; 3]> {
    let depth = u32::from(picture.format.bit_depth);
    let scale = f64::from(1_u32 << (depth - 8));
    let top = f64::from((1_u32 << depth) - 1);
    let (width, height) = (picture.width as usize, picture.height as usize);
    let luma = samples(picture, 0);
    let planes: Vec<_> = (1..picture.format.chroma.planes()).map(|p| samples(picture, p)).collect();
    let normal = |y: f64| if colors.full { y / top } else { (y / scale - 16.0) / 219.0 };
    let centred = |c: f64| match colors.full {
        true => (c - 128.0 * scale) / top,
        false => (c / scale - 128.0) / 224.0,
    };
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let own = luma[y * width + x];
            if planes.is_empty() {
                out.push([normal(own); 3]);
                continue;
            }
            let [u, v] = [0, 1].map(|p| at(picture, &planes[p], x, y, colors.colocated));
            out.push(match colors.luma {
                None => [normal(v), normal(own), normal(u)],
                Some((kr, kb)) => {
                    let (luma, cb, cr) = (normal(own), centred(u), centred(v));
                    let r = luma + 2.0 * (1.0 - kr) * cr;
                    let b = luma + 2.0 * (1.0 - kb) * cb;
                    [r, (luma - kr * r - kb * b) / (1.0 - kr - kb), b]
                }
            });
        }
    }
    out
}

/// A chroma plane at luma position (x, y): linear between the nearest samples. Across, samples lie
/// on luma samples; down, between two lines, unless they are colocated.
fn at(picture: &Picture, plane: &[f64], x: usize, y: usize, colocated: bool) -> f64 {
    let (width, height) = picture.format.plane_size(1, picture.width, picture.height);
    let (across, down) = match picture.format.chroma {
        Chroma::Yuv444 | Chroma::Monochrome => (x as f64, y as f64),
        Chroma::Yuv422 => (x as f64 / 2.0, y as f64),
        Chroma::Yuv420 if colocated => (x as f64 / 2.0, y as f64 / 2.0),
        Chroma::Yuv420 => (x as f64 / 2.0, (y as f64 - 0.5) / 2.0),
    };
    let sample = |column: f64, row: f64| {
        let column = column.clamp(0.0, f64::from(width - 1)) as usize;
        let row = row.clamp(0.0, f64::from(height - 1)) as usize;
        plane[row * width as usize + column]
    };
    let (left, above) = (across.floor(), down.floor());
    let (part_x, part_y) = (across - left, down - above);
    let line = |row| sample(left, row) * (1.0 - part_x) + sample(left + 1.0, row) * part_x;
    line(above) * (1.0 - part_y) + line(above + 1.0) * part_y
}

/// Bytes of what is 0 to 1.
pub fn bytes(rgb: &[[f64; 3]]) -> Vec<u8> {
    rgb.iter().flatten().map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}

/// Peak signal to noise ratio of R, G, B bytes, in dB.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let error = a.iter().zip(b).map(square).sum::<f64>() / a.len() as f64;
    10.0 * (255.0 * 255.0 / error.max(1e-10)).log10()
}

/// SMPTE ST 2084: from cd/m2 to the signal.
pub fn pq(luminance: f64) -> f64 {
    let y = (luminance / 10000.0).clamp(0.0, 1.0).powf(2610.0 / 16384.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    ((c1 + c2 * y) / (1.0 + c3 * y)).powf(2523.0 / 32.0)
}

/// SMPTE ST 2084: from the signal to cd/m2.
pub fn pq_inverse(signal: f64) -> f64 {
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    let p = signal.clamp(0.0, 1.0).powf(32.0 / 2523.0);
    10000.0 * ((p - c1).max(0.0) / (c2 - c3 * p)).powf(16384.0 / 2610.0)
}

/// The EETF of BT.2390, from a display of `source` cd/m2 to one of `target`, both with black of 0.
pub fn eetf(luminance: f64, source: f64, target: f64) -> f64 {
    let e1 = (pq(luminance) / pq(source)).min(1.0);
    let max = pq(target) / pq(source);
    let ks = 1.5 * max - 0.5;
    let e2 = match e1 < ks {
        true => e1,
        false => {
            let t = (e1 - ks) / (1.0 - ks);
            (2.0 * t.powi(3) - 3.0 * t.powi(2) + 1.0) * ks
                + (t.powi(3) - 2.0 * t.powi(2) + t) * (1.0 - ks)
                + (-2.0 * t.powi(3) + 3.0 * t.powi(2)) * max
        }
    };
    pq_inverse(e2 * pq(source))
}
