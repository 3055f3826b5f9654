//! What VCN writes, and how it lies there.

use super::*;
use crate::swizzle::Swizzle;

#[test]
fn pictures_are_written_by_the_modes_of_their_images() -> io::Result<()> {
    let space = space()?;
    let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
    let mut key = message(0, frame(0, true, &[]), 256);
    let modes =
        [("dt_swizzle_mode", 22), ("db_swizzle_mode", 2), ("dt_chroma_top_offset", 0x1_0000)];
    for (name, value) in modes {
        assert!(vcn::add(vcn::DECODE, &mut key.parts[0].1, (name, 0), value));
    }
    let key = vcn.message(&space, &key, None).expect("it decodes");
    assert_eq!(key.faults, [""; 0]);
    let tiling = |mode, texel| {
        Tiling::Swizzled(Swizzle::new(Family::Gfx11Pipes8, mode, texel).expect("a mode"))
    };
    assert_eq!(rows(&space, TARGET, 256, tiling(22, 1)), luma(&key));
    assert_ne!(rows(&space, TARGET, 256, Tiling::Linear), luma(&key));
    assert_eq!(rows(&space, IMAGES, 256, tiling(2, 1)), luma(&key));
    // Chroma has texels of two samples.
    let (decoded, _) = key.picture.as_ref().expect("a picture");
    let planes = decoded.clean.planes();
    let av1_engine::PlaneData::U8(u) = planes[1].data else { panic!("8 bits") };
    let av1_engine::PlaneData::U8(v) = planes[2].data else { panic!("8 bits") };
    let wanted: Vec<u8> = u.iter().zip(v).take(32).flat_map(|(u, v)| [*u, *v]).collect();
    assert_eq!(rows(&space, TARGET + 0x1_8000, 256, tiling(22, 2))[0], wanted);
    assert_eq!(rows(&space, IMAGES + 256 * 64, 256, tiling(2, 2))[0], wanted);
    Ok(())
}

#[test]
fn what_is_kept_is_without_film_grain() -> io::Result<()> {
    let space = space()?;
    let grain = [
        ("film_grain.apply_grain", 0, 1),
        ("film_grain.num_y_points", 0, 1),
        ("film_grain.scaling_points_y", 0, 128),
        ("film_grain.scaling_points_y", 1, 255),
        ("film_grain.scaling_shift", 0, 8),
        ("film_grain.ar_coeff_shift", 0, 6),
        ("film_grain.random_seed", 0, 1000),
    ];
    let key = message(0, frame(0, true, &grain), 256);
    let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
    let key = vcn.message(&space, &key, None).expect("it decodes");
    assert_eq!(key.faults, [""; 0]);
    assert_eq!(rows(&space, IMAGES, 256, Tiling::Linear), luma(&key));
    assert_ne!(rows(&space, TARGET, 256, Tiling::Linear), luma(&key));
    Ok(())
}

#[test]
fn a_reference_that_is_overwritten_is_named_and_spoils() -> io::Result<()> {
    let space = space()?;
    let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
    let mut decode = |message: &Message| vcn.message(&space, message, None).expect("a decode");
    assert_eq!(decode(&message(0, frame(0, true, &[]), 256)).faults, [""; 0]);
    assert_eq!(decode(&message(1, frame(1, false, &[]), 256)).faults, [""; 0]);
    // The last byte of the planes of the image of slot 0.
    let last = IMAGES + 256 * (64 + 32) - 1;
    let byte = space.read(last, 1).expect("mapped")[0];
    space.write(last, &[!byte]).expect("mapped");
    let spoiled = decode(&message(1, frame(1, false, &[]), 256));
    assert!(spoiled.picture.is_none());
    assert!(spoiled.faults[0].starts_with("slot 0 was overwritten since, at 0x1200000, "));
    // What was there is there again.
    space.write(last, &[byte]).expect("mapped");
    assert_eq!(decode(&message(1, frame(1, false, &[]), 256)).faults, [""; 0]);
    Ok(())
}
