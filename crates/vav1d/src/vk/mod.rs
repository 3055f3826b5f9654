//! The Vulkan side: steps in, pictures out. The only folder of this package with `unsafe`, and not
//! in `slots` and `barriers`, which are arithmetic.
//!
//! Ownership, for all files here. A Vulkan object is a struct of a handle and the `Arc` of its
//! parent, with `Drop`: instance before device before everything. A submission's resources are
//! either reused after its ticket has passed, or parked in `submit::Retired` until then, so no
//! `Drop` waits, but for the executor's own, which waits for the device's last work.
//! A pointer chain is made of locals in the frame that makes the call.

mod active;
mod adapter;
mod barriers;
mod bitstream;
mod caps;
mod choose;
mod chroma;
mod conversion;
mod converting;
mod decoded;
mod decoding;
mod device;
mod dry;
mod entry;
mod execute;
mod ext;
mod facts;
mod features;
mod handed;
mod host_copies;
mod images;
mod in_flight;
mod instance;
mod journal;
mod lending;
mod memory;
mod moved;
pub mod names;
mod objects;
mod on_device;
mod options;
mod order;
mod output;
mod overwriting;
mod pending;
mod planted;
mod quirks;
mod readback;
mod reading;
mod record;
pub mod render;
mod session;
mod shared;
mod showing;
mod slots;
mod submit;
mod surface;
mod validation;
mod views;

pub use adapter::{Adapter, QueueFamily};
pub use bitstream::BitstreamShape;
pub use caps::{Caps, Profile, ProfileReport, VideoFormat};
pub use decoded::{DecodedPicture, DevicePicture, PictureRef};
pub use dry::DryRun;
pub use entry::{Driver, Word, built_in, configurations, leaked};
pub use execute::Executor;
pub use features::VideoFeature;
pub use handed::Handed;
pub use instance::{Instance, InstanceOptions, Message, Severity};
pub use journal::Journal;
pub use options::{
    CodedExtent, CopyQueue, DpbExtent, DpbPreference, ExecutorOptions, GrainMode, IntraReferences,
    Layouts, OrderHints, OutputTiling, ParametersMode, ReadbackWay, Recording, Sampling, Sharing,
    StatusQueries, TileStarts,
};
pub use output::{DecodeStatus, FailedFrame, Output};
pub use planted::{PlantedFault, PlantedValue};
pub use session::SessionReport;
pub use shared::SharedDevice;
pub use slots::SlotPolicy;
pub use validation::{SILENCED, Silenced};

use crate::error::DeviceError;

/// The error of Vulkan command `call`.
fn failed(call: &'static str) -> impl Fn(ash::vk::Result) -> DeviceError {
    move |result| DeviceError::Call { call, result }
}
