//! Every descriptor is read back by a reader written from the specification.

use super::super::testing::{BitReader, Rng};
use super::*;

fn written(write: impl FnOnce(&mut BitWriter)) -> (Vec<u8>, usize) {
    let mut w = BitWriter::default();
    write(&mut w);
    let len = w.position();
    let mut bytes = w.aligned();
    // A reader may look one bit ahead of a descriptor that takes none.
    bytes.push(0);
    (bytes, len)
}

#[test]
fn su_is_read_back() {
    for n in 1..=9 {
        for value in -(1 << (n - 1))..1 << (n - 1) {
            let (bytes, len) = written(|w| w.su(n, value));
            assert_eq!(BitReader::new(&bytes).su(n), value);
            assert_eq!(len, n as usize);
        }
    }
}

#[test]
fn ns_is_read_back() {
    for n in 1..=130 {
        for value in 0..n {
            let (bytes, len) = written(|w| w.ns(n, value));
            let mut r = BitReader::new(&bytes);
            assert_eq!((r.ns(n), r.position), (value, len), "ns({n}) of {value}");
        }
    }
}

/// `decode_signed_subexp_with_ref(low, high, r)`, spec 5.9.26 to 5.9.29.
fn decode_signed_subexp_with_ref(
    r: &mut BitReader<'_>,
    low: i32,
    high: i32,
    reference: i32,
) -> i32 {
    fn inverse_recenter(r: i32, v: i32) -> i32 {
        if v > 2 * r {
            v
        } else if v & 1 != 0 {
            r - ((v + 1) >> 1)
        } else {
            r + (v >> 1)
        }
    }
    fn decode_subexp(r: &mut BitReader<'_>, num_syms: i32) -> i32 {
        let (mut i, mut mk, k) = (0, 0, 3);
        loop {
            let b2 = if i != 0 { k + i - 1 } else { k };
            let a = 1 << b2;
            if num_syms <= mk + 3 * a {
                return r.ns((num_syms - mk) as u32) as i32 + mk;
            } else if r.f(1) != 0 {
                i += 1;
                mk += a;
            } else {
                return r.f(b2) as i32 + mk;
            }
        }
    }
    let (mx, reference) = (high - low, reference - low);
    let v = decode_subexp(r, mx);
    let x = if (reference << 1) <= mx {
        inverse_recenter(reference, v)
    } else {
        mx - 1 - inverse_recenter(mx - 1 - reference, v)
    };
    x + low
}

#[test]
fn subexp_is_read_back() {
    let mut rng = Rng::new(1);
    for abs_bits in [8, 9, 12] {
        let mx = 1 << abs_bits;
        let any = |rng: &mut Rng| rng.below(2 * mx as usize + 1) as i32 - mx;
        for i in 0..20_000 {
            let (reference, value) = match i {
                0 => (-mx, mx),
                1 => (mx, -mx),
                _ => (any(&mut rng), any(&mut rng)),
            };
            let (bytes, len) = written(|w| w.signed_subexp_with_ref(-mx, mx + 1, reference, value));
            let mut r = BitReader::new(&bytes);
            let read = decode_signed_subexp_with_ref(&mut r, -mx, mx + 1, reference);
            assert_eq!((read, r.position), (value, len), "{value} against {reference}");
        }
    }
}

#[test]
fn a_byte_is_overwritten_anywhere() {
    for position in 0..9 {
        let mut w = BitWriter::default();
        w.f(20, 0xfffff);
        w.overwrite(position, 8, 0xa5);
        let bytes = w.aligned();
        let mut r = BitReader::new(&bytes);
        assert_eq!(r.f(position as u32), (1 << position) - 1);
        assert_eq!(r.f(8), 0xa5);
        assert_eq!(r.f(12 - position as u32), (1 << (12 - position)) - 1);
    }
}

#[test]
fn obus_carry_their_size() {
    for len in [0, 1, 127, 128, 300, 20_000] {
        let mut out = Vec::new();
        let payload = vec![7; len];
        push_obu(&mut out, ObuType::Frame, &[&payload, &[]]);
        let mut size = 0;
        let mut at = 1;
        // leb128(), spec 4.10.5.
        for i in 0..8 {
            let byte = out[at];
            at += 1;
            size |= usize::from(byte & 0x7f) << (i * 7);
            if byte & 0x80 == 0 {
                break;
            }
        }
        assert_eq!((out[0], size, out.len() - at), (6 << 3 | 2, len, len));
    }
}
