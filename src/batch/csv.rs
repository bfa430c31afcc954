//! Lines of RFC 4180 with LF, whose text cells no spreadsheet takes for a formula.

/// One line from its cells.
pub fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|c| quoted(c.as_ref())).collect();
    cells.join(",") + "\n"
}

/// Text made harmless: on one line, and led by `'` where a spreadsheet would calculate it.
pub fn harmless(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if starts_formula(&flat) { format!("'{flat}") } else { flat }
}

/// Whether a spreadsheet would calculate this text.
pub fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(line(["a", "", "b,c", "say \"x\""]), "a,,\"b,c\",\"say \"\"x\"\"\"\n");
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("two\nlines"), "two lines");
        assert_eq!(harmless("2b|3"), "2b|3");
    }

    proptest! {
        #[test]
        fn a_reader_gets_the_cells_back(cells in proptest::collection::vec(".*", 2..6)) {
            // Not in the first cell: a reader takes U+FEFF there for a byte order mark.
            let text = "x,".to_string() + &line(&cells);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let read = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(read.iter().skip(1).collect::<Vec<_>>(), cells);
        }
    }
}
