//! The text of a study table as lines of cells under known columns.

use super::StudyError;

/// Every known column, and whether a table must have it.
const COLUMNS: &[(&str, bool)] = &[
    ("patient", true),
    ("timepoint", true),
    ("modality", true),
    ("series", false),
    ("lesion", false),
    ("image", true),
    ("structures", true),
    ("prompts", false),
    ("level", false),
    ("kvp", false),
    ("contrast", false),
    ("kernel", false),
    ("thickness_mm", false),
    ("weighting", false),
    ("te_ms", false),
    ("tr_ms", false),
    ("fat_sat", false),
    ("laminectomy", false),
];

/// Unknown columns this near to a known one are slips, not notes of the site.
const SLIP_LETTERS: usize = 2;

/// One row of the table: its non-empty cells under known columns.
pub struct Line {
    /// Line of the file, from 1.
    pub number: u64,
    cells: Vec<(&'static str, String)>,
}

impl Line {
    /// The cell of a column; empty if there is none.
    pub fn cell(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, cell)| cell)
    }

    /// Hash over all cells, whatever the order of the columns in the file.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (column, _) in COLUMNS {
            let cell = self.cell(column);
            hasher.update(&(cell.len() as u64).to_le_bytes()).update(cell.as_bytes());
        }
        hasher.finalize().into()
    }
}

/// Reads a whole table.
///
/// # Errors
/// If its header or its shape is wrong.
pub fn lines(bytes: &[u8]) -> Result<Vec<Line>, StudyError> {
    let text = std::str::from_utf8(bytes).map_err(|e| not_utf8(bytes, e.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut place = Place { text, byte: 0, line: 1 };
    let mut records = reader.records().map(|r| r.expect("any text is CSV when rows may differ in length"));
    let header = records.next().ok_or(StudyError::Empty)?;
    let columns = columns(&header)?;
    let lines: Vec<Line> = records.map(|record| one(&record, &columns, &mut place)).collect::<Result<_, _>>()?;
    if lines.is_empty() { Err(StudyError::Empty) } else { Ok(lines) }
}

fn not_utf8(bytes: &[u8], valid: usize) -> StudyError {
    StudyError::NotUtf8 { line: 1 + newlines(&bytes[..valid]) }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

/// Where in the text a record starts; records come in order, so that the text is walked once.
struct Place<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Place<'_> {
    fn line_of(&mut self, record: &csv::StringRecord) -> u64 {
        let from = record.position().map_or(0, |p| p.byte() as usize);
        let blank = self.text.as_bytes()[from..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        self.line += newlines(&self.text.as_bytes()[self.byte..from + blank]);
        self.byte = from + blank;
        self.line
    }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Option<&'static str>>, StudyError> {
    if header.len() == 1 && header[0].contains([';', '\t']) {
        return Err(StudyError::NotCommas);
    }
    let mut found: Vec<Option<&'static str>> = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let known = known(i + 1, name.trim())?;
        if let Some(twice) = known.filter(|_| found.contains(&known)) {
            return Err(StudyError::DoubledColumn(twice));
        }
        found.push(known);
    }
    match COLUMNS.iter().find(|(name, required)| *required && !found.contains(&Some(*name))) {
        Some((missing, _)) => Err(StudyError::MissingColumn(missing)),
        None => Ok(found),
    }
}

fn known(at: usize, name: &str) -> Result<Option<&'static str>, StudyError> {
    let near = |known: &str| strsim::osa_distance(&name.to_lowercase(), known);
    match COLUMNS.iter().map(|(known, _)| (near(known), *known)).min() {
        Some((_, known)) if known == name => Ok(Some(known)),
        Some((distance, known)) if distance <= SLIP_LETTERS => Err(StudyError::MisspeltColumn { at, known }),
        _ => Ok(None),
    }
}

fn one(
    record: &csv::StringRecord,
    columns: &[Option<&'static str>],
    place: &mut Place<'_>,
) -> Result<Line, StudyError> {
    let number = place.line_of(record);
    if record.len() != columns.len() {
        return Err(StudyError::Ragged { line: number, got: record.len(), want: columns.len() });
    }
    let mut cells = Vec::new();
    for (cell, column) in record.iter().zip(columns) {
        let Some(column) = *column else { continue };
        let cell = cell.trim();
        if cell.contains(char::is_control) {
            return Err(StudyError::cell(number, column, "holds a control character: remove it"));
        }
        if !cell.is_empty() {
            cells.push((column, cell.to_string()));
        }
    }
    Ok(Line { number, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "patient,timepoint,modality,image,structures";

    fn numbers(text: &str) -> Vec<u64> {
        lines(text.as_bytes()).map_err(|e| e.to_string()).unwrap().iter().map(|l| l.number).collect()
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        assert_eq!(numbers(&format!("{HEAD}\na,b,CT,c,d\na,b,CT,c,d\n")), [2, 3]);
        assert_eq!(numbers(&format!("\u{feff}{HEAD}\r\na,b,CT,c,d\r\na,b,CT,c,d\r\n")), [2, 3]);
        assert_eq!(numbers(&format!("{HEAD}\n\n\na,b,CT,c,d\n\na,b,CT,c,d")), [4, 6]);
        assert_eq!(numbers(&format!("{HEAD},note\na,b,CT,c,d,\"two\nlines\"\na,b,CT,c,d,\n")), [2, 4]);
    }

    #[test]
    fn the_digest_knows_cells_not_columns() {
        let digest = |text: &str| lines(text.as_bytes()).map_err(|e| e.to_string()).unwrap()[0].digest();
        let plain = digest(&format!("{HEAD}\na,b,CT,c,d\n"));
        assert_eq!(plain, digest("structures,patient,note,timepoint,level,modality,image\nd,a,x,b,,CT,c\n"));
        assert_ne!(plain, digest(&format!("{HEAD},level\na,b,CT,c,d,T4\n")));
        assert_ne!(plain, digest(&format!("{HEAD}\na,b,CT,cd,\n")));
    }
}
