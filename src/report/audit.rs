//! `osteon audit` for a person (text) and for a program (JSON).

use crate::stats::audit::{Finding, Verdict};

/// Findings row by row, worst verdicts counted at the end.
pub fn text(source: &str, findings: &[Finding]) -> String {
    let rows = findings.chunk_by(|a, b| a.row == b.row).map(row);
    format!("{source}\n\n{}\n{}\n", rows.collect::<Vec<_>>().join("\n"), count(findings))
}

fn row(findings: &[Finding]) -> String {
    let under = |text: &str| text.replace("; ", &format!(";\n{:17}", ""));
    let lines =
        findings.iter().map(|f| format!("  {:13}  {}\n{:17}{}\n", f.verdict.name(), f.printed, "", under(&f.rebuilt)));
    format!("{}\n{}", findings[0].row, lines.collect::<String>())
}

fn count(findings: &[Finding]) -> String {
    let of = |verdict: Verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    format!(
        "{} statements: {} consistent, {} with a note, {} doubtful, {} contradicted by others",
        findings.len(),
        of(Verdict::Consistent),
        of(Verdict::Note),
        of(Verdict::Doubtful),
        of(Verdict::Contradiction)
    )
}

/// The same as an array of objects.
pub fn json(findings: &[Finding]) -> String {
    format!("{:#}\n", serde_json::json!(findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_stand_under_their_row_and_are_counted() {
        let finding = |row: &str, verdict| Finding {
            row: row.into(),
            verdict,
            printed: "p 0.1".into(),
            rebuilt: "p 0.2; odd".into(),
        };
        let found =
            [finding("a", Verdict::Consistent), finding("a", Verdict::Contradiction), finding("b", Verdict::Note)];
        let text = text("Paper", &found);
        assert!(
            text.starts_with("Paper\n\na\n  consistent     p 0.1\n                 p 0.2;\n                 odd\n  contradiction  p 0.1\n"),
            "{text}"
        );
        assert!(text.ends_with("3 statements: 1 consistent, 1 with a note, 0 doubtful, 1 contradicted by others\n"));
        let back: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
        assert_eq!(back[1]["verdict"], "contradiction");
    }
}
