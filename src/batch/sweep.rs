//! Removes what earlier attempts left behind. Nothing that a living one holds, nothing that is not ours by its name.

use super::projection::{State, slice_table};
use super::study::Study;
use crate::io::disk::{Disk, is_aside};
use crate::measure::Modality;
use std::collections::HashSet;
use std::io;
use std::path::Path;

/// Folders under the output folder whose files belong to one exam each.
const FOLDERS: [&str; 2] = ["qc", "masks"];

/// Removes half-written files of attempts that are dead.
///
/// # Errors
/// Of the storage.
pub fn abandoned(disk: &dyn Disk, out: &Path) -> io::Result<()> {
    for dir in FOLDERS.map(|f| out.join(f)).iter().map(AsRef::as_ref).chain([out]) {
        for name in disk.list(dir)? {
            let path = dir.join(&name);
            if (is_aside(&name) || name.ends_with(".csv.part")) && !disk.held(&path) {
                disk.remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Removes slice tables of branches and files of exams that are no longer in the study, and files that its exams no
/// longer have; those of patients whose state is not known stay.
///
/// # Errors
/// Of the storage.
pub fn stale(disk: &dyn Disk, out: &Path, study: &Study, states: &[State], files: &HashSet<String>) -> io::Result<()> {
    for modality in [Modality::Ct, Modality::Mr] {
        let present = study.rows.iter().any(|row| row.exam.modality == modality);
        if !present && disk.list(out)?.iter().any(|name| name == slice_table(modality)) {
            disk.remove(&out.join(slice_table(modality)))?;
        }
    }
    let unknown = unknown_stems(study, states);
    for folder in FOLDERS {
        for name in disk.list(&out.join(folder))? {
            let known = files.contains(&format!("{folder}/{name}"));
            if !known && is_ours(&name) && !stems(&name).any(|stem| unknown.contains(stem)) {
                disk.remove(&out.join(folder).join(&name))?;
            }
        }
    }
    Ok(())
}

fn unknown_stems(study: &Study, states: &[State]) -> HashSet<String> {
    let unknown = study.patients.iter().zip(states).filter(|(_, state)| !matches!(state, State::Done(_)));
    unknown.flat_map(|(patient, _)| &patient.rows).map(|&row| study.rows[row].exam.stem()).collect()
}

/// What a file's stem can be: its name without the extension, and without the last part of that.
fn stems(name: &str) -> impl Iterator<Item = &str> {
    let whole = body(name);
    let shorter = whole.into_iter().flat_map(|w| w.match_indices('_').map(move |(i, _)| &w[..i]));
    whole.into_iter().chain(shorter)
}

fn body(name: &str) -> Option<&str> {
    name.strip_suffix(".png").or_else(|| name.strip_suffix(".nii.gz"))
}

/// Whether a file is called as those of an exam are: `{patient}_{timepoint}_{CT|MR}...`.
fn is_ours(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let has_branch = |body: &str| body.split('_').skip(2).any(|part| part == "CT" || part == "MR");
    body(name).is_some_and(|b| b.chars().all(plain) && has_branch(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::study;
    use crate::io::disk::memory::MemoryDisk;

    #[test]
    fn only_files_of_exams_are_ours() {
        for ours in ["a_pre_CT.png", "a_pre_CT_sheet.png", "a_b_pre_MR_2_x_tumour.nii.gz"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in ["notes.png", "CT.png", "a_CT.png", "a_pre_CT.txt", "a_pre_PT.png", "my a_pre_CT.png"] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn pictures_of_exams_that_are_gone_go() {
        let (disk, out) = (MemoryDisk::default(), Path::new("out"));
        let table = "patient,timepoint,modality,image,structures\na,pre,CT,i,\nb,pre,CT,i,\n";
        let study = study::parse(table.as_bytes(), Path::new("")).unwrap();
        for name in ["slices_mr.csv", "qc/a_pre_CT.png", "qc/b_pre_CT_sheet.png", "qc/c_pre_CT.png", "qc/my.png"] {
            disk.write_atomic(&out.join(name), b"x").unwrap();
        }
        let known = HashSet::from(["qc/a_pre_CT.png".to_string()]);
        let names = || disk.files().into_keys().map(|p| p.display().to_string()).collect::<Vec<_>>();
        stale(&disk, out, &study, &[State::Absent, State::Pending], &known).unwrap();
        assert_eq!(names(), ["out/qc/a_pre_CT.png", "out/qc/b_pre_CT_sheet.png", "out/qc/my.png"]);
    }

    #[test]
    fn what_a_living_attempt_writes_is_left_alone() {
        let (disk, out) = (MemoryDisk::default(), Path::new("out"));
        let living = disk.create_new(&out.join("exams.000002.csv.part")).unwrap();
        for name in ["exams.000001.csv.part", "qc/.a.png.12-0.tmp", "exams.csv", "qc/.hidden"] {
            drop(disk.create_new(&out.join(name)).unwrap());
        }
        abandoned(&disk, out).unwrap();
        assert_eq!(disk.list(out).unwrap(), ["exams.000002.csv.part", "exams.csv"]);
        assert_eq!(disk.list(&out.join("qc")).unwrap(), [".hidden"]);
        drop(living);
        abandoned(&disk, out).unwrap();
        assert_eq!(disk.list(out).unwrap(), ["exams.csv"]);
    }
}
