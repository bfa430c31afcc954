//! A walk along a closed ring of rays: where the true border runs, and what kind it is, weighed by all rays together.
//!
//! A hidden Markov chain (forward and backward pass). From ray to ray the border strays like a hand, an
//! Ornstein-Uhlenbeck walk about the outline's bias, and its kind seldom changes. Native bone that abuts the border
//! comes from and goes to somewhere: it may begin and end only where bone is seen to leave the lesion, and a rim
//! rarely ends just there. That is what tells a remnant of the vertebra's wall from a patch of rim.

use super::layers::{BARE, KINDS, NATIVE, OFFSETS, RIM, Weights, offset_mm};

/// A hand's stray is correlated over this length, mm (method.md 1.1: 8 mm).
const STRAY_LENGTH_MM: f64 = 8.0;
/// Rays walked before the first one, to forget where the ring was opened: five lengths of the stray.
const WARM_UP: usize = 40;
/// How often each kind is met, before anything is seen.
pub const FREQUENCY: [f64; KINDS] = [0.5, 0.15, 0.35];
/// A rim begins or ends once in this many millimetres ...
const RIM_CHANGES: f64 = 1.0 / 40.0;
/// ... and so much more rarely where bone is seen to leave the lesion.
const RIM_ENDS_AT_LEAVING_BONE: f64 = 0.2;
/// Contact with native bone begins once in 30 mm and is short: it ends with this chance in each millimetre ...
const CONTACT_BEGINS: f64 = 1.0 / 30.0;
/// See above.
const CONTACT_ENDS: f64 = 0.3;
/// ... but so much more rarely where no bone is seen to leave the lesion.
const CONTACT_IS_BLUNT: f64 = 0.05;

/// What is known of one ray before its neighbours are asked.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Likelihood of each kind and offset.
    pub weights: Weights,
    /// Whether bone is seen outside, where it would leave the lesion.
    pub leaves: bool,
}

/// The hand that drew the outline: how far the true border lies from it on average, and its SD about that, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hand {
    /// Positive where the outline is too tight.
    pub bias_mm: f64,
    /// Its stray.
    pub stray_mm: f64,
}

/// Transitions between offsets for one hand.
pub struct Walk {
    start: [f64; OFFSETS],
    step: [[f64; OFFSETS]; OFFSETS],
}

impl Walk {
    /// The walk of a hand over rays `arc_mm` apart.
    pub fn new(hand: Hand, arc_mm: f64) -> Self {
        let keeps = libm::exp(-arc_mm / STRAY_LENGTH_MM);
        let step_mm = hand.stray_mm * (1.0 - keeps * keeps).sqrt();
        let from = |mm: f64| spread(hand.bias_mm + keeps * (mm - hand.bias_mm), step_mm);
        Self { start: bell(hand.bias_mm, hand.stray_mm), step: std::array::from_fn(|i| from(offset_mm(i))) }
    }

    /// Where the border may be on the next ray.
    fn forward(&self, now: &[f64; OFFSETS]) -> [f64; OFFSETS] {
        let mut next = [0.0; OFFSETS];
        for (weight, row) in now.iter().zip(&self.step) {
            next.iter_mut().zip(row).for_each(|(n, p)| *n += weight * p);
        }
        next
    }

    /// The same from the next ray to this one.
    fn backward(&self, next: &[f64; OFFSETS]) -> [f64; OFFSETS] {
        self.step.map(|row| row.iter().zip(next).map(|(p, n)| p * n).sum())
    }
}

/// Half of the weight one step below the mean, half above, each shared by the two offsets it lies between: the pull
/// back to the bias is far smaller than the distance of offsets, and no rounding may swallow it.
fn spread(mean_mm: f64, sd_mm: f64) -> [f64; OFFSETS] {
    let mut at = [0.0; OFFSETS];
    for mm in [mean_mm - sd_mm, mean_mm + sd_mm] {
        let place = ((mm - offset_mm(0)) / (offset_mm(1) - offset_mm(0))).clamp(0.0, (OFFSETS - 1) as f64 - 1e-9);
        let (below, share) = (place as usize, place.fract());
        at[below] += 0.5 * (1.0 - share);
        at[below + 1] += 0.5 * share;
    }
    at
}

/// A normal distribution on the offsets.
fn bell(mean_mm: f64, sd_mm: f64) -> [f64; OFFSETS] {
    let at: [f64; OFFSETS] = std::array::from_fn(|j| {
        libm::exp(-0.5 * ((offset_mm(j) - mean_mm) / sd_mm) * ((offset_mm(j) - mean_mm) / sd_mm))
    });
    let total: f64 = at.iter().sum();
    at.map(|w| w / total)
}

/// Chances to go from a kind of border on one ray to a kind on the next.
///
/// The row of native bone does not add up to 1 where bone leaves nothing: such a contact is unlikely as a whole.
fn changes(here: &Evidence, next: &Evidence) -> [[f64; KINDS]; KINDS] {
    let at_contact = |leaves: bool| if leaves { 1.0 } else { CONTACT_IS_BLUNT };
    let at_rim = |leaves: bool| if leaves { RIM_ENDS_AT_LEAVING_BONE } else { 1.0 };
    let mut p = [[0.0; KINDS]; KINDS];
    p[BARE][NATIVE] = CONTACT_BEGINS * at_contact(here.leaves);
    p[BARE][RIM] = RIM_CHANGES * at_rim(here.leaves);
    p[NATIVE][BARE] = CONTACT_ENDS * at_contact(next.leaves);
    p[NATIVE][RIM] = RIM_CHANGES;
    p[RIM][BARE] = RIM_CHANGES * at_rim(next.leaves);
    p[RIM][NATIVE] = 0.5 * RIM_CHANGES;
    p[BARE][BARE] = 1.0 - p[BARE][NATIVE] - p[BARE][RIM];
    p[NATIVE][NATIVE] = 1.0 - CONTACT_ENDS - p[NATIVE][RIM];
    p[RIM][RIM] = 1.0 - p[RIM][BARE] - p[RIM][NATIVE];
    p
}

/// Walks along the ring and gives only how well the hand explains it: the forward pass alone.
pub fn evidence(ring: &[Evidence], walk: &Walk) -> f64 {
    forward(ring, walk, |_, _| {})
}

/// Walks along the ring and back: the probability of each kind and offset on each ray.
pub fn pass(ring: &[Evidence], walk: &Walk) -> Vec<Weights> {
    let mut belief = vec![[[0.0; OFFSETS]; KINDS]; ring.len()];
    forward(ring, walk, |i, weights| belief[i] = *weights);
    let mut ahead: Weights = [[1.0; OFFSETS]; KINDS];
    let n = ring.len();
    for t in (0..n + WARM_UP.min(n)).rev() {
        let i = t % n;
        if t < n {
            belief[i].iter_mut().flatten().zip(ahead.iter().flatten()).for_each(|(b, a)| *b *= a);
            scale(&mut belief[i]);
        }
        ahead = behind(&ring[(i + n - 1) % n], &ring[i], walk, &ahead);
    }
    belief
}

/// The forward pass; `keep` is shown each ray's weights.
fn forward(ring: &[Evidence], walk: &Walk, mut keep: impl FnMut(usize, &Weights)) -> f64 {
    let n = ring.len();
    let warm = WARM_UP.min(n);
    let mut now: Weights = FREQUENCY.map(|f| walk.start.map(|s| f * s));
    let mut log_sum = 0.0;
    for t in n - warm..2 * n {
        let i = t % n;
        if t > n - warm {
            now = ahead(&ring[(i + n - 1) % n], &ring[i], walk, &now);
        }
        now.iter_mut().flatten().zip(ring[i].weights.iter().flatten()).for_each(|(w, e)| *w *= e);
        let total = scale(&mut now);
        if t >= n {
            log_sum += libm::log(total);
            keep(i, &now);
        }
    }
    log_sum
}

/// Brings the weights to a sum of 1; gives what the sum was.
fn scale(weights: &mut Weights) -> f64 {
    let total: f64 = weights.iter().flatten().sum();
    weights.iter_mut().flatten().for_each(|w| *w /= total);
    total
}

fn ahead(here: &Evidence, next: &Evidence, walk: &Walk, now: &Weights) -> Weights {
    let moved = now.map(|kind| walk.forward(&kind));
    let p = changes(here, next);
    std::array::from_fn(|to| std::array::from_fn(|j| (0..KINDS).map(|from| p[from][to] * moved[from][j]).sum()))
}

fn behind(here: &Evidence, next: &Evidence, walk: &Walk, after: &Weights) -> Weights {
    let p = changes(here, next);
    let seen = |to: usize, j: usize| after[to][j] * next.weights[to][j];
    let mixed: Weights =
        std::array::from_fn(|from| std::array::from_fn(|j| (0..KINDS).map(|to| p[from][to] * seen(to, j)).sum()));
    let mut weights = mixed.map(|kind| walk.backward(&kind));
    scale(&mut weights);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ray(weights: impl Fn(usize, usize) -> f64) -> Evidence {
        Evidence { weights: std::array::from_fn(|c| std::array::from_fn(|j| weights(c, j))), leaves: false }
    }

    /// The posterior by adding up every path through a short ring that is opened where it starts.
    fn by_all_paths(ring: &[Evidence], walk: &Walk) -> Vec<f64> {
        let n = ring.len();
        let states = KINDS * OFFSETS;
        let mut rim = vec![0.0; n];
        let mut total = 0.0;
        let sequence: Vec<usize> = (0..n).chain(0..n).chain(0..n).collect();
        // Messages along the unrolled ring, three times around, state by state, with no scaling and no shortcut.
        let weight = |i: usize, s: usize| ring[i].weights[s / OFFSETS][s % OFFSETS];
        let go = |a: usize, b: usize, i: usize, k: usize| {
            changes(&ring[i], &ring[k])[a / OFFSETS][b / OFFSETS] * walk.step[a % OFFSETS][b % OFFSETS]
        };
        let first = |s: usize| FREQUENCY[s / OFFSETS] * walk.start[s % OFFSETS];
        let mut up: Vec<Vec<f64>> = vec![(0..states).map(|s| first(s) * weight(0, s)).collect()];
        for t in 1..3 * n {
            let (h, i) = (sequence[t - 1], sequence[t]);
            let sum = |s: usize| (0..states).map(|a| up[t - 1][a] * go(a, s, h, i)).sum::<f64>();
            up.push((0..states).map(|s| sum(s) * weight(i, s)).collect());
        }
        let mut down = vec![vec![1.0; states]; 3 * n];
        for t in (0..3 * n - 1).rev() {
            let (i, k) = (sequence[t], sequence[t + 1]);
            down[t] = (0..states)
                .map(|s| (0..states).map(|b| go(s, b, i, k) * weight(k, b) * down[t + 1][b]).sum())
                .collect();
        }
        for i in 0..n {
            total = (0..states).map(|s| up[n + i][s] * down[n + i][s]).sum();
            rim[i] = (RIM * OFFSETS..states).map(|s| up[n + i][s] * down[n + i][s]).sum::<f64>() / total;
        }
        assert!(total > 0.0);
        rim
    }

    #[test]
    fn the_two_passes_add_up_every_path() {
        let ring: Vec<Evidence> = (0..6)
            .map(|i| ray(|c, j| 0.1 + ((i * 7 + c * 5 + j * 3) % 11) as f64 / 11.0))
            .enumerate()
            .map(|(i, e)| Evidence { leaves: i % 3 == 0, ..e })
            .collect();
        let walk = Walk::new(Hand { bias_mm: 0.2, stray_mm: 0.6 }, 1.0);
        let found = pass(&ring, &walk);
        for (belief, want) in found.iter().zip(by_all_paths(&ring, &walk)) {
            let rim: f64 = belief[RIM].iter().sum();
            assert!((rim - want).abs() < 2e-3, "{rim} {want}");
        }
    }

    #[test]
    fn a_doubtful_ray_follows_its_neighbours() {
        let rim = || ray(|c, _| if c == RIM { 1.0 } else { 0.2 });
        let bare = || ray(|c, _| if c == BARE { 1.0 } else { 0.2 });
        let doubtful = || ray(|_, _| 1.0);
        let walk = Walk::new(Hand { bias_mm: 0.0, stray_mm: 0.5 }, 1.0);
        let among = |of: &dyn Fn() -> Evidence| {
            let ring: Vec<Evidence> = (0..30).map(|i| if i == 15 { doubtful() } else { of() }).collect();
            pass(&ring, &walk)[15][RIM].iter().sum::<f64>()
        };
        assert!(among(&rim) > 0.95 && among(&bare) < 0.05);
    }

    #[test]
    fn bone_at_the_border_is_native_where_bone_leaves_the_lesion_at_both_ends() {
        // Bone that may be a rim drawn 1 mm too tight or native bone outside a true outline.
        let either = ray(|c, j| match c {
            RIM if offset_mm(j) > 0.6 && offset_mm(j) < 1.2 => 1.0,
            NATIVE if offset_mm(j).abs() < 0.3 => 1.0,
            _ => 0.05,
        });
        let bare = ray(|c, j| if c == BARE && offset_mm(j).abs() < 0.3 { 1.0 } else { 0.05 });
        let walk = Walk::new(Hand { bias_mm: 0.5, stray_mm: 0.6 }, 1.0);
        let rim = |leaves: bool| {
            let at = |i: usize| if (20..32).contains(&i) { either.clone() } else { bare.clone() };
            let near_end = |i: usize| [18, 19, 32, 33].contains(&i);
            let ring: Vec<Evidence> = (0..60).map(|i| Evidence { leaves: leaves && near_end(i), ..at(i) }).collect();
            pass(&ring, &walk)[26][RIM].iter().sum::<f64>()
        };
        assert!(rim(true) < 0.5 * rim(false), "{} {}", rim(true), rim(false));
    }
}
