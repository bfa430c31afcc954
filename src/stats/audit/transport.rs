//! All tables of whole numbers with given margins: how patients may have moved between levels.

/// A table: how many went from each level to each.
pub type Moves = Vec<Vec<u64>>;

/// All tables whose rows sum to `before` and whose columns sum to `after`; `None` if there are more than `most`.
pub fn tables(before: &[u64], after: &[u64], most: usize) -> Option<Vec<Moves>> {
    let mut found = Vec::new();
    let complete = rows(before, after, &mut Vec::new(), &mut |table| {
        found.push(table.to_vec());
        found.len() <= most
    });
    complete.then_some(found)
}

/// Fills row after row from what the columns still take; `false` as soon as `visit` wants no more.
fn rows(sums: &[u64], columns: &[u64], begun: &mut Moves, visit: &mut dyn FnMut(&[Vec<u64>]) -> bool) -> bool {
    let Some((&first, others)) = sums.split_first() else { return visit(begun) };
    cells(first, columns, &mut Vec::new(), &mut |row| {
        let rest: Vec<u64> = columns.iter().zip(row).map(|(column, cell)| column - cell).collect();
        begun.push(row.to_vec());
        let goes_on = rows(others, &rest, begun, visit);
        begun.pop();
        goes_on
    })
}

/// All ways to share `sum` among places that take no more than `most` each; `false` as soon as `visit` wants no more.
/// A cell never takes so little that the others could not hold the rest, so every beginning ends in a table.
fn cells(sum: u64, most: &[u64], begun: &mut Vec<u64>, visit: &mut dyn FnMut(&[u64]) -> bool) -> bool {
    let Some((&first, others)) = most.split_first() else { return sum > 0 || visit(begun) };
    let room: u64 = others.iter().sum();
    (sum.saturating_sub(room)..=first.min(sum)).all(|cell| {
        begun.push(cell);
        let goes_on = cells(sum - cell, others, begun, visit);
        begun.pop();
        goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_found_once() {
        let found = tables(&[1, 12, 7, 4], &[2, 18, 4, 0], 1000).unwrap();
        assert_eq!(found.len(), 188);
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), 188);
        for table in &found {
            assert_eq!(table.iter().map(|row| row.iter().sum()).collect::<Vec<u64>>(), [1, 12, 7, 4]);
            let column = |j: usize| table.iter().map(|row| row[j]).sum::<u64>();
            assert_eq!([column(0), column(1), column(2), column(3)], [2, 18, 4, 0]);
        }
        assert_eq!(tables(&[6, 18], &[2, 22], 10).unwrap().len(), 3);
        assert_eq!(tables(&[1, 12, 7, 4], &[2, 18, 4, 0], 187), None);
        assert_eq!(tables(&[50_000; 6], &[50_000; 6], 1000), None, "given up early");
    }
}
