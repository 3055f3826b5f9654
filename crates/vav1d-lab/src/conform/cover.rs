//! The smallest set of vectors that exercises what all of them do.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::Exercised;

/// Steps of the search at most; beyond them the smallest set that was found is taken.
const STEPS: u32 = 200_000;

/// A set of vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Indices of the vectors, ascending.
    pub vectors: Vec<usize>,
    /// Whether no smaller set does; else the search for one was given up.
    pub is_smallest: bool,
}

/// The smallest set of `vectors` that has every item that one of them has. Of equally small sets it
/// is always the same one, and rather of vectors with few frames.
pub fn smallest(vectors: &[Exercised]) -> Cover {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for item in vectors.iter().flat_map(|vector| &vector.items) {
        let next = numbers.len();
        numbers.entry(item).or_insert(next);
    }
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    order.sort_by_key(|at| vectors.get(*at).map(|v| (v.frames.0, v.name.clone())));
    let items = |at: &usize| {
        let items = vectors.get(*at).into_iter().flat_map(|vector| &vector.items);
        items.filter_map(|item| numbers.get(item.as_str()).copied()).collect()
    };
    let sets: Vec<BTreeSet<usize>> = order.iter().map(items).collect();
    let mut search = Search { sets: &sets, best: greedy(&sets, numbers.len()), steps: 0 };
    let all: BTreeSet<usize> = (0..numbers.len()).collect();
    let usable: Vec<usize> = (0..sets.len()).collect();
    search.go(all, usable, Vec::new());
    let mut found: Vec<usize> =
        search.best.iter().filter_map(|at| order.get(*at).copied()).collect();
    found.sort_unstable();
    Cover { vectors: found, is_smallest: search.steps <= STEPS }
}

/// A set to begin with: always the one that has most of what is left.
fn greedy(sets: &[BTreeSet<usize>], n: usize) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..n).collect();
    let mut taken = Vec::new();
    while !left.is_empty() {
        let gain = |at: &usize| sets.get(*at).map_or(0, |set| set.intersection(&left).count());
        // Of equals the first.
        let best = (0..sets.len()).rev().max_by_key(gain).unwrap_or(0);
        taken.push(best);
        sets.get(best).into_iter().flatten().for_each(|item| {
            left.remove(item);
        });
    }
    taken
}

/// Branch and bound.
struct Search<'s> {
    sets: &'s [BTreeSet<usize>],
    /// The smallest so far.
    best: Vec<usize>,
    steps: u32,
}

impl Search<'_> {
    fn set(&self, at: usize) -> &BTreeSet<usize> {
        const NONE: &BTreeSet<usize> = &BTreeSet::new();
        self.sets.get(at).unwrap_or(NONE)
    }

    /// Looks for what covers `left` with sets of `usable`, beside those that are `taken`.
    fn go(&mut self, mut left: BTreeSet<usize>, usable: Vec<usize>, mut taken: Vec<usize>) {
        self.steps += 1;
        if self.steps > STEPS {
            return;
        }
        let mut usable = self.useful(&left, usable);
        // What only one has needs that one.
        while let Some(needed) = self.needed(&left, &usable) {
            taken.push(needed);
            self.set(needed).iter().for_each(|item| {
                left.remove(item);
            });
            usable.retain(|at| *at != needed);
            usable = self.useful(&left, usable);
        }
        if left.is_empty() {
            if taken.len() < self.best.len() {
                self.best = taken;
            }
            return;
        }
        if taken.len() + self.at_least(&left, &usable) >= self.best.len() {
            return;
        }
        let Some(item) = left.iter().min_by_key(|item| self.having(**item, &usable).len()) else {
            return;
        };
        let mut choices = self.having(*item, &usable);
        choices.sort_by_key(|at| (std::cmp::Reverse(self.gain(*at, &left)), *at));
        for (tried, choice) in choices.iter().enumerate() {
            let rest = left.difference(self.set(*choice)).copied().collect();
            // What was tried first is not tried again below the others.
            let gone = choices.get(..=tried).unwrap_or_default();
            let usable = usable.iter().copied().filter(|at| !gone.contains(at)).collect();
            let mut taken = taken.clone();
            taken.push(*choice);
            self.go(rest, usable, taken);
        }
    }

    fn gain(&self, at: usize, left: &BTreeSet<usize>) -> usize {
        self.set(at).intersection(left).count()
    }

    /// The sets of `usable` that have `item`.
    fn having(&self, item: usize, usable: &[usize]) -> Vec<usize> {
        usable.iter().copied().filter(|at| self.set(*at).contains(&item)).collect()
    }

    /// `usable` without those that have nothing of `left` that another has not, too.
    fn useful(&self, left: &BTreeSet<usize>, usable: Vec<usize>) -> Vec<usize> {
        let of =
            |at: usize| -> BTreeSet<usize> { self.set(at).intersection(left).copied().collect() };
        let parts: Vec<(usize, BTreeSet<usize>)> =
            usable.into_iter().map(|at| (at, of(at))).collect();
        let is_useful = |(at, part): &&(usize, BTreeSet<usize>)| {
            let beaten = |(other, theirs): &(usize, BTreeSet<usize>)| {
                let is_more = part.len() < theirs.len() || part.len() == theirs.len() && other < at;
                other != at && is_more && part.is_subset(theirs)
            };
            !part.is_empty() && !parts.iter().any(beaten)
        };
        parts.iter().filter(is_useful).map(|(at, _)| *at).collect()
    }

    /// The only set that has some item.
    fn needed(&self, left: &BTreeSet<usize>, usable: &[usize]) -> Option<usize> {
        left.iter().find_map(|item| match self.having(*item, usable)[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// How many sets it takes at least: items no two of which are in one set.
    fn at_least(&self, left: &BTreeSet<usize>, usable: &[usize]) -> usize {
        let mut having: Vec<Vec<usize>> =
            left.iter().map(|item| self.having(*item, usable)).collect();
        having.sort_by_key(Vec::len);
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut count = 0;
        for sets in having {
            if sets.iter().all(|at| !used.contains(at)) {
                count += 1;
                used.extend(sets);
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(sets: &[&[u8]]) -> Vec<Exercised> {
        let vector = |(at, items): (usize, &&[u8])| Exercised {
            name: format!("v{at:03}"),
            frames: (1, 1),
            sizes: BTreeSet::new(),
            items: items.iter().map(|item| format!("item-{item}")).collect(),
            fault: None,
            md5: String::new(),
        };
        sets.iter().enumerate().map(vector).collect()
    }

    fn covers(vectors: &[Exercised], cover: &Cover) -> bool {
        let all: BTreeSet<_> = vectors.iter().flat_map(|v| &v.items).collect();
        let got: BTreeSet<_> = cover.vectors.iter().flat_map(|at| &vectors[*at].items).collect();
        all == got
    }

    #[test]
    fn fewer_than_greed_finds() {
        // Greed takes the largest, and then needs two more.
        let sets: [&[u8]; 3] = [&[1, 2, 3, 4], &[1, 3, 5], &[2, 4, 6]];
        let vectors = vectors(&sets);
        let numbered = [&[0, 1, 2, 3][..], &[0, 2, 4], &[1, 3, 5]];
        let numbered = numbered.map(|set| set.iter().copied().collect::<BTreeSet<usize>>());
        assert_eq!(greedy(&numbered, 6).len(), 3);
        let cover = smallest(&vectors);
        assert_eq!(cover, Cover { vectors: vec![1, 2], is_smallest: true });
    }

    #[test]
    fn it_is_the_smallest_of_all_sets() {
        // A linear congruential generator makes 60 families of up to ten sets.
        let mut state = 7_u32;
        let mut next = move |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        for _ in 0..60 {
            let n = 2 + next(9) as usize;
            let sets: Vec<Vec<u8>> = (0..n)
                .map(|_| (0..12).filter(|_| next(3) == 0).map(|item| item as u8).collect())
                .collect();
            let sets: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
            let vectors = vectors(&sets);
            let cover = smallest(&vectors);
            assert!(cover.is_smallest && covers(&vectors, &cover), "{sets:?}");
            let by_hand = (0..1_u32 << n).filter(|mask| {
                let chosen = (0..n).filter(|at| mask >> at & 1 != 0).collect();
                covers(&vectors, &Cover { vectors: chosen, is_smallest: true })
            });
            let size = by_hand.map(u32::count_ones).min().expect("all of them do");
            assert_eq!(cover.vectors.len(), size as usize, "{sets:?}");
            assert_eq!(cover, smallest(&vectors));
        }
    }

    #[test]
    fn nothing_needs_nothing() {
        assert_eq!(smallest(&[]), Cover { vectors: vec![], is_smallest: true });
        assert!(smallest(&vectors(&[&[], &[]])).vectors.is_empty());
    }
}
