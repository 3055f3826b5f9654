//! How long seeks take: until something of where they go is on the screen, and until the picture is.

use std::time::{Duration, Instant};

/// Seeks that are remembered, at most.
const MOST: usize = 10_000;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Seeks {
    begun: Option<Instant>,
    is_seen: bool,
    seen: Vec<Duration>,
    landed: Vec<Duration>,
}

impl Seeks {
    /// A seek begins; one that is under way counts no more.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.is_seen && self.begun.is_some() {
            self.seen.pop();
        }
        (self.begun, self.is_seen) = (Some(now), false);
    }

    /// The picture is on the screen where its decoding begins.
    pub(super) fn saw(&mut self, now: Instant) {
        let Some(begun) = self.begun.filter(|_| !self.is_seen) else { return };
        self.is_seen = true;
        if self.seen.len() < MOST {
            self.seen.push(now - begun);
        }
    }

    /// The picture that was sought is on the screen.
    pub(super) fn land(&mut self, now: Instant) {
        self.saw(now);
        let Some(begun) = self.begun.take() else { return };
        if self.landed.len() < MOST {
            self.landed.push(now - begun);
        }
    }

    /// How many have ended.
    pub fn count(&self) -> usize {
        self.landed.len()
    }

    /// Until which time `part` of them (0 to 1) had a picture on the screen, and the picture.
    pub fn within(&self, part: f64) -> Option<(Duration, Duration)> {
        let of = |list: &[Duration]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            let at = (list.len() as f64 * part.clamp(0.0, 1.0)).ceil() as usize;
            list.get(at.max(1) - 1).copied()
        };
        of(&self.seen).zip(of(&self.landed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeks_are_timed_to_the_first_picture_and_to_theirs() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let ms = Duration::from_millis;
        let mut seeks = Seeks::default();
        assert_eq!((seeks.count(), seeks.within(0.5)), (0, None));
        // Nothing is under way.
        seeks.land(at(5));
        assert_eq!(seeks.count(), 0);
        // One that is overtaken does not count.
        seeks.begin(at(0));
        seeks.saw(at(10));
        seeks.begin(at(20));
        seeks.saw(at(50));
        seeks.saw(at(60));
        seeks.land(at(120));
        assert_eq!(seeks.within(0.5), Some((ms(30), ms(100))));
        seeks.begin(at(200));
        seeks.land(at(240));
        assert_eq!(seeks.count(), 2);
        assert_eq!(seeks.within(0.5), Some((ms(30), ms(40))));
        assert_eq!(seeks.within(1.0), Some((ms(40), ms(100))));
    }
}
