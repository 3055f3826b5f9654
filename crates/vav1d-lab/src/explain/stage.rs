//! Which stage a wrong picture comes from, where no single value explains it: the frame is decoded
//! with filters left out, and it is looked where the two agree.

use av1_engine::job::FrameJob;
use av1_engine::{Fault, Filters, Frame, Reconstructor, members};
use vav1d::pixels::Picture;

use super::distance::{Distance, samples};
use super::frames::{Frames, SLOTS};
use super::{Finding, Stage};

/// Side of the blocks that are told apart, in samples of the plane.
const BLOCK: usize = 8;

/// The stage of `picture`, and what tells it; `near` is a change that comes near.
pub(super) fn by_filters(
    frames: &Frames,
    picture: &Picture,
    near: Option<&Finding>,
) -> Option<(Stage, String)> {
    let used = used(&frames.trial());
    let right =
        frames.session().and_then(|mut recon| frames.target.decode(&frames.trial(), &mut recon));
    let right = right.ok()?.clean;
    let decoded = with_filters(frames, &used).unwrap_or_default();
    for (filters, frame) in &decoded {
        if Distance::of(frame, picture).differing == 0 {
            let left = used.iter().filter(|stage| !has(*filters, **stage));
            let left: Vec<_> = left.copied().collect();
            let names: Vec<_> = left.iter().map(|stage| stage.word()).collect();
            let why =
                format!("the driver's picture is the right one without {}", names.join(" and "));
            return Some((*left.first()?, why));
        }
    }
    if let Some(near) = near {
        let why = "that of the change that comes nearest".to_owned();
        return Some((near.stage, why));
    }
    let wrong = Blocks::of_picture(&right, picture)?;
    by_reach(frames, &decoded, &used, &wrong)
}

/// The filter that can change all blocks that are `wrong`, and the fewest others; prediction if
/// none can; `None` if what can is nearly everywhere.
fn by_reach(
    frames: &Frames,
    decoded: &[(Filters, Frame)],
    used: &[Stage],
    wrong: &Blocks,
) -> Option<(Stage, String)> {
    /// So many blocks, or it may be chance where they are.
    const LEAST: usize = 4;
    let total = wrong.count();
    if total < LEAST {
        return None;
    }
    let mut best: Option<(usize, Stage)> = None;
    let mut beyond = true;
    for stage in used {
        let reach = reach(frames, decoded, *stage)?;
        let size = reach.count();
        let within = wrong.is_within(&reach);
        beyond &= !within;
        if within && size * 2 < reach.len() && best.is_none_or(|(least, _)| size < least) {
            best = Some((size, *stage));
        }
    }
    match best {
        Some((size, stage)) => {
            let why =
                format!("all {total} wrong blocks of 8x8 are of the {size} that it can change");
            Some((stage, why))
        }
        None if beyond => {
            let why =
                format!("of {total} wrong blocks of 8x8 some are where no filter changes any");
            Some((Stage::Prediction, why))
        }
        None => None,
    }
}

/// The in-loop filters that the frame of `job` has, in their order.
fn used(job: &FrameJob) -> Vec<Stage> {
    let all = members::list(&job.sequence, &job.picture);
    let any = |name: &str| all.iter().any(|m| m.name.starts_with(name) && m.value != 0);
    let level =
        |i| all.iter().any(|m| m.path() == format!("loop_filter_level[{i}]") && m.value != 0);
    let cdef = any("cdef_y_pri") || any("cdef_y_sec") || any("cdef_uv_pri") || any("cdef_uv_sec");
    let has = [
        (Stage::Deblocking, level(0) || level(1)),
        (Stage::Cdef, any("enable_cdef") && cdef),
        (Stage::Restoration, any("UsesLr")),
    ];
    has.into_iter().filter(|(_, has)| *has).map(|(stage, _)| stage).collect()
}

fn has(filters: Filters, stage: Stage) -> bool {
    match stage {
        Stage::Deblocking => filters.deblocking,
        Stage::Cdef => filters.cdef,
        Stage::Restoration => filters.restoration,
        _ => true,
    }
}

/// The frame with each selection of the filters that it has, but for all of them.
fn with_filters(frames: &Frames, used: &[Stage]) -> Result<Vec<(Filters, Frame)>, Fault> {
    let mut selections = Vec::new();
    for bits in 0..(1_u8 << used.len()).saturating_sub(1) {
        let on = |stage| used.iter().position(|u| *u == stage).is_none_or(|i| bits >> i & 1 == 1);
        selections.push(Filters {
            deblocking: on(Stage::Deblocking),
            cdef: on(Stage::Cdef),
            restoration: on(Stage::Restoration),
        });
    }
    selections
        .into_iter()
        .map(|filters| Ok((filters, decode(frames, filters, &frames.trial())?)))
        .collect()
}

/// The frame of `job` with `filters` only, from right references.
fn decode(frames: &Frames, filters: Filters, job: &FrameJob) -> Result<Frame, Fault> {
    let right = Reconstructor::with_threads(frames.profile, SLOTS, 1)?;
    let part = Reconstructor::with_filters(frames.profile, SLOTS, 1, filters)?;
    let mut recons = [right, part];
    frames.before(&mut recons, |coded, recons| {
        let [right, part] = recons else { return Ok(()) };
        let decoded = coded.decode(&coded.job, right)?;
        coded.decode(&coded.job, part)?;
        match coded.job.setup_slot {
            Some(slot) => part.overwrite(slot, &samples(&decoded.clean)),
            None => Ok(()),
        }
    })?;
    let [_, mut part] = recons;
    frames.target.decode(job, &mut part).map(|decoded| decoded.clean)
}

/// The blocks that `stage` changes, as it is or at its strongest, and those beside them, to which
/// later filters carry it.
fn reach(frames: &Frames, decoded: &[(Filters, Frame)], stage: Stage) -> Option<Blocks> {
    let only = Filters {
        deblocking: stage >= Stage::Deblocking,
        cdef: stage >= Stage::Cdef,
        restoration: stage >= Stage::Restoration,
    };
    let without = match stage {
        Stage::Deblocking => Filters { deblocking: false, ..only },
        Stage::Cdef => Filters { cdef: false, ..only },
        _ => Filters { restoration: false, ..only },
    };
    let known = |filters: Filters| {
        let found = decoded.iter().find(|(known, _)| *known == filters);
        found.map(|(_, frame)| frame.clone())
    };
    let get = |filters, job: &FrameJob| decode(frames, filters, job).ok();
    let before = known(without).or_else(|| get(without, &frames.trial()))?;
    let after = known(only).or_else(|| get(only, &frames.trial()))?;
    let mut blocks = Blocks::of_frames(&before, &after)?;
    let mut strong = frames.trial();
    let sequence = &mut av1_engine::job::SequenceHeader::clone(&strong.sequence);
    members::walk(sequence, &mut strong.picture, &mut |member| match (stage, member.name) {
        (Stage::Deblocking, "loop_filter_level") => Some(63),
        (Stage::Cdef, "cdef_y_pri_strength" | "cdef_uv_pri_strength") => Some(15),
        (Stage::Cdef, "cdef_y_sec_strength" | "cdef_uv_sec_strength") => Some(3),
        _ => None,
    });
    if let Some(strongest) = get(only, &strong) {
        blocks.add(&Blocks::of_frames(&before, &strongest)?);
    }
    Some(blocks.grown())
}

/// A set of blocks of a picture: of each plane its columns, and one entry for each block.
#[derive(Clone, Debug)]
struct Blocks(Vec<(usize, Vec<bool>)>);

impl Blocks {
    /// Those in which two pictures of one size differ.
    fn of_frames(a: &Frame, b: &Frame) -> Option<Self> {
        let sizes = |f: &Frame| f.planes().iter().map(|p| (p.width, p.height)).collect::<Vec<_>>();
        (sizes(a) == sizes(b)).then(|| Self::of(&sizes(a), &samples(a), &samples(b)))
    }

    fn of_picture(a: &Frame, picture: &Picture) -> Option<Self> {
        let sizes: Vec<_> = a.planes().iter().map(|p| (p.width, p.height)).collect();
        let plane = |number: usize| -> Vec<u16> {
            let bytes = picture.plane(number);
            match picture.format.sample_bytes() {
                1 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
                _ => bytes.as_chunks::<2>().0.iter().map(|p| u16::from_le_bytes(*p)).collect(),
            }
        };
        let planes: Vec<_> =
            (0..sizes.len().min(picture.format.chroma.planes())).map(plane).collect();
        let own = samples(a);
        let same =
            own.len() == planes.len() && own.iter().zip(&planes).all(|(a, b)| a.len() == b.len());
        same.then(|| Self::of(&sizes, &own, &planes))
    }

    fn of(sizes: &[(usize, usize)], a: &[Vec<u16>], b: &[Vec<u16>]) -> Self {
        let planes = sizes.iter().zip(a.iter().zip(b)).map(|(&(width, height), (a, b))| {
            let columns = width.div_ceil(BLOCK);
            let mut blocks = vec![false; columns * height.div_ceil(BLOCK)];
            for (at, _) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
                blocks[at / width / BLOCK * columns + at % width / BLOCK] = true;
            }
            (columns, blocks)
        });
        Self(planes.collect())
    }

    fn count(&self) -> usize {
        self.0.iter().flat_map(|(_, blocks)| blocks).filter(|block| **block).count()
    }

    /// All blocks of the picture.
    fn len(&self) -> usize {
        self.0.iter().map(|(_, blocks)| blocks.len()).sum()
    }

    fn add(&mut self, other: &Self) {
        for ((_, own), (_, other)) in self.0.iter_mut().zip(&other.0) {
            own.iter_mut().zip(other).for_each(|(own, other)| *own |= other);
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        let planes = self.0.iter().zip(&other.0);
        planes
            .into_iter()
            .all(|((_, own), (_, other))| own.iter().zip(other).all(|(own, other)| !own || *other))
    }

    /// With the blocks around.
    fn grown(&self) -> Self {
        let planes = self.0.iter().map(|(columns, blocks)| {
            let rows = blocks.len().checked_div(*columns).unwrap_or_default();
            let mut grown = blocks.clone();
            for at in blocks.iter().enumerate().filter(|(_, set)| **set).map(|(at, _)| at) {
                let (row, column) = (at / columns, at % columns);
                for r in row.saturating_sub(1)..(row + 2).min(rows) {
                    for c in column.saturating_sub(1)..(column + 2).min(*columns) {
                        grown[r * columns + c] = true;
                    }
                }
            }
            (*columns, grown)
        });
        Self(planes.collect())
    }
}
