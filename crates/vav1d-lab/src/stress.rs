//! Streams in other forms, drawn at random: those first that exercise what nothing has exercised yet.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::collections::{BTreeMap, BTreeSet};

use av1_rewrite::change::{Change, Step, all};
use av1_rewrite::container::Container;
use av1_rewrite::random::Random;
use av1_rewrite::slots::shown;
use av1_rewrite::stream::Stream;
use av1_rewrite::{Derived, error};
use vav1d::container::{self, Format};
use vav1d::limits::Limits;
use vav1d::plan::planner::PlannerOptions;

use crate::compare::Graph;
use crate::conform::Vector;
use crate::conform::coverage::Exercised;

/// Forms of a stream of which the best is taken.
const TRIED: usize = 4;
/// Streams that are tried until one of the forms can be written.
const PATIENCE: usize = 100;
/// Changes of a stream at most.
const STEPS: u64 = 6;

/// A stream that is drawn from.
pub struct Original {
    /// What it is called, and decodes to.
    pub vector: Vector,
    /// Its parts.
    pub stream: Stream,
}

/// A stream in another form.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Index of the stream that it is a form of.
    pub original: usize,
    /// The changes, as `vav1d rewrite --how` takes them.
    pub steps: Vec<Step>,
    /// The seed of what they draw.
    pub seed: u64,
    /// The stream in IVF.
    pub file: Vec<u8>,
    /// For each picture that is output, the frame of the original, in decoding order.
    pub shown: Vec<u64>,
    /// What it exercises, as `suite-info` calls it.
    pub items: BTreeSet<String>,
}

impl Drawn {
    /// Whether it has other pictures than the original.
    pub fn alters_pictures(&self) -> bool {
        self.steps.iter().any(|step| step.change.alters_pictures)
    }

    /// The changes as text.
    pub fn how(&self) -> String {
        self.steps.iter().map(Step::to_string).collect::<Vec<_>>().join(",")
    }
}

/// Draws forms of streams.
pub struct Drawer<'a> {
    originals: &'a [Original],
    changes: Vec<&'static Change>,
    random: Random,
    /// How many streams exercise an item, or have a change with a value.
    counts: BTreeMap<String, u64>,
    next: usize,
}

impl<'a> Drawer<'a> {
    /// Draws from `originals`; changes that alter pictures are drawn if not `neutral`.
    pub fn new(originals: &'a [Original], neutral: bool, seed: u64) -> Self {
        let changes = all().filter(|change| !neutral || !change.alters_pictures).collect();
        let mut counts = BTreeMap::new();
        for original in originals {
            let file = written(&original.stream).unwrap_or_default();
            for item in items(&original.vector, &file) {
                *counts.entry(item).or_default() += 1;
            }
        }
        Self { originals, changes, random: Random::new(seed), counts, next: 0 }
    }

    /// Another stream; `None` if hardly any change applies to any.
    pub fn draw(&mut self) -> Option<Drawn> {
        for _ in 0..PATIENCE {
            let index = self.next % self.originals.len().max(1);
            let original = self.originals.get(index)?;
            self.next += 1;
            let drawn = (0..TRIED).filter_map(|_| self.one(index, original));
            let drawn: Vec<_> = drawn.collect();
            let Some(best) = drawn.into_iter().max_by_key(|drawn| self.worth(drawn)) else {
                continue;
            };
            for name in names(&best) {
                *self.counts.entry(name).or_default() += 1;
            }
            return Some(best);
        }
        None
    }

    /// One form of `original`; changes that do not apply are left out.
    fn one(&mut self, index: usize, original: &Original) -> Option<Drawn> {
        let seed = self.random.next_u64() >> 32;
        let mut steps: Vec<Step> = Vec::new();
        let mut stream = original.stream.clone();
        for _ in 0..=self.random.below(STEPS) {
            let step = Step::draw(self.random.of(&self.changes)?, &mut self.random);
            // From the start, so that those that are kept draw the same numbers.
            let (mut tried, mut random) = (original.stream.clone(), Random::new(seed));
            let applies =
                steps.iter().chain([&step]).all(|s| s.apply(&mut tried, &mut random).is_ok());
            if applies {
                steps.push(step);
                stream = tried;
            }
        }
        let file = written(&stream).ok().filter(|_| !steps.is_empty())?;
        let items = items(&original.vector, &file);
        Some(Drawn { original: index, steps, seed, file, shown: shown(&stream), items })
    }

    /// The more, the fewer streams have what it has.
    fn worth(&self, drawn: &Drawn) -> u64 {
        let of =
            |name: &String| 1_000_000 / (1 + self.counts.get(name).copied().unwrap_or(0)).pow(2);
        names(drawn).iter().map(of).sum()
    }
}

/// What is counted of a stream.
fn names(drawn: &Drawn) -> BTreeSet<String> {
    let steps = drawn.steps.iter().map(|step| format!("rewrite {step}"));
    drawn.items.iter().cloned().chain(steps).collect()
}

fn written(stream: &Stream) -> error::Result<Vec<u8>> {
    let units = Container::Ivf.units(stream, Derived::Checked)?;
    Container::Ivf.file(&units, stream.time_base)
}

/// What the stream in `file` exercises.
fn items(vector: &Vector, file: &[u8]) -> BTreeSet<String> {
    let bytes = std::io::Cursor::new(file.to_vec());
    let source = container::open(Box::new(bytes), Some(Format::Ivf), Limits::default());
    let Ok(mut source) = source else { return BTreeSet::new() };
    let graph = Graph::of(&mut *source, PlannerOptions::default(), None);
    Exercised::of(vector, &graph, String::new()).items
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use av1_rewrite::read;

    fn original(name: &str) -> Original {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
        let file = std::fs::File::open(&path).expect("the sample");
        let mut source =
            container::open(Box::new(file), None, Limits::default()).expect("a stream");
        let mut reader = read::Reader::default();
        while let Some(unit) = source.next_unit().expect("a unit") {
            reader.unit(&unit).expect("it is read");
        }
        let stream = reader.finish().expect("it is whole");
        Original { vector: Vector::new(name, path), stream }
    }

    #[test]
    fn a_seed_decides_what_is_drawn() {
        let originals = [original("main-420-8.ivf"), original("tiny-9x17.ivf")];
        let draw = |seed| {
            let mut drawer = Drawer::new(&originals, true, seed);
            (0..6).map(|_| drawer.draw().expect("a stream")).collect::<Vec<_>>()
        };
        let (a, b, c) = (draw(1), draw(1), draw(2));
        let texts = |all: &[Drawn]| all.iter().map(|d| (d.how(), d.seed)).collect::<Vec<_>>();
        assert_eq!(texts(&a), texts(&b));
        assert!(a.iter().zip(&b).all(|(a, b)| a.file == b.file));
        assert_ne!(texts(&a), texts(&c));
        assert!(a.iter().all(|drawn| !drawn.alters_pictures()));
        assert!(a.iter().any(|drawn| drawn.original == 0) && a.iter().any(|d| d.original == 1));
    }

    #[test]
    fn what_is_rare_comes_first() {
        let originals = [original("main-420-8.ivf")];
        let mut drawer = Drawer::new(&originals, false, 3);
        let before: BTreeSet<_> = drawer.counts.keys().cloned().collect();
        let mut steps = BTreeSet::new();
        for _ in 0..40 {
            let drawn = drawer.draw().expect("a stream");
            steps.extend(drawn.steps.iter().map(|step| step.change.name));
        }
        let after: BTreeSet<_> =
            drawer.counts.keys().filter(|name| !name.starts_with("rewrite ")).cloned().collect();
        assert!(after.len() > before.len() + 20, "{} {}", before.len(), after.len());
        assert!(steps.len() > all().count() * 2 / 3, "{steps:?}");
    }
}
