//! Tests of the library and the command on real streams. No GPU, no network, no clock.

mod cli;
mod compare;
mod containers;
mod faults;
#[cfg(unix)]
mod hostile;
mod manifest;
mod matrix;
mod plans;
mod play;
mod players;
mod seek;
mod streams;
mod verify;
