//! What a stream wants of a device, known before one is chosen.

use super::args::{InputArgs, LayerArgs};
use super::{input, options};
use vav1d::plan::planner::Planner;
use vav1d::plan::{SessionSpec, Step};

/// Units, and bytes of them, that are read for it at most.
const UNITS: usize = 64;
const BYTES: usize = 64 << 20;

/// The first session of the input; `None` where that cannot be told without taking something away
/// from whoever reads it next (a pipe), or where there is none. What is wrong with the stream is not
/// said here.
pub(super) fn session(args: &InputArgs, layers: &LayerArgs) -> Option<SessionSpec> {
    if !std::fs::metadata(&args.file).is_ok_and(|file| file.is_file()) {
        return None;
    }
    let mut args = args.clone();
    args.container.follow = None;
    let mut source = input::open(&args).ok()?;
    let mut planner = Planner::new(options::planner(layers));
    let (mut steps, mut bytes) = (Vec::new(), 0);
    for _ in 0..UNITS {
        let unit = source.next_unit().ok()??;
        bytes += unit.data.len();
        // A stream may begin with what cannot be decoded.
        let _planned = planner.unit(&unit, &mut steps);
        let spec = steps.drain(..).find_map(|step| match step {
            Step::Configure(spec) => Some(spec),
            _ => None,
        });
        if spec.is_some() || bytes > BYTES {
            return spec;
        }
    }
    None
}
