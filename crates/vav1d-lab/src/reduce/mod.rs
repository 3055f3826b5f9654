//! The smallest stream that still fails the same way.
//!
//! Every step makes a smaller stream and asks the judge of it; what fails as before is kept. Frames
//! go first: those behind the one that the error begins with, those that it does not need, then
//! those that it needs no more when names point elsewhere; then layers and tools.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use av1_rewrite::Derived;
use av1_rewrite::change::Step;
use av1_rewrite::container::Container;
use av1_rewrite::random::Random;
use av1_rewrite::stream::Stream;

/// How a stream fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// `wrong`, `status`, `film grain`, `hang`, `device lost`, `crash: signal 6`, `exit 1`.
    pub class: String,
    /// The frame that it begins with, by its [`origin`](av1_rewrite::stream::Frame::origin), if
    /// that can be told.
    pub origin: Option<u64>,
}

impl Failing {
    /// Whether `self` is the failure `other`.
    fn is(&self, other: &Self) -> bool {
        let either = self.origin.is_none() || other.origin.is_none();
        self.class == other.class && (either || self.origin == other.origin)
    }
}

/// Who says whether a stream fails.
pub trait Judge {
    /// Why it cannot be said at all.
    type Error;

    /// How `stream` fails, which is `file` as an IVF file; `None` if it does not.
    ///
    /// # Errors
    /// The end of all: the judge was interrupted, or cannot run.
    fn judge(&mut self, stream: &Stream, file: &[u8]) -> Result<Option<Failing>, Self::Error>;

    /// Whether names may point elsewhere as they do in `file`, in place of `before`, which ends with
    /// the same frame: a right decoder decodes all of it, and as far as that is wanted its last
    /// picture is the same.
    ///
    /// # Errors
    /// As those of [`Judge::judge`].
    fn is_sound(&mut self, before: &[u8], file: &[u8]) -> Result<bool, Self::Error>;

    /// A step was taken.
    fn told(&mut self, step: &str);

    /// Whether no more streams should be judged.
    fn is_spent(&self) -> bool;
}

/// What is left.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The stream.
    pub stream: Stream,
    /// It, as an IVF file.
    pub file: Vec<u8>,
    /// How it fails.
    pub failing: Failing,
    /// The frames that the first wrong one refers to in the stream as it was, however far back,
    /// and itself.
    pub closure: Vec<u64>,
    /// Names of references point to other frames than in the stream as it was.
    pub aimed: bool,
    /// Tools that were switched off without any effect on the failure.
    pub without: Vec<String>,
    /// Those that it does not fail without.
    pub needs: Vec<String>,
}

/// Names of a frame that point elsewhere: the frame, what they were (or all), what they become.
type Aim = (u64, Option<u64>, u64);

/// Tools that can be switched off without another reading of tiles: what does that, and their name.
const TOOLS: [(&str, &str); 5] = [
    ("film-grain=off", "film grain"),
    ("loop-filter-level=0", "deblocking"),
    ("loop-filter-deltas=off", "loop filter deltas"),
    ("cdef=off", "CDEF"),
    ("quant-matrix=off", "quantizer matrices"),
];

/// Makes `stream` smaller as long as `judge` says that it fails as before. `None` if it does not
/// fail to begin with. `point` is the operating point that is decoded.
///
/// # Errors
/// Those of `judge`; and, as text, that the stream cannot be written.
pub fn reduce<J: Judge>(
    stream: &Stream,
    point: u8,
    judge: &mut J,
) -> Result<Result<Option<Reduced>, String>, J::Error> {
    let decoded = parts::of_operating_point(stream, point);
    let whole = decoded.len() == stream.frames().count();
    let stream = if whole { stream.clone() } else { parts::keep(stream, &decoded) };
    let file = match written(&stream, Derived::Checked) {
        Ok(file) => file,
        Err(why) => return Ok(Err(why)),
    };
    let Some(failing) = judge.judge(&stream, &file)? else { return Ok(Ok(None)) };
    let count = stream.frames().count();
    let origin = failing.origin.map_or(String::new(), |frame| format!(" in frame {frame}"));
    judge.told(&format!("{count} frames: {}{origin}", failing.class));
    let mut work = Work { now: stream, file, failing, judge, aimed: false };
    let last = work.end()?;
    let closure = parts::closure(&work.now, &BTreeSet::from([last]));
    let list = closure.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    work.judge.told(&format!("frame {last} needs {} frames: {list}", closure.len()));
    work.frames(last, &closure)?;
    work.names(last)?;
    work.layers()?;
    let (without, needs) = work.tools()?;
    let Work { now, file, failing, aimed, .. } = work;
    let closure = closure.into_iter().collect();
    Ok(Ok(Some(Reduced { stream: now, file, failing, closure, aimed, without, needs })))
}

/// `stream` as an IVF file, as [`Judge::judge`] gets it.
///
/// # Errors
/// Why it cannot be written.
pub fn file(stream: &Stream) -> Result<Vec<u8>, String> {
    written(stream, Derived::Checked)
}

fn written(stream: &Stream, derived: Derived) -> Result<Vec<u8>, String> {
    let units = Container::Ivf.units(stream, derived).map_err(|error| error.to_string())?;
    Container::Ivf.file(&units, stream.time_base).map_err(|error| error.to_string())
}

/// A reduction under way.
struct Work<'j, J> {
    now: Stream,
    file: Vec<u8>,
    failing: Failing,
    judge: &'j mut J,
    aimed: bool,
}

impl<J: Judge> Work<'_, J> {
    /// Takes `smaller`, if it can be written and fails as before. With [`Derived::Replaced`] a right
    /// decoder has to decode it, too.
    fn attempt(&mut self, smaller: Stream, derived: Derived, what: &str) -> Result<bool, J::Error> {
        if smaller == self.now || self.judge.is_spent() {
            return Ok(false);
        }
        let Ok(file) = written(&smaller, derived) else { return Ok(false) };
        if derived == Derived::Replaced && !self.judge.is_sound(&self.file, &file)? {
            return Ok(false);
        }
        let failing = self.judge.judge(&smaller, &file)?;
        let Some(failing) = failing.filter(|failing| failing.is(&self.failing)) else {
            return Ok(false);
        };
        let count = smaller.frames().count();
        self.judge.told(&format!("{count} frames, {} bytes: {what}", file.len()));
        (self.now, self.file, self.failing) = (smaller, file, failing);
        Ok(true)
    }

    /// The last frame that is needed: that which the failure begins with, or by halves the first
    /// one up to which it fails.
    fn end(&mut self) -> Result<u64, J::Error> {
        let all = parts::all(&self.now);
        if let Some(origin) = self.failing.origin.filter(|origin| all.contains(origin)) {
            return Ok(origin);
        }
        let (mut low, mut high) = (0, all.len().saturating_sub(1));
        while low < high {
            let middle = low.midpoint(high);
            let frames = all.iter().take(middle + 1).copied().collect();
            let smaller = parts::keep(&self.now, &frames);
            match self.attempt(smaller, Derived::Checked, "cut behind a frame")? {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Ok(all.get(high).copied().unwrap_or_default())
    }

    /// Frames that `last` does not need go; if that is too much, as many as can.
    fn frames(&mut self, last: u64, closure: &BTreeSet<u64>) -> Result<(), J::Error> {
        let smaller = parts::keep(&self.now, closure);
        if self.attempt(smaller, Derived::Checked, "what it needs, and no other frame")? {
            return Ok(());
        }
        let before = parts::all(&self.now).into_iter().take_while(|frame| *frame != last);
        let mut kept: BTreeSet<u64> = before.chain([last]).collect();
        let first = closure.first().copied().unwrap_or_default();
        let late: BTreeSet<u64> = kept.iter().copied().filter(|frame| *frame >= first).collect();
        let smaller = parts::keep(&self.now, &late);
        if self.attempt(smaller, Derived::Checked, "from its key frame to it")? {
            kept = late;
        } else {
            let smaller = parts::keep(&self.now, &kept);
            self.attempt(smaller, Derived::Checked, "no frame behind it")?;
        }
        self.leaves(kept, closure)
    }

    /// Drops frames outside of `closure` with all that refer to them, many at once first.
    fn leaves(&mut self, kept: BTreeSet<u64>, closure: &BTreeSet<u64>) -> Result<(), J::Error> {
        let mut spare: Vec<u64> = kept.difference(closure).copied().collect();
        let mut size = spare.len().div_ceil(2);
        while size > 0 && !spare.is_empty() {
            let mut at = 0;
            while at < spare.len() {
                let end = (at + size).min(spare.len());
                let stay = spare.iter().enumerate().filter(|(i, _)| !(at..end).contains(i));
                let stay: BTreeSet<u64> =
                    stay.map(|(_, frame)| *frame).chain(closure.clone()).collect();
                let needed = parts::closure(&self.now, &stay);
                let smaller = parts::keep(&self.now, &needed);
                match self.attempt(smaller, Derived::Checked, "without frames beside it")? {
                    true => spare.retain(|frame| needed.contains(frame)),
                    false => at = end,
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        Ok(())
    }

    /// Names point to other frames, so that some are needed no more.
    fn names(&mut self, last: u64) -> Result<(), J::Error> {
        /// Tries in a row without success.
        const MOST: u32 = 12;
        let (mut tried, mut vain) = (BTreeSet::new(), 0);
        while vain < MOST && !self.judge.is_spent() {
            let Some(aim) = self.aim(last, &mut tried) else { break };
            let (user, old, new) = aim;
            let Some(aimed) = parts::aimed(&self.now, user, old, new) else { continue };
            let needed = parts::closure(&aimed, &BTreeSet::from([last]));
            let of = old.map_or("all others".to_owned(), |old| old.to_string());
            let what = format!("frame {user} refers to frame {new} in place of {of}");
            let taken = self.attempt(parts::keep(&aimed, &needed), Derived::Replaced, &what)?;
            self.aimed |= taken;
            vain = if taken { 0 } else { vain + 1 };
        }
        Ok(())
    }

    /// The names to try next: those that make `last` need the fewest frames, and fewer than there
    /// are.
    fn aim(&self, last: u64, tried: &mut BTreeSet<Aim>) -> Option<Aim> {
        let target = BTreeSet::from([last]);
        let all = parts::all(&self.now);
        let (mut references, held) = (parts::references(&self.now), parts::in_slots(&self.now));
        let mut best: Option<(usize, Aim)> = None;
        for user in &all {
            let of = references.get(user).cloned().unwrap_or_default();
            let olds: BTreeSet<u64> = of.iter().copied().collect();
            let wholly = olds.first().map(|_| None);
            let each = olds.iter().copied().map(Some).chain(wholly);
            let news = held.get(user).into_iter().flatten();
            for (old, new) in news.flat_map(|new| each.clone().map(move |old| (old, *new))) {
                let aim = (*user, old, new);
                if old == Some(new) || tried.contains(&aim) {
                    continue;
                }
                let aimed =
                    |frame: &u64| if old.is_none_or(|old| old == *frame) { new } else { *frame };
                references.insert(*user, of.iter().map(aimed).collect());
                let needed = parts::needed(&all, &references, &target).len();
                if needed < best.map_or(all.len(), |(least, _)| least) {
                    best = Some((needed, aim));
                }
            }
            references.insert(*user, of);
        }
        let (_, aim) = best?;
        tried.insert(aim);
        Some(aim)
    }

    /// One layer, one operating point.
    fn layers(&mut self) -> Result<(), J::Error> {
        if let Some(plain) = parts::one_layer(&self.now) {
            self.attempt(plain, self.derived(), "one layer")?;
        }
        Ok(())
    }

    /// Once names point elsewhere, what follows from the slots is no more that of the stream.
    fn derived(&self) -> Derived {
        if self.aimed { Derived::Replaced } else { Derived::Checked }
    }

    /// Tools are switched off one by one: those without effect, and those that it takes.
    fn tools(&mut self) -> Result<(Vec<String>, Vec<String>), J::Error> {
        let (mut without, mut needs) = (Vec::new(), Vec::new());
        for (step, name) in TOOLS {
            let mut changed = self.now.clone();
            let applied =
                Step::parse(step).and_then(|s| s.apply(&mut changed, &mut Random::new(1)));
            if applied.is_err() || changed == self.now || self.judge.is_spent() {
                continue;
            }
            let list = match self.attempt(changed, self.derived(), &format!("without {name}"))? {
                true => &mut without,
                false => &mut needs,
            };
            list.push(name.to_owned());
        }
        Ok((without, needs))
    }
}
