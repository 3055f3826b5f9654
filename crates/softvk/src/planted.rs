//! Faults that the driver has on purpose, so that tools can show that they find them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use av1_engine::job::{FrameJob, PictureInfo, SequenceHeader};
use av1_engine::members;

use crate::when::{Told, Value, When};

/// The faults that devices of this process have, and how often each has had an effect.
static ASKED: Mutex<Vec<Asked>> = Mutex::new(Vec::new());

/// The planted faults, as words of a configuration (`fault=pixel@3`), that some device of this
/// process has and that had no effect on any device so far. A word comes once.
pub fn unfired() -> Vec<String> {
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let vain = |what: &What| asked.iter().filter(|a| a.what == *what).all(Asked::is_vain);
    let mut words = Vec::new();
    for word in asked.iter().filter(|a| vain(&a.what)).map(Asked::word) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Which fault, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Always(Planted),
    In(FrameFault, When),
}

impl What {
    /// `NAME`, `NAME@WHEN`, `NAME-once@WHEN`, `set:MEMBER=VALUE@WHEN`; `when:...` alone is `base-q@when:...`.
    fn of(word: &str) -> Option<Self> {
        if word.starts_with("when:") {
            return Some(Self::In(FrameFault::BaseQ, When::of(word)?));
        }
        let Some((name, when)) = word.split_once('@') else {
            return Planted::of(word).map(Self::Always);
        };
        let fault = match name.strip_prefix("set:") {
            Some(member) => FrameFault::Set(Arc::new(Setting(Value::of(member)?))),
            None => FrameFault::of(name.strip_suffix(ONCE).unwrap_or(name))?,
        };
        match (&fault, When::of(when)?) {
            (FrameFault::Race, When::Number(last)) => Some(Self::In(fault, When::Race(last))),
            (FrameFault::Race, _) => None,
            (_, when) => Some(Self::In(fault, when)),
        }
    }
}

/// The end of a name of a fault that one device of the process has, and none that is made after its
/// effect.
const ONCE: &str = "-once";

/// A fault that was asked for. Clones count together.
#[derive(Clone, Debug)]
struct Asked {
    what: What,
    /// As it was asked for: `pixel@3`.
    word: String,
    /// It belongs to a personality: nobody has asked for an effect.
    implied: bool,
    fired: Arc<AtomicU64>,
}

impl Asked {
    /// Whether a device that is made now has it no more, since one of `earlier` was to have it once and
    /// had it.
    fn is_over(&self, earlier: &[Self]) -> bool {
        let once = self.word.split('@').next().is_some_and(|name| name.ends_with(ONCE));
        let had = |e: &Self| e.word == self.word && e.fired.load(Ordering::Relaxed) > 0;
        once && earlier.iter().any(had)
    }

    /// Whether it was asked for, and nothing came of it.
    fn is_vain(&self) -> bool {
        !self.implied && self.fired.load(Ordering::Relaxed) == 0
    }

    fn word(&self) -> String {
        format!("fault={}", self.word)
    }
}

/// A fault of one decode, which counts when it has had its effect.
#[derive(Clone, Debug)]
pub struct Due {
    /// What it is.
    pub fault: FrameFault,
    fired: Arc<AtomicU64>,
}

impl Due {
    /// It had an effect.
    pub(crate) fn fired(&self) {
        self.fired.fetch_add(1, Ordering::Relaxed);
    }
}

/// All faults of a configuration: any number, of one kind or of several.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Asked>);

impl PartialEq for Faults {
    /// The same faults, whatever they have done.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|a| &a.what).eq(other.0.iter().map(|a| &a.what))
    }
}

impl Eq for Faults {}

impl Faults {
    /// Adds a fault by its word, once however often it is given; `None` if there is no such fault.
    pub(crate) fn add(&mut self, word: &str) -> Option<()> {
        let what = What::of(word)?;
        if self.0.iter().all(|known| known.what != what) {
            let word = word.to_owned();
            self.0.push(Asked { what, word, implied: false, fired: Arc::default() });
        }
        Some(())
    }

    /// Those so far belong to a personality: it is not said if they have no effect.
    pub(crate) fn imply(&mut self) {
        self.0.iter_mut().for_each(|asked| asked.implied = true);
    }

    /// The same faults for a new device: nothing has had an effect, and [`unfired`] knows them.
    pub(crate) fn of_device(&self) -> Self {
        let fresh = |asked: &Asked| Asked { fired: Arc::default(), ..asked.clone() };
        let mut all = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.0.iter().filter(|asked| !asked.is_over(&all));
        let own = Self(left.map(fresh).collect());
        all.extend(own.0.iter().cloned());
        own
    }

    /// Those with which the device stays.
    pub(crate) fn without_loss(mut self) -> Self {
        self.0.retain(|asked| !matches!(asked.what, What::In(FrameFault::Lost, _)));
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is `fault`.
    pub(crate) fn has(&self, fault: Planted) -> bool {
        self.0.iter().any(|asked| asked.what == What::Always(fault))
    }

    /// Whether `fault` is there and does something, `effect`: then it is counted.
    pub(crate) fn fires(&self, fault: Planted, effect: bool) -> bool {
        let asked = self.0.iter().find(|asked| asked.what == What::Always(fault));
        let fires = asked.filter(|_| effect);
        if let Some(asked) = fires {
            asked.fired.fetch_add(1, Ordering::Relaxed);
        }
        fires.is_some()
    }

    /// The faults that are there at all times.
    pub(crate) fn always(&self) -> impl Iterator<Item = Planted> {
        self.0.iter().filter_map(|asked| match asked.what {
            What::Always(fault) => Some(fault),
            What::In(..) => None,
        })
    }

    /// The faults of decode `frame`, by its number and by what it is `told`.
    pub(crate) fn of_frame(&self, frame: u64, told: &Told<'_>) -> Vec<Due> {
        let of = |asked: &Asked| match &asked.what {
            What::In(fault, when) if when.is_now(frame, told) => {
                Some(Due { fault: fault.clone(), fired: Arc::clone(&asked.fired) })
            }
            _ => None,
        };
        self.0.iter().filter_map(of).collect()
    }

    /// The words of those that had no effect.
    pub(crate) fn without_effect(&self) -> Vec<String> {
        self.0.iter().filter(|asked| asked.is_vain()).map(Asked::word).collect()
    }
}

/// A fault that the driver has on purpose, so that tools can show that they find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Output goes to layer 0.
    LayerZero,
    /// srcBufferOffset is 0.
    OffsetZero,
    /// Slot indexes have three bits.
    ThreeBitSlots,
    /// The last tile ends where the range ends.
    RangeEnd,
    /// Tiles start behind the frame header's first byte.
    HeaderSkip,
    /// An output that is not the reference picture is not written.
    OutputApart,
    /// The status of a query is written over the output.
    StatusWrite,
    /// Outputs in layout GENERAL are spoilt.
    GeneralLayout,
    /// Outputs in images without a profile are spoilt.
    ProfileIndependent,
    /// Tile starts are taken as superblocks.
    TileStarts,
    /// Intra-only frames need a reference.
    IntraUnnamed,
    /// References are looked up when a command is recorded.
    DpbAtRecord,
    /// Some flags of inline sequence headers are 0.
    InlineHeader,
    /// The bitstream is that of the decode before.
    StaleBitstream,
    /// `OrderHints` are read one entry too low.
    ShiftedHints,
}

impl Planted {
    /// The fault called `name`.
    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault)
    }

    /// All of them, by name.
    const ALL: [(&'static str, Self); 15] = [
        ("layer-zero", Self::LayerZero),
        ("offset-zero", Self::OffsetZero),
        ("three-bit-slots", Self::ThreeBitSlots),
        ("range-end", Self::RangeEnd),
        ("header-skip", Self::HeaderSkip),
        ("output-apart", Self::OutputApart),
        ("status-write", Self::StatusWrite),
        ("general-layout", Self::GeneralLayout),
        ("profile-independent", Self::ProfileIndependent),
        ("tile-starts", Self::TileStarts),
        ("intra-unnamed", Self::IntraUnnamed),
        ("dpb-at-record", Self::DpbAtRecord),
        ("inline-header", Self::InlineHeader),
        ("stale-bitstream", Self::StaleBitstream),
        ("shifted-hints", Self::ShiftedHints),
    ];
}

/// A member of a Std structure that is taken as another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting(Value);

impl Setting {
    /// Makes `job` so; whether it was not.
    fn apply(&self, job: &mut FrameJob) -> bool {
        let mut sequence = SequenceHeader::clone(&job.sequence);
        let mut effect = false;
        members::walk(&mut sequence, &mut job.picture, &mut |member| {
            let is = member.is_called(&self.0.path);
            effect |= is && member.value != self.0.value;
            is.then_some(self.0.value)
        });
        job.sequence = Arc::new(sequence);
        effect
    }
}

/// A fault in one decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// A member is taken as another value.
    Set(Arc<Setting>),
    /// base_q_idx is off by one.
    BaseQ,
    /// A reference name is taken from another slot.
    Slot,
    /// primary_ref_frame is PRIMARY_REF_NONE.
    Cdf,
    /// grain_seed is off by one bit.
    GrainSeed,
    /// OrderHint is one more.
    OrderHint,
    /// The first value of FeatureData is off by one.
    Segmentation,
    /// The first FrameRestorationType that is not NONE is another.
    Restoration,
    /// coded_denom is off by one, or the frame a sample narrower.
    Extent,
    /// One sample of the output is off by one bit.
    Pixel,
    /// The same from a decode on that nobody knows beforehand.
    Race,
    /// The decode fails.
    Status,
    /// The queue hangs.
    Hang,
    /// The device is lost.
    Lost,
    /// The process aborts.
    Crash,
}

impl FrameFault {
    /// The fault called `name`.
    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| fault.clone())
    }

    /// All of them that have a name.
    const ALL: [(&'static str, Self); 14] = [
        ("base-q", Self::BaseQ),
        ("slot", Self::Slot),
        ("cdf", Self::Cdf),
        ("grain-seed", Self::GrainSeed),
        ("order-hint", Self::OrderHint),
        ("segmentation", Self::Segmentation),
        ("restoration", Self::Restoration),
        ("extent", Self::Extent),
        ("pixel", Self::Pixel),
        ("race", Self::Race),
        ("status", Self::Status),
        ("hang", Self::Hang),
        ("lost", Self::Lost),
        ("crash", Self::Crash),
    ];

    /// Makes `job` wrong, as far as this fault does; whether it did. `held` says whether a slot
    /// holds a picture.
    pub(crate) fn spoil(&self, job: &mut FrameJob, held: impl Fn(u32) -> bool) -> bool {
        let info = &mut job.picture;
        match self {
            Self::Set(setting) => setting.apply(job),
            Self::BaseQ => base_q(info),
            Self::Slot => {
                let mut names = job.reference_name_slot_indices.iter_mut();
                let Some(name) = names.find(|name| **name >= 0) else { return false };
                let other = (0..16).find(|slot| held(*slot) && *slot as i32 != *name);
                *name = other.map_or(*name, |slot| slot as i32);
                other.is_some()
            }
            Self::Cdf => {
                let before = std::mem::replace(&mut info.std.primary_ref_frame, PRIMARY_REF_NONE);
                before < PRIMARY_REF_NONE
            }
            Self::GrainSeed => {
                let Some(grain) = &mut info.film_grain else { return false };
                grain.grain_seed ^= 1;
                true
            }
            Self::OrderHint => order_hint(job),
            Self::Segmentation => segmentation(info),
            Self::Restoration => restoration(info),
            Self::Extent => extent(job),
            Self::Pixel | Self::Race => false,
            Self::Status | Self::Hang | Self::Lost | Self::Crash => false,
        }
    }
}

/// base_q_idx is off by one.
fn base_q(info: &mut PictureInfo) -> bool {
    let Some(quantization) = &mut info.quantization else { return false };
    let q = &mut quantization.base_q_idx;
    *q = if *q == 255 { 254 } else { *q + 1 };
    true
}

/// OrderHint is one more, within its bits.
fn order_hint(job: &mut FrameJob) -> bool {
    let std = &job.sequence.std;
    let reduced = std.flags.reduced_still_picture_header() != 0;
    if std.flags.enable_order_hint() == 0 || reduced {
        return false;
    }
    let most = ((2_u32 << (std.order_hint_bits_minus_1 & 7)) - 1) as u8;
    let hint = &mut job.picture.std.OrderHint;
    *hint = hint.wrapping_add(1) & most;
    true
}

/// The value of the first feature that has one is off by one, towards 0 where it can be.
fn segmentation(info: &mut PictureInfo) -> bool {
    /// SEG_LVL_REF_FRAME: the features from here on have a reference frame, or no value.
    const VALUES: usize = 5;
    let Some(segmentation) = &mut info.segmentation else { return false };
    for (enabled, data) in segmentation.FeatureEnabled.iter().zip(&mut segmentation.FeatureData) {
        let value = data.iter_mut().take(VALUES).enumerate().find(|(i, _)| enabled >> i & 1 == 1);
        if let Some((_, value)) = value {
            *value += if *value > 0 { -1 } else { 1 };
            return true;
        }
    }
    false
}

/// WIENER becomes SGRPROJ, and everything else WIENER.
fn restoration(info: &mut PictureInfo) -> bool {
    const WIENER: u32 = 1;
    const SGRPROJ: u32 = 2;
    let Some(restoration) = &mut info.loop_restoration else { return false };
    let Some(kind) = restoration.FrameRestorationType.iter_mut().find(|kind| **kind != 0) else {
        return false;
    };
    *kind = if *kind == WIENER { SGRPROJ } else { WIENER };
    true
}

/// With superres another width is coded, else the frame is a sample narrower, or two wide.
fn extent(job: &mut FrameJob) -> bool {
    let std = &mut job.picture.std;
    if std.flags.use_superres() != 0 {
        std.coded_denom = if std.coded_denom == 0 { 1 } else { std.coded_denom - 1 };
    } else {
        let width = &mut job.coded_extent.0;
        *width = if *width == 1 { 2 } else { *width - 1 };
    }
    true
}

/// PRIMARY_REF_NONE of the AV1 specification.
const PRIMARY_REF_NONE: u8 = 7;
