//! Primaries: chromaticities, and the way from the linear R, G, B of one set to those of another.

/// Three rows.
pub type Matrix = [[f64; 3]; 3];

/// Chromaticities of R, G, B and white: (x, y) of CIE 1931.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Primaries {
    red: (f64, f64),
    green: (f64, f64),
    blue: (f64, f64),
    white: (f64, f64),
}

const D65: (f64, f64) = (0.3127, 0.3290);
const C: (f64, f64) = (0.310, 0.316);

impl Primaries {
    /// BT.709.
    pub const BT709: Self =
        Self { red: (0.640, 0.330), green: (0.300, 0.600), blue: (0.150, 0.060), white: D65 };
    /// BT.2020.
    pub const BT2020: Self =
        Self { red: (0.708, 0.292), green: (0.170, 0.797), blue: (0.131, 0.046), white: D65 };

    /// Those of `color_primaries` (6.4.2, H.273 table 2); `None` if unspecified or reserved.
    pub fn of(color_primaries: u8) -> Option<Self> {
        let of = |red, green, blue, white| Some(Self { red, green, blue, white });
        match color_primaries {
            1 => Some(Self::BT709),
            4 => of((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),
            5 => of((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
            6 | 7 => of((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
            8 => of((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),
            9 => Some(Self::BT2020),
            10 => of((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1.0 / 3.0, 1.0 / 3.0)),
            11 => of((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
            12 => of((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
            22 => of((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
            _ => None,
        }
    }

    /// From linear R, G, B to X, Y, Z, white of Y 1.
    fn to_xyz(self) -> Matrix {
        let columns = [self.red, self.green, self.blue].map(xyz);
        let matrix = transposed(columns);
        let scale = times(&inverse(&matrix), xyz(self.white));
        matrix.map(|[r, g, b]| [r * scale[0], g * scale[1], b * scale[2]])
    }

    /// From linear R, G, B of these primaries to those of `other`; white stays white (Bradford).
    pub fn to(self, other: &Self) -> Matrix {
        let back = inverse(&other.to_xyz());
        product(&back, &product(&adaptation(self.white, other.white), &self.to_xyz()))
    }

    /// KR and KB of the luma that is made from these primaries (H.273 8.3.3).
    pub fn kr_kb(self) -> (f64, f64) {
        let luminance = self.to_xyz()[1];
        (luminance[0], luminance[2])
    }
}

/// X, Y, Z of Y 1; of Z 1 where y is 0.
fn xyz((x, y): (f64, f64)) -> [f64; 3] {
    match y == 0.0 {
        true => [x, 0.0, 1.0 - x],
        false => [x / y, 1.0, (1.0 - x - y) / y],
    }
}

/// From X, Y, Z under one white to those under another, by the Bradford cone responses.
fn adaptation(from: (f64, f64), to: (f64, f64)) -> Matrix {
    const CONES: Matrix =
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let (from, to) = (times(&CONES, xyz(from)), times(&CONES, xyz(to)));
    let gain = [to[0] / from[0], to[1] / from[1], to[2] / from[2]];
    let adapted = [0, 1, 2].map(|row| CONES[row].map(|value| value * gain[row]));
    product(&inverse(&CONES), &adapted)
}

fn transposed(m: Matrix) -> Matrix {
    [0, 1, 2].map(|row| [m[0][row], m[1][row], m[2][row]])
}

fn times(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let columns = transposed(*b).map(|column| times(a, column));
    transposed(columns)
}

fn inverse(m: &Matrix) -> Matrix {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    [0, 1, 2].map(|row| [0, 1, 2].map(|column| minor(column, row) / determinant))
}
