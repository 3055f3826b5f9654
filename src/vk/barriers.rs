//! barriers.
