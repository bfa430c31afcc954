//! What the closing summary needs of the tables that a run has written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// More exams than this are counted, not listed.
pub const MOST_LISTED: usize = 60;

/// Different messages that are shown for each reason of failure.
pub const MOST_MESSAGES: usize = 5;

/// Lines of the study table that are named for each message.
pub const MOST_LINES: usize = 8;

/// Files of a run with what is in them, as the summary lists them.
const FILES: [(&str, &str); 9] = [
    ("exams.csv", "every measure of every exam"),
    ("slices_ct.csv", "every slice of every CT exam"),
    ("slices_mr.csv", "every slice of every MR exam"),
    ("review.csv", "exams a person should look at, most doubtful first"),
    ("failures.csv", "exams of which nothing could be measured"),
    ("qc", "pictures: the deciding slice and all slices of each exam"),
    ("masks", "structures as images"),
    ("columns.json", "what each column means"),
    ("run.json", "versions, settings, timings"),
];

/// One measure of one exam as `exams.csv` gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// The value; empty if not evaluable.
    pub value: String,
    /// `ok`, `borderline` or `not_evaluable`.
    pub status: String,
    /// Why there is no value.
    pub reason: String,
}

/// One exam of `exams.csv`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    /// `patient,timepoint,modality,series,lesion`
    pub name: [String; 5],
    /// Its measures.
    pub cells: BTreeMap<String, Cell>,
}

/// The exams that failed for one reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    /// How many.
    pub exams: usize,
    /// What is wrong and what to do, in the words of the table, each once; at most [`MOST_MESSAGES`].
    pub messages: Vec<Message>,
}

/// One message of `failures.csv` and the exams it is said of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The message.
    pub text: String,
    /// How many exams.
    pub exams: usize,
    /// Their lines in the study table; at most [`MOST_LINES`].
    pub lines: Vec<String>,
}

impl Failures {
    /// Takes over one row of the table; memory does not grow with their number.
    fn add(&mut self, line: &str, text: &str) {
        self.exams += 1;
        if self.messages.len() < MOST_MESSAGES && self.messages.iter().all(|m| m.text != text) {
            self.messages.push(Message { text: text.to_owned(), ..Message::default() });
        }
        if let Some(message) = self.messages.iter_mut().find(|m| m.text == text) {
            message.exams += 1;
            message.lines.extend((message.lines.len() < MOST_LINES).then(|| line.to_owned()));
        }
    }
}

/// What the tables of a run say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// The exams, if there are at most [`MOST_LISTED`].
    pub cases: Vec<Case>,
    /// How many exams have each grade; `not evaluable` is one of them.
    pub grades: BTreeMap<String, usize>,
    /// Failed exams by reason.
    pub failures: BTreeMap<String, Failures>,
    /// What there is in the output folder, and what it holds.
    pub files: Vec<(&'static str, &'static str)>,
}

impl Tables {
    /// Reads what a run has left in its output folder; a table that is not there is empty.
    ///
    /// # Errors
    /// If a table is there and cannot be read.
    pub fn read(out: &Path) -> io::Result<Self> {
        let mut tables = Self::default();
        if let Some(file) = open(&out.join("exams.csv"))? {
            tables.add_exams(file)?;
        }
        if let Some(file) = open(&out.join("failures.csv"))? {
            tables.add_failures(file)?;
        }
        tables.files = FILES.iter().filter(|(name, _)| out.join(name).exists()).copied().collect();
        Ok(tables)
    }

    /// Takes over `exams.csv`, row by row; memory does not grow with its length.
    fn add_exams(&mut self, file: impl Read) -> io::Result<()> {
        let mut reader = csv::Reader::from_reader(io::BufReader::new(file));
        let (mut row, mut exams, mut last) = (csv::StringRecord::new(), 0, [(); 5].map(|()| String::new()));
        while reader.read_record(&mut row)? {
            let at = |i: usize| row.get(i).unwrap_or_default();
            if (0..5).any(|i| at(i) != last[i]) {
                last = std::array::from_fn(|i| at(i).to_owned());
                exams += 1;
                self.cases.push(Case { name: last.clone(), cells: BTreeMap::new() });
            }
            let cell = Cell { value: at(6).to_owned(), status: at(10).to_owned(), reason: at(11).to_owned() };
            self.add_cell(at(5), cell);
            if exams > MOST_LISTED {
                self.cases.truncate(1);
            }
        }
        if exams > MOST_LISTED {
            self.cases.clear();
        }
        Ok(())
    }

    fn add_cell(&mut self, measure: &str, cell: Cell) {
        if measure == "boriani_grade" {
            let grade = if cell.value.is_empty() { "not evaluable" } else { &cell.value };
            *self.grades.entry(grade.to_owned()).or_default() += 1;
        }
        if let Some(case) = self.cases.last_mut() {
            case.cells.insert(measure.to_owned(), cell);
        }
    }

    /// Takes over `failures.csv`.
    fn add_failures(&mut self, file: impl Read) -> io::Result<()> {
        for row in csv::Reader::from_reader(file).records() {
            let row = row?;
            let at = |i: usize| row.get(i).unwrap_or_default();
            self.failures.entry(at(7).to_owned()).or_default().add(at(5), at(8));
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::fmt::Write;

    const EXAM: &str =
        "patient,timepoint,modality,series,lesion,measure,value,unit,uncertainty,slice,status,reason,flags\n";
    const FAILURE: &str = "patient,timepoint,modality,series,lesion,line,stage,reason,message\n";

    /// Tables as three exams and three failures leave them.
    pub fn example() -> Tables {
        let exams = format!(
            "{EXAM}\
             P1,pre,CT,main,1,max_diameter,52.5,mm,,31,ok,,\n\
             P1,pre,CT,main,1,rim_coverage,0.02113,1,,,ok,,\n\
             P1,pre,CT,main,1,rim,none,,,,ok,,\n\
             P1,pre,CT,main,1,ossified_fraction,0.01,1,,,ok,,\n\
             P1,pre,CT,main,1,boriani_grade,0,,,31,ok,,\n\
             P1,post,CT,thin,2,max_diameter,48.25,mm,,31,ok,,\n\
             P1,post,CT,thin,2,rim_coverage,0.91,1,,,borderline,,\n\
             P1,post,CT,thin,2,rim,complete,,,,borderline,,\n\
             P1,post,CT,thin,2,ossified_fraction,0.612,1,,,ok,,\n\
             P1,post,CT,thin,2,boriani_grade,3,,,31,borderline,,near_limit\n\
             P2,post,CT,main,1,max_diameter,,mm,,,not_evaluable,fov_truncated,\n\
             P2,post,CT,main,1,boriani_grade,,,,,not_evaluable,rim_ne,\n"
        );
        let failures = format!(
            "{FAILURE}\
             P3,pre,CT,main,1,6,image,gzip_truncated,the gzip stream ends early; copy the file again\n\
             P3,post,CT,main,1,7,structures,mask_empty,structures[1]: the outline has no voxel; draw it\n\
             P4,pre,CT,main,1,8,image,gzip_truncated,the gzip stream ends early; copy the file again\n\
             P4,post,CT,main,1,9,structures,mask_empty,structures[2]: the outline has no voxel; draw it\n"
        );
        let mut tables = Tables::default();
        tables.add_exams(exams.as_bytes()).unwrap();
        tables.add_failures(failures.as_bytes()).unwrap();
        tables.files = vec![FILES[0], FILES[4], FILES[5]];
        tables
    }

    #[test]
    fn exams_and_failures_are_grouped() {
        let tables = example();
        assert_eq!(tables.cases.len(), 3);
        assert_eq!(tables.cases[2].cells["boriani_grade"].reason, "rim_ne");
        assert_eq!(tables.grades["not evaluable"], 1);
        assert_eq!(tables.failures["gzip_truncated"].messages[0].lines, ["6", "8"]);
    }

    #[test]
    fn a_reason_with_many_messages_keeps_the_first_of_them() {
        let mut failures = Failures::default();
        (0..40).for_each(|i| failures.add(&i.to_string(), &format!("message {}", i % 8)));
        assert_eq!((failures.exams, failures.messages.len()), (40, MOST_MESSAGES));
        assert_eq!(failures.messages[4].text, "message 4");
        assert!(failures.messages.iter().all(|m| m.exams == 5), "none counts for another");
        (0..40).for_each(|i| failures.add(&i.to_string(), "message 0"));
        assert_eq!((failures.messages[0].exams, failures.messages[0].lines.len()), (45, MOST_LINES));
    }

    #[test]
    fn a_long_table_is_counted_but_not_kept() {
        let mut text = EXAM.to_owned();
        for i in 0..200 {
            writeln!(text, "P{i},pre,CT,main,1,boriani_grade,2a,,,,ok,,").unwrap();
        }
        let mut tables = Tables::default();
        tables.add_exams(text.as_bytes()).unwrap();
        assert!(tables.cases.is_empty());
        assert_eq!(tables.grades["2a"], 200);
    }

    #[test]
    fn a_folder_without_tables_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Tables::read(folder.path()).unwrap(), Tables::default());
        std::fs::write(folder.path().join("exams.csv"), EXAM).unwrap();
        assert_eq!(Tables::read(folder.path()).unwrap().files, [FILES[0]]);
    }
}
