//! A table of text, aligned for a terminal or as Markdown.

/// Rows under a header.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table without rows.
    pub fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|cell| (*cell).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as the header has.
    pub fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// What the columns are called.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The rows, each of as many cells as the header has.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.header).chain(&self.rows)
    }

    /// Columns under one another, each line after `indent`; the last column runs free.
    pub fn text(&self, indent: &str) -> String {
        let width = |i: usize| self.lines().map(|line| line[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let line = |cells: &Vec<String>| {
            let padded: Vec<String> = cells.iter().zip(&widths).map(|(c, &width)| format!("{c:width$}")).collect();
            format!("{indent}{}\n", padded.join("  ").trim_end())
        };
        self.lines().map(line).collect()
    }

    /// A Markdown table.
    pub fn markdown(&self) -> String {
        let line = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|{}\n", "---|".repeat(self.header.len()));
        line(&self.header) + &rule + &self.rows.iter().map(line).collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_or_ruled() {
        let mut grid = Grid::new(&["a", "long"]);
        grid.add(["wide".to_owned(), "x|y".to_owned()]);
        assert_eq!(grid.text("  "), "  a     long\n  wide  x|y\n");
        assert_eq!(grid.markdown(), "| a | long |\n|---|---|\n| wide | x\\|y |\n");
    }
}
