//! The regularised incomplete beta function.

/// `I_x(a, b)` for `a, b > 0` and `y = 1 - x`, which is given so that it keeps its digits: the continued fraction of
/// DLMF 8.17.22, on the side of the mean where it converges.
pub fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return f64::from(u8::from(y <= 0.0));
    }
    if x > (a + 1.0) / (a + b + 2.0) { 1.0 - by_fraction(b, a, y, x) } else { by_fraction(a, b, x, y) }
}

fn by_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    libm::exp(a * libm::log(x) + b * libm::log(y) - log_beta) / (a * fraction(a, b, x))
}

/// It converges in some `sqrt(max(a, b))` steps; this many serve a million degrees of freedom.
const MOST_STEPS: u32 = 20_000;
/// Stands for a denominator of 0, as Lentz' method (Thompson and Barnett 1986) asks for.
const TINY: f64 = 1e-300;

/// `1 + d1/(1 + d2/(1 + ...))` from the front, by ratios of its convergents.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let (mut value, mut upper, mut lower) = (1.0, 1.0, 0.0);
    for step in 1..=MOST_STEPS {
        let d = partial(a, b, x, step);
        upper = not_zero(1.0 + d / upper);
        lower = 1.0 / not_zero(1.0 + d * lower);
        value *= upper * lower;
        if (upper * lower - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

fn not_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

fn partial(a: f64, b: f64, x: f64, step: u32) -> f64 {
    let m = f64::from(step / 2);
    let base = a + 2.0 * m;
    match step % 2 {
        0 => m * (b - m) * x / ((base - 1.0) * base),
        _ => -(a + m) * (a + b + m) * x / (base * (base + 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parameters_give_binomial_sums() {
        // I_x(2, 3) = sum over k of 2..=4 of C(4, k) x^k (1 - x)^(4 - k)
        let x: f64 = 0.3;
        let sum = 6.0 * x.powi(2) * 0.7_f64.powi(2) + 4.0 * x.powi(3) * 0.7 + x.powi(4);
        assert!((incomplete_beta(2.0, 3.0, x, 0.7) - sum).abs() < 1e-15);
        assert!((incomplete_beta(3.0, 2.0, 0.7, x) - (1.0 - sum)).abs() < 1e-15);
        assert_eq!((incomplete_beta(2.0, 3.0, 0.0, 1.0), incomplete_beta(2.0, 3.0, 1.0, 0.0)), (0.0, 1.0));
    }
}
