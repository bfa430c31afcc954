//! Numbers as they are printed, with all that rounds to them.

use serde::Deserialize;
use std::fmt;

/// From the least to the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The least.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Span {
    /// The span of some numbers, at least one.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let none = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };
        values.into_iter().fold(none, |span, v| Self { low: span.low.min(v), high: span.high.max(v) })
    }

    /// Whether two spans have a number in common.
    pub fn meets(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// A printed number: what it says, and all that rounds to it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Printed {
    /// As printed.
    pub text: String,
    /// What it says.
    pub value: f64,
    /// Half a unit of its last digit.
    pub half: f64,
}

impl TryFrom<String> for Printed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = text.trim().replace('\u{2212}', "-");
        let value: f64 = plain.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| {
            format!("`{}` is no printed number: write it in quotes with all its digits, as in \"21.30\"", text.trim())
        })?;
        let decimals = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
        Ok(Self { text: plain, value, half: 0.5 / 10_f64.powi(decimals as i32) })
    }
}

impl Printed {
    /// All that rounds to it; a hair more, because it is decimal and these are binary.
    pub fn span(&self) -> Span {
        let reach = self.half * (1.0 + 1e-9);
        Span { low: self.value - reach, high: self.value + reach }
    }

    /// All sizes that round to it.
    pub fn size(&self) -> Span {
        let reach = self.half * (1.0 + 1e-9);
        Span { low: (self.value.abs() - reach).max(0.0), high: self.value.abs() + reach }
    }

    /// How many digits it shows from the first that is not 0.
    pub fn significant_digits(&self) -> usize {
        let digits: String = self.text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').len()
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A printed p: a number, or only that it is below one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum PrintedP {
    /// `<0.001`
    Below(Printed),
    /// `0.007`
    Equal(Printed),
}

impl TryFrom<String> for PrintedP {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (below, number) = match text.trim().strip_prefix('<') {
            Some(rest) => (true, rest.trim().to_owned()),
            None => (false, text),
        };
        let number = Printed::try_from(number)?;
        if !(0.0..=1.0).contains(&number.value) {
            return Err(format!("`{number}` is no p: it lies between 0 and 1"));
        }
        Ok(if below { Self::Below(number) } else { Self::Equal(number) })
    }
}

impl PrintedP {
    /// All that may be meant.
    pub fn span(&self) -> Span {
        match self {
            Self::Below(limit) => Span { low: 0.0, high: limit.value },
            Self::Equal(p) => Span { low: (p.value - p.half).max(0.0), high: p.span().high },
        }
    }

    /// Whether it is one step of its last digit away from `rebuilt`, no more.
    pub fn is_next_to(&self, rebuilt: Span) -> bool {
        match self {
            Self::Below(_) => false,
            Self::Equal(p) => {
                let reach = 3.0 * p.half;
                Span { low: p.value - reach, high: p.value + reach }.meets(rebuilt)
            }
        }
    }
}

impl fmt::Display for PrintedP {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(p) => write!(f, "<{p}"),
            Self::Equal(p) => write!(f, "{p}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_tells_the_rounding() {
        let printed = |text: &str| Printed::try_from(text.to_owned()).unwrap();
        assert_eq!((printed("21.30").half, printed("8").half, printed(" \u{2212}4.015").value), (0.005, 0.5, -4.015));
        assert_eq!((printed("0.77").significant_digits(), printed("-4.015").significant_digits()), (2, 4));
        assert!((printed("-4.015").size().low - 4.0145).abs() < 1e-9);
        assert!(Printed::try_from("about 3".to_owned()).unwrap_err().contains("no printed number"));
        assert!(Printed::try_from("NaN".to_owned()).is_err());
    }

    #[test]
    fn a_p_may_be_a_bound() {
        let p = |text: &str| PrintedP::try_from(text.to_owned()).unwrap();
        assert_eq!(p("< 0.001").span(), Span { low: 0.0, high: 0.001 });
        assert!(p("0.658").span().meets(Span { low: 0.6584, high: 0.66 }));
        assert!(!p("0.658").span().meets(Span { low: 0.6588, high: 0.6595 }));
        assert!(p("0.658").is_next_to(Span { low: 0.6588, high: 0.6595 }));
        assert!(!p("0.007").is_next_to(Span { low: 0.0, high: 1e-6 }));
        assert!(PrintedP::try_from("1.2".to_owned()).unwrap_err().contains("no p"));
    }
}
