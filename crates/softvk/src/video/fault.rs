//! Why a decode fails.

/// Why a decode fails.
pub(crate) struct Fault {
    /// The rule that the application broke, by its VUID, which is empty where it has none; `None`
    /// where it broke none.
    pub(crate) rule: Option<&'static str>,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(vuid: &'static str, text: impl Into<String>) -> Self {
        Self { rule: Some(vuid), text: text.into() }
    }

    /// A fault that is not the application's.
    pub(crate) fn of_driver(text: impl Into<String>) -> Self {
        Self { rule: None, text: text.into() }
    }
}
