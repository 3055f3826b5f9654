//! Members as numbers: what a structure is visited by, and set by.

/// What a structure's members are one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A member and its numbers: one, or those of its array, row by row.
    Values {
        /// The member.
        name: &'static str,
        /// Its array's sizes, outermost first; none of a single number.
        dims: &'static [usize],
        /// The numbers; a flag is 0 or 1.
        values: &'a [i64],
    },
    /// A pointer that is NULL.
    Null(&'static str),
    /// The members of what this pointer points to follow, up to `End`.
    Begin(&'static str),
    /// The end of the innermost `Begin`.
    End,
}

/// Numbers of one member: none has more than those of `FeatureData` or of the arrays of tiles.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    all: [i64; 72],
    len: usize,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { all: [0; 72], len: 0 }
    }
}

impl Numbers {
    /// Appends one; what does not fit is left out.
    pub fn push(&mut self, number: i64) {
        if let Some(place) = self.all.get_mut(self.len) {
            *place = number;
            self.len += 1;
        }
    }

    /// Leaves none.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// All of them.
    pub fn as_slice(&self) -> &[i64] {
        self.all.get(..self.len).unwrap_or_default()
    }
}

/// What a member is made of.
pub trait Member: Sized {
    /// Sizes of its array, outermost first.
    const DIMS: &'static [usize];

    /// Whether all its numbers are 0.
    fn is_zero(&self) -> bool;

    /// Appends its numbers.
    fn put(&self, to: &mut Numbers);

    /// Takes as many numbers; `None` if there are too few, or one that does not fit.
    fn take(from: &mut std::slice::Iter<'_, i64>) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty)*) => { $(
        impl Member for $number {
            const DIMS: &'static [usize] = &[];
            fn is_zero(&self) -> bool {
                *self == 0
            }
            fn put(&self, to: &mut Numbers) {
                to.push(i64::from(*self));
            }
            fn take(from: &mut std::slice::Iter<'_, i64>) -> Option<Self> {
                Self::try_from(*from.next()?).ok()
            }
        }
    )* };
}
number! { u8 i8 u16 i16 u32 i32 }

impl Member for bool {
    const DIMS: &'static [usize] = &[];
    fn is_zero(&self) -> bool {
        !*self
    }
    fn put(&self, to: &mut Numbers) {
        to.push(i64::from(*self));
    }
    fn take(from: &mut std::slice::Iter<'_, i64>) -> Option<Self> {
        match from.next()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

macro_rules! array {
    ($($number:ty),*) => { $(
        impl<const N: usize> Member for [$number; N] {
            const DIMS: &'static [usize] = &[N];
            fn is_zero(&self) -> bool {
                self.iter().all(Member::is_zero)
            }
            fn put(&self, to: &mut Numbers) {
                self.iter().for_each(|member| member.put(to));
            }
            fn take(from: &mut std::slice::Iter<'_, i64>) -> Option<Self> {
                let mut all = [0; N];
                for one in &mut all {
                    *one = Member::take(from)?;
                }
                Some(all)
            }
        }
        impl<const N: usize, const M: usize> Member for [[$number; N]; M] {
            const DIMS: &'static [usize] = &[M, N];
            fn is_zero(&self) -> bool {
                self.iter().all(Member::is_zero)
            }
            fn put(&self, to: &mut Numbers) {
                self.iter().for_each(|row| row.put(to));
            }
            fn take(from: &mut std::slice::Iter<'_, i64>) -> Option<Self> {
                let mut all = [[0; N]; M];
                for row in &mut all {
                    *row = Member::take(from)?;
                }
                Some(all)
            }
        }
    )* };
}
array! { u8, i8, u16, i16, u32, i32 }

/// A structure of named members.
pub trait Members {
    /// Shows every member but what structures that pointers point to have, in the order of the
    /// structure; without `zeros`, those members alone that are not 0 in all entries, and arrays that
    /// pointers point to.
    fn own(&self, zeros: bool, see: &mut dyn FnMut(Item<'_>));

    /// Shows the structures that pointers point to; `None` for a pointer that is NULL.
    fn pointed(&self, see: &mut dyn FnMut(&'static str, Option<&dyn Members>));

    /// Shows every member, in the order of the structure.
    fn visit(&self, see: &mut dyn FnMut(Item<'_>)) {
        self.own(true, see);
        self.pointed(&mut |name, pointed| match pointed {
            None => see(Item::Null(name)),
            Some(pointed) => {
                see(Item::Begin(name));
                pointed.visit(see);
                see(Item::End);
            }
        });
    }

    /// Sets a member by its path (`pQuantization.base_q_idx`); what a pointer points to is made, as it
    /// is for the pointer's own path and no numbers.
    /// `false` if there is no such member, or the numbers are not its.
    fn set(&mut self, path: &str, values: &[i64]) -> bool;

    /// Every member by its path; what is NULL is not there.
    fn members(&self) -> Vec<(String, &'static [usize], Vec<i64>)> {
        let mut all = Vec::new();
        let mut path: Vec<&'static str> = Vec::new();
        self.visit(&mut |item| match item {
            Item::Values { name, dims, values } => {
                let named = path.iter().copied().chain([name]).collect::<Vec<_>>().join(".");
                all.push((named, dims, values.to_vec()));
            }
            Item::Null(_) => {}
            Item::Begin(name) => path.push(name),
            Item::End => drop(path.pop()),
        });
        all
    }
}

/// All numbers of `values` as a member.
pub(super) fn whole<M: Member>(values: &[i64]) -> Option<M> {
    let mut values = values.iter();
    let member = M::take(&mut values)?;
    values.next().is_none().then_some(member)
}
