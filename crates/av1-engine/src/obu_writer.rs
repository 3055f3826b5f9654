//! Bits out: the descriptors of the AV1 specification, section 4.10, as a writer, and OBU framing.
//! Every value is cut to the width of its field here, so nothing out of range leaves.

/// Collects the bits of one syntax table.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits written.
    len: usize,
}

impl BitWriter {
    /// With room for the header of a frame.
    pub(crate) fn for_frame() -> Self {
        Self { bytes: Vec::with_capacity(128), len: 0 }
    }

    /// `f(n)`, spec 4.10.2: the low `n` bits of `value`, most significant first. `n` <= 32.
    pub(crate) fn f(&mut self, n: u32, value: u32) {
        let mut left = n;
        while left > 0 {
            let used = (self.len % 8) as u32;
            if used == 0 {
                self.bytes.push(0);
            }
            // The next bits that fit into the last byte.
            let count = left.min(8 - used);
            left -= count;
            let bits = (value >> left) & ((1 << count) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (bits << (8 - used - count)) as u8;
            }
            self.len += count as usize;
        }
    }

    /// `f(1)`.
    pub(crate) fn flag(&mut self, value: bool) {
        if self.len % 8 == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(value) << (7 - self.len % 8);
        }
        self.len += 1;
    }

    /// `su(n)`, spec 4.10.6: two's complement in `n` bits.
    pub(crate) fn su(&mut self, n: u32, value: i32) {
        self.f(n, value as u32);
    }

    /// `ns(n)`, spec 4.10.7: `value` of `n` possible ones, 0 first. Out of range is cut to `n - 1`.
    pub(crate) fn ns(&mut self, n: u32, value: u32) {
        if n <= 1 {
            return;
        }
        let value = value.min(n - 1);
        let w = n.ilog2() + 1;
        let m = (1u32 << w) - n;
        if value < m {
            self.f(w - 1, value);
        } else {
            self.f(w - 1, (value + m) >> 1);
            self.f(1, (value + m) & 1);
        }
    }

    /// The inverse of `decode_signed_subexp_with_ref(low, high, r)`, spec 5.9.26.
    /// `low <= value < high`.
    pub(crate) fn signed_subexp_with_ref(&mut self, low: i32, high: i32, r: i32, value: i32) {
        let mx = (high - low) as u32;
        // A reference out of range cannot come from a header of ours.
        let r = (r - low).clamp(0, high - low - 1) as u32;
        let value = (value - low).clamp(0, high - low - 1) as u32;
        let v =
            if (r << 1) <= mx { recenter(r, value) } else { recenter(mx - 1 - r, mx - 1 - value) };
        self.subexp(mx, v);
    }

    /// The inverse of `decode_subexp(numSyms)`, spec 5.9.28.
    fn subexp(&mut self, num_syms: u32, value: u32) {
        let k = 3;
        let mut i = 0;
        let mut mk = 0;
        loop {
            let b2 = if i == 0 { k } else { k + i - 1 };
            let a = 1 << b2;
            if num_syms <= mk + 3 * a {
                self.ns(num_syms - mk, value - mk);
                return;
            }
            let more = value >= mk + a;
            self.flag(more);
            if !more {
                self.f(b2, value - mk);
                return;
            }
            i += 1;
            mk += a;
        }
    }

    /// Bits written so far.
    pub(crate) fn position(&self) -> usize {
        self.len
    }

    /// Replaces `n` bits that were written at `position`.
    pub(crate) fn overwrite(&mut self, position: usize, n: u32, value: u32) {
        for bit in 0..n as usize {
            let at = position + bit;
            if let Some(byte) = self.bytes.get_mut(at / 8) {
                let mask = 0x80 >> (at % 8);
                let one = value >> (n as usize - 1 - bit) & 1 == 1;
                *byte = if one { *byte | mask } else { *byte & !mask };
            }
        }
    }

    /// `byte_alignment()`, spec 5.3.5, and the bytes.
    pub(crate) fn aligned(self) -> Vec<u8> {
        self.bytes
    }

    /// `trailing_bits()`, spec 5.3.4, and the bytes.
    pub(crate) fn with_trailing_bits(mut self) -> Vec<u8> {
        self.flag(true);
        self.bytes
    }
}

/// The `v` for which `inverse_recenter(r, v)` is `value`, spec 5.9.29.
fn recenter(r: u32, value: u32) -> u32 {
    if value > 2 * r {
        value
    } else if value >= r {
        2 * (value - r)
    } else {
        2 * (r - value) - 1
    }
}

/// `obu_type`, spec 6.2.2: those that are written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObuType {
    /// `OBU_SEQUENCE_HEADER`.
    SequenceHeader = 1,
    /// `OBU_TEMPORAL_DELIMITER`.
    TemporalDelimiter = 2,
    /// `OBU_FRAME`.
    Frame = 6,
    /// `OBU_PADDING`.
    Padding = 15,
}

/// Appends an OBU with `obu_has_size_field`, spec 5.3.1, whose payload is `parts` in a row.
pub(crate) fn push_obu(out: &mut Vec<u8>, obu_type: ObuType, parts: &[&[u8]]) {
    out.push(obu_header(obu_type));
    leb128(out, parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// `obu_header()` with `obu_has_size_field`, spec 5.3.2.
pub(crate) fn obu_header(obu_type: ObuType) -> u8 {
    const OBU_HAS_SIZE_FIELD: u8 = 1 << 1;
    (obu_type as u8) << 3 | OBU_HAS_SIZE_FIELD
}

/// `leb128()`, spec 4.10.5.
pub(crate) fn leb128(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests;
