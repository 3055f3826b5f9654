//! Copies against the Std structures that `ash` has.

use ash::vk::native as std_av1;

use super::*;

#[test]
fn each_flag_is_at_its_bit() {
    let mut picture = PictureInfo { usesChromaLr: true, ..Default::default() };
    assert_eq!((picture.std().flags.usesChromaLr(), picture.std().flags.UsesLr()), (1, 0));
    picture = PictureInfo { apply_grain: true, error_resilient_mode: true, ..Default::default() };
    let flags = picture.std().flags;
    assert_eq!((flags.apply_grain(), flags.error_resilient_mode(), flags.reserved()), (1, 1, 0));
    assert_eq!(PictureInfo::of(&picture.std()), picture);
    let sequence = SequenceHeader { enable_superres: true, ..Default::default() };
    assert_eq!(sequence.std().flags.enable_superres(), 1);
    let sequence =
        SequenceHeader { initial_display_delay_present_flag: true, ..Default::default() };
    assert_eq!(sequence.std().flags.initial_display_delay_present_flag(), 1);
    let reference = ReferenceInfo { segmentation_enabled: true, ..Default::default() };
    assert_eq!(reference.std().flags.segmentation_enabled(), 1);
    let filter = LoopFilter { loop_filter_delta_update: true, ..Default::default() };
    assert_eq!(filter.std().flags.loop_filter_delta_update(), 1);
}

/// Every member of a structure, set by its path, is there in the Std structure and comes back.
fn comes_back<M: Members + Default + Clone + PartialEq + std::fmt::Debug, S>(
    std: fn(&M) -> S,
    of: fn(&S) -> M,
    numbers: usize,
) {
    let mut filled = M::default();
    let mut next = 0;
    for (path, _, values) in M::default().members() {
        let values: Vec<i64> = values
            .iter()
            .map(|_| {
                next += 1;
                if path.starts_with("flags.") { next % 2 } else { next % 100 }
            })
            .collect();
        assert!(filled.set(&path, &values), "{path}");
    }
    assert_eq!(next as usize, numbers);
    assert_eq!(of(&std(&filled)), filled);
}

#[test]
fn what_is_copied_comes_back() {
    comes_back(ColorConfig::std, ColorConfig::of, 5 + 8);
    comes_back(TimingInfo::std, TimingInfo::of, 2 + 3);
    comes_back(SequenceHeader::std, SequenceHeader::of, 20 + 15);
    comes_back(TileInfo::std, TileInfo::of, 2 + 11);
    comes_back(Quantization::std, Quantization::of, 3 + 9);
    comes_back(Segmentation::std, Segmentation::of, 72);
    comes_back(LoopFilter::std, LoopFilter::of, 3 + 17);
    comes_back(Cdef::std, Cdef::of, 34);
    comes_back(LoopRestoration::std, LoopRestoration::of, 6);
    comes_back(GlobalMotion::std, GlobalMotion::of, 56);
    comes_back(FilmGrain::std, FilmGrain::of, 5 + 6 + 1 + 28 + 1 + 20 + 1 + 20 + 74 + 6);
    comes_back(PictureInfo::std, PictureInfo::of, 30 + 10 + 2 + 1 + 3 + 16);
    comes_back(ReferenceInfo::std, ReferenceInfo::of, 3 + 11);
    assert_eq!(size_of::<std_av1::StdVideoDecodeAV1PictureInfo>(), 136);
}

#[test]
fn what_pointers_point_to_is_made() {
    let mut picture = PictureInfo::default();
    assert!(picture.set("pTileInfo.pMiColStarts", &[0, 16]));
    assert!(picture.set("pQuantization.base_q_idx", &[200]));
    assert_eq!(picture.pTileInfo.as_ref().and_then(|t| t.pMiColStarts.clone()), Some(vec![0, 16]));
    assert_eq!(picture.pQuantization.as_ref().map(|q| q.base_q_idx), Some(200));
    assert!(picture.set("pCDEF", &[]) && picture.set("pQuantization", &[]));
    assert_eq!(picture.pCDEF, Some(Cdef::default()));
    assert_eq!(picture.pQuantization.as_ref().map(|q| q.base_q_idx), Some(200));
    for (path, values) in [
        ("pQuantization.base_q_idx", &[256][..]),
        ("pQuantization.base_q_idx", &[1, 2]),
        ("OrderHints", &[1; 7]),
        ("flags.UsesLr", &[2]),
        ("pNothing.at_all", &[1]),
        ("nothing", &[1]),
    ] {
        assert!(!picture.clone().set(path, values), "{path}");
    }
}

#[test]
fn the_hash_is_of_tiles_and_their_borders() {
    let bytes: Vec<u8> = (0..100).collect();
    let whole = tile_hash([&bytes[..]]);
    assert_eq!(whole, tile_hash([&bytes[..]]));
    assert_ne!(whole, tile_hash([&bytes[..50], &bytes[50..]]));
    assert_ne!(whole, tile_hash([&bytes[..99]]));
    assert_ne!(tile_hash([&bytes[..50], &bytes[50..]]), tile_hash([&bytes[50..], &bytes[..50]]));
}
