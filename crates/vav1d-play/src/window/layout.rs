//! Where the picture is in the window.

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
    fn windows_fit_the_monitor() {
        assert_eq!(window((320, 180), 2.0, Some((1920, 1080))), (640, 360));
        assert_eq!(window((3840, 2160), 1.0, Some((1920, 1000))), (1778, 1000));
        assert_eq!(window((65536, 65536), 1.0, None), (16384, 16384));
    }
}
