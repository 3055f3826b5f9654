//! Two structures member by member.

use crate::owned::Members;

/// A member that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its path: `pCDEF.cdef_y_pri_strength[3]`, `pSegmentation.FeatureData[2][0]`, `pFilmGrain`.
    pub member: String,
    /// In the first; `None` if it is not there, as what it is in is NULL, or its array is shorter.
    pub first: Option<i64>,
    /// In the second.
    pub second: Option<i64>,
}

/// Where `first` and `second` differ, in the order of the structure. Of a structure that one of them
/// has and the other has not, only the pointer is named, with 1 where it is not NULL.
pub fn differences<M: Members>(first: &M, second: &M) -> Vec<Difference> {
    let (first, second) = (first.members(), second.members());
    let mut found: Vec<Difference> = Vec::new();
    let named = |all: &[(String, &'static [usize], Vec<i64>)], name: &str| {
        all.iter().find(|(path, ..)| path == name).map(|(_, _, values)| values.clone())
    };
    let absent = |all: &[(String, &'static [usize], Vec<i64>)], parent: &str| {
        !all.iter().any(|(path, ..)| path.starts_with(parent))
    };
    let only_second = second.iter().filter(|(path, ..)| named(&first, path).is_none());
    for (path, dims, _) in first.iter().chain(only_second) {
        let parent = path.rsplit_once('.').map(|(parent, _)| format!("{parent}."));
        let parent = parent.filter(|parent| parent.starts_with('p'));
        if let Some(parent) = parent.filter(|p| absent(&first, p) != absent(&second, p)) {
            let member = parent.split('.').next().unwrap_or_default().to_owned();
            let is_there = |all| (!absent(all, &parent)).then_some(1);
            if !found.iter().any(|difference| difference.member == member) {
                let (first, second) = (is_there(&first), is_there(&second));
                found.push(Difference { member, first, second });
            }
            continue;
        }
        let values = [named(&first, path), named(&second, path)].map(Option::unwrap_or_default);
        let [a, b] = &values;
        for at in (0..a.len().max(b.len())).filter(|&at| a.get(at) != b.get(at)) {
            found.push(Difference {
                member: format!("{path}{}", index(dims, at)),
                first: a.get(at).copied(),
                second: b.get(at).copied(),
            });
        }
    }
    found
}

/// The index of the number `at` of an array of sizes `dims`.
fn index(dims: &[usize], at: usize) -> String {
    match dims {
        [] => String::new(),
        [_, inner] => format!("[{}][{}]", at / inner, at % inner),
        _ => format!("[{at}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owned::{PictureInfo, Segmentation};

    #[test]
    fn members_are_named_with_their_indexes() {
        let mut a = PictureInfo::default();
        let mut b = a.clone();
        assert!(differences(&a, &b).is_empty());
        b.UsesLr = true;
        b.OrderHints[7] = 4;
        a.pSegmentation = Some(Segmentation::default());
        b.pSegmentation = Some(Segmentation::default());
        if let Some(segmentation) = &mut b.pSegmentation {
            segmentation.FeatureData[2][1] = -3;
        }
        b.pCDEF = Some(Default::default());
        let found: Vec<_> =
            differences(&a, &b).into_iter().map(|d| (d.member, d.first, d.second)).collect();
        let expected = [
            ("flags.UsesLr", Some(0), Some(1)),
            ("OrderHints[7]", Some(0), Some(4)),
            ("pSegmentation.FeatureData[2][1]", Some(0), Some(-3)),
            ("pCDEF", None, Some(1)),
        ];
        assert_eq!(found, expected.map(|(name, a, b)| (name.to_owned(), a, b)));
    }
}
