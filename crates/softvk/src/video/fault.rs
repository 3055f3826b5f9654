//! Why a decode fails.

/// Why a decode fails.
pub(crate) struct Fault {
    pub(crate) vuid: &'static str,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(vuid: &'static str, text: impl Into<String>) -> Self {
        Self { vuid, text: text.into() }
    }
}
