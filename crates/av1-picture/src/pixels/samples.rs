//! The bytes of a picture: owned, or lent by whoever has them, so that they are not copied.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Who lends bytes, until it is dropped.
pub trait Lend: Send + Sync {
    /// The bytes: the same ones each time. Whoever asks first may have to wait for them.
    fn bytes(&self) -> &[u8];

    /// How many there are.
    fn count(&self) -> usize {
        self.bytes().len()
    }
}

/// Bytes that are read where they are. Writing to lent ones, or cloning them, makes a copy.
pub struct Samples(Place);

enum Place {
    Owned(Vec<u8>),
    Lent(Box<dyn Lend>),
}

impl Samples {
    /// The bytes of `lender`.
    pub fn lent(lender: Box<dyn Lend>) -> Self {
        Self(Place::Lent(lender))
    }

    /// How many bytes there are. They are not waited for.
    #[expect(clippy::len_without_is_empty, reason = "the slice has it")]
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Owned(bytes) => bytes.len(),
            Place::Lent(lender) => lender.count(),
        }
    }

    /// The bytes as a vector of their own: a copy if they are lent.
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Place::Owned(bytes) => bytes,
            Place::Lent(lender) => lender.bytes().to_vec(),
        }
    }

    /// The memory, for other bytes to be put in; lent memory goes back instead.
    pub fn into_memory(self) -> Option<Vec<u8>> {
        match self.0 {
            Place::Owned(bytes) => Some(bytes),
            Place::Lent(_) => None,
        }
    }
}

impl Deref for Samples {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Owned(bytes) => bytes,
            Place::Lent(lender) => lender.bytes(),
        }
    }
}

impl DerefMut for Samples {
    fn deref_mut(&mut self) -> &mut [u8] {
        if let Place::Lent(lender) = &self.0 {
            self.0 = Place::Owned(lender.bytes().to_vec());
        }
        match &mut self.0 {
            Place::Owned(bytes) => bytes,
            // Not lent any more.
            Place::Lent(_) => &mut [],
        }
    }
}

impl From<Vec<u8>> for Samples {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Place::Owned(bytes))
    }
}

impl Clone for Samples {
    fn clone(&self) -> Self {
        self.to_vec().into()
    }
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Samples {}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.0 {
            Place::Owned(_) => "owned",
            Place::Lent(_) => "lent",
        };
        write!(f, "{} bytes, {place}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Lender {
        bytes: Vec<u8>,
        _held: Arc<()>,
    }

    impl Lend for Lender {
        fn bytes(&self) -> &[u8] {
            &self.bytes
        }
    }

    #[test]
    fn lent_bytes_go_back_when_they_are_written_to_and_when_they_are_dropped() {
        let held = Arc::new(());
        let lend =
            || Samples::lent(Box::new(Lender { bytes: vec![1, 2, 3], _held: Arc::clone(&held) }));
        let mut samples = lend();
        let copy = samples.clone();
        assert_eq!((copy.as_ref(), Arc::strong_count(&held)), (&[1, 2, 3][..], 2));
        samples[1] = 7;
        assert_eq!((samples.as_ref(), Arc::strong_count(&held)), (&[1, 7, 3][..], 1));
        assert_eq!(copy.as_ref(), [1, 2, 3]);
        assert_eq!(copy, lend());
        assert!(samples.into_memory().is_some() && lend().into_memory().is_none());
        assert_eq!(lend().into_vec(), [1, 2, 3]);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
