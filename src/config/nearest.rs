//! What a misspelt word was probably meant to be.

/// The known word nearest to `word` by edits, if it is near enough to be meant: within two edits or a third of it.
/// A word without a dot may also stand for the last part of a dotted one.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = known.into_iter().map(|k| (edits(word, k), k)).min()?;
    (distance <= (word.chars().count() / 3).max(2)).then_some(best)
}

fn edits(word: &str, known: &str) -> usize {
    let whole = strsim::damerau_levenshtein(word, known);
    match known.rsplit_once('.') {
        Some((_, last)) if !word.contains('.') => whole.min(strsim::damerau_levenshtein(word, last)),
        _ => whole,
    }
}

/// "did you mean `nearest`?", or which command lists them.
pub(super) fn hint(nearest: Option<&str>, listing: &str) -> String {
    nearest.map_or_else(|| format!("`{listing}` lists the known ones"), |n| format!("did you mean `{n}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["rim.spread_mm", "rim.min_run_mm", "density.metal_hu"];
        assert_eq!(nearest("rim.spred_mm", known), Some("rim.spread_mm"));
        assert_eq!(nearest("metal_uh", known), Some("density.metal_hu"));
        assert_eq!(nearest("output.compression", known), None);
        assert_eq!(nearest("volume", []), None);
    }
}
