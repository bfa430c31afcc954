#!/usr/bin/env bash
# CPU seconds of whole runs on a phantom cohort, and whether a change moved a byte of the results.
#
#   scripts/measure.sh [demo|yuan24] [RUNS] [-- OPTIONS OF osteon run]
#   OSTEON=/path/to/an/older/osteon scripts/measure.sh yuan24 5
#
# Wall time on a shared machine tells little: compare the least CPU seconds of several runs. On two shared cores the
# runs of one program differ by some 10 %, so smaller differences need more runs or `cargo bench`.
set -euo pipefail
cd "$(dirname "$0")/.."

cohort=${1:-yuan24}
runs=${2:-5}
shift $(($# < 2 ? $# : 2))
[[ ${1:-} == -- ]] && shift

if [[ -z ${OSTEON:-} ]]; then
    cargo build --release --locked --quiet
    OSTEON=${CARGO_TARGET_DIR:-target}/release/osteon
fi

# The study stays for the next time: writing it takes longer than measuring it.
work=${CARGO_TARGET_DIR:-target}/measure
study=$work/$cohort/study.csv
if [[ ! -f $study ]]; then
    echo "writing the cohort $cohort, once" >&2
    rm -rf "${work:?}/$cohort" && mkdir -p "$work"
    "$OSTEON" phantom --cohort "$cohort" --out "$work/$cohort" >/dev/null
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
TIMEFORMAT='%U %S %R'
digest() { (cd "$1" && cat ./*.csv | sha256sum | cut -c 1-16); }

printf '%4s %10s %10s %10s  %s\n' run 'CPU s' 'wall s' 'peak MiB' 'digest of the tables'
for ((i = 1; i <= runs; i++)); do
    out=$results/$i
    seconds=$( { time "$OSTEON" run "$study" --out "$out" -qq --set output.qc=false "$@" >/dev/null 2>"$results/log"; } 2>&1) || {
        cat "$results/log" >&2
        exit 1
    }
    read -r user system wall <<<"$seconds"
    peak=$(sed -n 's/.*"peak_bytes": \([0-9]*\).*/\1/p' "$out/run.json")
    cpu=$(awk "BEGIN { printf \"%.2f\", $user + $system }")
    echo "$cpu" >>"$results/cpu"
    printf '%4d %10s %10s %10d  %s\n' "$i" "$cpu" "$wall" $((${peak:-0} >> 20)) "$(digest "$out")"
done
sort -n "$results/cpu" | awk '{ v[NR] = $1 } END { printf "CPU s: least %.2f, median %.2f, n %d\n", v[1], v[int((NR + 1) / 2)], NR }'
