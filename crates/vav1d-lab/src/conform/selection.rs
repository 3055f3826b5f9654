//! Which of all vectors a run has: what tells whether parts that ran elsewhere are a whole.

use serde_json::{Value, json};
use vav1d::sink::Hash;

use super::vector::Vector;

/// A part of vectors that are to be run, by one of several machines or by one alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// All vectors of all parts.
    pub vectors: usize,
    /// SHA-256 of their names in order, a line each: parts of one whole have the same.
    pub names: String,
    /// How many parts there are.
    pub fraction: usize,
    /// Which of them this is, from 1.
    pub start: usize,
}

impl Selection {
    /// Part `start` of `fraction` of `all` vectors.
    pub fn of(all: &[Vector], fraction: usize, start: usize) -> Self {
        let names = Self::hash(all.iter().map(|vector| &*vector.name));
        Self { vectors: all.len(), names, fraction, start }
    }

    /// What [`Selection::names`] is of these, in any order.
    pub fn hash<'n>(names: impl Iterator<Item = &'n str>) -> String {
        let mut lines: Vec<_> = names.map(|name| format!("{name}\n")).collect();
        lines.sort();
        Hash::Sha256.hex(lines.concat().as_bytes())
    }

    /// How many vectors this part has.
    pub fn size(&self) -> usize {
        let left = (self.vectors + 1).saturating_sub(self.start);
        left.div_ceil(self.fraction.max(1))
    }

    /// As a run's header has it.
    pub fn json(&self) -> Value {
        json!({ "vectors": self.vectors, "names": self.names,
            "fraction": self.fraction, "fraction_start": self.start })
    }

    /// What [`Selection::json`] wrote; `None` if it is something else.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = |name: &str| usize::try_from(value[name].as_u64()?).ok();
        let (fraction, start) = (number("fraction")?, number("fraction_start")?);
        let names = value["names"].as_str()?.to_owned();
        let is_one = (1..=fraction).contains(&start);
        is_one.then_some(Self { vectors: number("vectors")?, names, fraction, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_whole_are_known() {
        let vector = |name: &str| Vector::new(name, name.into());
        let (a, b) = (vector("s/a"), vector("s/b"));
        let first = Selection::of(&[a.clone(), b.clone()], 2, 1);
        let second = Selection::of(&[b, a.clone()], 2, 2);
        assert_eq!((&first.names, first.vectors), (&second.names, 2));
        assert_ne!(first.names, Selection::of(&[a], 2, 1).names);
        let sizes =
            (1..=4).map(|start| Selection { vectors: 10, fraction: 4, start, ..first.clone() });
        assert_eq!(sizes.map(|part| part.size()).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(Selection { vectors: 1, fraction: 4, start: 3, ..first.clone() }.size(), 0);
        assert_eq!(Selection::from_json(&second.json()), Some(second.clone()));
        for wrong in
            [Selection { start: 3, ..second.clone() }, Selection { start: 0, ..second.clone() }]
        {
            assert_eq!(Selection::from_json(&wrong.json()), None, "{wrong:?}");
        }
    }
}
