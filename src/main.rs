//! The `vav1d` command: arguments in, exit code out.

fn main() {}
