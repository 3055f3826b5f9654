//! Any bytes as a stream, decoded on softvk: pictures, and faults that are told.
#![no_main]

use std::io::{self, Cursor};
use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use vav1d::container;
use vav1d::decode::{Options, decode};
use vav1d::error::{DeviceError, Error};
use vav1d::limits::Limits;
use vav1d::plan::planner::PlannerOptions;
use vav1d::sink::{Shown, Sink, StreamInfo};
use vav1d::vk::{Adapter, Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

/// Checks that pictures come in order, and have their sizes.
#[derive(Default)]
struct Order(u64);

impl Sink for Order {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        assert_eq!(shown.index, self.0);
        self.0 += 1;
        let picture = &shown.picture;
        let bytes = picture.format.picture_bytes(picture.width, picture.height);
        assert_eq!(picture.data.len(), bytes);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static DEVICE: OnceLock<(Arc<Instance>, Adapter)> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        unit_bytes: 1 << 20,
        pipe_bytes: 1 << 20,
        frame_samples: 1 << 15,
        unit_frames: 16,
    };
    let reader = Box::new(Cursor::new(data.to_vec()));
    let Ok(mut source) = container::open(reader, None, limits) else { return };
    let (instance, adapter) = DEVICE.get_or_init(|| {
        let driver = Driver::Soft { config: Some("threads=1".into()) };
        let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
        let adapter = instance.adapters().expect("a device").swap_remove(0);
        (instance, adapter)
    });
    let mut executor =
        Executor::new(instance, adapter, ExecutorOptions::default()).expect("the device opens");
    let planner = PlannerOptions { limits, ..PlannerOptions::default() };
    let options = Options { planner, limit: Some(6), ..Options::default() };
    match decode(&mut *source, &mut executor, &mut Order::default(), options) {
        Ok(_) | Err(Error::Device(DeviceError::None(_))) => {}
        Err(error) => panic!("{error}"),
    }
});
