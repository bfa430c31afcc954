//! Writes a corpus for each target out of the crafted exams of `tests/mutants`, into `corpus` or the folder given.

#[path = "../../tests/mutants/crafted.rs"]
mod crafted;
#[path = "../../tests/mutants/dice.rs"]
#[allow(dead_code, reason = "the mutation suite uses the rest")]
mod dice;
#[path = "../../tests/mutants/elements.rs"]
#[allow(dead_code, reason = "the mutation suite uses the rest")]
mod elements;
#[path = "../../tests/mutants/exam.rs"]
#[allow(dead_code, reason = "the mutation suite uses the rest")]
mod exam;
#[path = "../../tests/mutants/mutation.rs"]
#[allow(dead_code, reason = "the mutation suite uses the rest")]
mod mutation;
#[path = "../../src/io/image_tests_support.rs"]
#[allow(dead_code, reason = "the unit tests of the readers use the rest")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

/// Which target a damaged file of a crafted exam is a seed of.
fn target(exam: &str) -> &'static str {
    let starts = |words: &[&str]| words.iter().any(|w| exam.starts_with(w));
    match exam {
        _ if starts(&["nifti", "labels"]) => "nifti",
        _ if starts(&["seg"]) => "seg",
        _ if starts(&["contours"]) => "rtstruct",
        _ => "dicom",
    }
}

fn write(corpus: &Path, target: &str, name: &str, bytes: &[u8]) {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder).expect("the corpus can be written to");
    fs::write(folder.join(name.replace([' ', ','], "_")), bytes).expect("the corpus can be written to");
}

fn main() {
    let corpus = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    for exam in crafted::exams() {
        for (k, (_, bytes)) in exam.targets().iter().enumerate() {
            write(&corpus, target(&exam.name), &format!("{}_{k}", exam.name), bytes);
        }
    }
    write(&corpus, "rle", "planes", &crafted::rle(&[7; 512]));
    write(&corpus, "study", "row", b"patient,timepoint,modality,image,structures\nP,pre,CT,i.nii,tumour=m.nii:1,2\n");
    write(&corpus, "config", "default", osteon::config::DEFAULT.as_bytes());
}
