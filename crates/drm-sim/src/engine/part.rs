//! Fields of a message's part, by name.

use std::collections::BTreeMap;

use crate::avp::Field;
use crate::bytes::Bytes;
use crate::vcn::{self, Layout};

/// The fields of one part.
#[derive(Debug, Default)]
pub(super) struct Part(BTreeMap<&'static str, Vec<i64>>);

impl Part {
    /// The fields that `bytes` have by `layout`.
    pub(super) fn new(layout: &'static Layout, bytes: &Bytes) -> Self {
        Self(vcn::fields(layout, bytes).into_iter().collect())
    }

    /// The fields that `words` of a command have by `table`; none without words.
    pub(super) fn of_fields(table: &[Field], words: &[u32]) -> Self {
        let fields = table.iter().filter(|_| !words.is_empty());
        Self(fields.map(|field| (field.name, field.values(words))).collect())
    }

    /// Whether it has no fields.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of a field; none if the part has no such.
    pub(super) fn list(&self, name: &str) -> &[i64] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first value of a field; 0 if there is none.
    pub(super) fn one(&self, name: &str) -> i64 {
        self.at(name, 0)
    }

    /// Value `index` of a field; 0 if there is none.
    pub(super) fn at(&self, name: &str, index: usize) -> i64 {
        self.list(name).get(index).copied().unwrap_or(0)
    }

    /// The first value of a field that is not negative and has 32 bits.
    pub(super) fn number(&self, name: &str) -> u32 {
        u32::try_from(self.one(name)).unwrap_or(0)
    }

    /// The first value of a field, cut to 8 bits.
    pub(super) fn byte(&self, name: &str) -> u8 {
        self.one(name) as u8
    }

    /// `N` values, made by `take`.
    pub(super) fn array<T, const N: usize>(&self, name: &str, take: impl Fn(i64) -> T) -> [T; N] {
        std::array::from_fn(|index| take(self.at(name, index)))
    }

    /// A bit of `frame_header_flags`, as 0 or 1.
    pub(super) fn flag(&self, name: &str) -> u32 {
        let bit = vcn::FLAGS.iter().position(|flag| *flag == name);
        bit.map_or(0, |bit| (self.one("frame_header_flags") >> bit & 1) as u32)
    }
}
