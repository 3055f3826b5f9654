//! `vav1d dump`: every syntax element, its bit position and its value.
