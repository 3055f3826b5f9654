//! Text in columns.

use std::io::{self, Write};

/// Lines of cells: each column as wide as its widest cell.
#[derive(Default)]
pub(super) struct Table(pub(super) Vec<Vec<String>>);

impl Table {
    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.0.push(cells.map(str::to_owned).into());
    }

    /// Writes them, each behind `margin`.
    pub(super) fn write(&self, out: &mut impl Write, margin: &str) -> io::Result<()> {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<_> = (0..columns)
            .map(|at| {
                let cells = self.0.iter().filter_map(|row| row.get(at));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in &self.0 {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(out, "{margin}{}", line.trim_end())?;
        }
        Ok(())
    }
}
