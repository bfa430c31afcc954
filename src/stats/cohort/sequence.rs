//! Whether the two MR images of a pair were made alike (method.md 1.7): a ratio of signals is only then comparable.

use crate::measure::flag::SEQUENCE;
use std::collections::BTreeMap;

/// The measure that hangs on it.
pub const HANGS_ON_IT: &str = "si_ratio";
/// What stands beside a pair whose images were not made alike.
pub const DIFFERS: &str = "sequence_differs";
/// Echo times may differ by so much, as a share of the longer one ...
const TE_SHARE: f64 = 0.2;
/// ... and repetition times by so much.
const TR_SHARE: f64 = 0.3;

/// `sequence_differs:te_ms|fat_sat`, what is known of both and differs; `None` where nothing does. `before` and `after` are the
/// flags of an exam, as written.
pub fn differs(before: &str, after: &str) -> Option<String> {
    let (before, after) = (told(before), told(after));
    let both = |name: &str| before.get(name).copied().zip(after.get(name).copied());
    let times = |name: &str, share: f64| {
        let numbers = both(name).and_then(|(a, b)| a.parse::<f64>().ok().zip(b.parse::<f64>().ok()));
        numbers.is_some_and(|(a, b)| (a - b).abs() > share * a.max(b))
    };
    let other_fat_sat = both("fat_sat").is_some_and(|(a, b)| a != b);
    let found = [("te_ms", times("te_ms", TE_SHARE)), ("tr_ms", times("tr_ms", TR_SHARE)), ("fat_sat", other_fat_sat)];
    let names: Vec<&str> = found.into_iter().filter(|f| f.1).map(|f| f.0).collect();
    (!names.is_empty()).then(|| format!("{DIFFERS}:{}", names.join("|")))
}

/// What the flag of the sequence tells: `te_ms=98|tr_ms=3500|fat_sat=no`.
fn told(flags: &str) -> BTreeMap<&str, &str> {
    let own = flags.split(';').find_map(|flag| flag.strip_prefix(SEQUENCE.code())?.strip_prefix(':'));
    own.into_iter().flat_map(|all| all.split('|')).filter_map(|one| one.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_both_must_be_alike() {
        let of = |a: &str, b: &str| differs(&format!("bias_matters:1.2;sequence:{a};x"), &format!("sequence:{b}"));
        assert_eq!(of("te_ms=100|tr_ms=3000|fat_sat=no", "te_ms=81|tr_ms=4200|fat_sat=no"), None);
        assert_eq!(of("te_ms=100|tr_ms=3000", "te_ms=79|tr_ms=4400").as_deref(), Some("sequence_differs:te_ms|tr_ms"));
        assert_eq!(of("te_ms=100|fat_sat=no", "te_ms=100|fat_sat=yes").as_deref(), Some("sequence_differs:fat_sat"));
        assert_eq!(of("te_ms=100", "tr_ms=4400|fat_sat=yes"), None, "not known of both");
        assert_eq!(differs("", "sequence:te_ms=3"), None);
    }
}
