//! When a planted fault is there: by the number of a decode, or by what the Std structures say.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use av1_engine::job::{PictureInfo, SequenceHeader};
use av1_engine::members;

/// Which decodes of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The one of this number, from 0.
    Number(u64),
    /// From one up to this number on, another one from process to process.
    Race(u64),
    /// Those whose members have all of these values.
    Members(Vec<Value>),
}

/// A member, or an entry of one, and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// `OrderHint`, `loop_filter_level[0]`; an array's name stands for each of its entries.
    pub(crate) path: String,
    pub(crate) value: i64,
}

impl Value {
    /// `MEMBER=VALUE`; `None` if no structure has that member.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (path, value) = text.split_once('=')?;
        let value = value.parse().ok()?;
        members::is_known(path).then(|| Self { path: path.to_owned(), value })
    }

    fn holds(&self, told: &[members::Member]) -> bool {
        told.iter().any(|member| member.is_called(&self.path) && member.value == self.value)
    }
}

impl When {
    /// `N`, or `when:MEMBER=VALUE+MEMBER=VALUE`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        match text.strip_prefix("when:") {
            None => text.parse().ok().map(Self::Number),
            Some(all) => all.split('+').map(Value::of).collect::<Option<_>>().map(Self::Members),
        }
    }

    /// Whether decode `frame` is one of them, with what it is told.
    pub(crate) fn is_now(&self, frame: u64, told: &Told<'_>) -> bool {
        match self {
            Self::Number(at) => frame == *at,
            Self::Race(last) => frame >= chance(*last),
            Self::Members(values) => {
                let members = told.members();
                members.is_some_and(|told| values.iter().all(|value| value.holds(&told)))
            }
        }
    }
}

/// What a decode is told, if it is told anything.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told<'a>(pub(crate) Option<(&'a SequenceHeader, &'a PictureInfo)>);

impl Told<'_> {
    fn members(&self) -> Option<Vec<members::Member>> {
        self.0.map(|(sequence, picture)| members::list(sequence, picture))
    }
}

/// A number from 0 to `last`, the same in all of this process and another in the next one.
fn chance(last: u64) -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
    last.checked_add(1).map_or(*SEED, |n| *SEED % n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_members_of_the_structures() {
        assert_eq!(When::of("3"), Some(When::Number(3)));
        let value = |path: &str, value| Value { path: path.to_owned(), value };
        let both = vec![value("OrderHint", 7), value("gm_params[1][0]", -4096)];
        assert_eq!(When::of("when:OrderHint=7+gm_params[1][0]=-4096"), Some(When::Members(both)));
        for wrong in ["", "-1", "when:", "when:OrderHint", "when:OrderHint=", "when:orderhint=7"] {
            assert_eq!(When::of(wrong), None, "{wrong}");
        }
        for wrong in ["when:OrderHint=7+", "when:OrderHint=x", "when:UsesLr[0]=1"] {
            assert_eq!(When::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn without_structures_no_condition_holds() {
        let when = When::Members(vec![Value { path: "UsesLr".into(), value: 0 }]);
        assert!(!when.is_now(0, &Told::default()));
    }
}
