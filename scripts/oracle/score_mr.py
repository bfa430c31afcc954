#!/usr/bin/env python3
"""The MR measures of a run against the truth of its phantom: mean absolute error and bias with n, classes with counts.

    python3 scripts/oracle/score_mr.py STUDY RUN    (STUDY/truth_mr_exams.csv, RUN/exams.csv; --each prints every exam)
"""

import csv
import sys

NUMBERS = [  # measure, column of the truth
    ("canal_occupancy", "canal_occupancy"),
    ("canal_occupancy_volume", "canal_occupancy_volume"),
    ("si_ratio", "si_ratio"),
    ("cyst_diameter", "cyst_diameter_mm"),
    ("max_diameter", "max_diameter_mm"),
    ("max_diameter", "drawn_max_diameter_mm"),
    ("volume", "volume_mm3"),
    ("cord_area_loss", "cord_area_loss"),
]
CLASSES = ["cord_compression", "escc"]
KEY = ["patient", "timepoint", "modality"]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main(study, run, each):
    truth = {tuple(r[k] for k in KEY): r for r in rows(f"{study}/truth_mr_exams.csv")}
    found = {}
    for row in rows(f"{run}/exams.csv"):
        found[tuple(row[k] for k in KEY), row["measure"]] = row
    print(f"{'measure':24}{'against':24}{'MAE':>9}{'bias':>9}{'worst':>9}{'z rms':>7}{'n':>5} of {len(truth)}")
    for measure, column in NUMBERS:
        errors, scaled = [], []
        for key, true in truth.items():
            row = found.get((key, measure))
            if row and row["value"]:
                errors.append(float(row["value"]) - float(true[column]))
                if row["uncertainty"]:
                    scaled.append(errors[-1] / float(row["uncertainty"]))
                if each:
                    print("   ", *key, measure, row["value"], true[column], row["flags"])
            elif each:
                print("   ", *key, measure, "not evaluable:", row and row["reason"])
        if errors:
            mean = sum(abs(e) for e in errors) / len(errors)
            rms = (sum(z * z for z in scaled) / len(scaled)) ** 0.5 if scaled else float("nan")
            bias, worst = sum(errors) / len(errors), max(errors, key=abs)
            print(f"{measure:24}{column:24}{mean:9.4f}{bias:9.4f}{worst:9.4f}{rms:7.2f}{len(errors):5}")
    for measure in CLASSES:
        told = [(found.get((key, measure)), true[measure], key) for key, true in truth.items()]
        right = sum(1 for row, true, _ in told if row and row["value"] == true)
        evaluated = sum(1 for row, *_ in told if row and row["value"])
        print(f"{measure:24}right {right} of {evaluated} evaluated of {len(told)}")
        for row, true, key in told:
            if row and row["value"] != true:
                print("   ", *key, "true", true, "found", row["value"] or row["reason"], row["flags"])


if __name__ == "__main__":
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    places = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(places) != 2 or options not in ([], ["--each"]):
        sys.exit(__doc__)
    main(*places, bool(options))
