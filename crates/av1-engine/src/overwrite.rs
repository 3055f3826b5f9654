//! Samples into a picture that the decoder holds as a reference: what a transfer wrote there.
#![allow(unsafe_code, reason = "the decoder's pictures are written through their addresses")]

use super::decoder::Decoder;
use super::{Fault, Frame};

impl Decoder {
    /// Writes `planes`, each in tight rows, over the samples of `frame`; frames that refer to it
    /// see them from now on. What else the decoder keeps of it (CDFs, motion vectors,
    /// segmentation) stays.
    ///
    /// # Errors
    /// `Fault::Overwrite` if `frame` is none of this decoder, is shared, or has another size.
    pub(super) fn overwrite(
        &mut self,
        frame: &mut Frame,
        planes: &[Vec<u16>],
    ) -> Result<(), Fault> {
        let picture = frame.alone().ok_or(Fault::Overwrite("is in use"))?;
        let sizes = picture.sizes();
        let (decoded, maker) = picture.decoded.as_ref().ok_or(Fault::Overwrite("is a copy"))?;
        if !self.is(maker) {
            return Err(Fault::Overwrite("is of another decoder"));
        }
        let fits = |(&(width, height, _), plane): (&(usize, usize, usize), &Vec<u16>)| {
            width > 0 && plane.len() == width * height
        };
        if sizes.len() != planes.len() || !sizes.iter().zip(planes).all(fits) {
            return Err(Fault::Overwrite("has another size"));
        }
        let wide = decoded.bit_depth() > 8;
        for (number, ((width, _, _), plane)) in sizes.into_iter().zip(planes).enumerate() {
            let (address, len) = decoded.rows(number);
            let row_bytes = decoded.stride_bytes(number);
            // SAFETY: the decoder allocated so many initialised bytes for this plane, in whole rows,
            // and gives their address to be written through. Nobody else reads or writes
            // them before the slice is gone: the decoder is the picture's own, it is borrowed
            // here, and its threads rest between calls as it has one frame at a time
            // (`set_max_frame_delay(1)`); and no view of ours is left, as there is no other clone.
            let bytes = unsafe { std::slice::from_raw_parts_mut(address.as_ptr(), len) };
            for (row, samples) in bytes.chunks_exact_mut(row_bytes).zip(plane.chunks_exact(width)) {
                match wide {
                    true => row
                        .chunks_exact_mut(2)
                        .zip(samples)
                        .for_each(|(to, sample)| to.copy_from_slice(&sample.to_ne_bytes())),
                    // An 8-bit picture has no sample above 255.
                    false => row
                        .iter_mut()
                        .zip(samples)
                        .for_each(|(to, sample)| *to = (*sample).min(255) as u8),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Rng};
    use super::super::{Fault, Reconstructor};
    use crate::job::Chroma;

    /// What an inter frame is, after a key frame of the bytes that `seed` gives in slot 0, which
    /// was perhaps overwritten; and the key frame.
    fn inter(seed: u64, depth: u8, over: Option<&[Vec<u16>]>) -> [Vec<Vec<u16>>; 2] {
        let profile = testing::profile(Chroma::Yuv420, depth);
        let mut recon = Reconstructor::with_threads(profile, 9, 2).expect("a reconstructor");
        let sequence = testing::shared(testing::sequence_header());
        let mut key = testing::job(&sequence, testing::picture_info(0));
        key.setup_slot = Some(0);
        key.picture.std.refresh_frame_flags = 0xff;
        let tile = Rng::new(seed).bytes(10_000);
        let key = recon.decode(&key, &[&tile]).expect("a key frame").clean.samples();
        if let Some(over) = over {
            recon.overwrite(0, over).expect("it is overwritten");
        }
        let mut inter = testing::job(&sequence, testing::picture_info(1));
        inter.reference_name_slot_indices = [0; 7];
        let tile = Rng::new(99).bytes(10_000);
        [recon.decode(&inter, &[&tile]).expect("an inter frame").clean.samples(), key]
    }

    #[test]
    fn later_frames_refer_to_what_was_written() {
        for depth in [8, 10] {
            let [[first, key], [second, _]] = [3, 4].map(|seed| inter(seed, depth, None));
            assert_ne!(first, second);
            // Nothing but samples is taken from the key frame.
            assert_eq!(inter(4, depth, Some(&key))[0], first);
        }
    }

    #[test]
    fn what_cannot_be_overwritten_is_left_alone() {
        let profile = testing::profile(Chroma::Yuv420, 8);
        let mut recon = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
        assert_eq!(recon.overwrite(0, &[]), Ok(()));
        let sequence = testing::shared(testing::sequence_header());
        let mut key = testing::job(&sequence, testing::picture_info(0));
        key.setup_slot = Some(0);
        key.picture.std.refresh_frame_flags = 0xff;
        let decoded = recon.decode(&key, &[&Rng::new(3).bytes(10_000)]).expect("a key frame");
        let samples = decoded.clean.samples();
        assert_eq!(recon.overwrite(0, &samples), Err(Fault::Overwrite("is in use")));
        drop(decoded);
        let size = Err(Fault::Overwrite("has another size"));
        assert_eq!(recon.overwrite(0, &samples[..1]), size);
        assert_eq!(recon.overwrite(0, &[vec![0], vec![0], vec![0]]), size);
        assert_eq!(recon.overwrite(0, &samples), Ok(()));
    }
}
