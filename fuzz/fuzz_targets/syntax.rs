//! Any bytes as the OBUs of a stream: every syntax element of the headers, traced.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vav1d::bits::Trace;
use vav1d::obu::{Framing, obus};
use vav1d::syntax::dump::Walker;

/// Checks that elements follow one another.
#[derive(Default)]
struct Order(u64);

impl Trace for Order {
    fn element(&mut self, element: &'static str, _: Option<usize>, bit: u64, bits: u32, _: i64) {
        assert!(bit == 0 || bit >= self.0, "{element} at {bit}, before {}", self.0);
        self.0 = bit + u64::from(bits);
    }

    fn table(&mut self, _: &'static str) {}
}

fuzz_target!(|data: &[u8]| {
    let mut walker = Walker::default();
    for obu in obus(data, Framing::Section5).map_while(Result::ok) {
        // A fault ends the OBU, and the next may follow on what was before it.
        let _ = walker.obu(&obu, &mut Order::default());
    }
});
