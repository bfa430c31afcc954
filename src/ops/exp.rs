//! The exponential function of many numbers at once.

/// As [`libm::expf`] has them (FreeBSD's `e_expf.c`): ln 2 in two parts, and 1 / ln 2.
const LN2_HI: f32 = f32::from_bits(0x3f31_7200);
const LN2_LO: f32 = f32::from_bits(0x35bf_be8e);
const INV_LN2: f32 = f32::from_bits(0x3fb8_aa3b);
const P: [f32; 2] = [0.166_666_25, -0.002_766_733_3];
/// Half and one and a half times ln 2: numbers nearer to 0 need no reduction, and others none but by one.
const NEAR: f32 = f32::from_bits(0x3eb1_7218);
const FAR: f32 = f32::from_bits(0x3f85_1592);
/// Numbers so near to 0 are taken for straight.
const STRAIGHT: f32 = 1.0 / 8192.0;
/// The least number whose exponential is a normal number.
const LEAST: f32 = -87.0;

/// A number of this size has no bits after the point, and its lowest bits are those of the whole number added to it.
const WHOLE: f32 = 12_582_912.0; // 1.5 x 2^23

/// `e^x` of numbers that are not positive, to the last bit what [`libm::expf`] says: its steps without its branches, which
/// the compiler turns into vectors.
pub fn of_negatives(x: &mut [f32]) {
    if x.iter().fold(true, |all, &x| all & (LEAST..=0.0).contains(&x)) {
        x.iter_mut().for_each(|x| *x = of_negative(*x));
    } else {
        x.iter_mut().for_each(|x| *x = libm::expf(*x));
    }
}

#[inline(always)]
fn of_negative(x: f32) -> f32 {
    // The whole number towards 0, by way of the nearest.
    let cut = INV_LN2 * x - 0.5;
    let nearest = (cut + WHOLE) - WHOLE;
    let whole = if nearest < cut { nearest + 1.0 } else { nearest };
    let reduced = if x < -FAR { whole } else { -1.0 };
    let k = if x >= -NEAR { 0.0 } else { reduced };
    let (hi, lo) = (x - k * LN2_HI, k * LN2_LO);
    let rest = hi - lo;
    let squared = rest * rest;
    let c = rest - squared * (P[0] + squared * P[1]);
    let y = 1.0 + (rest * c / (2.0 - c) - lo + hi);
    let power = f32::from_bits((k + (127.0 + WHOLE)).to_bits() << 23);
    if x >= -STRAIGHT { 1.0 + x } else { y * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_that_of_libm() {
        let same = |x: f32| {
            let mut found = [x];
            of_negatives(&mut found);
            found[0].to_bits() == libm::expf(x).to_bits()
        };
        // From -0 to beyond the least normal number and to minus infinity and what is no number, and about every branch.
        assert!((0x8000_0000_u32..=0xffff_ffff).step_by(9973).map(f32::from_bits).all(same));
        for edge in [NEAR, FAR, STRAIGHT, -LEAST, 0.5, 1.0, 88.7, 103.97] {
            let bits = (-edge).to_bits();
            assert!((bits - 500..bits + 500).map(f32::from_bits).all(same), "about {edge}");
        }
    }
}
