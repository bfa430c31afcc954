//! How many threads and how much memory a run may take: what the job was given, never all of the host by default.

use crate::config::size;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// Where a job's resources are written down.
pub struct Host<'a> {
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The root of `proc` and `sys`.
    pub root: &'a Path,
}

impl Host<'_> {
    /// SLURM_CPUS_PER_TASK, else OMP_NUM_THREADS, else the cgroup or affinity count.
    pub fn threads(&self) -> usize {
        let given = |name| self.first_number(name).filter(|&n| n > 0);
        let job = given("SLURM_CPUS_PER_TASK").or_else(|| given("OMP_NUM_THREADS"));
        job.map_or_else(|| available_parallelism().map_or(1, usize::from), |n| n as usize)
    }

    /// SLURM_MEM_PER_NODE or _PER_CPU, else the cgroup limit, else 80 % of what is available; bytes.
    pub fn memory_bytes(&self, threads: usize) -> u64 {
        let available = self.available().map_or(MODEST, |bytes| bytes / 10 * 8);
        self.slurm(threads).or_else(|| self.cgroup()).unwrap_or(available)
    }

    /// Nested OpenMP counts are separated by commas; the outermost is meant.
    fn first_number(&self, name: &str) -> Option<u64> {
        (self.variable)(name)?.split(',').next()?.trim().parse().ok()
    }

    /// Slurm counts in MiB; 0 is all of the node, which is no limit.
    fn slurm(&self, threads: usize) -> Option<u64> {
        let mib = |name| self.first_number(name).filter(|&n| n > 0).map(|n| n.saturating_mul(1 << 20));
        let cpus = self.first_number("SLURM_CPUS_ON_NODE").unwrap_or(threads as u64);
        mib("SLURM_MEM_PER_NODE").or_else(|| Some(mib("SLURM_MEM_PER_CPU")?.saturating_mul(cpus)))
    }

    /// The tightest limit from this process's cgroup up to the root, of version 2 or 1.
    fn cgroup(&self) -> Option<u64> {
        let groups = fs::read_to_string(self.root.join("proc/self/cgroup")).ok()?;
        groups.lines().filter_map(memory_group).flat_map(|(mount, group, file)| self.limits(mount, group, file)).min()
    }

    fn limits(&self, mount: &str, group: &str, file: &str) -> Vec<u64> {
        let mount = self.root.join(mount);
        let group = PathBuf::from(group.trim_start_matches('/'));
        let folders = group.ancestors().map(|part| mount.join(part).join(file));
        let read = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse().ok();
        // Version 1 writes "no limit" as nearly 2^63.
        folders.filter_map(read).filter(|&bytes| bytes < 1 << 60).collect()
    }

    fn available(&self) -> Option<u64> {
        let table = fs::read_to_string(self.root.join("proc/meminfo")).ok()?;
        let line = table.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
        size::parse(&line.replace(' ', "").replace("kB", "KiB"))
    }
}

/// Where nothing can be learnt about the host, bytes: every laptop has it.
const MODEST: u64 = 2 << 30;

/// Mount, group and file of the line of `/proc/self/cgroup` that governs memory.
fn memory_group(line: &str) -> Option<(&'static str, &str, &'static str)> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?);
    match controllers {
        "" => Some(("sys/fs/cgroup", group, "memory.max")),
        list if list.split(',').any(|c| c == "memory") => {
            Some(("sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [(&str, &str); 0] = [];

    fn memory(variables: &[(&str, &str)], files: &[(&str, &str)]) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        with(variables, folder.path(), |host| host.memory_bytes(4))
    }

    fn with<T>(variables: &[(&str, &str)], root: &Path, ask: impl Fn(&Host<'_>) -> T) -> T {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        ask(&Host { variable: &variable, root })
    }

    #[test]
    fn threads_follow_the_job() {
        let threads = |variables: &[_]| with(variables, Path::new("/nonexistent"), |host| host.threads());
        assert_eq!(threads(&[("SLURM_CPUS_PER_TASK", "6"), ("OMP_NUM_THREADS", "2")]), 6);
        assert_eq!(threads(&[("OMP_NUM_THREADS", "3,2")]), 3);
        assert_eq!(threads(&[("OMP_NUM_THREADS", "0")]), threads(&NOTHING));
    }

    #[test]
    fn memory_follows_slurm_then_the_cgroup_then_what_is_free() {
        let free = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    1000 kB\n");
        let groups = ("proc/self/cgroup", "0::/job/step\n");
        let limits =
            [free, groups, ("sys/fs/cgroup/job/memory.max", "5000\n"), ("sys/fs/cgroup/job/step/memory.max", "max\n")];
        assert_eq!(memory(&[("SLURM_MEM_PER_NODE", "64")], &limits), 64 << 20);
        assert_eq!(memory(&[("SLURM_MEM_PER_CPU", "64")], &limits), 256 << 20);
        assert_eq!(memory(&[("SLURM_MEM_PER_NODE", "0")], &limits), 5000);
        assert_eq!(memory(&NOTHING, &[free, groups]), 819_200 - 819_200 % 8);
        assert_eq!(memory(&NOTHING, &NOTHING), MODEST);
    }

    #[test]
    fn the_first_cgroup_version_is_understood() {
        let groups = ("proc/self/cgroup", "5:cpu:/a\n4:hugetlb,memory:/a\n");
        let none = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        let some = ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000");
        assert_eq!(memory(&NOTHING, &[groups, none, some]), 7000);
    }
}
