//! The pointer, as it was last.

use std::time::Instant;

/// What is known of the pointer.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    /// Where it is in the window, in pixels.
    pub(super) at: Option<(f64, f64)>,
    /// It is hidden after that.
    pub(super) until: Option<Instant>,
    /// The bar is held.
    pub(super) drags: bool,
    pub(super) clicked: Option<Instant>,
    /// What is left of a notch.
    pub(super) rolled: f64,
    /// What is said of the wheel next is of a button that was released.
    pub(super) is_notch_over: bool,
}
