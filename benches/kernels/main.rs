//! The kernels that an exam spends its time in, each beside a plain copy of the bytes it reads.
//!
//! `cargo bench` runs all of them, `cargo bench -- rim` those whose name holds `rim`. What counts is a kernel's time
//! relative to its copy: both meet the same machine, and the copy is the floor that no kernel can go below.
//!
//! Noise: one executable run three times on two cores shared with other work gave medians for one kernel that differed
//! by 2 to 55 %, for the shortest ones (mesh, distance, components) by a factor of two, and for most copies by 3 to 30 %;
//! on two threads it was worse. There, believe a factor, and a percentage only after several runs in turn, old and new.

use criterion::{BenchmarkId, Criterion, Throughput};
use osteon::volume::traverse::use_threads;
use std::hint::black_box;
use std::time::Duration;

mod against;
mod exam;
mod outline;
mod reading;
mod resampling;
mod segmentation;
mod voxels;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if against::run(&words) {
        return;
    }
    // More threads would measure who else is on the machine; how a run scales is for `scripts/measure.sh`.
    use_threads(1);
    let criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500));
    let mut criterion = criterion.measurement_time(Duration::from_secs(2)).configure_from_args();
    reading::inflate(&mut criterion);
    reading::convert(&mut criterion);
    reading::run_lengths(&mut criterion);
    resampling::resampling(&mut criterion);
    exam::stages(&mut criterion);
    exam::whole(&mut criterion);
    outline::mesh(&mut criterion);
    segmentation::methods(&mut criterion);
    voxels::in_plane(&mut criterion);
    voxels::in_space(&mut criterion);
    criterion.final_summary();
}

/// Times a kernel that reads `input`, and a copy of `input`.
fn beside_copy<R>(criterion: &mut Criterion, name: &str, input: &[u8], mut kernel: impl FnMut() -> R) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function(BenchmarkId::from_parameter("kernel"), |b| b.iter(|| black_box(kernel())));
    let mut copy = vec![0; input.len()];
    group.bench_function(BenchmarkId::from_parameter("copy"), |b| {
        b.iter(|| {
            copy.copy_from_slice(black_box(input));
            black_box(&mut copy);
        });
    });
    group.finish();
}
