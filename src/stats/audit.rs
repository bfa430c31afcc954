//! Published summaries recomputed from one another: what of a paper's tables can be true together (method.md 7.2).
//!
//! Every check is general; what a paper says stands in a TOML file of facts ([`paper`]).

mod counts;
mod means;
mod ordinal;
pub mod paper;
mod partitions;
mod printed;
mod ranks;
mod repeated;
mod transport;

use paper::Paper;
use serde::Serialize;

/// What became of one printed statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The row or sentence of the paper.
    pub row: String,
    /// Whether it can stand.
    pub verdict: Verdict,
    /// What is printed.
    pub printed: String,
    /// What follows from the other numbers.
    pub rebuilt: String,
}

/// Whether a printed statement can stand beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It follows from the others, or fits them.
    Consistent,
    /// It fits, and something follows that the paper does not say.
    Note,
    /// It hardly fits, or says less than it seems to.
    Doubtful,
    /// It cannot be true together with the others.
    Contradiction,
}

impl Verdict {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Note => "note",
            Self::Doubtful => "doubtful",
            Self::Contradiction => "contradiction",
        }
    }
}

impl Finding {
    fn new(row: &str, verdict: Verdict, printed: impl Into<String>, rebuilt: impl Into<String>) -> Self {
        Self { row: row.to_owned(), verdict, printed: printed.into(), rebuilt: rebuilt.into() }
    }
}

/// Below this a p is printed as significant.
const SIGNIFICANT: f64 = 0.05;

/// The first few of some numbers, in words.
fn some(numbers: &[u64]) -> String {
    let few = numbers.iter().take(5).map(u64::to_string).collect::<Vec<_>>().join(", ");
    if numbers.len() > 5 { few + ", ..." } else { few }
}

/// Everything that can be rebuilt of a paper, row by row.
pub fn findings(paper: &Paper) -> Vec<Finding> {
    let of_means = paper.mean.iter().flat_map(|row| means::findings(row, paper.n));
    let of_ranks = paper.rank.iter().flat_map(|row| ranks::findings(row, paper.n));
    let of_ordinals = paper.ordinal.iter().flat_map(|row| ordinal::findings(row, paper.n));
    let of_tests = of_means.chain(of_ranks).chain(of_ordinals);
    by_row(of_tests.chain(repeated::findings(paper)).chain(counts::findings(paper)).collect())
}

/// Rows in the order in which they first appear, all findings of each together.
fn by_row(mut found: Vec<Finding>) -> Vec<Finding> {
    let rows: Vec<String> = found.iter().map(|f| f.row.clone()).collect();
    found.sort_by_key(|f| rows.iter().position(|row| *row == f.row));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The facts of Yuan et al. 2022.
    const YUAN: &str = include_str!("../../configs/yuan2022.toml");

    fn yuan() -> Vec<Finding> {
        findings(&paper::parse(YUAN).unwrap())
    }

    /// What is said of a row, by verdict.
    #[track_caller]
    fn said(found: &[Finding], row: &str, verdict: Verdict, words: &[&str]) {
        let of_row = || found.iter().filter(|f| f.row.contains(row));
        let says = |f: &&Finding| f.verdict == verdict && words.iter().all(|w| f.rebuilt.contains(w));
        assert!(of_row().any(|f| says(&f)), "{row}: {words:?} in {:#?}", of_row().collect::<Vec<_>>());
    }

    #[test]
    fn what_is_wrong_in_the_paper_is_found_from_its_numbers_alone() {
        let found = yuan();
        use Verdict::{Consistent, Contradiction, Doubtful, Note};
        said(&found, "ECOG", Contradiction, &["10 improved", "2 of 188", "-2.9719", "-2.5846", "41.7 %"]);
        said(&found, "Vertebral height", Contradiction, &["7.1e-7", "2.932 to 2.993", "n = 4"]);
        said(&found, "Vertebral height", Contradiction, &["the same in Canal share"]);
        said(&found, "Cyst", Doubtful, &["0.6591", "n = 10"]);
        said(&found, "Frankel", Doubtful, &["0.1250"]);
        said(&found, "Canal share", Doubtful, &["12.15", "12.08 to 12.21", "0.990", "0.983 to 0.997", "6.877", "0.94"]);
        said(&found, "compression", Note, &["0.2500"]);
        said(&found, "Pain", Contradiction, &["22 of 21"]);
        said(&found, "Maximum diameter", Consistent, &["-4.0145", "6.0e-5"]);
        said(&found, "Maximum diameter", Note, &["56.9", "38 %"]);
        said(&found, "Karnofsky", Consistent, &["-3.6214", "6,5,3,2,1", "6,5,3,1,1,1", "6,4,4,3", "5,5,5,1,1"]);
        said(&found, "SI ratio", Consistent, &["0.0013"]);
        said(&found, "SI ratio", Consistent, &["SD 0.226", "r 0.47"]);
        said(&found, "Visual analogue", Consistent, &["r 0.528"]);
        said(&found, "Vertebral height", Note, &["0.92"]);
        said(&found, "Lung", Note, &["3.115", "0.0894"]);
        said(&found, "rim", Consistent, &["3 of 7"]);
    }

    #[test]
    fn what_is_right_in_the_paper_is_left_alone() {
        let wrong: Vec<Finding> = yuan().into_iter().filter(|f| f.verdict == Verdict::Contradiction).collect();
        let rows: Vec<&str> = wrong.iter().map(|f| f.row.as_str()).collect();
        assert_eq!(rows.len(), 4, "{wrong:#?}");
    }
}
