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
    pub(super) n_queries: u32,
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
        let queries = match status_queries {
            StatusQueries::None => None,
            _ => Some(QueryPool::new(device, &choice.profile, n_queries)?),
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
            needs_reset: true,
            report,
        })
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
