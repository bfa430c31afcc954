//! Tables of the page: cells with what they are sorted by.

use crate::report::grid::Grid;
use serde::Serialize;

/// A table.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Its anchor.
    pub id: String,
    /// What it holds, in a few words.
    pub caption: String,
    /// Whether it can be sorted and filtered.
    pub sortable: bool,
    /// Whether it is opened only when asked for.
    pub folded: bool,
    /// What the columns are called.
    pub header: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    /// What is read.
    pub text: String,
    /// What it is sorted by, where that is not its text; such a cell stands to the right.
    pub sort: Option<f64>,
    /// Where it leads.
    pub href: Option<String>,
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number as it is shown.
    pub fn number(value: f64, text: impl Into<String>) -> Self {
        Self { text: text.into(), sort: Some(value), href: None }
    }

    /// Words that lead somewhere.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), sort: None, href: Some(href.into()) }
    }
}

impl Table {
    /// A table that can be sorted and filtered.
    pub fn sortable(id: &str, caption: &str, header: &[&str]) -> Self {
        let header = header.iter().map(|cell| (*cell).to_owned()).collect();
        Self { id: id.to_owned(), caption: caption.to_owned(), sortable: true, folded: false, header, rows: Vec::new() }
    }

    /// A table as the paper prints it, whose rows belong below one another.
    pub fn of_grid(id: &str, caption: &str, grid: &Grid, folded: bool) -> Self {
        let rows = grid.rows().iter().map(|row| row.iter().map(Cell::text).collect()).collect();
        let named = |name: &String| if name.is_empty() { "measure".to_owned() } else { name.clone() };
        let header = grid.header().iter().map(named).collect();
        Self { id: id.to_owned(), caption: caption.to_owned(), sortable: false, folded, header, rows }
    }
}
