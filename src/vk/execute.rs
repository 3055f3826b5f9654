//! The executor: steps in, pictures out.

use std::sync::Arc;
use std::time::Duration;

use super::adapter::Adapter;
use super::caps::DpbPreference;
use super::instance::Instance;
use super::session::SessionReport;
use crate::error::{DeviceError, Result};
use crate::pixels::Picture;
use crate::plan::{ShowPlan, Step, SurfaceId};
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// Who applies film grain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrainMode {
    /// The driver, where it can; else the caller, told by [`Output::pending_grain`].
    #[default]
    Driver,
    /// The caller always, told by [`Output::pending_grain`].
    Host,
    /// Nobody.
    None,
}

/// How to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorOptions {
    /// Whether DPB picture and output are one; `None` chooses. Default: `None`.
    pub dpb: Option<DpbPreference>,
    /// Whether DPB pictures are layers of one image; `None`: only where they must. Default: `None`.
    pub layered: Option<bool>,
    /// Who applies film grain. Default: the driver.
    pub film_grain: GrainMode,
    /// Frames that the device may be busy with, 1 to 64. Default: 4.
    pub frames_in_flight: u32,
    /// How long to wait for the device. Default: 20 s.
    pub timeout: Duration,
    /// Try streams of a level above the device's maximum. Default: no.
    pub force_level: bool,
}

impl Default for ExecutorOptions {
    fn default() -> Self {
        Self {
            dpb: None,
            layered: None,
            film_grain: GrainMode::Driver,
            frames_in_flight: 4,
            timeout: Duration::from_secs(20),
            force_level: false,
        }
    }
}

/// What the driver reports of a decoded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeStatus {
    /// VK_QUERY_RESULT_STATUS_COMPLETE_KHR.
    Complete,
    /// A negative VkQueryResultStatusKHR.
    Error(i32),
    /// The driver has no such queries.
    Unknown,
}

/// One picture, in the order of `Step::Show`.
#[derive(Clone, Debug)]
pub struct Output {
    /// UpscaledWidth x FrameHeight samples.
    pub picture: Picture,
    /// What asked for it.
    pub show: ShowPlan,
    /// The surface shown.
    pub surface: SurfaceId,
    /// Frame in decoding order.
    pub frame: u64,
    /// What the driver says of the decode.
    pub status: DecodeStatus,
    /// Grain to apply that the driver did not.
    pub pending_grain: Option<FilmGrainParams>,
    /// The frame's header.
    pub header: Arc<FrameHeader>,
    /// The sequence that it belongs to.
    pub sequence: Arc<SequenceHeader>,
}

/// Executes steps on one device.
pub struct Executor {}

impl Executor {
    /// Opens `adapter`'s device.
    /// # Errors
    /// `Unsupported` if it does not decode AV1, `Device` if it cannot be opened.
    pub fn new(
        _instance: &Arc<Instance>,
        _adapter: &Adapter,
        _options: ExecutorOptions,
    ) -> Result<Self> {
        Err(DeviceError::None("not built".into()).into())
    }

    /// Executes one step: `Decode` submits, `Show` submits a readback; neither waits for its end.
    /// # Errors
    /// `Unsupported` for a stream that the device cannot decode, `Device` for its failures.
    pub fn execute(&mut self, _step: &Step) -> Result<()> {
        Ok(())
    }

    /// The next picture in the order of `Show`; with `wait`, `None` means that none is due.
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn next_output(&mut self, _wait: bool) -> Result<Option<Output>> {
        Ok(None)
    }

    /// Waits until the device is idle. Pictures stay to be fetched.
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn drain(&mut self) -> Result<()> {
        Ok(())
    }

    /// Forgets all surfaces: the next frame decodes into a session that was reset. Pictures that
    /// were shown stay to be fetched.
    pub fn reset(&mut self) {}

    /// What the current session is like, once there is one.
    pub fn session(&self) -> Option<&SessionReport> {
        None
    }
}
