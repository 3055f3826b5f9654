//! The video side of the driver: capabilities, sessions, parameters and decode jobs.

pub(crate) mod ahead;
mod begin;
mod bitstream;
pub(crate) mod caps;
pub(crate) mod check;
pub(crate) mod create;
pub(crate) mod execute;
mod fault;
mod known;
pub(crate) mod load;
mod members;
pub(crate) mod op;
pub(crate) mod reference;
pub(crate) mod session;
pub(crate) mod snapshot;
mod wrong;
