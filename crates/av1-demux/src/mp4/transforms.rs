//! How a picture is shown: turned, mirrored, cropped.

use super::boxes::Fields;
use crate::Crop;

/// A turn, and a mirroring after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// Degrees clockwise: 0, 90, 180 or 270.
    pub(super) rotation: u16,
    /// Whether left and right are exchanged then.
    pub(super) is_mirrored: bool,
}

impl Orientation {
    /// That of a matrix a, b, c and d of a track header (8.3.2), if it is of right angles.
    pub(super) fn of_matrix([a, b, c, d]: [i32; 4]) -> Self {
        let signs = [a, b, c, d].map(i32::signum);
        let mirrored = [-signs[0], signs[1], -signs[2], signs[3]];
        let angle = |signs: [i32; 4]| match signs {
            [1, 0, 0, 1] => Some(0),
            [0, 1, -1, 0] => Some(90),
            [-1, 0, 0, -1] => Some(180),
            [0, -1, 1, 0] => Some(270),
            _ => None,
        };
        match (angle(signs), angle(mirrored)) {
            (Some(rotation), _) => Self { rotation, is_mirrored: false },
            (None, Some(rotation)) => Self { rotation, is_mirrored: true },
            (None, None) => Self::default(),
        }
    }

    /// Turns what is shown by `quarters` clockwise.
    pub(super) fn turn(&mut self, quarters: u16) {
        let quarters = quarters % 4;
        // A turn behind a mirroring is one the other way before it.
        let quarters = if self.is_mirrored { 4 - quarters } else { quarters };
        self.rotation = (self.rotation + 90 * quarters) % 360;
    }

    /// Exchanges left and right of what is shown, or top and bottom.
    pub(super) fn mirror(&mut self, is_sideways: bool) {
        if !is_sideways {
            self.turn(2);
        }
        self.is_mirrored = !self.is_mirrored;
    }
}

/// The rectangle of a `clap` box (12.1.4) in a picture of `size`, if it is one of whole samples.
pub(super) fn crop(clap: &[u8], size: (u32, u32)) -> Option<Crop> {
    let mut fields = Fields(clap);
    let mut ratio = || Some((i64::from(fields.i32()?), i64::from(fields.i32()?)));
    let (width, height, across, down) = (ratio()?, ratio()?, ratio()?, ratio()?);
    // Where it begins: half of what is left over, and the offset of its middle.
    let side = |(n, d): (i64, i64), (on, od): (i64, i64), whole: u32| {
        (d > 0 && od > 0 && n > 0 && n % d == 0).then_some(())?;
        let bytes = n / d;
        let twice = (i64::from(whole) - bytes).checked_mul(od)?.checked_add(2 * on)?;
        let begin = (twice % (2 * od) == 0).then_some(twice / (2 * od))?;
        let inside = begin >= 0 && begin + bytes <= i64::from(whole);
        inside.then_some((begin as u32, bytes as u32))
    };
    let (x, width) = side(width, across, size.0)?;
    let (y, height) = side(height, down, size.1)?;
    Some(Crop { x, y, width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of the corners 0 1 / 2 3.
    fn corners(orientation: Orientation) -> [u8; 4] {
        let mut corners = [0, 1, 2, 3];
        for _ in 0..orientation.rotation / 90 {
            let [a, b, c, d] = corners;
            corners = [c, a, d, b];
        }
        let [a, b, c, d] = corners;
        if orientation.is_mirrored { [b, a, d, c] } else { corners }
    }

    #[test]
    fn turns_and_mirrorings_add_up() {
        for (steps, right) in [
            ("", [0, 1, 2, 3]),
            ("r", [2, 0, 3, 1]),
            ("rr", [3, 2, 1, 0]),
            ("rrr", [1, 3, 0, 2]),
            ("s", [1, 0, 3, 2]),
            ("t", [2, 3, 0, 1]),
            ("rs", [0, 2, 1, 3]),
            ("sr", [3, 1, 2, 0]),
            ("rt", [3, 1, 2, 0]),
            ("tr", [0, 2, 1, 3]),
            ("st", [3, 2, 1, 0]),
        ] {
            let mut orientation = Orientation::default();
            for step in steps.chars() {
                match step {
                    'r' => orientation.turn(1),
                    step => orientation.mirror(step == 's'),
                }
            }
            assert_eq!(corners(orientation), right, "{steps}");
        }
    }

    #[test]
    fn a_matrix_says_where_its_axes_go() {
        for (matrix, right) in [
            ([1, 0, 0, 1], [0, 1, 2, 3]),
            ([0, 1, -1, 0], [2, 0, 3, 1]),
            ([-1, 0, 0, -1], [3, 2, 1, 0]),
            ([0, -1, 1, 0], [1, 3, 0, 2]),
            ([-1, 0, 0, 1], [1, 0, 3, 2]),
            ([1, 0, 0, -1], [2, 3, 0, 1]),
            ([0, 1, 1, 0], [0, 2, 1, 3]),
            ([0, -1, -1, 0], [3, 1, 2, 0]),
            ([1, 1, 0, 1], [0, 1, 2, 3]),
        ] {
            let orientation = Orientation::of_matrix(matrix.map(|element| element << 16));
            assert_eq!(corners(orientation), right, "{matrix:?}");
        }
    }

    #[test]
    fn a_clean_aperture_is_a_rectangle() {
        let clap = |numbers: [i32; 8]| {
            let body: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
            crop(&body, (100, 80))
        };
        let right = Crop { x: 5, y: 10, width: 90, height: 60 };
        assert_eq!(clap([90, 1, 60, 1, 0, 1, 0, 1]), Some(right));
        assert_eq!(clap([180, 2, 60, 1, 0, 1, 0, 7]), Some(right));
        let right = Crop { x: 0, y: 1, width: 91, height: 60 };
        assert_eq!(clap([91, 1, 60, 1, -9, 2, -9, 1]), Some(right));
        for nowhere in [
            [101, 1, 60, 1, 0, 1, 0, 1],
            [90, 1, 60, 1, 6, 1, 0, 1],
            [91, 1, 60, 1, 0, 1, 0, 1],
            [90, 0, 60, 1, 0, 1, 0, 1],
            [90, 1, 60, -1, 0, 1, 0, 1],
            [0, 1, 60, 1, 0, 1, 0, 1],
            [i32::MAX, 1, i32::MIN, 1, i32::MIN, i32::MAX, 0, 1],
        ] {
            assert_eq!(clap(nowhere), None, "{nowhere:?}");
        }
        assert_eq!(crop(&[0; 31], (100, 80)), None);
    }
}
