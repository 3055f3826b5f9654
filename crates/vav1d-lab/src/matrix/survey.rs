//! Which session shapes are decoded, and what those that differ have in common.
//! Decisions only: decoding is a function that is given.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::{Axis, TRIED, axes};
use crate::exit::Exit;

/// A shape, as indexes of the values that are tried of [`axes`].
pub type Point = [usize; TRIED];

/// What a shape gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The MD5s of the output pictures, and the exit code.
    Decoded(Vec<String>, Exit),
    /// The device does not take the shape.
    Refused(String),
    /// The driver crashed, hung, lost the device or said that a decode failed.
    Failed(String),
}

impl Outcome {
    /// Whether the device does not take the shape.
    pub fn refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn decoded(&self) -> bool {
        matches!(self, Self::Decoded(..))
    }
}

/// An axis with a value.
pub type Value = (usize, usize);

/// The smallest change of the reference shape that changes the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The axes that it changes, and to what.
    pub values: Vec<Value>,
    /// What it does.
    pub effect: Effect,
}

/// What a change of the shape does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes the output from this picture on.
    Output(usize),
    /// The driver fails so.
    Failure(String),
}

/// Shapes and what they gave.
#[derive(Debug)]
pub struct Survey {
    /// The shape that others are compared with, if one is legal.
    pub base: Option<Point>,
    /// What each gave.
    pub outcomes: BTreeMap<Point, Outcome>,
    /// What changes the output.
    pub causes: Vec<Cause>,
}

/// Decodes with `decode`: every value of every axis, every pair of values of two axes, and with
/// `all` every combination.
/// # Errors
/// Those of `decode`.
pub fn survey<E>(all: bool, decode: impl FnMut(&Point) -> Result<Outcome, E>) -> Result<Survey, E> {
    let survey = Survey { base: None, outcomes: BTreeMap::new(), causes: Vec::new() };
    let mut surveyor = Surveyor { survey, decode };
    surveyor.find_base()?;
    let Survey { base, outcomes, .. } = &surveyor.survey;
    // Where no shape is decoded there is nothing to compare with, and each may take its time.
    let base = base.filter(|base| outcomes.get(base).is_some_and(Outcome::decoded));
    if let Some(base) = base {
        for value in values() {
            surveyor.visit(&with(base, &[value]))?;
        }
        surveyor.cover_pairs(base)?;
        if all {
            for point in every() {
                surveyor.visit(&point)?;
            }
        }
        surveyor.find_causes(base)?;
    }
    Ok(surveyor.survey)
}

struct Surveyor<F> {
    survey: Survey,
    decode: F,
}

impl<E, F: FnMut(&Point) -> Result<Outcome, E>> Surveyor<F> {
    /// What `point` gives; each is decoded once.
    fn visit(&mut self, point: &Point) -> Result<Outcome, E> {
        if let Some(known) = self.survey.outcomes.get(point) {
            return Ok(known.clone());
        }
        let outcome = (self.decode)(point)?;
        self.survey.outcomes.insert(*point, outcome.clone());
        Ok(outcome)
    }

    /// The shape that is decoded with the fewest values that are not the first of their axis; where
    /// the driver fails in all that it takes, the first of those.
    fn find_base(&mut self) -> Result<(), E> {
        let zero = [0; TRIED];
        let single = values().map(|value| with(zero, &[value]));
        for point in std::iter::once(zero).chain(single) {
            if self.visit(&point)?.decoded() {
                self.survey.base = Some(point);
                return Ok(());
            }
        }
        let failed = self.survey.outcomes.iter().find(|(_, outcome)| !outcome.refused());
        self.survey.base = failed.map(|(point, _)| *point);
        let double = pairs().map(|(a, b)| with(zero, &[a, b]));
        for point in double.filter(|_| self.survey.base.is_none()).collect::<Vec<_>>() {
            if !self.visit(&point)?.refused() {
                self.survey.base = Some(point);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Every two values of two axes together: in few shapes where values are legal, else alone.
    fn cover_pairs(&mut self, base: Point) -> Result<(), E> {
        let outcomes = &self.survey.outcomes;
        let legal: BTreeSet<Value> = values()
            .filter(|v| outcomes.get(&with(base, &[*v])).is_some_and(|o| !o.refused()))
            .collect();
        let (left, alone): (Vec<_>, Vec<_>) =
            pairs().partition(|(a, b)| legal.contains(a) && legal.contains(b));
        let mut left: BTreeSet<_> = left.into_iter().collect();
        while let Some(first) = left.pop_first() {
            let point = covering(base, first, &left, &legal);
            if self.visit(&point)?.refused() {
                self.visit(&with(base, &[first.0, first.1]))?;
            } else {
                left.retain(|(a, b)| !(has(&point, *a) && has(&point, *b)));
            }
        }
        for (a, b) in alone {
            self.visit(&with(base, &[a, b]))?;
        }
        Ok(())
    }

    /// For each shape that differs: back to the base, axis by axis, as long as it differs.
    fn find_causes(&mut self, base: Point) -> Result<(), E> {
        let reference = self.visit(&base)?;
        let differs = |o: &Outcome| *o != reference && !o.refused();
        let wrong: Vec<Point> =
            self.survey.outcomes.iter().filter(|(_, o)| differs(o)).map(|(p, _)| *p).collect();
        for mut point in wrong {
            for own in base.into_iter().enumerate() {
                let back = with(point, &[own]);
                if back != point && differs(&self.visit(&back)?) {
                    point = back;
                }
            }
            let changed = (0..TRIED).filter(|axis| point[*axis] != base[*axis]);
            let values = changed.map(|axis| (axis, point[axis])).collect();
            let effect = match (self.visit(&point)?, &reference) {
                (Outcome::Decoded(wrong, _), Outcome::Decoded(right, _)) => {
                    Effect::Output(wrong.iter().zip(right).take_while(|(a, b)| a == b).count())
                }
                (Outcome::Failed(why), _) => Effect::Failure(why),
                _ => continue,
            };
            let cause = Cause { values, effect };
            if !self.survey.causes.contains(&cause) {
                self.survey.causes.push(cause);
            }
        }
        self.survey.causes.sort_by_key(|cause| (cause.values.len(), cause.values.clone()));
        Ok(())
    }
}

/// A shape with the pair `first` and, greedily, as many of `left` as go in, of `legal` values.
fn covering(
    base: Point,
    first: (Value, Value),
    left: &BTreeSet<(Value, Value)>,
    legal: &BTreeSet<Value>,
) -> Point {
    let mut point = with(base, &[first.0, first.1]);
    let mut fixed = vec![first.0, first.1];
    for axis in 0..TRIED {
        if fixed.iter().any(|(known, _)| *known == axis) {
            continue;
        }
        let gain = |value: &Value| {
            let pair =
                |other: &Value| if other < value { (*other, *value) } else { (*value, *other) };
            fixed.iter().filter(|other| left.contains(&pair(other))).count()
        };
        let own = (axis, base[axis]);
        let best = legal.range((axis, 0)..(axis + 1, 0)).copied().rev().max_by_key(gain);
        let value = best.filter(|value| gain(value) > gain(&own)).unwrap_or(own);
        point[axis] = value.1;
        fixed.push(value);
    }
    point
}

fn has(point: &Point, (axis, value): Value) -> bool {
    point[axis] == value
}

/// `point` with some values changed.
pub fn with(mut point: Point, values: &[Value]) -> Point {
    for (axis, value) in values {
        point[*axis] = *value;
    }
    point
}

/// All values of all axes.
fn values() -> impl Iterator<Item = Value> {
    let of = |(axis, row): (usize, &Axis)| {
        (0..row.tried.len()).map(move |value| (axis, value)).collect::<Vec<_>>()
    };
    axes().iter().enumerate().flat_map(of)
}

/// All pairs of values of two axes, the lower axis first.
fn pairs() -> impl Iterator<Item = (Value, Value)> {
    values().flat_map(|a| values().filter(move |b| b.0 > a.0).map(move |b| (a, b)))
}

/// All shapes, the last axis running fastest.
fn every() -> Vec<Point> {
    let mut points = vec![[0; TRIED]];
    for (axis, row) in axes().iter().enumerate() {
        let each = |p: Point| (0..row.tried.len()).map(move |value| with(p, &[(axis, value)]));
        points = points.into_iter().flat_map(each).collect();
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Outcome {
        Outcome::Decoded(vec!["same".into(), text.into()], Exit::Done)
    }

    /// A survey of a device on which `f` says what a shape gives.
    fn check(f: impl Fn(&Point) -> Outcome) -> Survey {
        let Ok(survey) = survey(false, |p| Ok::<_, ()>(f(p))) else { unreachable!() };
        survey
    }

    #[test]
    fn every_pair_is_decoded_together_in_few_shapes() {
        let survey = check(|_| decoded("x"));
        assert_eq!(survey.base, Some([0; TRIED]));
        assert_eq!(survey.causes, []);
        let shapes = survey.outcomes.len();
        assert!(shapes < 60, "{shapes}");
        for (a, b) in pairs() {
            assert!(survey.outcomes.keys().any(|p| has(p, a) && has(p, b)), "{a:?} {b:?}");
        }
    }

    #[test]
    fn causes_are_as_small_as_can_be() {
        let alone = check(|p| decoded(if p[2] == 1 { "bad" } else { "good" }));
        assert_eq!(alone.causes, [Cause { values: vec![(2, 1)], effect: Effect::Output(1) }]);
        let both = check(|p| decoded(if p[0] == 1 && p[7] == 1 { "bad" } else { "good" }));
        assert_eq!(
            both.causes,
            [Cause { values: vec![(0, 1), (7, 1)], effect: Effect::Output(1) }]
        );
    }

    #[test]
    fn refused_values_are_left_out_of_all_but_pairs() {
        let refuse = |p: &Point| match p[0] {
            0 => Outcome::Refused("no".into()),
            _ => decoded(if p[1] == 1 { "bad" } else { "good" }),
        };
        let survey = check(refuse);
        let mut base = [0; TRIED];
        base[0] = 1;
        assert_eq!(survey.base, Some(base));
        assert_eq!(survey.causes, [Cause { values: vec![(1, 1)], effect: Effect::Output(1) }]);
        assert_eq!(check(|_| Outcome::Refused("no".into())).base, None);
    }
    #[test]
    fn a_shape_in_which_the_driver_fails_is_named() {
        let crash = |p: &Point| match p[3] {
            1 => Outcome::Failed("crash".into()),
            _ => decoded("good"),
        };
        let survey = check(crash);
        let cause = Cause { values: vec![(3, 1)], effect: Effect::Failure("crash".into()) };
        assert_eq!(survey.causes, [cause]);
        // The first shape fails: another one is what is compared with.
        let survey = check(|p| match p[0] {
            0 => Outcome::Failed("crash".into()),
            _ => decoded("good"),
        });
        assert_eq!(survey.base.map(|base| base[0]), Some(1));
        assert_eq!(survey.causes.len(), 1);
        let survey = check(|_| Outcome::Failed("hang".into()));
        assert!(survey.base.is_some() && survey.outcomes.len() < 40);
    }
}
