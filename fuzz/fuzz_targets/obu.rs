//! Any bytes as the OBUs of one temporal unit, in either framing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vav1d::obu::{Framing, obus};

fuzz_target!(|data: &[u8]| {
    let Some((first, unit)) = data.split_first() else { return };
    let framing = if first & 1 == 0 { Framing::Section5 } else { Framing::AnnexB };
    let mut at = 0;
    for obu in obus(unit, framing).map_while(Result::ok) {
        assert!(at <= obu.offset && obu.offset < obu.payload_offset);
        let end = obu.payload_offset + obu.payload.len();
        assert!(end <= obu.end && obu.end <= unit.len());
        assert_eq!(obu.payload, &unit[obu.payload_offset..end]);
        at = obu.end;
    }
});
