//! The ways of writing a number as a sum: how many patients may have changed by the same step.

/// All partitions of `n` into at most `parts` parts, each largest part first.
pub fn partitions(n: u64, parts: u64) -> Vec<Vec<u64>> {
    let (mut found, mut begun) = (Vec::new(), Vec::new());
    extend(n, n, parts, &mut begun, &mut found);
    found
}

fn extend(rest: u64, most: u64, parts: u64, begun: &mut Vec<u64>, found: &mut Vec<Vec<u64>>) {
    if rest == 0 {
        found.push(begun.clone());
    } else if parts > 0 {
        for part in (1..=most.min(rest)).rev() {
            begun.push(part);
            extend(rest - part, part, parts - 1, begun, found);
            begun.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_all_there() {
        assert_eq!(partitions(4, 4), [vec![4], vec![3, 1], vec![2, 2], vec![2, 1, 1], vec![1, 1, 1, 1]]);
        assert_eq!(partitions(4, 2).len(), 3);
        assert_eq!(partitions(21, 21).len(), 792);
    }
}
