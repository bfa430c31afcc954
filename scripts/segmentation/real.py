#!/usr/bin/env python3
"""Osteon and the published tools from one box on two real tumours whose hand-made masks are public.

    python real.py OSTEON DATA --out DIR [--seeds 1-3]

OSTEON is the program, DATA the folder with `tumour/pyradiomics` and `tumour/sarcoma_STS_001/nifti`. Both images are T1:
Osteon's segmentation was made for T2, no setting knows these images, and the box is all that any tool is told. Each seed
moves every face of the mask's box by up to 2 mm, as the simulator's hand does. The tools have the settings that were best
for them on the simulator (README.md), and an image scaled so that the middle of the box is as bright as a tumour there.
"""
import argparse
import csv
import json
import os
import subprocess

import nibabel as nib
import numpy as np

from versus import Case, GRIDS, dice, usable
from mr_simulate import LESION, SCHEMA

CASES = {
    "brain1": ("tumour/pyradiomics/brain1_image.nii.gz", "tumour/pyradiomics/brain1_label.nii.gz"),
    "sarcoma_STS_001": ("tumour/sarcoma_STS_001/nifti/MR_T1_image.nii.gz", "tumour/sarcoma_STS_001/nifti/MR_T1_mask.nii.gz"),
}
SETTINGS = {
    "ITK confidence connected": (2.0, 0),
    "ITK geodesic active contour": (-0.3, 0.3, 4.0),
    "scikit-image random walker": (20000, 0.75, 1.3),
    "ITK fast GrowCut": (0.55, 1.35, 10.0),
}
MOST_OFF_MM = 2.0


def upright(path):
    """Voxels z, y, x with x to the left, y to the back, z up; the affine in those axes, LPS."""
    image = nib.as_closest_canonical(nib.load(path))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    voxels = image.get_fdata()[::-1, ::-1].transpose(2, 1, 0)
    last = np.array([image.shape[0] - 1, image.shape[1] - 1, 0, 1.0])
    origin, spacing = (affine @ last)[:3], np.abs(np.diag(affine)[:3])
    return voxels, origin, spacing


def box_of(mask, origin, spacing, seed):
    """Lower and upper corner, LPS mm, every face off by up to 2 mm."""
    at = np.argwhere(mask)[:, ::-1]
    lo, hi = origin + (at.min(0) - 0.5) * spacing, origin + (at.max(0) + 0.5) * spacing
    rng = np.random.default_rng(seed)
    return lo + rng.uniform(-MOST_OFF_MM, MOST_OFF_MM, 3), hi + rng.uniform(-MOST_OFF_MM, MOST_OFF_MM, 3)


def norm_of(box, shape, origin, spacing):
    lo, hi = box
    axes = [origin[a] + np.arange(shape[2 - a]) * spacing[a] for a in range(3)]
    x, y, z = [(axes[a] - (lo[a] + hi[a]) / 2) / ((hi[a] - lo[a]) / 2) for a in range(3)]
    return np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)


def written(folder, box):
    """The box as 3D Slicer writes it; the path of the file."""
    lo, hi = box
    roi = {"type": "ROI", "name": "tumour_box", "coordinateSystem": "LPS", "coordinateUnits": "mm", "roiType": "Box",
           "center": list((lo + hi) / 2), "orientation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "size": list(hi - lo),
           "controlPoints": [{"id": "1", "label": "box", "position": list((lo + hi) / 2), "positionStatus": "defined"}]}
    path = os.path.join(folder, "box.mrk.json")
    json.dump({"@schema": SCHEMA, "markups": [roi]}, open(path, "w"))
    return path


def osteon(program, folder, image, box):
    """Its mask, and its rows of exams.csv by measure."""
    table, results = os.path.join(folder, "study.csv"), os.path.join(folder, "results")
    with open(table, "w", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["patient", "timepoint", "modality", "image", "structures", "prompts", "weighting"])
        rows.writerow(["P", "pre", "MR", os.path.abspath(image), "", os.path.abspath(written(folder, box)), "T1"])
    command = [program, "run", table, "--out", results, "--fresh", "--set", "output.masks=true"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: some measures were not evaluable
        raise SystemExit(done.stderr)
    measures = {row["measure"]: row for row in csv.DictReader(open(os.path.join(results, "exams.csv")))}
    mask = os.path.join(results, "masks", "P_pre_MR_tumour.nii.gz")
    return upright(mask)[0] > 0 if os.path.exists(mask) else None, measures


def scores(program, data, out, name, seed):
    """Dice by tool, and what Osteon says of the exam."""
    image_path, mask_path = (os.path.join(data, path) for path in CASES[name])
    image, origin, spacing = upright(image_path)
    truth = upright(mask_path)[0] > 0
    box = box_of(truth, origin, spacing, seed)
    e = norm_of(box, image.shape, origin, spacing)
    folder = os.path.join(out, f"{name}_{seed}")
    os.makedirs(folder, exist_ok=True)
    mask, measures = osteon(program, folder, image_path, box)
    case = Case(truth, image * (LESION / np.median(image[e < 0.6])), e, "box", spacing)
    found = {"the ellipsoid alone": case.prior, "Osteon": dice(mask, truth) if mask is not None else 0.0}
    found |= {tool: case.dice(GRIDS[tool][0](case, *SETTINGS[tool])) for tool in usable()}
    return found, measures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("osteon")
    parser.add_argument("data")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seeds", default="1-3", help="first-last")
    args = parser.parse_args()
    first, last = (int(s) for s in args.seeds.split("-"))
    for name in CASES:
        table = {}
        for seed in range(first, last + 1):
            found, measures = scores(args.osteon, args.data, args.out, name, seed)
            for tool, value in found.items():
                table.setdefault(tool, []).append(value)
            if seed == first:
                told = {m: measures[m] for m in ("max_diameter", "si_ratio", "segmentation_agreement") if m in measures}
        print(f"{name}, box by seed {args.seeds}")
        for tool, values in table.items():
            print(f"  {tool:28s}", *(f"{v:.3f}" for v in values))
        for measure, row in told.items():
            print(f"  {measure}: {row['value']} {row['status']} {row['reason']} {row['flags']}")


if __name__ == "__main__":
    main()
