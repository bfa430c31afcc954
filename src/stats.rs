//! Statistics of pairs: tests before against after, agreement of two readers, and the audit of published summaries.
//!
//! Conventions are those of method.md 7.1 and 8. Where a number has no value (no spread, too few pairs) there is an
//! [`Undefined`] that says why, never NaN.

pub mod agreement;
pub mod audit;
pub mod bland_altman;
pub mod cohort;
pub mod confusion;
pub mod distribution;
pub mod figures;
pub mod hodges_lehmann;
pub mod holm;
pub mod icc;
pub mod kappa;
pub mod mcnemar;
pub mod paired_t;
pub mod pairs;
pub mod proportion;
#[cfg(test)]
mod recorded_tests;
pub mod signed_rank;
pub mod summary;
pub mod table;

/// The 97.5 % point of the normal distribution.
pub const Z_975: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// `estimate` give or take `reach`.
    pub fn around(estimate: f64, reach: f64) -> Self {
        Self { low: estimate - reach, high: estimate + reach }
    }

    /// The part of it between `low` and `high`, where what it bounds cannot be outside.
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }
}

/// Why a statistic has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undefined {
    /// A spread needs two.
    #[error("fewer than two pairs")]
    TooFew,
    /// Nothing to divide by.
    #[error("the differences do not vary")]
    NoSpread,
    /// Nothing to rank.
    #[error("no pair differs")]
    NoChange,
    /// All values of both sides are one.
    #[error("the values do not vary")]
    OneValue,
    /// It would take too long.
    #[error("too many pairs")]
    TooMany,
    /// Chance alone would agree always.
    #[error("all are of one class")]
    OneClass,
}
