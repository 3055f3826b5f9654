//! What the film grain shader is run with. Numbers only: `grain` knows what they are.

use crate::grain::GrainPass;
use crate::pixels::Picture;

/// Invocations of a work group.
const GROUP: u32 = 128;
/// Work groups in a row: less than every device allows.
const GROUPS_X: u32 = 1 << 15;

/// Work groups that cover all `words` of a picture, one an invocation.
pub(super) fn groups(words: u32) -> (u32, u32) {
    let groups = words.div_ceil(GROUP);
    (groups.clamp(1, GROUPS_X), groups.div_ceil(GROUPS_X).max(1))
}

/// Bytes of the picture with film grain.
pub(super) fn picture_bytes(grain: &GrainPass) -> u64 {
    (u64::from(grain.uniform.data) * 4).max(4)
}

/// What is uploaded for a picture that is on the device: the data of its film grain, and the byte
/// that they begin at, behind the samples.
pub(super) fn behind(grain: &GrainPass) -> (usize, &[u8]) {
    (grain.uniform.data as usize * 4, bytemuck::cast_slice(&grain.data))
}

/// What is uploaded of `picture`: its bytes, and after whole words the data of its film grain.
pub(super) fn parts<'a>(picture: &'a Picture, grain: Option<&'a GrainPass>) -> [&'a [u8]; 3] {
    let bytes = &picture.data[..];
    let rest = bytes.len().next_multiple_of(4) - bytes.len();
    let data = grain.map_or(&[][..], |grain| bytemuck::cast_slice(&grain.data));
    [bytes, &[0; 4][..rest], data]
}

#[cfg(test)]
mod on_devices;

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;

    use super::*;
    use crate::grain::GrainUniform;
    use crate::pixels::{Chroma, Format};

    fn pass(words: u32) -> GrainPass {
        GrainPass { uniform: GrainUniform { data: words, ..Zeroable::zeroed() }, data: vec![7] }
    }

    #[test]
    fn groups_cover_all_words() {
        for words in [1, 127, 128, 129, 1 << 22, (1 << 22) + 1, 855_638_016] {
            let (x, y) = groups(words);
            assert!(x < 65536 && y < 65536);
            assert!(x * y >= words.div_ceil(GROUP) && x * (y - 1) < words.div_ceil(GROUP));
        }
    }

    #[test]
    fn data_follow_whole_words() {
        let format = Format { chroma: Chroma::Monochrome, bit_depth: 8 };
        for width in 1..6 {
            let picture = Picture::new(format, width, 1);
            let grain = pass(width.div_ceil(4));
            let lengths = parts(&picture, Some(&grain)).map(<[u8]>::len);
            assert_eq!(lengths[0] + lengths[1], 4 * grain.uniform.data as usize);
            assert_eq!(lengths[2], 4);
            assert_eq!(parts(&picture, None)[2].len(), 0);
        }
    }
}
