//! Tails and quantiles of the normal, t, F and binomial distributions.
//!
//! Own code, because tables must have the same bytes on every machine: statrs 0.19 takes its logarithms through
//! num-traits, which in any tree with its feature `std` means the platform's libm. Here they are those of the `libm`
//! crate. Against SciPy within 1e-8 relative, down to p of 1e-130 (`recorded_tests.rs`).

mod beta;

use beta::incomplete_beta;

/// Two-sided p of a normal `z`: `erfc(|z| / sqrt 2)`.
pub fn normal_p(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Two-sided p of Student's `t` with `df` > 0 degrees of freedom.
pub fn t_p(t: f64, df: f64) -> f64 {
    let square = t * t;
    incomplete_beta(df / 2.0, 0.5, df / (df + square), square / (df + square))
}

/// The `t` >= 0 whose two-sided p is `p`, 0 < p <= 1.
pub fn t_of_p(p: f64, df: f64) -> f64 {
    where_falls_to(p, |t| t_p(t, df))
}

/// The value that F with `df1` and `df2` degrees of freedom exceeds with the chance `tail`, 0 < tail < 1.
pub fn f_of_tail(tail: f64, df1: f64, df2: f64) -> f64 {
    where_falls_to(tail, |f| incomplete_beta(df2 / 2.0, df1 / 2.0, df2 / (df2 + df1 * f), df1 * f / (df2 + df1 * f)))
}

/// The chance of at most `k` heads in `n` throws of a fair coin, `k` < `n`.
pub fn at_most_heads(k: u64, n: u64) -> f64 {
    incomplete_beta((n - k) as f64, k as f64 + 1.0, 0.5, 0.5)
}

/// The place from 0 on where a falling function reaches `level`: bisected until no number lies between.
fn where_falls_to(level: f64, falling: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while falling(high) > level && high < f64::MAX / 2.0 {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if falling(middle) > level { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!((found - expected).abs() <= relative * expected.abs(), "{found} {expected}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // SciPy 1.17: 2*t.sf, 2*norm.sf, 2*t.sf far out.
        close(t_p(6.738, 23.0), 7.138_529_426_464_3e-7, 1e-11);
        close(t_p(-3.115_327_9, 2.0), 0.089_430_529_7, 1e-9);
        close(normal_p(-4.0145), 5.957_194_375_244e-5, 1e-11);
        close(t_p(37.0, 400.0), 3.329_794_408_5e-131, 1e-9);
        close(t_p(1.0, 1.0), 0.5, 1e-14);
        close(at_most_heads(0, 4), 0.0625, 1e-14);
        close(at_most_heads(3, 10), 176.0 / 1024.0, 1e-13);
    }

    #[test]
    fn quantiles_undo_tails() {
        close(t_of_p(0.05, 23.0), 2.068_657_610_419, 1e-11);
        close(t_of_p(0.05, 1.0), 12.706_204_736_174_7, 1e-11);
        for (p, df) in [(1e-12, 3.0), (0.4, 57.0), (0.999, 2.0)] {
            close(t_p(t_of_p(p, df), df), p, 1e-12);
        }
        close(f_of_tail(0.025, 23.0, 23.0), 2.311_640_593_602_6, 1e-11);
        close(f_of_tail(0.5, 7.5, 7.5), 1.0, 1e-12);
    }
}
