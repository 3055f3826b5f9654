//! Values of the descriptors of specification 4.10, written by hand, and read back.

use proptest::prelude::*;

use super::*;

/// A byte string from bits written as text; blanks are for the reader, the last byte is padded.
fn bits(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(|b| b - b'0').collect();
    let byte = |c: &[u8]| c.iter().fold(0, |v, b| v << 1 | b) << (8 - c.len());
    digits.chunks(8).map(byte).collect()
}

fn uvlc(text: &str) -> (Result<u32>, u64) {
    let data = bits(text);
    let mut r = BitReader::new(&data);
    (r.uvlc("x"), r.position())
}

#[test]
fn fixed_lengths_cross_bytes() {
    let data = [0b1010_0101, 0b1100_0011, 0xff];
    let mut r = BitReader::new(&data);
    assert_eq!(r.f(3, "a"), Ok(0b101));
    assert_eq!(r.f(9, "b"), Ok(0b0_0101_1100));
    assert_eq!(r.f(0, "c"), Ok(0));
    assert_eq!((r.position(), r.remaining()), (12, 12));
    assert_eq!(r.f(12, "d"), Ok(0b0011_1111_1111));
    let error = r.f(1, "e").expect_err("no bits are left").to_string();
    assert_eq!(error, "e, bit 24: the data end here (AV1 specification 5.3)");
}

#[test]
fn signed_numbers() {
    for (text, expected) in [("0000111", 7), ("1111111", -1), ("1000000", -64), ("0111111", 63)] {
        assert_eq!(BitReader::new(&bits(text)).su(7, "x", None), Ok(expected), "{text}");
    }
}

/// Table of 4.10.7 for n = 5: w is 3, m is 3.
#[test]
fn non_symmetric_numbers() {
    for (text, expected, length) in
        [("00", 0, 2), ("01", 1, 2), ("10", 2, 2), ("110", 3, 3), ("111", 4, 3)]
    {
        let data = bits(text);
        let mut r = BitReader::new(&data);
        assert_eq!(r.ns(5, "x", None), Ok(expected), "{text}");
        assert_eq!(r.position(), length, "{text}");
    }
    assert_eq!(BitReader::new(&[]).ns(1, "x", None), Ok(0));
}

#[test]
fn variable_lengths() {
    assert_eq!(uvlc("1"), (Ok(0), 1));
    assert_eq!(uvlc("010"), (Ok(1), 3));
    assert_eq!(uvlc("011"), (Ok(2), 3));
    assert_eq!(uvlc("00100"), (Ok(3), 5));
    assert_eq!(uvlc(&format!("{}1", "0".repeat(32))), (Ok(u32::MAX), 33));
    assert!(uvlc("0000").0.is_err());
}

#[test]
fn leb128_is_bounded() {
    assert_eq!(BitReader::new(&[0xe5, 0x8e, 0x26]).leb128("x"), Ok(624_485));
    assert_eq!(BitReader::new(&[0x80, 0x80, 0x00]).leb128("x"), Ok(0));
    assert_eq!(BitReader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).leb128("x"), Ok(u32::MAX));
    assert!(BitReader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).leb128("x").is_err());
    assert!(BitReader::new(&[0x80; 9]).leb128("x").is_err());
    assert!(BitReader::new(&[0x80]).leb128("x").is_err());
}

proptest! {
    #[test]
    fn ns_reads_what_its_definition_writes((n, value) in (1u32..5000).prop_flat_map(|n| (Just(n), 0..n))) {
        let w = 32 - n.leading_zeros();
        let m = (1u32 << w) - n;
        let text = match value < m {
            true if w == 1 => String::new(),
            true => format!("{value:0width$b}", width = w as usize - 1),
            false => format!("{:0width$b}", value + m, width = w as usize),
        };
        prop_assert_eq!(BitReader::new(&bits(&text)).ns(n, "x", None), Ok(value));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(data in proptest::collection::vec(any::<u8>(), 0..24), n in 0u32..33) {
        let mut r = BitReader::new(&data);
        while r.f(n, "a").is_ok() && r.uvlc("b").is_ok() && r.leb128("c").is_ok() && r.flag("d").is_ok() {}
        prop_assert!(r.position() <= data.len() as u64 * 8);
    }
}
