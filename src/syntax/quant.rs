//! Quantisation: specification 5.9.12 and 5.9.13.

/// `quantization_params()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuantizationParams {
    /// `base_q_idx`.
    pub base_q_idx: u8,
    /// DeltaQYDc, -64 to 63.
    pub delta_q_y_dc: i8,
    /// `diff_uv_delta`; false if not coded.
    pub diff_uv_delta: bool,
    /// DeltaQUDc.
    pub delta_q_u_dc: i8,
    /// DeltaQUAc.
    pub delta_q_u_ac: i8,
    /// DeltaQVDc; equal to U's if they do not differ.
    pub delta_q_v_dc: i8,
    /// DeltaQVAc.
    pub delta_q_v_ac: i8,
    /// `using_qmatrix`.
    pub using_qmatrix: bool,
    /// `qm_y`; 0 if not coded.
    pub qm_y: u8,
    /// `qm_u`.
    pub qm_u: u8,
    /// `qm_v`; equal to `qm_u` if not coded apart.
    pub qm_v: u8,
}
