//! std_sequence.
