//! The video side of the driver: capabilities, sessions, parameters and decode jobs.

pub mod job;
