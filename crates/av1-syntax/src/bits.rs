//! Bits in, named values out: one method for each descriptor of the specification (4.10).
//! Every read names its element, which reaches errors and `vav1d dump`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use crate::error::{StreamError, StreamFault};

/// Told of every element that is read.
pub trait Trace {
    /// `bits` bits at bit `bit` of the payload were read as `element` with value `value`; `index`
    /// is the array index, if it is an element of an array.
    fn element(
        &mut self,
        element: &'static str,
        index: Option<usize>,
        bit: u64,
        bits: u32,
        value: i64,
    );
    /// The reads that follow belong to the syntax table `name` (6.x names it in brackets).
    fn table(&mut self, name: &'static str);
}

/// Reads bits from the start of a slice, most significant first.
pub struct BitReader<'a> {
    data: &'a [u8],
    bit: u64,
    section: &'static str,
    trace: Option<&'a mut dyn Trace>,
    strict: bool,
    deviations: Vec<StreamError>,
}

type Result<T> = std::result::Result<T, StreamError>;

impl<'a> BitReader<'a> {
    /// A reader at the first bit of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        let (trace, deviations) = (None, Vec::new());
        Self { data, bit: 0, section: "5.3", trace, strict: false, deviations }
    }

    /// The same, and tells `trace` of every read.
    pub fn traced(data: &'a [u8], trace: &'a mut dyn Trace) -> Self {
        Self { trace: Some(trace), ..Self::new(data) }
    }

    /// The same, and with `strict` a value that decoders cope with is a fault, too.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// get_position(), 4.9.4: bits read so far.
    pub fn position(&self) -> u64 {
        self.bit
    }

    /// Bits that are left.
    pub fn remaining(&self) -> u64 {
        self.data.len() as u64 * 8 - self.bit
    }

    /// The reads that follow are of syntax table `name`, section `section`; for errors and traces.
    pub fn table(&mut self, name: &'static str, section: &'static str) {
        self.section = section;
        if let Some(trace) = &mut self.trace {
            trace.table(name);
        }
    }

    /// A fault of `element`, which was just read with the value `value`.
    pub fn bad(&self, element: &'static str, value: i64, rule: &'static str) -> StreamError {
        let mut error = StreamError::new(StreamFault::Value { value, rule }).section(self.section);
        error.at.element = Some(element);
        error.at.bit = Some(self.bit);
        error
    }

    /// `element`, which was just read, has a value that is not allowed, and that decoders cope with.
    ///
    /// # Errors
    /// The same as a fault, if the reader is strict; else it is noted.
    pub fn deviates(
        &mut self,
        element: &'static str,
        value: i64,
        rule: &'static str,
    ) -> std::result::Result<(), StreamError> {
        let deviation = self.bad(element, value, rule);
        match self.strict {
            true => Err(deviation),
            false => {
                self.deviations.push(deviation);
                Ok(())
            }
        }
    }

    /// What was not allowed and is coped with, since the last call.
    pub fn take_deviations(&mut self) -> Vec<StreamError> {
        std::mem::take(&mut self.deviations)
    }

    fn truncated(&self, element: &'static str) -> StreamError {
        let mut error = StreamError::new(StreamFault::Truncated).section(self.section);
        error.at.element = Some(element);
        error.at.bit = Some(self.bit);
        error
    }

    /// The next `n` (at most 64) bits, without a trace.
    fn take(&mut self, n: u32, element: &'static str) -> Result<u64> {
        if u64::from(n) > self.remaining() {
            return Err(self.truncated(element));
        }
        let mut value = 0u64;
        let mut left = n;
        while left > 0 {
            let byte = self.data.get((self.bit / 8) as usize).copied().unwrap_or_default();
            let offset = (self.bit % 8) as u32;
            let step = left.min(8 - offset);
            let part = (u32::from(byte) >> (8 - offset - step)) & ((1 << step) - 1);
            value = (value << step) | u64::from(part);
            self.bit += u64::from(step);
            left -= step;
        }
        Ok(value)
    }

    fn told(&mut self, element: &'static str, index: Option<usize>, start: u64, value: i64) {
        let bits = (self.bit - start) as u32;
        if let Some(trace) = &mut self.trace {
            trace.element(element, index, start, bits, value);
        }
    }

    /// `f(n)`, 4.10.2, of at most 32 bits.
    pub fn f(&mut self, n: u32, element: &'static str) -> Result<u32> {
        self.f_at(n, element, None)
    }

    /// `f(n)` of element `index` of an array.
    pub fn f_at(
        &mut self,
        n: u32,
        element: &'static str,
        index: impl Into<Option<usize>>,
    ) -> Result<u32> {
        let start = self.bit;
        let value = self.take(n, element)?;
        self.told(element, index.into(), start, value as i64);
        Ok(value as u32)
    }

    /// `f(1)` as a flag.
    pub fn flag(&mut self, element: &'static str) -> Result<bool> {
        Ok(self.f(1, element)? == 1)
    }

    /// `f(n)` of at most 8 bits.
    pub fn f8(&mut self, n: u32, element: &'static str) -> Result<u8> {
        Ok(self.f(n, element)? as u8)
    }

    /// `su(n)`, 4.10.6: a two's complement number of n bits.
    pub fn su(
        &mut self,
        n: u32,
        element: &'static str,
        index: impl Into<Option<usize>>,
    ) -> Result<i32> {
        let start = self.bit;
        let value = self.take(n, element)? as i64;
        let sign = 1i64 << (n - 1);
        let value = if value & sign != 0 { value - 2 * sign } else { value };
        self.told(element, index.into(), start, value);
        Ok(value as i32)
    }

    /// `ns(n)`, 4.10.7: a value below n, n > 0.
    pub fn ns(
        &mut self,
        n: u32,
        element: &'static str,
        index: impl Into<Option<usize>>,
    ) -> Result<u32> {
        let start = self.bit;
        let w = u64::from(n.max(1).ilog2()) + 1;
        let m = (1u64 << w) - u64::from(n);
        let mut value = self.take(w as u32 - 1, element)?;
        if value >= m {
            value = (value << 1) - m + self.take(1, element)?;
        }
        self.told(element, index.into(), start, value as i64);
        Ok(value as u32)
    }

    /// `le(n)`, 4.10.4: n bytes, least significant first.
    pub fn le(
        &mut self,
        n: u32,
        element: &'static str,
        index: impl Into<Option<usize>>,
    ) -> Result<u32> {
        let start = self.bit;
        let mut value = 0;
        for i in 0..n {
            value |= (self.take(8, element)? as u32) << (8 * i);
        }
        self.told(element, index.into(), start, value.into());
        Ok(value)
    }

    /// `leb128()`, 4.10.5: below 2^32.
    pub fn leb128(&mut self, element: &'static str) -> Result<u32> {
        let start = self.bit;
        let mut value = 0u64;
        let mut more = true;
        for i in 0..8 {
            let byte = self.take(8, element)?;
            value |= (byte & 0x7f) << (7 * i);
            more = byte & 0x80 != 0;
            if !more {
                break;
            }
        }
        self.told(element, None, start, value as i64);
        match u32::try_from(value) {
            Ok(value) if !more => Ok(value),
            _ => Err(self.bad(
                element,
                value as i64,
                "leb128() ends within 8 bytes and is below 2^32",
            )),
        }
    }

    /// `uvlc()`, 4.10.3.
    pub fn uvlc(&mut self, element: &'static str) -> Result<u32> {
        let start = self.bit;
        let mut zeros = 0;
        while self.take(1, element)? == 0 {
            zeros += 1;
        }
        let value = if zeros >= 32 {
            u64::from(u32::MAX)
        } else {
            self.take(zeros, element)? + (1u64 << zeros) - 1
        };
        self.told(element, None, start, value as i64);
        Ok(value as u32)
    }
}

#[cfg(test)]
mod tests;
