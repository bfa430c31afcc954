//! How many failures still count as success.

use std::str::FromStr;

/// `--allow-failures N|P%`
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Tolerance {
    /// None.
    #[default]
    Nothing,
    /// This many rows of the study table.
    Count(usize),
    /// This share of them, percent.
    Percent(f64),
}

impl Tolerance {
    /// Whether `failed` of `all` rows may have failed.
    pub fn covers(self, failed: usize, all: usize) -> bool {
        match self {
            Self::Nothing => failed == 0,
            Self::Count(most) => failed <= most,
            Self::Percent(most) => failed as f64 * 100.0 <= most * all as f64,
        }
    }
}

impl FromStr for Tolerance {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "give a number of failures such as 3, or a share such as 2%";
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Count).map_err(|_| wrong),
            Some(share) => share.parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(Self::Percent).ok_or(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares() {
        let covers = |text: &str, failed| text.parse::<Tolerance>().unwrap().covers(failed, 50);
        assert!(covers("3", 3) && !covers("3", 4));
        assert!(covers("2%", 1) && !covers("2%", 2));
        assert!(Tolerance::default().covers(0, 50) && !Tolerance::default().covers(1, 50));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(["", "-1", "1.5", "101%", "nan%", "%"].iter().all(|t| t.parse::<Tolerance>().is_err()));
    }
}
