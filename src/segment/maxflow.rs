//! Exact maximum flow and minimum cut on a voxel grid (Boykov and Kolmogorov 2004): two trees, one from the source and one
//! from the sink, grow until they touch; what flows along the path is pushed, and the trees are mended and used again.
//!
//! Capacities are whole numbers, so that the cut is exact and the same on every machine. Of all minimum cuts it gives the
//! one with the fewest voxels on the side of the source.

use std::collections::VecDeque;

/// Which tree a voxel belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    Neither,
    Source,
    Sink,
}

/// No way to a parent: a voxel of neither tree, a root, or one that has just lost its parent.
const FREE: u8 = 255;
const ROOT: u8 = 254;
const ORPHAN: u8 = 253;

/// A grid of voxels, each joined to its neighbours and to source or sink, while its flow is being found.
pub struct Network {
    /// Voxels along each axis, with a layer around whose links have no capacity: no neighbour needs a check.
    padded: [usize; 3],
    margin: [usize; 3],
    dims: [usize; 3],
    /// Steps to the neighbours; `2 i + 1` is the way back of `2 i`.
    steps: Vec<isize>,
    /// What can still flow from a voxel along each of its ways.
    residual: Vec<i32>,
    /// What can still flow from the source (above 0), or to the sink (below 0).
    terminal: Vec<i32>,
    tree: Vec<Tree>,
    parent: Vec<u8>,
    /// When the distance to the root was last found right, and that distance.
    seen: Vec<u32>,
    depth: Vec<u32>,
    now: u32,
    active: VecDeque<u32>,
    is_active: Vec<bool>,
    orphans: VecDeque<u32>,
    value: u64,
}

/// A minimum cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The summed capacity of what is cut: the maximum flow.
    pub value: u64,
    /// For each voxel, x fastest, whether the source still reaches it.
    pub source_side: Vec<bool>,
}

impl Network {
    /// A grid of `dims` voxels, each joined with those at `+way` and `-way` (x, y, z).
    pub fn new(dims: [usize; 3], ways: &[[isize; 3]]) -> Self {
        let margin = std::array::from_fn(|a| ways.iter().map(|w| w[a].unsigned_abs()).max().unwrap_or(0));
        let padded: [usize; 3] = std::array::from_fn(|a| dims[a] + 2 * margin[a]);
        let step = |w: &[isize; 3]| w[0] + padded[0] as isize * (w[1] + padded[1] as isize * w[2]);
        let steps: Vec<isize> = ways.iter().flat_map(|w| [step(w), -step(w)]).collect();
        let n = padded.iter().product::<usize>();
        Self {
            padded,
            margin,
            dims,
            residual: vec![0; n * steps.len()],
            steps,
            terminal: vec![0; n],
            tree: vec![Tree::Neither; n],
            parent: vec![FREE; n],
            seen: vec![0; n],
            depth: vec![0; n],
            now: 0,
            active: VecDeque::new(),
            is_active: vec![false; n],
            orphans: VecDeque::new(),
            value: 0,
        }
    }

    fn place(&self, [x, y, z]: [usize; 3]) -> usize {
        let [mx, my, mz] = self.margin;
        x + mx + self.padded[0] * (y + my + self.padded[1] * (z + mz))
    }

    /// Joins a voxel with the source (`capacity` above 0) or the sink (below 0).
    pub fn join(&mut self, voxel: [usize; 3], capacity: i32) {
        let place = self.place(voxel);
        self.terminal[place] = capacity;
    }

    /// Joins a voxel with its neighbour along a way, both ways alike; beyond the grid there is none.
    pub fn link(&mut self, voxel: [usize; 3], way: usize, capacity: i32) {
        let (place, ways) = (self.place(voxel), self.steps.len());
        let other = self.beside(place, 2 * way);
        self.residual[place * ways + 2 * way] = capacity;
        self.residual[other * ways + 2 * way + 1] = capacity;
    }

    /// Finds the maximum flow.
    pub fn cut(mut self) -> Cut {
        self.plant();
        while let Some((place, way)) = self.grow() {
            self.now += 1;
            self.augment(place, way);
            while let Some(orphan) = self.orphans.pop_front() {
                self.adopt(orphan as usize);
            }
        }
        let [nx, ny, nz] = self.dims;
        let voxels = (0..nx * ny * nz).map(|i| [i % nx, i / nx % ny, i / nx / ny]);
        let source_side = voxels.map(|v| self.tree[self.place(v)] == Tree::Source).collect();
        Cut { value: self.value, source_side }
    }

    fn plant(&mut self) {
        for place in 0..self.terminal.len() {
            if self.terminal[place] != 0 {
                let source = self.terminal[place] > 0;
                self.tree[place] = if source { Tree::Source } else { Tree::Sink };
                (self.parent[place], self.depth[place]) = (ROOT, 1);
                self.activate(place);
            }
        }
    }

    fn beside(&self, place: usize, way: usize) -> usize {
        place.wrapping_add_signed(self.steps[way])
    }

    /// What can still flow from a voxel to its neighbour.
    fn out(&self, place: usize, way: usize) -> i32 {
        self.residual[place * self.steps.len() + way]
    }

    /// What can still flow along a way in the direction in which the voxel's tree flows out of it.
    fn onwards(&self, place: usize, way: usize, tree: Tree) -> i32 {
        match tree {
            Tree::Sink => self.out(self.beside(place, way), way ^ 1),
            _ => self.out(place, way),
        }
    }

    fn activate(&mut self, place: usize) {
        if !self.is_active[place] {
            self.is_active[place] = true;
            self.active.push_back(place as u32);
        }
    }

    /// Grows the trees until they touch: a voxel of the source's tree and the way into the sink's.
    fn grow(&mut self) -> Option<(usize, usize)> {
        while let Some(&front) = self.active.front() {
            let place = front as usize;
            if self.tree[place] != Tree::Neither
                && let Some(way) = (0..self.steps.len()).find(|&way| self.spread(place, way))
            {
                let touched = self.beside(place, way);
                return Some(if self.tree[place] == Tree::Source { (place, way) } else { (touched, way ^ 1) });
            }
            self.active.pop_front();
            self.is_active[place] = false;
        }
        None
    }

    /// Takes a neighbour into the tree; whether it belongs to the other one.
    fn spread(&mut self, place: usize, way: usize) -> bool {
        let tree = self.tree[place];
        if self.onwards(place, way, tree) == 0 {
            return false;
        }
        let other = self.beside(place, way);
        if self.tree[other] == Tree::Neither {
            self.tree[other] = tree;
            self.hang(other, way ^ 1, place);
            self.activate(other);
        } else if self.tree[other] != tree {
            return true;
        } else if self.seen[other] <= self.seen[place] && self.depth[other] > self.depth[place] {
            self.hang(other, way ^ 1, place);
        }
        false
    }

    /// Makes the voxel along a way a voxel's parent.
    fn hang(&mut self, place: usize, way: usize, parent: usize) {
        self.parent[place] = way as u8;
        self.seen[place] = self.seen[parent];
        self.depth[place] = self.depth[parent] + 1;
    }

    /// Pushes all that can flow over the link where the trees touch.
    fn augment(&mut self, place: usize, way: usize) {
        let touched = self.beside(place, way);
        let flow = self.out(place, way).min(self.narrowest(place)).min(self.narrowest(touched));
        self.push(place, way, flow);
        self.push_through(place, flow);
        self.push_through(touched, flow);
        self.value += flow as u64;
    }

    fn push(&mut self, place: usize, way: usize, flow: i32) {
        let (other, ways) = (self.beside(place, way), self.steps.len());
        self.residual[place * ways + way] -= flow;
        self.residual[other * ways + (way ^ 1)] += flow;
    }

    /// The least that can flow between a voxel and its terminal.
    fn narrowest(&self, mut place: usize) -> i32 {
        let (tree, mut least) = (self.tree[place], i32::MAX);
        while self.parent[place] != ROOT {
            let up = usize::from(self.parent[place]);
            least = least.min(self.inwards(place, up, tree));
            place = self.beside(place, up);
        }
        least.min(self.terminal[place].abs())
    }

    /// What can still flow between a voxel and its parent, in the direction of the tree's flow.
    fn inwards(&self, place: usize, up: usize, tree: Tree) -> i32 {
        match tree {
            Tree::Sink => self.out(place, up),
            _ => self.out(self.beside(place, up), up ^ 1),
        }
    }

    /// Pushes between a voxel and its terminal; links that are full now leave orphans.
    fn push_through(&mut self, mut place: usize, flow: i32) {
        let tree = self.tree[place];
        while self.parent[place] != ROOT {
            let up = usize::from(self.parent[place]);
            let above = self.beside(place, up);
            match tree {
                Tree::Sink => self.push(place, up, flow),
                _ => self.push(above, up ^ 1, flow),
            }
            if self.inwards(place, up, tree) == 0 {
                self.orphan(place);
            }
            place = above;
        }
        self.terminal[place] -= flow * self.terminal[place].signum();
        if self.terminal[place] == 0 {
            self.orphan(place);
        }
    }

    fn orphan(&mut self, place: usize) {
        self.parent[place] = ORPHAN;
        self.orphans.push_front(place as u32);
    }

    /// Finds an orphan the parent nearest to the root, or lets it go and its children with it.
    fn adopt(&mut self, place: usize) {
        let tree = self.tree[place];
        let mut best: Option<(u32, usize)> = None;
        for way in 0..self.steps.len() {
            let other = self.beside(place, way);
            if self.tree[other] == tree
                && self.inwards(place, way, tree) > 0
                && let Some(depth) = self.depth_of(other)
                && best.is_none_or(|(least, _)| depth < least)
            {
                best = Some((depth, way));
            }
        }
        match best {
            Some((depth, way)) => {
                self.parent[place] = way as u8;
                (self.seen[place], self.depth[place]) = (self.now, depth + 1);
            }
            None => self.release(place),
        }
    }

    fn release(&mut self, place: usize) {
        let tree = self.tree[place];
        for way in 0..self.steps.len() {
            let other = self.beside(place, way);
            if self.tree[other] != tree {
                continue;
            }
            if self.inwards(place, way, tree) > 0 {
                self.activate(other);
            }
            let up = self.parent[other];
            if up < ORPHAN && usize::from(up) == way ^ 1 {
                self.parent[other] = ORPHAN;
                self.orphans.push_back(other as u32);
            }
        }
        self.tree[place] = Tree::Neither;
        self.parent[place] = FREE;
    }

    /// How far a voxel is from its root; `None` if it hangs on an orphan. What is learned on the way is remembered.
    fn depth_of(&mut self, place: usize) -> Option<u32> {
        let (mut at, mut steps) = (place, 0);
        let from_there = loop {
            if self.seen[at] == self.now && self.parent[at] != ORPHAN {
                break self.depth[at];
            }
            match self.parent[at] {
                ROOT => break 1,
                FREE | ORPHAN => return None,
                up => at = self.beside(at, usize::from(up)),
            }
            steps += 1;
        };
        let (depth, mut left) = (from_there + steps, from_there + steps);
        at = place;
        while self.seen[at] != self.now {
            (self.seen[at], self.depth[at]) = (self.now, left);
            left -= 1;
            if self.parent[at] == ROOT {
                break;
            }
            at = self.beside(at, usize::from(self.parent[at]));
        }
        Some(depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAYS: [[isize; 3]; 4] = [[1, 0, 0], [0, 1, 0], [1, -1, 0], [0, 0, 1]];

    /// Shortest augmenting paths on a matrix of capacities (Edmonds and Karp 1972); source and sink come last.
    fn slow(mut capacity: Vec<Vec<i64>>) -> (u64, Vec<bool>) {
        let (n, mut value) = (capacity.len(), 0);
        let (source, sink) = (n - 2, n - 1);
        loop {
            let mut from = vec![usize::MAX; n];
            from[source] = source;
            let mut open = VecDeque::from([source]);
            while let Some(u) = open.pop_front() {
                for v in 0..n {
                    if from[v] == usize::MAX && capacity[u][v] > 0 {
                        from[v] = u;
                        open.push_back(v);
                    }
                }
            }
            if from[sink] == usize::MAX {
                return (value, from[..source].iter().map(|&f| f != usize::MAX).collect());
            }
            let mut path = vec![sink];
            while *path.last().unwrap() != source {
                path.push(from[*path.last().unwrap()]);
            }
            let flow = path.windows(2).map(|w| capacity[w[1]][w[0]]).min().unwrap();
            for w in path.windows(2) {
                capacity[w[1]][w[0]] -= flow;
                capacity[w[0]][w[1]] += flow;
            }
            value += flow as u64;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn the_cut_is_that_of_shortest_paths(
            dims in [1..5_usize, 1..4, 1..4],
            terminals in prop::collection::vec(-9..10_i32, 48),
            links in prop::collection::vec(0..7_i32, 48 * 4),
        ) {
            let n = dims.iter().product::<usize>();
            let voxel = |i: usize| [i % dims[0], i / dims[0] % dims[1], i / dims[0] / dims[1]];
            let mut capacity = vec![vec![0_i64; n + 2]; n + 2];
            let mut network = Network::new(dims, &WAYS);
            for i in 0..n {
                network.join(voxel(i), terminals[i]);
                capacity[n][i] = terminals[i].max(0).into();
                capacity[i][n + 1] = (-terminals[i]).max(0).into();
                for (k, way) in WAYS.iter().enumerate() {
                    let other: [Option<usize>; 3] = std::array::from_fn(|a| voxel(i)[a].checked_add_signed(way[a]).filter(|&v| v < dims[a]));
                    let [Some(x), Some(y), Some(z)] = other else { continue };
                    let j = x + dims[0] * (y + dims[1] * z);
                    network.link(voxel(i), k, links[i * 4 + k]);
                    capacity[i][j] += i64::from(links[i * 4 + k]);
                    capacity[j][i] += i64::from(links[i * 4 + k]);
                }
            }
            let (value, source_side) = slow(capacity);
            let found = network.cut();
            prop_assert_eq!(found.value, value);
            prop_assert_eq!(found.source_side, source_side);
        }
    }

    #[test]
    fn the_weakest_link_of_a_chain_is_cut() {
        let mut chain = Network::new([5, 1, 1], &[[1, 0, 0]]);
        chain.join([0, 0, 0], 100);
        chain.join([4, 0, 0], -100);
        for (x, capacity) in [7, 5, 3, 9].into_iter().enumerate() {
            chain.link([x, 0, 0], 0, capacity);
        }
        assert_eq!(chain.cut(), Cut { value: 3, source_side: vec![true, true, true, false, false] });
    }
}
