//! A preload library that imitates a DRM render node.
//!
//! Loaded with `LD_PRELOAD`, it lets an unmodified user-space Vulkan driver of Mesa (RADV, ANV)
//! open a device on a machine that has none. It answers the questions that the kernel would
//! answer, runs every submission on a thread of its own (`worker`), and writes what the driver
//! submitted for the video engine as text. The imitated engine (`engine`) decodes it and writes
//! the pictures where the driver wants them; the copy engines (`sdma`, `blitter`) copy. Graphics and
//! compute work is not done.
//!
//! | variable | meaning |
//! |---|---|
//! | `VAV1D_DRM_SIM` | the chip to imitate; without it the library does nothing |
//! | `VAV1D_DRM_SIM_RECORD` | the file that the recording is written to |
//! | `VAV1D_DRM_SIM_DELAY` | milliseconds until a submission completes (default 0) |
//! | `VAV1D_DRM_SIM_LOG` | the file to which refused requests are appended (default: standard error) |
//! | `VAV1D_DRM_SIM_PICTURES`, `..._PLANES`, `..._DUMP` | what is written of decoded pictures |
//! | `VAV1D_DRM_SIM_ENGINE` | `off`: nothing is decoded |
//! | `VAV1D_DRM_SIM_ALTER` | a field that is changed between driver and engine |
//!
//! `hooks` is the only way in: it takes the C library's calls, and is with `sys` the only place
//! with `unsafe` code. Everything else reads the caller's memory through `/proc/self/mem`, so that
//! a wrong pointer is an error number here as it is in the kernel.

mod alter;
mod amdgpu;
mod avp;
mod batch;
mod blitter;
mod bytes;
mod chip;
mod dispatch;
mod drm;
mod engine;
mod hooks;
mod i915;
mod image;
mod intel;
mod log;
mod memory;
mod node;
mod pictures;
mod record;
mod sdma;
mod submission;
mod surface;
mod swizzle;
mod sync;
mod sys;
mod tiling;
mod tree;
mod vcn;
mod worker;
mod xe;
