//! Where the picture is in the window.

use vav1d::container::Crop;
use vav1d::vk::render::{Kernel, View};

/// The largest place of shape `natural` (width, height) in `target` pixels, in its middle.
pub fn fit(target: (u32, u32), natural: (u32, u32), kernel: Kernel) -> View {
    let (tw, th) = (u64::from(target.0), u64::from(target.1));
    let (nw, nh) = (u64::from(natural.0.max(1)), u64::from(natural.1.max(1)));
    // Which side touches first.
    let (width, height) = match nw * th >= nh * tw {
        true => (tw, (tw * nh + nw / 2) / nw),
        false => ((th * nw + nh / 2) / nh, th),
    };
    let size = (width.clamp(1, tw.max(1)) as u32, height.clamp(1, th.max(1)) as u32);
    let origin = ((tw as i64 - i64::from(size.0)) / 2, (th as i64 - i64::from(size.1)) / 2);
    View { origin: (origin.0 as i32, origin.1 as i32), size, kernel, ..View::default() }
}

/// Samples of a picture that is scaled to be shown in part, at most: a screen's, several times.
const MOST: u64 = 1 << 26;

/// The place of a whole picture of `size` samples, of which `crop` is to be shown at `view`; `view`,
/// if so little is to be shown that the whole would be too large.
pub fn cropped(view: View, size: (u32, u32), crop: Crop) -> View {
    // What is cut off around it: at the left, above, at the right, below.
    let behind = |size: u32, from: u32, part: u32| size.saturating_sub(from.saturating_add(part));
    let mut cut =
        [crop.x, crop.y, behind(size.0, crop.x, crop.width), behind(size.1, crop.y, crop.height)];
    let mut shown = [crop.width, crop.height];
    for _ in 0..view.quarters % 4 {
        let [left, above, right, below] = cut;
        cut = [below, left, above, right];
        shown.reverse();
    }
    if view.is_mirrored {
        cut.swap(0, 2);
    }
    let scaled = |samples: u32, to: u32, of: u32| {
        let of = u64::from(of.max(1));
        (u64::from(samples) * u64::from(to) + of / 2) / of
    };
    let [left, above, right, below] = cut;
    let before = [scaled(left, view.size.0, shown[0]), scaled(above, view.size.1, shown[1])];
    let after = [scaled(right, view.size.0, shown[0]), scaled(below, view.size.1, shown[1])];
    let [width, height] = [
        before[0] + u64::from(view.size.0) + after[0],
        before[1] + u64::from(view.size.1) + after[1],
    ];
    if width.saturating_mul(height) > MOST {
        return view;
    }
    let origin = (view.origin.0 - before[0] as i32, view.origin.1 - before[1] as i32);
    let clip = Some((view.origin, view.size));
    View { origin, size: (width as u32, height as u32), clip, ..view }
}

/// The size of a window for pictures of `natural` size, `scale` times as large, that is not larger
/// than `most`.
pub fn window(natural: (u32, u32), scale: f64, most: Option<(u32, u32)>) -> (u32, u32) {
    let scaled = |side: u32| (f64::from(side) * scale).round().clamp(1.0, 16384.0) as u32;
    let wanted = (scaled(natural.0), scaled(natural.1));
    match most {
        Some(most) if wanted.0 > most.0 || wanted.1 > most.1 => {
            fit(most, natural, Kernel::default()).size
        }
        _ => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: (u32, u32), natural: (u32, u32), origin: (i32, i32), size: (u32, u32)) {
        let view = fit(target, natural, Kernel::Bicubic);
        assert_eq!((view.origin, view.size), (origin, size));
    }

    #[test]
    fn pictures_keep_their_shape() {
        check((227, 131), (227, 131), (0, 0), (227, 131));
        check((200, 100), (100, 100), (50, 0), (100, 100));
        check((100, 200), (100, 100), (0, 50), (100, 100));
        check((100, 100), (1920, 1080), (0, 22), (100, 56));
        check((1, 1), (65536, 1), (0, 0), (1, 1));
        check((0, 0), (16, 16), (0, 0), (1, 1));
    }

    #[test]
    fn the_whole_lies_around_what_is_shown() {
        let crop = Crop { x: 10, y: 4, width: 20, height: 8 };
        // 40x20 samples: cut off are 10 at the left, 4 above, 10 at the right, 8 below.
        for (quarters, is_mirrored, target, origin, size) in [
            (0, false, (40, 16), (-20, -8), (80, 40)),
            (0, true, (40, 16), (-20, -8), (80, 40)),
            (1, false, (16, 40), (-16, -20), (40, 80)),
            (2, false, (40, 16), (-20, -16), (80, 40)),
            (3, false, (16, 40), (-8, -20), (40, 80)),
            (3, true, (16, 40), (-16, -20), (40, 80)),
        ] {
            let natural = if quarters % 2 == 0 { (20, 8) } else { (8, 20) };
            let fit = View { quarters, is_mirrored, ..fit(target, natural, Kernel::Bicubic) };
            let view = cropped(fit, (40, 20), crop);
            assert_eq!((view.origin, view.size), (origin, size), "{quarters} {is_mirrored}");
            assert_eq!(view.clip, Some(((0, 0), target)), "{quarters} {is_mirrored}");
        }
        let dot = Crop { x: 0, y: 0, width: 1, height: 1 };
        let view = fit((4000, 4000), (1, 1), Kernel::Bicubic);
        assert_eq!(cropped(view, (8000, 8000), dot), view);
    }

    #[test]
    fn windows_fit_the_monitor() {
        assert_eq!(window((320, 180), 2.0, Some((1920, 1080))), (640, 360));
        assert_eq!(window((3840, 2160), 1.0, Some((1920, 1000))), (1778, 1000));
        assert_eq!(window((65536, 65536), 1.0, None), (16384, 16384));
    }
}
