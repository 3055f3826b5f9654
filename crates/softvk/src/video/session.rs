//! Video sessions: what lives from frame to frame. Changed at execution only.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::job::Profile;
use super::op::Resource;
use crate::config::Config;
use crate::recon::Reconstructor;

/// A video session.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) max_dpb_slots: u32,
    pub(crate) max_coded_extent: (u32, u32),
    pub(crate) config: Config,
    state: Mutex<State>,
}

/// What the executed commands have made of a session.
pub(crate) struct State {
    /// RESET has been executed.
    pub(crate) initialized: bool,
    /// The picture that each active slot holds.
    pub(crate) slots: Vec<Option<Resource>>,
    pub(crate) recon: Result<Reconstructor, String>,
    /// Decode operations so far.
    pub(crate) frames: u64,
}

impl Session {
    pub(crate) fn new(
        profile: Profile,
        max_dpb_slots: u32,
        max_coded_extent: (u32, u32),
        config: Config,
    ) -> Self {
        let recon = match config.threads {
            0 => Reconstructor::new(profile, max_dpb_slots),
            threads => Reconstructor::with_threads(profile, max_dpb_slots, threads),
        };
        let state = State {
            initialized: false,
            slots: vec![None; max_dpb_slots as usize],
            recon: recon.map_err(|e| e.to_string()),
            frames: 0,
        };
        Self { profile, max_dpb_slots, max_coded_extent, config, state: Mutex::new(state) }
    }

    /// The state, for one command.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
