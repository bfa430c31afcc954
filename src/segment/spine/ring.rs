//! The best closed ring around a point: a radius for each ray, none far from its neighbour's, by dynamic programming.

use super::polar::{RAYS, STEP_MM, direction};
use ndarray::Array2;

/// A ring around a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Its middle, pixels.
    pub centre: [f64; 2],
    /// The radius on each ray, mm.
    pub radius_mm: [f64; RAYS],
}

impl Ring {
    /// The middle of its corners, pixels.
    pub fn middle_px(&self, pixel_mm: [f64; 2]) -> [f64; 2] {
        let off = |a: usize| (0..RAYS).map(|ray| direction(ray)[a] * self.radius_mm[ray]).sum::<f64>();
        [0, 1].map(|a| self.centre[a] + off(a) / RAYS as f64 / pixel_mm[a])
    }

    /// The ring with all radii this many times as long.
    pub fn scaled(&self, by: f64) -> Self {
        Self { centre: self.centre, radius_mm: self.radius_mm.map(|mm| by * mm) }
    }

    /// Whether a place lies within it; between rays the radius is linear in the angle.
    pub fn holds(&self, at: [f64; 2], pixel_mm: [f64; 2]) -> bool {
        let [dx, dy] = [0, 1].map(|a| (at[a] - self.centre[a]) * pixel_mm[a]);
        let turn = (libm::atan2(dy, dx) / std::f64::consts::TAU).rem_euclid(1.0) * RAYS as f64;
        let (ray, t) = (turn as usize % RAYS, turn.fract());
        libm::hypot(dx, dy) < (1.0 - t) * self.radius_mm[ray] + t * self.radius_mm[(ray + 1) % RAYS]
    }

    /// The pixels within it of a plane of `nx` by `ny`: x and y.
    pub fn pixels(&self, [nx, ny]: [usize; 2], pixel_mm: [f64; 2]) -> Vec<[usize; 2]> {
        let (least, reach) = self.radius_mm.iter().fold((f64::MAX, 0.0_f64), |(a, b), r| (a.min(*r), b.max(*r)));
        let range = |a: usize, n: usize| {
            let reach = reach / pixel_mm[a];
            let end = |v: f64| v.clamp(0.0, n as f64) as usize;
            end((self.centre[a] - reach).floor())..end((self.centre[a] + reach).ceil() + 1.0)
        };
        let (xs, ys) = (range(0, nx), range(1, ny));
        let all = ys.flat_map(|y| xs.clone().map(move |x| [x, y]));
        // Nearer than every radius, or farther: no angle is needed to tell. Rounding is left to those that need one.
        let (inner_mm2, outer_mm2) = (0.999 * least * least, 1.001 * reach * reach);
        all.filter(|at| {
            let at = at.map(|v| v as f64);
            let [x_mm, y_mm] = [0, 1].map(|a| (at[a] - self.centre[a]) * pixel_mm[a]);
            let mm2 = x_mm * x_mm + y_mm * y_mm;
            mm2 < inner_mm2 || mm2 < outer_mm2 && self.holds(at, pixel_mm)
        })
        .collect()
    }
}

/// Neighbouring radii differ by at most so many samples: 0.5 mm (method.md 6.3).
const MOST_STEPS: usize = 2;
/// What a sample of difference costs.
const BEND: f64 = 0.02;

/// The sample on each ray with the least sum of costs, closed: the first ray's neighbour is the last.
///
/// Once around to settle, then once more from where that came through.
pub fn cheapest(cost: &Array2<f64>) -> Vec<usize> {
    let settled = walk(cost, 2 * RAYS, None);
    let start = settled[RAYS];
    walk(cost, RAYS + 1, Some(start))[..RAYS].to_vec()
}

/// The cheapest walk over so many rays; where an end is given it begins and ends there.
fn walk(cost: &Array2<f64>, rays: usize, end: Option<usize>) -> Vec<usize> {
    let n = cost.ncols();
    let first = |k: usize| if end.is_some_and(|e| e != k) { f64::INFINITY } else { cost[(0, k)] };
    let mut sum: Vec<f64> = (0..n).map(first).collect();
    let mut from: Vec<Vec<usize>> = vec![Vec::new()];
    for ray in 1..rays {
        let (least, through) = cheapest_steps(&sum);
        sum = least.iter().zip(cost.row(ray % RAYS)).map(|(least, cost)| least + cost).collect();
        from.push(through);
    }
    let cheapest = (0..n).fold(0, |a, b| if sum[b] < sum[a] { b } else { a });
    let mut at = end.unwrap_or(cheapest);
    let mut path = vec![at];
    for back in from.iter().skip(1).rev() {
        at = back[at];
        path.push(at);
    }
    path.reverse();
    path
}

/// For each sample the least of its own and its neighbours' sums with what the step costs, and whose it is; of equal ones the
/// first.
fn cheapest_steps(sums: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let n = sums.len();
    let (mut least, mut from) = (vec![f64::INFINITY; n], (0..n).collect::<Vec<_>>());
    // Step by step over all samples, which the compiler turns into vectors.
    for step in 0..=2 * MOST_STEPS {
        let bend = BEND * step.abs_diff(MOST_STEPS).pow(2) as f64;
        let (own, other) = (MOST_STEPS.saturating_sub(step), step.saturating_sub(MOST_STEPS));
        let pairs = least[own.min(n)..].iter_mut().zip(&mut from[own.min(n)..]);
        for (j, (sum, (least, from))) in (other..).zip(sums[other.min(n)..].iter().zip(pairs)) {
            let through = sum + bend;
            let is_less = through < *least;
            *least = if is_less { through } else { *least };
            *from = if is_less { j } else { *from };
        }
    }
    (least, from)
}

/// The ring of samples around a pixel, moved outwards.
pub fn ring(centre: [f64; 2], samples: &[usize], outward_mm: f64) -> Ring {
    Ring { centre, radius_mm: std::array::from_fn(|ray| samples[ray] as f64 * STEP_MM + outward_mm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_follows_the_cheap_samples_and_is_closed() {
        let wanted = |ray: usize| (20.0 + 6.0 * direction(ray)[0]) as usize;
        let cost = Array2::from_shape_fn((RAYS, 48), |(ray, k)| if k == wanted(ray) { -1.0 } else { 0.0 });
        let found = cheapest(&cost);
        assert!((0..RAYS).all(|ray| found[ray].abs_diff(wanted(ray)) <= 1), "{found:?}");
        assert!(found[0].abs_diff(found[RAYS - 1]) <= MOST_STEPS);
    }

    #[test]
    fn the_cheapest_step_is_the_least_of_all() {
        let sums: Vec<f64> = (0..9).map(|k| f64::from((k * 7 + 3) % 5) * 0.03).collect();
        let (least, from) = cheapest_steps(&sums);
        for k in 0..9 {
            let near = (0..9_usize).filter(|j| j.abs_diff(k) <= MOST_STEPS);
            let cost = |j: usize| sums[j] + BEND * j.abs_diff(k).pow(2) as f64;
            let slow = near.fold(None, |best: Option<usize>, j| best.filter(|b| cost(*b) <= cost(j)).or(Some(j)));
            assert_eq!((least[k], from[k]), (cost(slow.unwrap()), slow.unwrap()));
        }
        assert_eq!(cheapest_steps(&[4.0]), (vec![4.0], vec![0]));
    }

    #[test]
    fn a_round_ring_holds_its_disc() {
        let ring = Ring { centre: [20.3, 18.6], radius_mm: [6.0; RAYS] };
        let pixels = ring.pixels([40, 40], [0.5, 0.8]);
        let slow: Vec<[usize; 2]> = (0..1600)
            .map(|i| [i % 40, i / 40])
            .filter(|[x, y]| libm::hypot((*x as f64 - 20.3) * 0.5, (*y as f64 - 18.6) * 0.8) < 6.0)
            .collect();
        assert_eq!(pixels, slow);
        assert_eq!(ring.middle_px([0.5, 0.8]).map(|v| (v * 1e9).round()), [20.3e9, 18.6e9]);
    }

    #[test]
    fn one_bright_spot_does_not_pull_a_ring_off() {
        let mut cost = Array2::from_shape_fn((RAYS, 48), |(_, k)| if k == 20 { -1.0 } else { 0.0 });
        cost[(10, 40)] = -5.0;
        assert!(cheapest(&cost).iter().all(|k| *k == 20));
    }
}
