//! Disjoint sets of numbered things.

/// Disjoint sets of 0 to n - 1; the first member stands for each.
pub struct Sets(Vec<u32>);

impl Sets {
    /// `n` sets of one member each.
    pub fn new(n: usize) -> Self {
        Self((0..n as u32).collect())
    }

    fn first(&mut self, mut i: u32) -> u32 {
        while self.0[i as usize] != i {
            let above = self.0[self.0[i as usize] as usize];
            self.0[i as usize] = above;
            i = above;
        }
        i
    }

    /// Makes one set of the sets of `a` and `b`.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a as u32), self.first(b as u32));
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// For each member the first of its set. Nobody's link leads forward, so that one pass finds all.
    pub fn firsts(mut self) -> Vec<u32> {
        for i in 0..self.0.len() {
            self.0[i] = self.0[self.0[i] as usize];
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_stands_for_all() {
        let mut sets = Sets::new(6);
        [(4, 5), (2, 4), (1, 5)].into_iter().for_each(|(a, b)| sets.join(a, b));
        assert_eq!(sets.firsts(), [0, 1, 1, 3, 1, 1]);
    }
}
