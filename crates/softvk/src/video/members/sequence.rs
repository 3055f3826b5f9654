//! StdVideoAV1SequenceHeader, and the frame's size against it.

use super::{Found, Frame};
use av1_engine::job::Chroma;

/// Members of the sequence header, spec 5.5.
pub(super) fn check(found: &mut Found, frame: &Frame<'_>) {
    let std = &frame.sequence.std;
    let flags = &std.flags;
    let found = found.of("StdVideoAV1SequenceHeader");
    let (given, session) = (std.seq_profile, frame.profile.std_profile);
    found.must(given == session, || {
        format!("seq_profile is {given}, stdProfile of the session is {session}")
    });
    if frame.enable_order_hint {
        found.range("order_hint_bits_minus_1", std.order_hint_bits_minus_1, 0..=7, "5.5.1");
    } else if !frame.reduced {
        for (member, value) in [
            ("flags.enable_jnt_comp", flags.enable_jnt_comp()),
            ("flags.enable_ref_frame_mvs", flags.enable_ref_frame_mvs()),
        ] {
            found.must(value == 0, || format!("{member} is 1 without enable_order_hint (5.5.1)"));
        }
    }
    if !frame.reduced {
        let tools = std.seq_force_screen_content_tools;
        found.range("seq_force_screen_content_tools", tools, 0..=2, "6.4.2");
        found.range("seq_force_integer_mv", std.seq_force_integer_mv, 0..=2, "6.4.2");
    }
    for (member, bits_minus_1, most) in [
        ("max_frame_width_minus_1", std.frame_width_bits_minus_1, std.max_frame_width_minus_1),
        ("max_frame_height_minus_1", std.frame_height_bits_minus_1, std.max_frame_height_minus_1),
    ] {
        let limit = (2_i64 << bits_minus_1.min(15)) - 1;
        found.range(member, most, 0..=limit, "5.5.1");
    }
    size(found, frame);
    color(found, frame);
}

/// `codedExtent` against the sequence's largest frame, spec 5.9.5.
fn size(found: &mut Found, frame: &Frame<'_>) {
    let std = &frame.sequence.std;
    let (width, height) = frame.extent;
    let most_wide = u32::from(std.max_frame_width_minus_1) + 1;
    let most_high = u32::from(std.max_frame_height_minus_1) + 1;
    if width > most_wide || height > most_high {
        found.must(false, || {
            format!(
                "max_frame_width_minus_1 and max_frame_height_minus_1 are those of \
                 {most_wide}x{most_high}, codedExtent is {width}x{height} (5.9.5)"
            )
        });
    } else if frame.std.flags.frame_size_override_flag() == 0 {
        found.must((width, height) == (most_wide, most_high), || {
            format!(
                "max_frame_width_minus_1 and max_frame_height_minus_1 are those of \
                 {most_wide}x{most_high}, codedExtent is {width}x{height}, though \
                 frame_size_override_flag is 0 (5.9.5)"
            )
        });
    }
}

/// StdVideoAV1ColorConfig, if it is there, against the session's profile.
fn color(found: &mut Found, frame: &Frame<'_>) {
    let Some(color) = &frame.sequence.color_config else { return };
    let found = found.of("StdVideoAV1ColorConfig");
    let (given, session) = (color.BitDepth, frame.profile.bit_depth);
    found.must(given == session, || format!("BitDepth is {given}, that of the session {session}"));
    if frame.monochrome {
        return;
    }
    let (given, session) = match frame.profile.chroma {
        Chroma::Monochrome => return,
        Chroma::Yuv420 => ((color.subsampling_x, color.subsampling_y), (1, 1)),
        Chroma::Yuv422 => ((color.subsampling_x, color.subsampling_y), (1, 0)),
        Chroma::Yuv444 => ((color.subsampling_x, color.subsampling_y), (0, 0)),
    };
    found.must(given == session, || {
        format!("subsampling_x and subsampling_y are {given:?}, those of the session {session:?}")
    });
}
