//! Tests of the library and the command on real streams. No GPU, no network, no clock.

mod bounds;
mod boxes;
mod caps;
mod chips;
mod cli;
mod compare;
mod containers;
#[cfg(unix)]
mod device_client;
mod drawing;
mod ebml;
mod edits;
mod explain;
mod facts;
mod faults;
mod grain;
mod help;
#[cfg(unix)]
mod hostile;
mod images;
mod info;
#[cfg(unix)]
mod json;
#[cfg(unix)]
mod judges;
#[cfg(target_os = "linux")]
mod layer;
mod lost;
mod manifest;
mod matrix;
mod matroska;
mod mended;
mod merged;
mod mp4;
mod odd;
mod packets;
mod plans;
mod play;
mod players;
mod reduce;
mod reference;
mod results;
mod rewrite;
mod seek;
mod signals;
mod streams;
mod suites;
mod teacher;
mod verify;
mod watched;
mod watching;
#[cfg(feature = "window")]
mod window;
#[cfg(feature = "window")]
mod window_acts;
#[cfg(feature = "window")]
mod window_drop;
#[cfg(feature = "window")]
mod window_first;
