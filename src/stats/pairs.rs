//! Two numbers of each patient or exam: before and after, or by one reader and the other.

/// Pairs of finite numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// The first of each pair: before, or reader A.
    pub first: Vec<f64>,
    /// The second of each pair: after, or reader B.
    pub second: Vec<f64>,
}

/// Values have five decimals and rarely more than six digits before them: differences that are nearer than this share
/// of the largest value are one difference, told apart only by how binary numbers round.
const RESOLUTION: f64 = 1e-12;

impl Pairs {
    /// How many.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// First minus second; differences that are equal as decimals are equal, and so are those of opposite sign.
    pub fn differences(&self) -> Vec<f64> {
        let raw: Vec<f64> = self.first.iter().zip(&self.second).map(|(a, b)| a - b).collect();
        let largest = self.first.iter().chain(&self.second).fold(0.0_f64, |most, v| most.max(v.abs()));
        levelled(&raw, largest * RESOLUTION)
    }

    /// The mean of each pair.
    pub fn means(&self) -> Vec<f64> {
        self.first.iter().zip(&self.second).map(|(a, b)| (a + b) / 2.0).collect()
    }
}

impl FromIterator<(f64, f64)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(pairs: I) -> Self {
        let (first, second) = pairs.into_iter().unzip();
        Self { first, second }
    }
}

/// Values whose sizes lie within `resolution` of a smaller one take its size; those that small become 0.
fn levelled(values: &[f64], resolution: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].abs().total_cmp(&values[j].abs()));
    let (mut level, mut levelled) = (0.0, vec![0.0; values.len()]);
    for i in order {
        if values[i].abs() - level > resolution {
            level = values[i].abs();
        }
        levelled[i] = if level == 0.0 { 0.0 } else { level.copysign(values[i]) };
    }
    levelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_that_differ_by_the_same_are_tied() {
        let pairs: Pairs = [(5.3, 5.1), (0.3, 0.1), (0.1, 0.3), (0.7, 0.7), (1e-13, 0.0)].into_iter().collect();
        let d = pairs.differences();
        assert!(pairs.first[0] - pairs.second[0] != pairs.first[1] - pairs.second[1], "binary numbers do not tie them");
        assert!(d[0] == d[1] && d[0] == -d[2] && d[3] == 0.0 && d[4] == 0.0, "{d:?}");
        assert!((d[0] - 0.2).abs() < 1e-12);
        assert_eq!((pairs.len(), pairs.means()[3]), (5, 0.7));
    }
}
