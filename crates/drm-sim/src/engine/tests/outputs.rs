//! References that are outputs (VCN 5).

use super::*;

/// Where outputs are the references ("tier 3"), each is listed with its own place and pitches.
#[test]
fn references_that_are_outputs_are_where_the_list_says() -> io::Result<()> {
    let space = space()?;
    let entry = |index: i64, luma: i64, chroma: i64| {
        let fields = [
            ("index", 0, index),
            ("luma_pitch", 0, 256),
            ("luma_low", 0, luma),
            ("chroma_pitch", 0, 128),
            ("chroma_low", 0, chroma),
        ];
        part(vcn::REFERENCE, &fields)
    };
    let listed = |slot, key, references: &[Bytes]| {
        let mut message = message(slot, frame(slot, key, &[]), 256);
        message.parts.retain(|part| part.0 != 0x10);
        message.references = Some(references.to_vec());
        message
    };
    let fault = |references: &[Bytes]| {
        let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
        let key = vcn.message(&space, &listed(0, true, &[]), None).expect("a decode");
        assert_eq!(key.faults, [""; 0]);
        let inter = vcn.message(&space, &listed(1, false, references), None).expect("a decode");
        assert_eq!(inter.picture.is_some(), inter.faults.is_empty());
        inter.faults.join("; ")
    };
    let (luma, chroma) = (TARGET as i64, TARGET as i64 + 0x8000);
    assert_eq!(fault(&[entry(3, 0, 0), entry(0, luma, chroma)]), "");
    let elsewhere = fault(&[entry(0, luma + 0x100, chroma)]);
    assert!(elsewhere.starts_with("slot 0 is read at 0x1100100, pitch 256"), "{elsewhere}");
    let chroma = fault(&[entry(0, luma, chroma + 0x100)]);
    assert!(
        chroma.contains(
            "it was written at 0x1100000, pitch 256, swizzle mode 0, chroma at 0x1108000"
        ),
        "{chroma}"
    );
    Ok(())
}
