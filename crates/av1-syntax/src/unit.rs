//! What is parsed and planned at a time: a temporal unit.

use std::sync::Arc;

use crate::obu::Framing;

/// One temporal unit, as the container delimits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporalUnit {
    /// Index, from 0.
    pub index: u64,
    /// The OBUs.
    pub data: Arc<[u8]>,
    /// How they are delimited.
    pub framing: Framing,
    /// Presentation time in ticks of the source's time base, if the container has one.
    pub pts: Option<i64>,
    /// Offset of `data` in the file, in bytes.
    pub file_offset: Option<u64>,
    /// Whether its pictures are not output, and decoded only as far as others may refer to them: an
    /// edit list leaves them out.
    pub is_hidden: bool,
}

impl TemporalUnit {
    /// Unit `index` of `data`, of which nothing else is known.
    pub fn new(index: u64, data: impl Into<Arc<[u8]>>, framing: Framing) -> Self {
        let data = data.into();
        Self { index, data, framing, pts: None, file_offset: None, is_hidden: false }
    }
}
