//! A session in use, with its parameters, slots, pictures and queries.

use std::sync::Arc;

use super::choose::Choice;
use super::device::Device;
use super::images::Pictures;
use super::objects::QueryPool;
use super::options::{ExecutorOptions, StatusQueries};
use super::session::{Parameters, SessionReport, VideoSession};
use super::slots::Slots;
use crate::error::Result;
use crate::syntax::sequence::SequenceHeader;

/// A session in use.
pub(super) struct Active {
    pub(super) choice: Choice,
    /// `None` if the sequence header comes with each decode.
    pub(super) parameters: Option<Parameters>,
    pub(super) session: Arc<VideoSession>,
    pub(super) sequence: Arc<SequenceHeader>,
    pub(super) slots: Slots,
    pub(super) pictures: Pictures,
    /// One query for each frame in flight, where the decode family offers them.
    pub(super) queries: Option<QueryPool>,
    n_queries: u32,
    /// Decodes of the session so far: queries are used in turn.
    decodes: u64,
    /// The next decode resets the session first.
    pub(super) needs_reset: bool,
    pub(super) report: SessionReport,
}

impl Active {
    /// A session for `choice` and `sequence`.
    pub(super) fn new(
        device: &Arc<Device>,
        choice: Choice,
        sequence: &Arc<SequenceHeader>,
        options: &ExecutorOptions,
    ) -> Result<Self> {
        let session = Arc::new(VideoSession::new(device, &choice)?);
        let parameters = parameters(&choice, &session, sequence)?;
        let offered = device.decode_queue().family.status_queries;
        let status_queries = match options.status_queries {
            Some(StatusQueries::Pool | StatusQueries::Inline) if !offered => {
                return Err(device.lacks("queryResultStatusSupport is VK_FALSE").into());
            }
            Some(wish) => wish,
            None if offered => StatusQueries::Pool,
            None => StatusQueries::None,
        };
        let n_queries = options.frames_in_flight + 1;
        let (queries, status_queries) = match status_queries {
            StatusQueries::None => (None, StatusQueries::None),
            wish => match QueryPool::new(device, &choice.profile, n_queries) {
                Ok(pool) => (Some(pool), wish),
                // Statuses are a help, and pictures do not need them.
                Err(error) if options.status_queries.is_none() => {
                    device.warn_once(&format!("no decode statuses: {error}"));
                    (None, StatusQueries::None)
                }
                Err(error) => return Err(error),
            },
        };
        let report = SessionReport {
            profile: choice.profile,
            coincide: choice.coincide,
            layered: choice.layered,
            dpb_slots: choice.slots,
            active_references: choice.active_references,
            max_coded_extent: choice.max_coded_extent,
            output_format: choice.output.format,
            dpb_format: choice.dpb.format,
            status_queries,
            readback: choice.readback,
        };
        Ok(Self {
            slots: Slots::new(choice.slots, options.slot_policy),
            pictures: Pictures::new(device, &choice),
            sequence: sequence.clone(),
            choice,
            parameters,
            session,
            queries,
            n_queries,
            decodes: 0,
            needs_reset: true,
            report,
        })
    }

    /// The query of the next decode. Frame numbers have gaps: by them two frames in flight could
    /// share one.
    pub(super) fn next_query(&mut self) -> u32 {
        let index = self.decodes % u64::from(self.n_queries);
        self.decodes += 1;
        index as u32
    }

    /// Goes on with another sequence header; gives the old parameters back.
    pub(super) fn set_sequence(
        &mut self,
        sequence: &Arc<SequenceHeader>,
    ) -> Result<Option<Parameters>> {
        let parameters = parameters(&self.choice, &self.session, sequence)?;
        self.sequence = sequence.clone();
        Ok(std::mem::replace(&mut self.parameters, parameters))
    }
}

/// A parameters object, where the session is one that takes it.
fn parameters(
    choice: &Choice,
    session: &Arc<VideoSession>,
    sequence: &SequenceHeader,
) -> Result<Option<Parameters>> {
    (!choice.inline_parameters).then(|| Parameters::new(session, sequence)).transpose()
}

#[cfg(all(test, feature = "soft"))]
mod tests {
    use super::*;
    use crate::plan::SessionSpec;
    use crate::syntax::testing::plain_sequence;
    use crate::vk::choose::choose_for;
    use crate::vk::entry::Driver;
    use crate::vk::features::Features;
    use crate::vk::instance::{Instance, InstanceOptions};

    #[test]
    fn queries_are_used_in_turn() {
        let driver = Driver::Soft { config: None };
        let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
        let adapter = instance.adapters().expect("adapters").remove(0);
        let options = ExecutorOptions { frames_in_flight: 4, ..ExecutorOptions::default() };
        let features = Features::wanted(&options);
        let device =
            Device::open(&instance, &adapter, features, options.copy_queue).expect("a device");
        let sequence = Arc::new(plain_sequence());
        let spec = SessionSpec { sequence: Arc::clone(&sequence), seq_level_idx: 8 };
        let choice = choose_for(&spec, &options, &adapter).expect("a choice");
        let mut active = Active::new(&device, choice, &sequence, &options).expect("a session");
        // One more than frames in flight: whatever the numbers of the frames are, none is in use.
        let used: Vec<_> = (0..12).map(|_| active.next_query()).collect();
        assert_eq!(used, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
    }
}
