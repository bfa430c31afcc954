#!/usr/bin/env python3
"""RECIST 1.1 of patients by the sums of their lesions, beside what `osteon cohort` wrote; nothing is shared with it.

    python3 scripts/statistics/recist_patients.py --write DIR [SEED]   (300 random patients as DIR/exams.csv)
    osteon cohort DIR
    python3 scripts/statistics/recist_patients.py DIR                  (classes compared, each difference a line)
"""

import csv
import random
import sys
from collections import defaultdict
from fractions import Fraction as F

TIMES = ["pre", "mid", "post"]
MOST = 2


def write(folder, seed):
    rng = random.Random(seed)
    with open(f"{folder}/exams.csv", "w") as out:
        out.write("patient,timepoint,modality,series,lesion,measure,value,unit,status,reason\n")
        for patient in range(300):
            for lesion in range(rng.choice([1, 1, 2, 2, 3, 4])):
                size = rng.choice([8, 10, 12, 20, 20, 25, 40, 60])
                late = rng.random() < 0.08
                for time in TIMES:
                    if (late and time == "pre") or rng.random() < (0.05 if time == "post" else 0.02):
                        continue
                    missing = rng.random() < 0.06
                    value = "" if missing else f"{size:g}"
                    reason = "metal" if missing else ""
                    out.write(f"R{patient:03},{time},CT,main,{lesion + 1},max_diameter,{value},mm,,{reason}\n")
                    # Steps that meet the limits exactly: 30 %, 20 %, 5 mm.
                    size = max(0.5, round(size * rng.choice([0.5, 0.7, 0.7, 0.8, 1, 1, 1.1, 1.2, 1.25, 1.5]) + rng.choice([0, 0, 0, 5]), 2))


def judge(lesions):
    """The class of a patient, `NE` where none is given; `None` of one who was examined at one timepoint only."""
    seen = [t for t in TIMES if any(t in times for times in lesions.values())]
    if len(seen) < 2:
        return None
    first, last = seen[0], seen[-1]
    new = [name for name, times in lesions.items() if first not in times]
    large = [(times[first], -order, name) for order, (name, times) in enumerate(lesions.items()) if times.get(first) is not None and times[first] >= 10]
    targets = [name for _, _, name in sorted(large, reverse=True)[:MOST]]
    if not targets:
        return "NE"
    sums = {}
    for time in seen[:-1]:
        values = [lesions[name].get(time) for name in targets]
        if None not in values:
            sums[time] = sum(values)
    after = [lesions[name].get(last) for name in targets]
    least, nadir = sum(v for v in after if v is not None), min(sums.values())
    if least - nadir >= 5 and least >= nadir * F(6, 5):
        return "PD"
    # A lesion that is not summed and has grown: not stable, and whether progressive is for a reader to say.
    others = [(times.get(first), times.get(last)) for name, times in lesions.items() if name not in targets]
    if new or None in after or any(a and b and b - a >= 5 and b >= a * F(6, 5) for a, b in others):
        return "NE"
    return "PR" if least <= sums[first] * F(7, 10) else "SD"


def compare(folder):
    patients = defaultdict(dict)
    with open(f"{folder}/exams.csv", newline="") as file:
        for row in csv.DictReader(file):
            value = F(row["value"]) if row["value"] else None
            patients[row["patient"]].setdefault(row["lesion"], {})[row["timepoint"]] = value
    with open(f"{folder}/patients.csv", newline="") as file:
        found = {r["patient"]: r["after"] or "NE" for r in csv.DictReader(file) if r["measure"] == "response_recist_patient"}
    wanted = {name: judge(lesions) for name, lesions in patients.items()}
    wanted = {name: code for name, code in wanted.items() if code}
    differ = [n for n in sorted(set(found) | set(wanted)) if found.get(n) != wanted.get(n)]
    for name in differ:
        print(name, "osteon", found.get(name), "here", wanted.get(name), dict(patients[name]))
    counts = {code: list(wanted.values()).count(code) for code in ["PR", "SD", "PD", "NE"]}
    print(f"{len(wanted)} patients, {counts}, {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    else:
        sys.exit(compare(sys.argv[1]))
