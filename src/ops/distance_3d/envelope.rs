//! The lower envelope of parabolas along a line, for some lines side by side.
//!
//! Every parabola `height + (step (q - apex))^2` has the same width, so that the one that is lowest at `q` lies no
//! further left than the one that is lowest to the left of `q`. Halfway between two places whose lowest are known only
//! those between these are looked at. Lines side by side look at the same ones, in step: nothing branches on a height.

/// Lines that are worked on together: four vector registers of the smallest kind.
pub const LANES: usize = 16;

/// One value for each line.
pub type Lanes = [f32; LANES];

/// How far above its neighbours' chord, as a share, a parabola must lie to be dropped: more than rounding can feign.
const MARGIN: f32 = 1.0 + 1e-6;

/// The parabolas over some lines.
pub struct Envelope<'a> {
    /// Square of the length of k steps, mm2.
    squares_mm2: &'a [f32],
    /// Place and height of each parabola, from left to right.
    apexes: Vec<usize>,
    heights: Vec<Lanes>,
    /// For each place the first and last parabola that is the lowest in one of the lines.
    lowest: Vec<[u32; 2]>,
}

impl<'a> Envelope<'a> {
    /// No parabolas yet, over lines whose places are as many as there are squares.
    pub fn new(squares_mm2: &'a [f32]) -> Self {
        Self { squares_mm2, apexes: Vec::new(), heights: Vec::new(), lowest: vec![[0; 2]; squares_mm2.len()] }
    }

    /// Forgets all parabolas.
    pub fn clear(&mut self) {
        self.apexes.clear();
        self.heights.clear();
    }

    /// Adds parabolas to the right of all others, one in each line; finite. If there are fewer heights than lines, the
    /// last stands for the rest.
    pub fn push(&mut self, apex: usize, heights: &[f32]) {
        let mut lanes = [heights[heights.len() - 1]; LANES];
        lanes[..heights.len()].copy_from_slice(heights);
        self.apexes.push(apex);
        self.heights.push(lanes);
    }

    /// Tells the envelope's value at every place, in any order; there must be a parabola.
    pub fn read(&mut self, mut tell: impl FnMut(usize, &Lanes)) {
        self.prune();
        let n = self.lowest.len();
        let mut half = n.next_power_of_two();
        while half > 1 {
            for q in (half - 1..n).step_by(2 * half) {
                let (values, lowest) = self.search(q, self.between(q, half));
                self.lowest[q] = lowest;
                tell(q, &values);
            }
            half /= 2;
        }
        (0..n).step_by(2).for_each(|q| tell(q, &self.least(q, self.between(q, 1))));
    }

    /// The parabolas that can be the lowest at `q`, given the places `half` to its left and right.
    fn between(&self, q: usize, half: usize) -> [usize; 2] {
        let first = (q + 1).checked_sub(half + 1).map_or(0, |left| self.lowest[left][0] as usize);
        let last = self.lowest.get(q + half).map_or(self.apexes.len() - 1, |right| right[1] as usize);
        [first.min(last), last]
    }

    /// The lowest value at `q` in each line.
    fn least(&self, q: usize, [first, last]: [usize; 2]) -> Lanes {
        let mut best = [f32::INFINITY; LANES];
        for (heights, apex) in self.heights[first..=last].iter().zip(&self.apexes[first..=last]) {
            let square = self.squares_mm2[q.abs_diff(*apex)];
            best.iter_mut().zip(heights).for_each(|(b, h)| *b = if h + square < *b { h + square } else { *b });
        }
        best
    }

    /// The lowest value at `q` in each line, and the first and last parabola that has it.
    fn search(&self, q: usize, [first, last]: [usize; 2]) -> (Lanes, [u32; 2]) {
        let (mut best, mut which) = ([f32::INFINITY; LANES], [first as u32; LANES]);
        for (k, (heights, apex)) in (first as u32..).zip(self.heights[first..=last].iter().zip(&self.apexes[first..])) {
            let square = self.squares_mm2[q.abs_diff(*apex)];
            for l in 0..LANES {
                let value = heights[l] + square;
                which[l] = if value < best[l] { k } else { which[l] };
                best[l] = if value < best[l] { value } else { best[l] };
            }
        }
        let ends = which.iter().fold([u32::MAX, 0], |[lo, hi], w| [lo.min(*w), hi.max(*w)]);
        (best, ends)
    }

    /// Drops parabolas that are nowhere the lowest in any line, as long as that is worth it.
    fn prune(&mut self) {
        loop {
            let before = self.apexes.len();
            self.prune_once();
            if self.apexes.len() * 8 > before * 7 {
                return;
            }
        }
    }

    /// Drops each parabola that lies above those next to it: it is never lower than the lower one of the two.
    fn prune_once(&mut self) {
        let n = self.apexes.len();
        let mut kept = 1;
        for k in 1..n {
            if k + 1 == n || !self.is_above([kept - 1, k, k + 1]) {
                self.apexes[kept] = self.apexes[k];
                self.heights[kept] = self.heights[k];
                kept += 1;
            }
        }
        self.apexes.truncate(kept);
        self.heights.truncate(kept);
    }

    /// Whether, in all lines, the middle one of three parabolas is nowhere the lowest: `height + (step apex)^2` lies above
    /// the chord of the other two.
    fn is_above(&self, three: [usize; 3]) -> bool {
        let [a, b, c] = three.map(|k| self.apexes[k]);
        let (to_a, to_c) = ((b - a) as f32, (c - b) as f32);
        let rise = self.squares_mm2[1] * to_a * to_c * MARGIN;
        let (share_a, share_c) = (to_c / (to_a + to_c) * MARGIN, to_a / (to_a + to_c) * MARGIN);
        let [left, middle, right] = three.map(|k| &self.heights[k]);
        (0..LANES).fold(true, |all, l| all & (left[l] * share_a + right[l] * share_c + rise < middle[l]))
    }
}
