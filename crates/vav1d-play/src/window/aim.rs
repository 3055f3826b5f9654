//! Where the player is on its way to. A seek takes its time; what is asked for meanwhile adds up, and
//! is not counted from a picture that is about to go.

use std::time::Duration;

use crate::Target;

/// What was asked for and is not on the screen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Aim {
    target: Option<Target>,
    /// Pictures to go on, or back, from there.
    steps: i64,
    /// The place that the bar was dragged to, or a key was held up to, meanwhile.
    dragged: Option<Duration>,
}

impl Aim {
    /// Where the player is told to go; nothing is left of what was asked for before.
    pub(super) fn set(&mut self, target: Target) {
        *self = Self { target: Some(target), ..Self::default() };
    }

    /// Nothing is under way any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is under way.
    pub(super) fn target(&self) -> Option<Target> {
        self.target
    }

    /// The time that relative seeks count from: that of the target, as far as its time is known.
    pub(super) fn time(&self, duration: Option<Duration>) -> Option<Duration> {
        if self.dragged.is_some() {
            return self.dragged;
        }
        match self.target? {
            Target::Time(time) => Some(time),
            Target::Index(0) => Some(Duration::ZERO),
            Target::Index(u64::MAX) => duration,
            Target::Index(_) => None,
        }
    }

    /// Steps wait while a seek is under way. Whether they do.
    pub(super) fn step(&mut self, count: i64) -> bool {
        self.steps += if self.target.is_some() { count } else { 0 };
        self.target.is_some()
    }

    /// The bar is dragged to `time`, or a key is held: one seek at a time, so that pictures are seen
    /// on the way.
    /// Where to go now, if nothing is under way.
    pub(super) fn drag(&mut self, time: Duration) -> Option<Target> {
        match self.target {
            None => Some(Target::Time(time)),
            Some(_) => {
                self.dragged = Some(time);
                None
            }
        }
    }

    /// Picture `index` is the one that was aimed at. Where to go next.
    pub(super) fn landed(&mut self, index: u64) -> Option<Target> {
        let Self { target, steps, dragged } = std::mem::take(self);
        target?;
        match (dragged, steps) {
            (Some(time), _) => Some(Target::Time(time)),
            (None, 0) => None,
            (None, steps) => Some(Target::Index(index.saturating_add_signed(steps))),
        }
    }
}

/// The time `seconds` after `from`, not beyond the ends of what is played.
pub(super) fn moved(from: Duration, seconds: f64, duration: Option<Duration>) -> Duration {
    let to = Duration::try_from_secs_f64((from.as_secs_f64() + seconds).max(0.0));
    let to = to.unwrap_or(Duration::MAX);
    duration.map_or(to, |duration| to.min(duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn seeks_add_up() {
        let mut aim = Aim::default();
        let mut at = S(120);
        for expected in [125, 130, 135] {
            at = moved(aim.time(Some(S(300))).unwrap_or(at), 5.0, Some(S(300)));
            aim.set(Target::Time(at));
            assert_eq!(at, S(expected));
        }
        assert_eq!(aim.landed(7), None);
        assert_eq!(aim.time(None), None);
        aim.set(Target::Index(u64::MAX));
        assert_eq!(aim.time(Some(S(300))), Some(S(300)));
        aim.set(Target::Index(0));
        assert_eq!(aim.time(None), Some(S(0)));
    }

    #[test]
    fn a_key_that_is_held_adds_up_behind_the_seek() {
        let mut aim = Aim::default();
        assert_eq!(aim.drag(S(5)), Some(Target::Time(S(5))));
        aim.set(Target::Time(S(5)));
        for expected in [10, 15] {
            let to = moved(aim.time(None).unwrap_or_default(), 5.0, None);
            assert_eq!((to, aim.drag(to)), (S(expected), None));
        }
        assert_eq!(aim.landed(7), Some(Target::Time(S(15))));
    }

    #[test]
    fn seeks_stay_within_what_is_played() {
        assert_eq!(moved(S(3), -5.0, None), S(0));
        assert_eq!(moved(S(299), 5.0, Some(S(300))), S(300));
        assert_eq!(moved(S(299), 5.0, None), S(304));
    }

    #[test]
    fn steps_wait_for_the_seek() {
        let mut aim = Aim::default();
        assert!(!aim.step(1));
        aim.set(Target::Time(S(3)));
        assert!(aim.step(1) && aim.step(1) && aim.step(-1));
        assert_eq!(aim.landed(90), Some(Target::Index(91)));
        assert_eq!(aim, Aim::default());
    }

    #[test]
    fn a_drag_is_one_seek_after_the_other() {
        let mut aim = Aim::default();
        let first = aim.drag(S(1)).expect("nothing is under way");
        aim.set(first);
        assert_eq!((aim.drag(S(2)), aim.drag(S(3))), (None, None));
        assert_eq!(aim.landed(5), Some(Target::Time(S(3))));
    }
}
