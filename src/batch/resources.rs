//! How many threads and how much memory a run may use: what was asked, else what the scheduler or the machine gives.

use std::fs;
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

/// Where the answers are looked up; tests give others than this machine's.
pub struct Machine<'a> {
    /// Value of an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Where `proc` and `sys` are.
    pub root: &'a Path,
    /// Processors this process may run on.
    pub processors: usize,
}

/// Runs `ask` with this machine.
pub fn here<R>(ask: impl FnOnce(&Machine<'_>) -> R) -> R {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    ask(&Machine { env: &|name| std::env::var(name).ok(), root: Path::new("/"), processors })
}

impl Machine<'_> {
    /// Threads: the option, `SLURM_CPUS_PER_TASK`, `OMP_NUM_THREADS`, the processors of the cgroup or affinity.
    pub fn threads(&self, option: Option<usize>) -> usize {
        let asked =
            option.or_else(|| self.variable("SLURM_CPUS_PER_TASK")).or_else(|| self.variable("OMP_NUM_THREADS"));
        asked.unwrap_or(self.processors).max(1)
    }

    /// Memory in bytes: the option, `SLURM_MEM_PER_NODE`, `SLURM_MEM_PER_CPU` for each thread, the cgroup's limit, 80 %
    /// of what is available.
    pub fn memory_bytes(&self, option: Option<u64>, threads: usize) -> u64 {
        let per_node = || self.variable("SLURM_MEM_PER_NODE").map(|m: u64| m.saturating_mul(MIB));
        let per_cpu = || self.variable("SLURM_MEM_PER_CPU").map(|m: u64| m.saturating_mul(MIB * threads as u64));
        let slurm = || per_node().or_else(per_cpu).filter(|&bytes| bytes > 0);
        let available = self.available_bytes().map(|bytes| bytes / 5 * 4);
        let limit = || self.cgroup_bytes().filter(|&limit| available.is_none_or(|a| limit < a));
        option.or_else(slurm).or_else(limit).or(available).unwrap_or(1024 * MIB)
    }

    fn variable<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        (self.env)(name)?.trim().parse().ok()
    }

    fn available_bytes(&self) -> Option<u64> {
        Some(kib_field(&self.text(Path::new("proc/meminfo"))?, "MemAvailable:")? * 1024)
    }

    /// The smallest limit on the way up from this process's cgroup, version 2 or 1.
    fn cgroup_bytes(&self) -> Option<u64> {
        let groups = self.text(Path::new("proc/self/cgroup"))?;
        groups.lines().filter_map(|line| self.group_bytes(line)).min()
    }

    fn group_bytes(&self, line: &str) -> Option<u64> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            c if c.split(',').any(|c| c == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        let folder = PathBuf::from(mount).join(group.trim_start_matches('/'));
        let ways = folder.ancestors().take_while(|dir| dir.starts_with(mount));
        ways.filter_map(|dir| self.text(&dir.join(file))?.trim().parse().ok()).min()
    }

    fn text(&self, path: &Path) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

/// The most memory this process ever held, bytes.
pub fn peak_bytes() -> Option<u64> {
    Some(kib_field(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")? * 1024)
}

fn kib_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask<R>(files: &[(&str, &str)], env: &[(&str, &str)], ask: impl FnOnce(&Machine<'_>) -> R) -> R {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        ask(&Machine { env: &env, root: dir.path(), processors: 6 })
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal: 99999 kB\nMemAvailable:   10240 kB\n");

    #[test]
    fn threads_are_asked_for_in_order() {
        let both = [("SLURM_CPUS_PER_TASK", "4"), ("OMP_NUM_THREADS", "2")];
        assert_eq!(ask(&[], &both, |m| m.threads(Some(3))), 3);
        assert_eq!(ask(&[], &both, |m| m.threads(None)), 4);
        assert_eq!(ask(&[], &both[1..], |m| m.threads(None)), 2);
        assert_eq!(ask(&[], &[("OMP_NUM_THREADS", "many")], |m| m.threads(None)), 6);
    }

    #[test]
    fn memory_is_the_nearest_limit() {
        let v2 = [MEMINFO, ("proc/self/cgroup", "0::/job/step\n"), ("sys/fs/cgroup/job/memory.max", "4194304\n")];
        let v1 = [
            MEMINFO,
            ("proc/self/cgroup", "5:cpu,memory:/job\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(ask(&v2, &[], |m| m.memory_bytes(Some(7), 2)), 7);
        assert_eq!(ask(&v2, &[("SLURM_MEM_PER_NODE", "2")], |m| m.memory_bytes(None, 2)), 2 * MIB);
        assert_eq!(ask(&v2, &[("SLURM_MEM_PER_CPU", "3")], |m| m.memory_bytes(None, 2)), 6 * MIB);
        assert_eq!(ask(&v2, &[("SLURM_MEM_PER_NODE", "0")], |m| m.memory_bytes(None, 2)), 4 * MIB);
        assert_eq!(ask(&v1, &[], |m| m.memory_bytes(None, 2)), 8 * MIB);
        assert_eq!(ask(&[], &[], |m| m.memory_bytes(None, 2)), 1024 * MIB);
        assert!(peak_bytes().unwrap() > MIB);
    }
}
