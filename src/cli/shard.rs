//! `--shard I/N`: which part of the patients this process takes.

/// Variables in which schedulers number the tasks of an array.
const TASK_IDS: [&str; 4] = ["SLURM_ARRAY_TASK_ID", "PBS_ARRAY_INDEX", "SGE_TASK_ID", "LSB_JOBINDEX"];

/// Part `index` (from 1) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

/// Why a shard cannot be told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not of the form.
    #[error("--shard takes I/N with I from 1 to N, or auto/N")]
    Form,
    /// Outside an array job.
    #[error("--shard auto/N finds no array task: none of {} holds a number; give --shard I/N", TASK_IDS.join(", "))]
    NoTask,
    /// The array is larger than N.
    #[error("--shard auto/{count}: this is array task {index}; number the array 1-{count}")]
    Outside {
        /// The task's number.
        index: usize,
        /// Number of shards.
        count: usize,
    },
}

impl Shard {
    /// Reads `I/N` or `auto/N`; `variable` looks up the environment.
    ///
    /// # Errors
    /// If it is neither, or the environment does not say which task this is.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError::Form)?;
        let count: usize = count.parse().map_err(|_| ShardError::Form)?;
        let auto = index == "auto";
        let index = if auto { task(variable)? } else { index.parse().map_err(|_| ShardError::Form)? };
        match (1..=count).contains(&index) {
            true => Ok(Self { index, count }),
            false if auto && count > 0 => Err(ShardError::Outside { index, count }),
            false => Err(ShardError::Form),
        }
    }
}

/// Outside an array, Grid Engine says `undefined` and LSF 0: neither is a task.
fn task(variable: impl Fn(&str) -> Option<String>) -> Result<usize, ShardError> {
    let number = |name: &str| variable(name)?.trim().parse().ok().filter(|&i| i > 0 || name != "LSB_JOBINDEX");
    TASK_IDS.into_iter().find_map(number).ok_or(ShardError::NoTask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Shard, ShardError> {
        Shard::parse(text, |name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn explicit_shards_count_from_one() {
        assert_eq!(parse("2/5", &[]), Ok(Shard { index: 2, count: 5 }));
        for wrong in ["0/5", "6/5", "5", "a/b", "1/0", "-1/5", "auto"] {
            assert_eq!(parse(wrong, &[]), Err(ShardError::Form), "{wrong}");
        }
    }

    #[test]
    fn auto_asks_the_scheduler() {
        assert_eq!(parse("auto/5", &[("SGE_TASK_ID", "3")]), Ok(Shard { index: 3, count: 5 }));
        let both = [("SLURM_ARRAY_TASK_ID", "1"), ("LSB_JOBINDEX", "2")];
        assert_eq!(parse("auto/5", &both), Ok(Shard { index: 1, count: 5 }));
        assert_eq!(parse("auto/5", &[("SGE_TASK_ID", "undefined"), ("LSB_JOBINDEX", "0")]), Err(ShardError::NoTask));
        assert_eq!(parse("auto/5", &[("SLURM_ARRAY_TASK_ID", "0")]), Err(ShardError::Outside { index: 0, count: 5 }));
    }
}
