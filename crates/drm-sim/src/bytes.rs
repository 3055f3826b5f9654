//! Little-endian records: what the kernel's structures are made of, read and built by offset.

/// Bytes of one structure, read by byte offset; what lies outside reads as zero, as the kernel
/// extends a short argument.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// The `N` bytes at `at`.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        std::array::from_fn(|i| self.0.get(at + i).copied().unwrap_or(0))
    }

    /// The byte at `at`.
    pub(crate) fn u8(&self, at: usize) -> u8 {
        self.array::<1>(at)[0]
    }

    /// The 16 bits at `at`.
    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    /// The 32 bits at `at`.
    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    /// The 64 bits at `at`.
    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// Writes 32 bits at `at`, where the structure reaches that far.
    pub(crate) fn set_u32(&mut self, at: usize, value: u32) {
        self.set(at, &value.to_le_bytes());
    }

    /// Writes 64 bits at `at`, where the structure reaches that far.
    pub(crate) fn set_u64(&mut self, at: usize, value: u64) {
        self.set(at, &value.to_le_bytes());
    }

    /// Adds `delta` to the `size` bytes at `at`, wrapping; whether the structure reaches that far.
    pub(crate) fn add(&mut self, at: usize, size: usize, delta: i64) -> bool {
        let Some(place) = self.0.get_mut(at..at + size) else { return false };
        let mut value = [0; 8];
        value[..size].copy_from_slice(place);
        let value = i64::from_le_bytes(value).wrapping_add(delta).to_le_bytes();
        place.copy_from_slice(&value[..size]);
        true
    }

    /// Writes `bytes` at `at`, cut at the structure's end.
    fn set(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(at..) {
            for (to, from) in place.iter_mut().zip(bytes) {
                *to = *from;
            }
        }
    }
}

/// Builds a structure field by field, without padding of its own.
#[derive(Debug, Default)]
pub(crate) struct Builder(Vec<u8>);

impl Builder {
    /// Appends bytes.
    pub(crate) fn u8s(mut self, values: &[u8]) -> Self {
        self.0.extend(values);
        self
    }

    /// Appends 16-bit fields.
    pub(crate) fn u16s(mut self, values: &[u16]) -> Self {
        for value in values {
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    /// Appends 32-bit fields.
    pub(crate) fn u32s(mut self, values: &[u32]) -> Self {
        for value in values {
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    /// Appends 64-bit fields.
    pub(crate) fn u64s(mut self, values: &[u64]) -> Self {
        for value in values {
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    /// The bytes built.
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_zero_and_is_not_written() {
        let mut bytes = Bytes(vec![1, 2, 3, 4, 5, 6]);
        assert_eq!(bytes.u32(4), 0x0605);
        bytes.set_u32(4, 0xAABB_CCDD);
        bytes.set_u64(100, 1);
        assert_eq!(bytes.0, [1, 2, 3, 4, 0xDD, 0xCC]);
        assert_eq!(
            Builder::default().u32s(&[1]).u64s(&[2]).done(),
            [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        );
    }
}
