//! A walk along a closed ring of rays: where the true border runs, and what kind it is, weighed by all rays together.
//!
//! A hidden Markov chain (forward and backward pass). From ray to ray the border strays like a hand, an
//! Ornstein-Uhlenbeck walk about the outline's bias, and its kind seldom changes. Native bone that abuts the border
//! comes from and goes to somewhere: it may begin and end only where bone is seen to leave the lesion, and a rim
//! rarely ends just there. That is what tells a remnant of the vertebra's wall from a patch of rim.

use super::layers::{BARE, KINDS, NATIVE, OFFSET_MM, OFFSETS, RIM, Weights, offset_mm};

/// A hand's stray is correlated over this length, mm (method.md 1.1: 8 mm).
const STRAY_LENGTH_MM: f64 = 8.0;
/// Rays walked before the first one, to forget where the ring was opened: five lengths of the stray.
const WARM_UP: usize = 40;
/// How often each kind is met, before anything is seen.
pub const FREQUENCY: [f32; KINDS] = [0.5, 0.15, 0.35];
/// A rim begins or ends once in this many millimetres ...
const RIM_CHANGES: f32 = 1.0 / 40.0;
/// ... and so much more rarely where bone is seen to leave the lesion.
const RIM_ENDS_AT_LEAVING_BONE: f32 = 0.1;
/// Contact with native bone begins once in 30 mm and is short: it ends with this chance in each millimetre ...
const CONTACT_BEGINS: f32 = 1.0 / 30.0;
/// See above.
const CONTACT_ENDS: f32 = 0.15;
/// ... but so much more rarely where no bone is seen to leave the lesion.
const CONTACT_IS_BLUNT: f32 = 0.05;

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

/// How far the border may move from one ray to the next, in distances of offsets, to either side.
const REACH: usize = 2;
/// Moves a border may make: from [`REACH`] inwards to as much outwards.
const MOVES: usize = 2 * REACH + 1;

/// Hands that walk abreast: as many as there are numbers in a register of every x86-64 processor.
pub const ABREAST: usize = 4;
/// A number for each of these hands.
pub type Lane = [f32; ABREAST];
/// Numbers in a row.
const ROW: usize = OFFSETS * ABREAST;
/// A weight for each offset and hand, the hands of an offset side by side: loops over a row become loops over registers.
type Row = [f32; ROW];
/// A weight for each kind, offset and hand.
type State = [Row; KINDS];
/// For each move the chance of it at each offset, for each hand.
type Moves = [Row; MOVES];

/// Transitions between offsets for some hands.
pub struct Walks {
    start: Row,
    /// Chance to come to an offset by each move.
    arriving: Moves,
    /// Chance to go from an offset by each move.
    leaving: Moves,
}

impl Walks {
    /// The walks of hands over rays `arc_mm` apart.
    pub fn new(hands: [Hand; ABREAST], arc_mm: f64) -> Self {
        let starts = hands.map(|hand| bell(hand.bias_mm, hand.stray_mm));
        let by_hand = hands.map(|hand| moves(hand, arc_mm));
        let from = |j: usize, m: usize| (j + REACH).checked_sub(m).filter(|&from| from < OFFSETS);
        Self {
            start: row(|j, hand| starts[hand][j]),
            arriving: std::array::from_fn(|m| row(|j, hand| from(j, m).map_or(0.0, |from| by_hand[hand][from][m]))),
            leaving: std::array::from_fn(|m| row(|j, hand| by_hand[hand][j][m])),
        }
    }

    /// Where the border may be on the next ray. Nothing is believed beyond the outermost offsets.
    #[inline(always)]
    fn forward(&self, now: &mut State) {
        now.iter_mut().for_each(|row| add_up(row, &self.arriving, |m| MOVES - 1 - m));
    }

    /// The same from the next ray to this one.
    #[inline(always)]
    fn backward(&self, next: &mut State) {
        next.iter_mut().for_each(|row| add_up(row, &self.leaving, |m| m));
    }
}

/// A row, weight by weight.
fn row(weight: impl Fn(usize, usize) -> f32) -> Row {
    std::array::from_fn(|i| weight(i / ABREAST, i % ABREAST))
}

/// Each weight becomes the sum over moves of chance times weight; a move finds its weight `places(move)` offsets from
/// [`REACH`] before.
#[inline(always)]
fn add_up(row: &mut Row, chances: &Moves, places: impl Fn(usize) -> usize) {
    let mut padded = [0.0; ROW + 2 * REACH * ABREAST];
    padded[REACH * ABREAST..REACH * ABREAST + ROW].copy_from_slice(row);
    for (i, weight) in row.iter_mut().enumerate() {
        let of_move = |m: usize| chances[m][i] * padded[places(m) * ABREAST + i];
        *weight = (1..MOVES).fold(of_move(0), |sum, m| sum + of_move(m));
    }
}

/// Chance of each move from each offset.
fn moves(hand: Hand, arc_mm: f64) -> [[f32; MOVES]; OFFSETS] {
    let keeps = libm::exp(-arc_mm / STRAY_LENGTH_MM);
    let variance = hand.stray_mm * hand.stray_mm * (1.0 - keeps * keeps) / (OFFSET_MM * OFFSET_MM);
    let from = |j: usize| spread((1.0 - keeps) * (hand.bias_mm - offset_mm(j)) / OFFSET_MM, variance);
    std::array::from_fn(|j| from(j).map(|chance| chance as f32))
}

/// Chances of the moves whose mean and variance, in distances of offsets, are those of the walk: on three neighbouring
/// moves, so that a hand that strays by less than their distance keeps its pull. As few as two of them carry the mean.
fn spread(mean: f64, variance: f64) -> [f64; MOVES] {
    let middle = mean.round().clamp(1.0 - REACH as f64, REACH as f64 - 1.0);
    let off = (mean - middle).clamp(-1.0, 1.0);
    let moved = (variance + off * off).clamp(off.abs(), 1.0);
    let mut chances = [0.0; MOVES];
    let place = (middle + REACH as f64) as usize;
    chances[place - 1] = 0.5 * (moved - off);
    chances[place] = 1.0 - moved;
    chances[place + 1] = 0.5 * (moved + off);
    chances
}

/// A normal distribution on the offsets.
fn bell(mean_mm: f64, sd_mm: f64) -> [f32; OFFSETS] {
    let at: [f64; OFFSETS] = std::array::from_fn(|j| {
        libm::exp(-0.5 * ((offset_mm(j) - mean_mm) / sd_mm) * ((offset_mm(j) - mean_mm) / sd_mm))
    });
    let total: f64 = at.iter().sum();
    at.map(|w| (w / total) as f32)
}

/// Chances to go from a kind of border on one ray to a kind on the next.
///
/// The row of native bone does not add up to 1 where bone leaves nothing: such a contact is unlikely as a whole.
fn changes(here: &Evidence, next: &Evidence) -> [[f32; KINDS]; KINDS] {
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

/// Walks along the ring and gives only how well each hand explains it, as a logarithm: the forward pass alone.
pub fn evidence(ring: &[Evidence], walks: &Walks) -> [f64; ABREAST] {
    let mut log = [0.0; ABREAST];
    forward(ring, walks, |_, total| (0..ABREAST).for_each(|hand| log[hand] += libm::log(f64::from(total[hand]))));
    log
}

/// Walks along the ring and back: the probability of each kind and offset on each ray, the hands weighed by `chances`.
pub fn pass(ring: &[Evidence], walks: &Walks, chances: Lane) -> Vec<Weights> {
    let mut here = Vec::with_capacity(ring.len());
    forward(ring, walks, |state, _| here.push(*state));
    let mut belief = vec![[[0.0; OFFSETS]; KINDS]; ring.len()];
    let mut after: State = [[1.0; ROW]; KINDS];
    let n = ring.len();
    for t in (0..n + WARM_UP.min(n)).rev() {
        let i = t % n;
        if t < n {
            belief[i] = mean(&here[i], &after, chances);
        }
        behind(&ring[(i + n - 1) % n], &ring[i], walks, &mut after);
    }
    belief
}

/// The mean over hands of what both directions say.
fn mean(here: &State, after: &State, chances: Lane) -> Weights {
    let mut both = *here;
    both.as_flattened_mut().iter_mut().zip(after.as_flattened()).for_each(|(here, after)| *here *= after);
    let total = total(&both);
    let share: Lane = std::array::from_fn(|hand| chances[hand] / total[hand]);
    let shared = |lane: &Lane| (0..ABREAST).map(|hand| lane[hand] * share[hand]).sum();
    let lanes = both.each_ref().map(lanes);
    std::array::from_fn(|kind| std::array::from_fn(|j| shared(&lanes[kind][j])))
}

/// The forward pass; `keep` is shown each ray's state in turn, and by how much it fell.
fn forward(ring: &[Evidence], walks: &Walks, mut keep: impl FnMut(&State, &Lane)) {
    let n = ring.len();
    let warm = WARM_UP.min(n);
    let mut now: State = FREQUENCY.map(|often| walks.start.map(|start| often * start));
    for t in n - warm..2 * n {
        let i = t % n;
        if t > n - warm {
            ahead(&ring[(i + n - 1) % n], &ring[i], walks, &mut now);
        }
        weigh(&mut now, &ring[i].weights);
        let fallen = scale(&mut now);
        if t >= n {
            keep(&now, &fallen);
        }
    }
}

/// The lanes of a row, one for each offset.
#[inline(always)]
fn lanes(row: &Row) -> &[Lane] {
    row.as_chunks().0
}

/// The sum over kinds and offsets.
#[inline(always)]
fn total(state: &State) -> Lane {
    let mut total = [0.0; ABREAST];
    for row in state {
        lanes(row).iter().for_each(|lane| total = std::array::from_fn(|hand| total[hand] + lane[hand]));
    }
    total
}

/// No weight falls below this share: products of fainter ones leave the normal numbers, whose sums take a hundred times as
/// long, and nothing so unlikely is ever believed.
const FAINTEST: f32 = 1e-18;

/// Weighs a state by what a ray shows.
#[inline(always)]
fn weigh(state: &mut State, seen: &Weights) {
    for (row, seen) in state.iter_mut().zip(seen) {
        let lanes = row.as_chunks_mut::<ABREAST>().0;
        lanes.iter_mut().zip(seen).for_each(|(lane, seen)| *lane = lane.map(|weight| weight * seen));
    }
}

/// Brings a state to a sum of 1; gives what the sum was.
#[inline(always)]
fn scale(state: &mut State) -> Lane {
    let total = total(state);
    let by = total.map(|sum| 1.0 / sum);
    // What `f32::max` says, in one instruction.
    let no_less = |weight: f32| if weight > FAINTEST { weight } else { FAINTEST };
    for row in state {
        let lanes = row.as_chunks_mut::<ABREAST>().0;
        lanes.iter_mut().for_each(|lane| *lane = std::array::from_fn(|hand| no_less(lane[hand] * by[hand])));
    }
    total
}

#[inline(always)]
fn ahead(here: &Evidence, next: &Evidence, walks: &Walks, now: &mut State) {
    let p = changes(here, next);
    walks.forward(now);
    mix(now, |kind, from| p[from][kind]);
}

#[inline(always)]
fn behind(here: &Evidence, next: &Evidence, walks: &Walks, after: &mut State) {
    let p = changes(here, next);
    weigh(after, &next.weights);
    mix(after, |kind, to| p[kind][to]);
    walks.backward(after);
    scale(after);
}

/// Each weight becomes a sum over kinds: `sum_l share(k, l) weight(l)`.
#[inline(always)]
fn mix(state: &mut State, share: impl Fn(usize, usize) -> f32) {
    let share: [[f32; KINDS]; KINDS] = std::array::from_fn(|kind| std::array::from_fn(|of| share(kind, of)));
    let [bare, native, rim] = state;
    for ((bare, native), rim) in bare.iter_mut().zip(native).zip(rim) {
        let of = |s: &[f32; KINDS]| s[BARE] * *bare + s[NATIVE] * *native + s[RIM] * *rim;
        (*bare, *native, *rim) = (of(&share[BARE]), of(&share[NATIVE]), of(&share[RIM]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ray(weights: impl Fn(usize, usize) -> f32) -> Evidence {
        Evidence { weights: std::array::from_fn(|c| std::array::from_fn(|j| weights(c, j))), leaves: false }
    }

    /// The probability of a rim for the first of the hands.
    fn rim_by_first(ring: &[Evidence], walks: &Walks) -> Vec<f32> {
        pass(ring, walks, [1.0, 0.0, 0.0, 0.0]).iter().map(|belief| belief[RIM].iter().sum()).collect()
    }

    fn alone(bias_mm: f64, stray_mm: f64) -> Walks {
        Walks::new([Hand { bias_mm, stray_mm }; ABREAST], 1.0)
    }

    /// The posterior of one hand by adding up every path through a short ring that is opened where it starts.
    fn by_all_paths(ring: &[Evidence], hand: Hand) -> Vec<f64> {
        let (moves, start) = (moves(hand, 1.0), bell(hand.bias_mm, hand.stray_mm));
        let n = ring.len();
        let states = KINDS * OFFSETS;
        let mut rim = vec![0.0; n];
        let mut total = 0.0;
        let sequence: Vec<usize> = (0..n).chain(0..n).chain(0..n).collect();
        // Messages along the unrolled ring, three times around, state by state, with no scaling and no shortcut.
        let weight = |i: usize, s: usize| f64::from(ring[i].weights[s / OFFSETS][s % OFFSETS]);
        let step =
            |a: usize, b: usize| (b + REACH).checked_sub(a).and_then(|m| moves[a].get(m)).copied().unwrap_or(0.0);
        let go = |a: usize, b: usize, i: usize, k: usize| {
            f64::from(changes(&ring[i], &ring[k])[a / OFFSETS][b / OFFSETS] * step(a % OFFSETS, b % OFFSETS))
        };
        let first = |s: usize| f64::from(FREQUENCY[s / OFFSETS] * start[s % OFFSETS]);
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
            .map(|i| ray(|c, j| 0.1 + ((i * 7 + c * 5 + j * 3) % 11) as f32 / 11.0))
            .enumerate()
            .map(|(i, e)| Evidence { leaves: i % 3 == 0, ..e })
            .collect();
        let hands =
            [(0.2, 0.6), (-0.8, 0.3), (0.0, 1.0), (0.4, 0.6)].map(|(bias_mm, stray_mm)| Hand { bias_mm, stray_mm });
        let walks = Walks::new(hands, 1.0);
        for (lane, hand) in hands.into_iter().enumerate() {
            let mut chances = [0.0; ABREAST];
            chances[lane] = 1.0;
            for (belief, want) in pass(&ring, &walks, chances).iter().zip(by_all_paths(&ring, hand)) {
                let rim = f64::from(belief[RIM].iter().sum::<f32>());
                assert!((rim - want).abs() < 2e-3, "{rim} {want}");
            }
        }
        let mixed = pass(&ring, &walks, [0.1, 0.2, 0.3, 0.4]);
        assert!(mixed.iter().all(|belief| (belief.iter().flatten().sum::<f32>() - 1.0).abs() < 1e-5));
    }

    #[test]
    fn a_step_has_the_mean_and_the_variance_of_the_walk() {
        for (mean, variance) in [(0.0, 0.08), (0.3, 0.3), (-0.8, 0.5), (0.12, 0.2), (0.05, 0.6)] {
            let chances = spread(mean, variance);
            let moment = |of: &dyn Fn(f64) -> f64| {
                chances.iter().enumerate().map(|(m, p)| p * of(m as f64 - REACH as f64)).sum::<f64>()
            };
            assert!(chances.iter().all(|p| *p >= 0.0) && (moment(&|_| 1.0) - 1.0).abs() < 1e-12);
            assert!((moment(&|m| m) - mean).abs() < 1e-12);
            assert!((moment(&|m| (m - mean) * (m - mean)) - variance).abs() < 1e-12, "{mean} {variance}");
        }
    }

    #[test]
    fn a_doubtful_ray_follows_its_neighbours() {
        let rim = || ray(|c, _| if c == RIM { 1.0 } else { 0.2 });
        let bare = || ray(|c, _| if c == BARE { 1.0 } else { 0.2 });
        let doubtful = || ray(|_, _| 1.0);
        let walks = alone(0.0, 0.5);
        let among = |of: &dyn Fn() -> Evidence| {
            let ring: Vec<Evidence> = (0..30).map(|i| if i == 15 { doubtful() } else { of() }).collect();
            rim_by_first(&ring, &walks)[15]
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
        let walks = alone(0.5, 0.6);
        let rim = |leaves: bool| {
            let at = |i: usize| if (20..32).contains(&i) { either.clone() } else { bare.clone() };
            let near_end = |i: usize| [18, 19, 32, 33].contains(&i);
            let ring: Vec<Evidence> = (0..60).map(|i| Evidence { leaves: leaves && near_end(i), ..at(i) }).collect();
            rim_by_first(&ring, &walks)[26]
        };
        assert!(rim(true) < 0.5 * rim(false), "{} {}", rim(true), rim(false));
    }
}
