//! AV1 decode through `VK_KHR_video_decode_av1`.
