//! softvk: a software Vulkan driver that implements `VK_KHR_video_decode_av1` on the CPU.
//! It sees what a GPU driver sees, StdVideo structures and tile bytes; it has no AV1 parser.

pub mod recon;
pub mod video;
