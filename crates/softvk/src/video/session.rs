//! Video sessions: what lives from frame to frame. Changed at execution only.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::job::Profile;
use super::op::{Recorded, Resource};
use crate::config::Config;
use crate::recon::Reconstructor;

/// A video session.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) max_dpb_slots: u32,
    pub(crate) max_coded_extent: (u32, u32),
    pub(crate) config: Config,
    state: Mutex<State>,
    /// Decode commands recorded so far, and for each slot the newest that sets it up.
    recorded: Mutex<(u64, Vec<u64>)>,
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
    /// For each slot the number of the recorded command that set it up.
    pub(crate) recorded: Vec<u64>,
    /// The bitstream range of the decode before.
    pub(crate) bitstream: Vec<u8>,
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
            recorded: vec![0; max_dpb_slots as usize],
            bitstream: Vec::new(),
        };
        Self {
            profile,
            max_dpb_slots,
            max_coded_extent,
            config,
            state: Mutex::new(state),
            recorded: Mutex::new((0, vec![0; max_dpb_slots as usize])),
        }
    }

    /// A decode command is recorded, with setup slot and reference slots.
    pub(crate) fn record(&self, setup: i32, names: &[i32; 7]) -> Recorded {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, slots) = &mut *recorded;
        let index = |slot: i32| usize::try_from(slot).unwrap_or(usize::MAX);
        let references = names.map(|name| slots.get(index(name)).copied().unwrap_or(0));
        *count += 1;
        if let Some(slot) = slots.get_mut(index(setup)) {
            *slot = *count;
        }
        Recorded { number: *count, references }
    }

    /// The state, for one command.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
