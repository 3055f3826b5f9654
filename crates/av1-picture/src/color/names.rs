//! What the numbers of `color_config()` (6.4.2) are called.

use super::is_bt601;
use av1_syntax::syntax::sequence::ColorConfig;

/// What is said of no colours.
const UNSPECIFIED: &str = "unspecified";
/// What is said of a number that 6.4.2 reserves.
const RESERVED: &str = "reserved";

/// The name of `color_primaries`.
pub fn primaries(number: u8) -> &'static str {
    match number {
        1 => "BT.709",
        2 => UNSPECIFIED,
        4 => "BT.470 M",
        5 => "BT.470 B/G",
        6 => "BT.601",
        7 => "SMPTE 240",
        8 => "generic film",
        9 => "BT.2020",
        10 => "XYZ",
        11 => "SMPTE 431 (DCI P3)",
        12 => "SMPTE 432 (Display P3)",
        22 => "EBU 3213",
        _ => RESERVED,
    }
}

/// The name of `transfer_characteristics`.
pub fn transfer(number: u8) -> &'static str {
    match number {
        1 => "BT.709",
        2 => UNSPECIFIED,
        4 => "BT.470 M (gamma 2.2)",
        5 => "BT.470 B/G (gamma 2.8)",
        6 => "BT.601",
        7 => "SMPTE 240",
        8 => "linear",
        9 => "logarithmic (100:1)",
        10 => "logarithmic (316:1)",
        11 => "IEC 61966-2-4",
        12 => "BT.1361",
        13 => "sRGB",
        14 => "BT.2020 (10 bit)",
        15 => "BT.2020 (12 bit)",
        16 => "SMPTE 2084 (PQ)",
        17 => "SMPTE 428",
        18 => "HLG",
        _ => RESERVED,
    }
}

/// The name of `matrix_coefficients`.
pub fn matrix(number: u8) -> &'static str {
    match number {
        0 => "identity (RGB)",
        1 => "BT.709",
        2 => UNSPECIFIED,
        4 => "FCC",
        5 => "BT.470 B/G",
        6 => "BT.601",
        7 => "SMPTE 240",
        8 => "YCgCo",
        9 => "BT.2020 non-constant",
        10 => "BT.2020 constant",
        11 => "SMPTE 2085",
        12 => "derived non-constant",
        13 => "derived constant",
        14 => "ICtCp",
        _ => RESERVED,
    }
}

/// What `color` says in words, each word once: `BT.709, limited range`.
pub fn words(color: &ColorConfig) -> String {
    let names = [
        primaries(color.color_primaries),
        transfer(color.transfer_characteristics),
        matrix(color.matrix_coefficients),
    ];
    let range = if color.color_range { "full range" } else { "limited range" };
    match names {
        [first, ..] if names == [first; 3] => format!("{first} colors, {range}"),
        [primaries, transfer, matrix] => {
            format!("primaries {primaries}, transfer {transfer}, matrix {matrix}, {range}")
        }
    }
}

/// What a picture of `size` is taken for, whose matrix is not specified.
pub fn taken_for(size: (u32, u32), color: &ColorConfig) -> Option<&'static str> {
    let is_unspecified = color.matrix_coefficients == 2 && !color.mono_chrome;
    is_unspecified.then(|| match color.color_primaries {
        9 => "BT.2020",
        _ if is_bt601(size, color.color_primaries) => "BT.601",
        _ => "BT.709",
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::color;
    use super::*;

    fn bt709() -> ColorConfig {
        color(1, false)
    }

    #[test]
    fn a_name_that_is_the_same_is_said_once() {
        let color = bt709();
        assert_eq!(words(&color), "BT.709 colors, limited range");
        let hdr = ColorConfig {
            color_primaries: 9,
            transfer_characteristics: 16,
            matrix_coefficients: 9,
            color_range: true,
            ..bt709()
        };
        let said =
            "primaries BT.2020, transfer SMPTE 2084 (PQ), matrix BT.2020 non-constant, full range";
        assert_eq!(words(&hdr), said);
    }

    #[test]
    fn what_is_not_specified_is_taken_for_something() {
        let none = ColorConfig { color_primaries: 2, matrix_coefficients: 2, ..bt709() };
        assert_eq!(taken_for((720, 576), &none), Some("BT.601"));
        assert_eq!(taken_for((1280, 720), &none), Some("BT.709"));
        let wide = ColorConfig { color_primaries: 9, ..none };
        assert_eq!(taken_for((720, 576), &wide), Some("BT.2020"));
        assert_eq!(taken_for((720, 576), &bt709()), None);
    }
}
