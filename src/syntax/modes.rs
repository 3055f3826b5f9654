//! Frame-wide modes: specification 5.9.17, 5.9.18, 5.9.21 to 5.9.23.

/// `delta_q_params()`, 5.9.17.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaQParams {
    /// `delta_q_present`.
    pub delta_q_present: bool,
    /// `delta_q_res`, as coded: a shift.
    pub delta_q_res: u8,
}

/// `delta_lf_params()`, 5.9.18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaLfParams {
    /// `delta_lf_present`.
    pub delta_lf_present: bool,
    /// `delta_lf_res`, as coded: a shift.
    pub delta_lf_res: u8,
    /// `delta_lf_multi`.
    pub delta_lf_multi: bool,
}

/// TxMode, 6.8.21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxMode {
    /// ONLY_4X4, 0.
    Only4x4,
    /// TX_MODE_LARGEST, 1.
    Largest,
    /// TX_MODE_SELECT, 2.
    Select,
}
