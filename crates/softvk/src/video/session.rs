//! Video sessions: what lives from frame to frame. Changed at execution only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ash::vk;

use super::known::Known;
use crate::config::{self, Config};
use crate::image::Resource;
use av1_engine::job::Profile;
use av1_engine::{Reconstructor, Ticket};

/// A video session.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) limits: Limits,
    pub(crate) config: Config,
    state: Mutex<State>,
    /// Decode commands recorded so far, and for each slot the newest that sets it up.
    recorded: Mutex<(u64, Vec<u64>)>,
    /// A bit for each memory binding that has no memory yet.
    unbound: AtomicU64,
}

/// What a session was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// `maxDpbSlots`, as far as the driver has them.
    pub(crate) slots: u32,
    /// `maxActiveReferencePictures`, likewise.
    pub(crate) active: u32,
    /// `maxCodedExtent`.
    pub(crate) extent: (u32, u32),
    /// `pictureFormat`.
    pub(crate) format: vk::Format,
    /// `referencePictureFormat`.
    pub(crate) reference_format: vk::Format,
}

impl Limits {
    /// Those that `info` asks for, no more than `config` has.
    pub(crate) fn new(info: &vk::VideoSessionCreateInfoKHR<'_>, config: &Config) -> Self {
        let vk::Extent2D { width, height } = info.max_coded_extent;
        Self {
            slots: info.max_dpb_slots.min(config.slots),
            active: info.max_active_reference_pictures.min(config.active),
            extent: (width.min(config.extent.0), height.min(config.extent.1)),
            format: info.picture_format,
            reference_format: info.reference_picture_format,
        }
    }
}

/// The indexes of a session's memory bindings: one, or many with gaps between them, as a driver
/// has that leaves out what this session does not need.
fn memory_indexes(config: &Config) -> Vec<u32> {
    match config.memory_gaps {
        true => (0..39).filter(|index| !(31..34).contains(index)).collect(),
        false => vec![0],
    }
}

/// More slots than this can end in a guess at which pictures are dead (`Reconstructor`), and that
/// is not to depend on threads.
const MOST_SLOTS: u32 = 9;

/// A decode that was begun, and what it makes of its session when it is done.
pub(crate) struct Begun {
    pub(crate) ticket: Ticket,
    /// Its setup slot, and the picture that is there then.
    pub(super) slot: Option<(usize, Option<Resource>)>,
}

/// Whether decodes of a session may be begun before their turn. Planted faults count decodes, and
/// look at what was there before.
fn may_begin_early(config: &Config, limits: &Limits) -> bool {
    config.delay != 1 && config.faults.is_empty() && limits.slots <= MOST_SLOTS
}

/// What the executed commands have made of a session.
pub(crate) struct State {
    /// RESET has been executed.
    pub(crate) initialized: bool,
    /// The picture that each active slot holds.
    pub(crate) slots: Vec<Option<Resource>>,
    /// What was decoded into each slot.
    pub(crate) known: Vec<Option<Known>>,
    pub(crate) recon: Result<Reconstructor, String>,
    /// Decode operations so far.
    pub(crate) frames: u64,
    /// For each slot the number of the recorded command that set it up.
    pub(crate) recorded: Vec<u64>,
    /// For each slot how many transfers had written its picture when the reconstructor had the
    /// same samples.
    pub(crate) transfers: Vec<u64>,
    /// For each slot where the frame that set it up was output.
    pub(crate) outputs: Vec<Option<Resource>>,
    /// The bitstream range of the decode before.
    pub(crate) bitstream: Vec<u8>,
    /// Decodes that the reconstructor was given before their turn.
    pub(crate) begun: Vec<Begun>,
    /// How many were, so far, while another was in the making.
    pub(crate) beside: u64,
}

impl Drop for Session {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (beside, frames) = (state.beside, state.frames);
        log::debug!("softvk: of {frames} frames {beside} were begun beside another");
    }
}

impl Session {
    pub(crate) fn new(profile: Profile, limits: Limits, config: Config) -> Self {
        let max_dpb_slots = limits.slots;
        let mut recon = match config.threads {
            _ if config.null => Err("nothing is decoded".to_owned()),
            threads if may_begin_early(&config, &limits) => {
                Reconstructor::ahead(profile, max_dpb_slots, threads, config.delay)
                    .map_err(|e| e.to_string())
            }
            0 => Reconstructor::new(profile, max_dpb_slots).map_err(|e| e.to_string()),
            threads => Reconstructor::with_threads(profile, max_dpb_slots, threads)
                .map_err(|e| e.to_string()),
        };
        if let Ok(recon) = &mut recon {
            recon.leave_cores(config::cores_taken());
        }
        let indexes = memory_indexes(&config);
        let state = State {
            initialized: false,
            slots: vec![None; max_dpb_slots as usize],
            known: vec![None; max_dpb_slots as usize],
            recon,
            frames: 0,
            recorded: vec![0; max_dpb_slots as usize],
            transfers: vec![0; max_dpb_slots as usize],
            outputs: vec![None; max_dpb_slots as usize],
            bitstream: Vec::new(),
            begun: Vec::new(),
            beside: 0,
        };
        Self {
            profile,
            limits,
            config,
            state: Mutex::new(state),
            recorded: Mutex::new((0, vec![0; max_dpb_slots as usize])),
            unbound: AtomicU64::new(indexes.iter().map(|index| 1 << index).sum()),
        }
    }

    /// What is wrong with a codedExtent that is not between the smallest and the largest.
    pub(crate) fn extent_fault(&self, (width, height): (u32, u32)) -> Option<String> {
        let (low, high) = (self.config.min_extent, self.limits.extent);
        let inside = (low.0..=high.0).contains(&width) && (low.1..=high.1).contains(&height);
        let range = || format!("{}x{} to {}x{}", low.0, low.1, high.0, high.1);
        (!inside).then(|| format!("codedExtent {width}x{height}, not from {}", range()))
    }

    /// The memoryBindIndex of each memory binding.
    pub(crate) fn memory_indexes(&self) -> Vec<u32> {
        memory_indexes(&self.config)
    }

    /// Memory is bound; whether there is such a binding, without memory before.
    pub(crate) fn bind_memory(&self, index: u32) -> bool {
        let bit = 1_u64.checked_shl(index).unwrap_or(0);
        self.unbound.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    /// Whether all memory bindings have memory.
    pub(crate) fn is_bound(&self) -> bool {
        self.unbound.load(Ordering::Relaxed) == 0
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

/// Decode commands by the order of recording: their number, and the numbers of those whose pictures
/// the slots of the seven references held then. Only a planted fault looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) number: u64,
    pub(crate) references: [u64; 7],
}

#[cfg(test)]
mod tests {
    use super::*;
    use av1_engine::job::Chroma;

    #[test]
    fn every_memory_binding_is_bound_once() {
        let (config, _) = Config::parse("session-memory=gaps");
        let profile = Profile {
            std_profile: 0,
            chroma: Chroma::Yuv420,
            bit_depth: 8,
            film_grain_support: false,
        };
        let session = Session::new(
            profile,
            Limits::new(&vk::VideoSessionCreateInfoKHR::default(), &config),
            config,
        );
        let indexes = session.memory_indexes();
        assert_eq!((indexes.len(), indexes.first(), indexes.last()), (36, Some(&0), Some(&38)));
        assert!(!session.bind_memory(31) && !session.bind_memory(64));
        for index in indexes {
            assert!(!session.is_bound());
            assert!(session.bind_memory(index) && !session.bind_memory(index));
        }
        assert!(session.is_bound());
    }
}
