//! The text of a film grain table, line by line. The reader of the crate `av1-grain` 0.4 names no
//! line and refuses tables that aomenc writes; that of 0.5 wants a compiler of this year.

use std::fmt::Display;
use std::str::FromStr;

use av1_grain::{GrainTableSegment, NUM_UV_POINTS, NUM_Y_POINTS};

use super::{TableError, num_pos_luma};

/// A line that has something on it.
struct Line<'t> {
    /// From 1.
    number: usize,
    name: &'t str,
    values: Vec<&'t str>,
}

impl Line<'_> {
    fn error(&self, why: impl Display) -> TableError {
        TableError(format!("line {}: {why}", self.number))
    }

    /// All values, which there have to be `n` of.
    fn values<T: FromStr>(&self, n: usize) -> Result<Vec<T>, TableError> {
        if self.values.len() != n {
            let (name, is) = (self.name, self.values.len());
            return Err(self.error(format_args!("{n} values belong behind {name}, not {is}")));
        }
        let value = |text: &&str| {
            let wrong = || self.error(format_args!("`{text}` is no value of {}", self.name));
            text.parse().map_err(|_| wrong())
        };
        self.values.iter().map(value).collect()
    }

    /// Value `at` of those behind the name.
    fn value<T: FromStr>(&self, at: usize) -> Result<T, TableError> {
        let text = self.values.get(at).copied().unwrap_or_default();
        let wrong = || self.error(format_args!("`{text}` is no value of {}", self.name));
        text.parse().map_err(|_| wrong())
    }

    /// The points of a scaling function: how many, `most` at most, then value and scaling of each.
    fn points(&self, most: usize) -> Result<Vec<[u8; 2]>, TableError> {
        let n: usize = self.value(0)?;
        if n > most {
            return Err(self.error(format_args!("{n} points, and {most} is the most")));
        }
        let all: Vec<u8> = self.values(1 + 2 * n)?;
        Ok(all[1..].chunks_exact(2).map(|point| [point[0], point[1]]).collect())
    }
}

/// The lines of a table.
struct Lines<'t> {
    lines: std::iter::Peekable<std::vec::IntoIter<Line<'t>>>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let lines = text.lines().zip(1..).filter_map(|(line, number)| {
            let mut words = line.split_whitespace();
            Some(Line { number, name: words.next()?, values: words.collect() })
        });
        Self { lines: lines.collect::<Vec<_>>().into_iter().peekable() }
    }

    /// The next line, which has to be one of `name`.
    fn next(&mut self, name: &str) -> Result<Line<'t>, TableError> {
        match self.lines.next() {
            Some(line) if line.name == name => Ok(line),
            Some(line) => Err(line.error(format_args!("expected {name} line"))),
            None => Err(TableError(format!("expected {name} line, and the table ends"))),
        }
    }
}

/// The segments of `text` that have film grain; others are gaps, whatever is in them.
pub(super) fn segments(text: &str) -> Result<Vec<GrainTableSegment>, TableError> {
    let mut lines = Lines::of(text);
    lines.next("filmgrn1")?.values::<u8>(0)?;
    let mut segments = Vec::new();
    while lines.lines.peek().is_some() {
        let head = lines.next("E")?;
        head.values::<u64>(5)?;
        if head.value::<u64>(2)? != 0 {
            segments.push(segment(&head, &mut lines)?);
        } else {
            while lines.lines.next_if(|line| line.name != "E").is_some() {}
        }
    }
    Ok(segments)
}

/// A segment behind its first line.
fn segment(head: &Line<'_>, lines: &mut Lines<'_>) -> Result<GrainTableSegment, TableError> {
    let (start_time, end_time) = (head.value(0)?, head.value(1)?);
    if end_time < start_time {
        return Err(head.error("it ends before it starts"));
    }
    let p = lines.next("p")?;
    p.values::<u16>(12)?;
    let ar_coeff_lag: u8 = p.value(0)?;
    if ar_coeff_lag > 3 {
        return Err(p.error(format_args!("ar_coeff_lag is {ar_coeff_lag}, and 3 is the most")));
    }
    let luma = num_pos_luma(ar_coeff_lag);
    Ok(GrainTableSegment {
        start_time,
        end_time,
        random_seed: head.value(3)?,
        ar_coeff_lag,
        ar_coeff_shift: p.value(1)?,
        grain_scale_shift: p.value(2)?,
        scaling_shift: p.value(3)?,
        chroma_scaling_from_luma: p.value::<u16>(4)? != 0,
        overlap_flag: p.value::<u16>(5)? != 0,
        cb_mult: p.value(6)?,
        cb_luma_mult: p.value(7)?,
        cb_offset: p.value(8)?,
        cr_mult: p.value(9)?,
        cr_luma_mult: p.value(10)?,
        cr_offset: p.value(11)?,
        scaling_points_y: lines.next("sY")?.points(NUM_Y_POINTS)?.into_iter().collect(),
        scaling_points_cb: lines.next("sCb")?.points(NUM_UV_POINTS)?.into_iter().collect(),
        scaling_points_cr: lines.next("sCr")?.points(NUM_UV_POINTS)?.into_iter().collect(),
        ar_coeffs_y: lines.next("cY")?.values(luma)?.into_iter().collect(),
        ar_coeffs_cb: lines.next("cCb")?.values(luma + 1)?.into_iter().collect(),
        ar_coeffs_cr: lines.next("cCr")?.values(luma + 1)?.into_iter().collect(),
    })
}
