//! Faults of what a planner is given.

use crate::error::{Error, LimitError, Result, StreamError, StreamFault};

/// A requirement of `section` that is not about one value.
pub(super) fn rule(what: &'static str, section: &'static str) -> Error {
    StreamError::new(StreamFault::Rule(what)).section(section).into()
}

/// Checks `value` against a budget.
pub(super) fn check_limit(what: &'static str, value: u64, limit: u64) -> Result<()> {
    if value > limit {
        return Err(LimitError { what, value, limit }.into());
    }
    Ok(())
}
