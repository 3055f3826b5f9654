//! Bits in, named values out: one method for each descriptor of the specification (4.10).
