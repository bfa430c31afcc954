//! The cell `structures`: `;`-separated `name=FILE`, `name=FILE:V,W`, or a DICOM SEG or RTSTRUCT file.

use super::StudyError;
use super::table::Line;
use std::path::PathBuf;

/// Every structure name, and whether a level may follow (`body:L3`).
pub const NAMES: &[(&str, bool)] = &[
    ("tumour", false),
    ("canal", false),
    ("sac", false),
    ("cord", false),
    ("cyst", false),
    ("body", true),
    ("vertebra", true),
    ("lung_lesion", false),
    ("native_bone", false),
];

/// One entry of the cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Which structure; `None` for a DICOM SEG or RTSTRUCT file, whose names the config maps.
    pub name: Option<&'static str>,
    /// The level after the name.
    pub level: Option<String>,
    /// Where its voxels are, as the table writes it.
    pub file: PathBuf,
    /// The labels, segments or regions that it consists of; none given: every voxel that is not zero.
    pub labels: Option<Vec<i64>>,
    /// Its place in the cell, from 1.
    pub place: usize,
}

/// Takes the cell apart.
///
/// # Errors
/// If an entry is not of the forms above, or a structure is named twice.
pub fn parse(line: &Line) -> Result<Vec<Structure>, StudyError> {
    let mut found: Vec<Structure> = Vec::new();
    for (k, entry) in line.cell("structures").split(';').enumerate().filter(|(_, e)| !e.trim().is_empty()) {
        let place = k + 1;
        let refused = |problem: String| StudyError::cell(line.number, format!("structures[{place}]"), problem);
        let structure = one(entry.trim(), place).map_err(refused)?;
        let same = |s: &Structure| s.name.is_some() && (s.name, &s.level) == (structure.name, &structure.level);
        if let Some(twice) = found.iter().find(|s| same(s)) {
            return Err(refused(format!("is the structure of [{}] again: join labels as name=FILE:1,2", twice.place)));
        }
        found.push(structure);
    }
    Ok(found)
}

fn one(entry: &str, place: usize) -> Result<Structure, String> {
    let Some((name, source)) = entry.split_once('=') else {
        return Ok(Structure { name: None, level: None, file: entry.into(), labels: None, place });
    };
    let (name, level) = named(name.trim())?;
    let (file, labels) = source_of(source.trim())?;
    Ok(Structure { name: Some(name), level, file, labels, place })
}

fn named(text: &str) -> Result<(&'static str, Option<String>), String> {
    let (name, level) = text.split_once(':').map_or((text, None), |(n, l)| (n.trim(), Some(l.trim())));
    let lower = name.to_lowercase();
    let near = NAMES.iter().map(|known| (strsim::osa_distance(&lower, known.0), known)).min();
    let known = match near {
        Some((0, known)) if name == known.0 => known,
        Some((..=2, known)) => return Err(format!("is not a known structure: did you mean `{}`?", known.0)),
        _ => return Err(format!("is not a known structure: known are {}", all_names())),
    };
    let is_level = |l: &str| (1..=8).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric());
    match level {
        Some(_) if !known.1 => Err(format!("`{}` takes no level: remove what follows `:`", known.0)),
        Some(l) if !is_level(l) => Err("the level must be 1 to 8 letters or digits, as in `body:L3`".into()),
        level => Ok((known.0, level.map(str::to_string))),
    }
}

fn all_names() -> String {
    NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn source_of(text: &str) -> Result<(PathBuf, Option<Vec<i64>>), String> {
    let is_list = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_digit() || b",- ".contains(&b));
    let (file, list) = match text.rsplit_once(':').filter(|(_, list)| is_list(list)) {
        Some((file, list)) => (file, Some(list)),
        None => (text, None),
    };
    if file.is_empty() {
        return Err("names no file: write name=FILE".into());
    }
    Ok((file.into(), list.map(labels).transpose()?))
}

fn labels(list: &str) -> Result<Vec<i64>, String> {
    let one = |v: &str| v.trim().parse().ok().filter(|&label: &i64| label != 0);
    let labels: Option<Vec<i64>> = list.split(',').map(one).collect();
    labels.ok_or_else(|| "labels must be whole numbers other than 0, as in name=FILE:1,2".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::study::table::lines;

    fn parsed(cell: &str) -> Result<Vec<Structure>, String> {
        let table = format!("patient,timepoint,modality,image,structures\np,pre,CT,i,\"{cell}\"\n");
        parse(&lines(table.as_bytes()).map_err(|e| e.to_string())?[0]).map_err(|e| e.to_string())
    }

    fn structure(name: &'static str, file: &str, labels: Option<&[i64]>, place: usize) -> Structure {
        Structure { name: Some(name), level: None, file: file.into(), labels: labels.map(<[i64]>::to_vec), place }
    }

    #[test]
    fn the_three_forms_are_read() {
        let found = parsed("tumour=a/t.nii.gz; canal=seg.nii:1, 2,-3;;rt.dcm;body:L3=C:b.nii").unwrap();
        assert_eq!(found[0], structure("tumour", "a/t.nii.gz", None, 1));
        assert_eq!(found[1], structure("canal", "seg.nii", Some(&[1, 2, -3]), 2));
        assert_eq!((found[2].name, found[2].place), (None, 4));
        assert_eq!(found[3].level.as_deref(), Some("L3"));
        assert_eq!(found[3].file, PathBuf::from("C:b.nii"));
        assert_eq!(parsed("").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let cases = [
            ("tumuor=a", "line 2, structures[1]: is not a known structure: did you mean `tumour`?"),
            ("tumor=a", "line 2, structures[1]: is not a known structure: did you mean `tumour`?"),
            ("tumour=", "line 2, structures[1]: names no file: write name=FILE"),
            ("canal=a:0", "line 2, structures[1]: labels must be whole numbers other than 0, as in name=FILE:1,2"),
            ("tumour=a;tumour=b", "line 2, structures[2]: is the structure of [1] again: join labels as name=FILE:1,2"),
            ("cord:T4=a", "line 2, structures[1]: `cord` takes no level: remove what follows `:`"),
        ];
        for (cell, expected) in cases {
            assert_eq!(parsed(cell).unwrap_err(), expected);
        }
    }
}
