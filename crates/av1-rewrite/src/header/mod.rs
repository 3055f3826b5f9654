//! Headers out: the syntax tables of specification section 5, from av1-syntax's structures.
//! Each file writes what the file of that name in av1-syntax reads, in its order.

mod context;
mod film_grain;
mod filters;
mod form;
mod frame;
mod frame_size;
mod global_motion;
mod metadata;
mod modes;
mod quant;
mod segmentation;
mod sequence;
mod tile_info;

pub use context::Context;
pub use form::HeaderForm;
pub(crate) use frame::has_ref_order_hint;
pub use frame::uncompressed_header;
pub use metadata::metadata_obu;
pub use sequence::sequence_header_obu;
pub(crate) use tile_info::{tile_info_fits, tile_log2};
