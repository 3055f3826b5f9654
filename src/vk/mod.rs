//! The Vulkan side: steps in, pictures out.
