//! Bits out: one method for each descriptor of the specification (4.10), named as in the reader.
//! A value that its field cannot hold is an error, so nothing is cut.

use crate::error::{Error, Result};

/// Collects bits, most significant first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitWriter {
    bytes: Vec<u8>,
    bits: u64,
}

/// `element` cannot have `value`: `rule`.
pub(crate) fn bad(element: &'static str, value: impl Into<i64>, rule: &'static str) -> Error {
    Error::Inexpressible { element, value: value.into(), rule }
}

impl BitWriter {
    /// get_position(), 4.9.4: bits written so far.
    pub fn position(&self) -> u64 {
        self.bits
    }

    /// `f(1)`, 4.10.2.
    pub fn flag(&mut self, value: bool) {
        let at = (self.bits % 8) as u32;
        if at == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(value) << (7 - at);
        }
        self.bits += 1;
    }

    /// The low `n` bits of `value`.
    fn put(&mut self, n: u32, value: u64) {
        (0..n).rev().for_each(|bit| self.flag((value >> bit) & 1 == 1));
    }

    /// `f(n)`, 4.10.2, of at most 32 bits.
    ///
    /// # Errors
    /// `value` has more than `n` bits.
    pub fn f(&mut self, n: u32, value: impl Into<u32>, element: &'static str) -> Result<()> {
        let value = value.into();
        if u64::from(value) >> n != 0 {
            return Err(bad(element, value, "it does not fit into its bits"));
        }
        self.put(n, value.into());
        Ok(())
    }

    /// `su(n)`, 4.10.6: two's complement in `n` bits.
    ///
    /// # Errors
    /// `value` does not fit.
    pub fn su(&mut self, n: u32, value: impl Into<i32>, element: &'static str) -> Result<()> {
        let value = value.into();
        let half = 1i64 << (n - 1);
        if !(-half..half).contains(&i64::from(value)) {
            return Err(bad(element, value, "it does not fit into its bits"));
        }
        self.put(n, i64::from(value).cast_unsigned());
        Ok(())
    }

    /// `ns(n)`, 4.10.7: a value below `n`.
    ///
    /// # Errors
    /// `value` is not.
    pub fn ns(&mut self, n: u32, value: u32, element: &'static str) -> Result<()> {
        if value >= n {
            return Err(bad(element, value, "it is below the number of its values"));
        }
        let w = n.ilog2() + 1;
        let m = ((1u64 << w) - u64::from(n)) as u32;
        match value < m {
            true => self.put(w - 1, value.into()),
            false => self.put(w, u64::from(value) + u64::from(m)),
        }
        Ok(())
    }

    /// `le(n)`, 4.10.4: `n` bytes, least significant first.
    ///
    /// # Errors
    /// `value` has more bytes.
    pub fn le(&mut self, n: u32, value: u32, element: &'static str) -> Result<()> {
        if u64::from(value) >> (8 * n) != 0 {
            return Err(bad(element, value, "it does not fit into its bytes"));
        }
        (0..n).for_each(|i| self.put(8, u64::from(value >> (8 * i)) & 0xff));
        Ok(())
    }

    /// `uvlc()`, 4.10.3.
    pub fn uvlc(&mut self, value: u32) {
        // 2^32 - 1 is 32 zeros and a one.
        let plus_1 = u64::from(value) + 1;
        let zeros = plus_1.ilog2();
        self.put(zeros, 0);
        match zeros {
            32 => self.flag(true),
            _ => self.put(zeros + 1, plus_1),
        }
    }

    /// The inverse of `decode_signed_subexp_with_ref(low, high, reference)`, 5.9.26.
    ///
    /// # Errors
    /// `value` is not from `low` to `high` - 1.
    pub fn signed_subexp_with_ref(
        &mut self,
        (low, high): (i32, i32),
        reference: i32,
        value: i32,
        element: &'static str,
    ) -> Result<()> {
        if value < low || value >= high {
            return Err(bad(element, value, "it is not in its range"));
        }
        // 5.9.27, with x and r from 0 to mx - 1.
        let (mx, r, x) = (high - low, reference - low, value - low);
        let v = match (r << 1) <= mx {
            true => recenter(r, x),
            false => recenter(mx - 1 - r, mx - 1 - x),
        };
        self.subexp(mx, v, element)
    }

    /// The inverse of `decode_subexp(num_syms)`, 5.9.28.
    fn subexp(&mut self, num_syms: i32, value: i32, element: &'static str) -> Result<()> {
        let (mut i, mut mk, k) = (0u32, 0i32, 3u32);
        loop {
            let b2 = if i > 0 { k + i - 1 } else { k };
            let a = 1i32 << b2;
            if num_syms <= mk + 3 * a {
                return self.ns((num_syms - mk) as u32, (value - mk) as u32, element);
            }
            let more = value >= mk + a;
            self.flag(more);
            if !more {
                return self.f(b2, (value - mk) as u32, element);
            }
            i += 1;
            mk += a;
        }
    }

    /// `byte_alignment()`, 5.3.5, and the bytes.
    pub fn aligned(self) -> Vec<u8> {
        self.bytes
    }

    /// `trailing_bits()`, 5.3.4, up to the next byte, and the bytes.
    pub fn with_trailing_bits(mut self) -> Vec<u8> {
        self.flag(true);
        self.bytes
    }
}

/// The v for which `inverse_recenter(r, v)` is `value`, 5.9.29.
fn recenter(r: i32, value: i32) -> i32 {
    if value > 2 * r {
        value
    } else if value >= r {
        2 * (value - r)
    } else {
        2 * (r - value) - 1
    }
}

/// `leb128()`, 4.10.5, in at least `bytes` bytes.
///
/// # Errors
/// `value` is not below 2^32, or `bytes` is over 8.
pub fn leb128(out: &mut Vec<u8>, value: usize, bytes: u8) -> Result<()> {
    let Ok(mut left) = u32::try_from(value) else {
        return Err(bad("leb128", i64::MAX, "it is below 2^32"));
    };
    if bytes > 8 {
        return Err(bad("leb128", bytes, "it has at most 8 bytes"));
    }
    let mut written = 1;
    while left > 0x7f || written < bytes {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
        written += 1;
    }
    out.push(left as u8);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use av1_syntax::bits::BitReader;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            n in 1u32..=32, value: u32, below in 1u32.., bytes in 1u32..=4, long in 1u8..=8,
        ) {
            let cut = (u64::from(value) & ((1 << n) - 1)) as u32;
            let signed = ((i64::from(cut) << (64 - n)) >> (64 - n)) as i32;
            let le = (u64::from(value) & ((1 << (8 * bytes)) - 1)) as u32;
            let mut w = BitWriter::default();
            w.f(n, cut, "f").expect("fits");
            w.su(n, signed, "su").expect("fits");
            w.ns(below, value % below, "ns").expect("fits");
            w.uvlc(value);
            w.le(bytes, le, "le").expect("fits");
            let written = w.position();
            let data = w.with_trailing_bits();
            let mut r = BitReader::new(&data);
            prop_assert_eq!(r.f(n, "f").expect("there"), cut);
            prop_assert_eq!(r.su(n, "su", None).expect("there"), signed);
            prop_assert_eq!(r.ns(below, "ns", None).expect("there"), value % below);
            prop_assert_eq!(r.uvlc("uvlc").expect("there"), value);
            prop_assert_eq!(r.le(bytes, "le", None).expect("there"), le);
            prop_assert_eq!(r.position(), written);
            let mut out = Vec::new();
            leb128(&mut out, value as usize, long).expect("fits");
            prop_assert!(out.len() >= usize::from(long));
            prop_assert_eq!(BitReader::new(&out).leb128("leb128").expect("there"), value);
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut w = BitWriter::default();
        assert!(w.f(3, 8u32, "f").is_err());
        assert!(w.su(7, 64, "su").is_err() && w.su(7, -65, "su").is_err());
        assert!(w.ns(5, 5, "ns").is_err());
        assert!(w.le(1, 256, "le").is_err());
        assert!(w.signed_subexp_with_ref((-4, 5), 0, 5, "gm").is_err());
        assert_eq!(w.position(), 0);
        let mut out = Vec::new();
        assert!(leb128(&mut out, 1 << 32, 1).is_err() && leb128(&mut out, 1, 9).is_err());
    }
}
