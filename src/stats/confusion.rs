//! Who called what: the full table of two readers' classes.

/// Counts of pairs of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// The classes, in ascending order.
    pub classes: Vec<String>,
    /// `counts[i][j]`: how many A put into class i and B into class j.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// The table of pairs of indices into `classes`.
    pub fn of(classes: &[&str], pairs: &[(usize, usize)]) -> Self {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for &(a, b) in pairs {
            counts[a][b] += 1;
        }
        Self { classes: classes.iter().map(|c| (*c).to_owned()).collect(), counts }
    }

    /// How many pairs.
    pub fn n(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// How many pairs agree.
    pub fn agreed(&self) -> usize {
        (0..self.classes.len()).map(|i| self.counts[i][i]).sum()
    }

    /// How many A put into class `i`.
    pub fn of_a(&self, i: usize) -> usize {
        self.counts[i].iter().sum()
    }

    /// How many B put into class `j`.
    pub fn of_b(&self, j: usize) -> usize {
        self.counts.iter().map(|row| row[j]).sum()
    }

    /// Every cell as class of A, class of B, count.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.counts.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, n)| (i, j, *n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_add_up() {
        let table = Confusion::of(&["no", "yes"], &[(0, 0), (0, 1), (1, 1), (1, 1)]);
        assert_eq!((table.n(), table.agreed()), (4, 3));
        assert_eq!((table.of_a(0), table.of_b(0)), (2, 1));
        assert_eq!(table.cells().collect::<Vec<_>>(), [(0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 2)]);
    }
}
