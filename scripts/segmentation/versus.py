#!/usr/bin/env python3
"""Osteon's tumours from prompts beside those of published tools, given the same prompts, on the same lesions.

    python versus.py STUDY --box RESULTS --line RESULTS [--tune TUNING_STUDY] [--cache scores.json]

STUDY is a folder of `mr_simulate.py`; RESULTS are Osteon's runs of its study_box.csv and study_line.csv with masks. Every
tool sees the region of the prompt's ellipsoid (1.75 times), an image smoothed by curvature anisotropic diffusion (8 x 0.05,
as method 6.3 has it), the prompt's ellipsoid norm e to set its seeds with, and the same tidying up: opening by a pixel,
the largest piece, holes filled. Each is tuned in its favour: for each prompt the setting of its grid (GRIDS) that has
the best mean Dice on seeds 1 to 3 of both families and both noises; Osteon's settings were chosen on seeds 1 to 8.
"""
import argparse
import csv
import itertools
import json
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from scipy import ndimage as ndi
from skimage.segmentation import random_walker

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "oracle"))
from mr_simulate import ORIGIN, SPACING, dice, ellipsoid, norm  # noqa: E402

sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
TUNING_SEEDS = {"1", "2", "3"}


# ---------------------------------------------------------------- cases

def load(path):
    return nib.load(path).get_fdata().transpose(2, 1, 0)


def prompt_of(folder, kind):
    markup = json.load(open(os.path.join(folder, f"{kind}.mrk.json")))["markups"][0]
    if kind == "line":
        return np.array([p["position"] for p in markup["controlPoints"]]) - ORIGIN
    centre, size = np.array(markup["center"]) - ORIGIN, np.array(markup["size"])
    return centre - size / 2, centre + size / 2


class Case:
    """One exam with one prompt, cut to the prompt's region: `e` is the ellipsoid norm of the prompt, z, y, x; the tumour of
    `image` is about LESION, as in the simulator, on which the settings were found."""

    def __init__(self, truth, image, e, kind, spacing):
        self.truth, self.kind, self.spacing = truth, kind, spacing
        at = np.argwhere(e < 1.75)
        self.box = tuple(slice(lo, hi + 1) for lo, hi in zip(at.min(0), at.max(0)))
        self.e = e[self.box]
        self.prior = dice(self.truth, e <= 1)
        raw = sitk.GetImageFromArray(image[self.box].astype(np.float32))
        self.image = sitk.CurvatureAnisotropicDiffusion(raw, timeStep=0.05, numberOfIterations=8)
        self.image.SetSpacing([float(s) for s in spacing])
        self.voxels = sitk.GetArrayFromImage(self.image)

    @classmethod
    def simulated(cls, folder, kind):
        truth = load(os.path.join(folder, "tumour.nii.gz")) > 0
        image = load(os.path.join(folder, "mr.nii.gz")) / 400
        return cls(truth, image, norm(prompt_of(folder, kind), kind), kind, SPACING)

    def dice(self, inside):
        """Of a mask of the region, tidied up; what of the truth lies beyond the region counts as missed."""
        inside = inside & (self.e < 1.6)
        cross = ndi.generate_binary_structure(2, 1)
        inside = np.stack([ndi.binary_opening(plane, cross) for plane in inside])
        labels, n = ndi.label(inside)
        if n > 1:
            inside = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
        inside = np.stack([ndi.binary_fill_holes(plane) for plane in inside])
        whole = np.zeros_like(self.truth)
        whole[self.box] = inside
        return dice(whole, self.truth)

    def seeds(self, core, rim):
        """1 inside, 2 outside, 0 open."""
        return np.where(self.e < core, 1, np.where(self.e > rim, 2, 0)).astype(np.uint8)

    def as_image(self, array):
        image = sitk.GetImageFromArray(array)
        image.CopyInformation(self.image)
        return image


# ---------------------------------------------------------------- tools

def confidence_connected(case, multiplier, iterations):
    at = np.argwhere(case.e < 0.3)[::7]
    found = sitk.ConfidenceConnected(case.image, [tuple(int(v) for v in p[::-1]) for p in at], numberOfIterations=iterations,
                                     multiplier=multiplier, initialNeighborhoodRadius=1)
    return sitk.GetArrayFromImage(found) > 0


def geodesic_active_contour(case, propagation, curvature, advection):
    edges = sitk.GradientMagnitudeRecursiveGaussian(case.image, 1.0)
    speed = sitk.Cast(sitk.BoundedReciprocal(edges * 8.0), sitk.sitkFloat32)
    start = case.as_image(((case.e - 1) * 15).astype(np.float32))  # about a signed distance in mm
    found = sitk.GeodesicActiveContourLevelSet(start, speed, maximumRMSError=0.01, numberOfIterations=120,
                                               propagationScaling=propagation, curvatureScaling=curvature,
                                               advectionScaling=advection)
    return sitk.GetArrayFromImage(found) < 0


def walker(case, beta, core, rim):
    return random_walker(case.voxels, case.seeds(core, rim).astype(int), beta=beta, mode="cg_j", tol=1e-3,
                         spacing=case.spacing[::-1] / case.spacing[0]) == 1


def itk_growcut(case, core, rim, penalty):
    import itk
    image = itk.image_from_array((case.voxels * 400).astype(np.float32))
    seeds = itk.image_from_array(case.seeds(core, rim))
    for one in (image, seeds):
        one.SetSpacing([float(s) for s in case.spacing])
    method = itk.FastGrowCut[type(image), type(seeds)].New()
    method.SetInput(image)
    method.SetSeedImage(seeds)
    method.SetDistancePenalty(penalty)
    method.Update()
    return itk.array_from_image(method.GetOutput()) == 1


GRIDS = {
    "ITK confidence connected": (confidence_connected, [[1.2, 1.6, 2.0, 2.5, 3.0], [0, 2, 5]]),
    "ITK geodesic active contour": (geodesic_active_contour, [[-0.3, 0.0, 0.3], [0.3, 1.0], [1.0, 4.0]]),
    "scikit-image random walker": (walker, [[1000, 5000, 20000], [0.6, 0.75], [1.15, 1.3]]),
    "ITK fast GrowCut": (itk_growcut, [[0.55, 0.7, 0.8], [1.1, 1.2, 1.35], [0.0, 1.0, 10.0]]),
}


def usable():
    """The tools that are installed."""
    try:
        import itk
        assert hasattr(itk, "FastGrowCut")
        return list(GRIDS)
    except (ImportError, AssertionError):
        print("itk-growcut is not installed: pip install itk-growcut", file=sys.stderr)
        return [name for name in GRIDS if "GrowCut" not in name]


def tuned(name, cases):
    method, grid = GRIDS[name]
    mean = {setting: np.mean([c.dice(method(c, *setting)) for c in cases]) for setting in itertools.product(*grid)}
    best = max(mean, key=mean.get)
    print(f"tuned {cases[0].kind:4s} {name}: {best}, Dice {mean[best]:.3f} on {len(cases)}", file=sys.stderr, flush=True)
    return best


# ---------------------------------------------------------------- table

def exams(study):
    return [row["patient"] for row in csv.DictReader(open(os.path.join(study, "study.csv")))]


def family(name):
    return name.rsplit("n", 1)[0].rstrip("0123456789")


def seed(name):
    return name.rsplit("n", 1)[0][len(family(name)):]


def tuning_exams(study):
    return [exam for exam in exams(study) if seed(exam) in TUNING_SEEDS]


def peers(args, cache):
    """Dice of every tool on every exam and prompt, from the cache where it has them."""
    names = usable()
    for kind in ("box", "line"):
        todo = [n for n in names if any(f"{kind} {n} {exam}" not in cache for exam in exams(args.study))]
        if not todo:
            continue
        tuning = None
        cases = {exam: Case.simulated(os.path.join(args.study, exam), kind) for exam in exams(args.study)}
        for name in todo:
            key = f"setting {kind} {name}"
            if key not in cache:
                tuning = tuning or [Case.simulated(os.path.join(args.tune, exam), kind) for exam in tuning_exams(args.tune)]
                cache[key] = tuned(name, tuning)
            for exam, case in cases.items():
                cache[f"{kind} {name} {exam}"] = case.dice(GRIDS[name][0](case, *cache[key]))
            if args.cache:
                json.dump(cache, open(args.cache, "w"))
    return names


def osteon(results, exam, truth):
    path = os.path.join(results, "masks", f"{exam}_pre_MR_tumour.nii.gz")
    return dice(load(path) > 0, truth) if os.path.exists(path) else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study")
    parser.add_argument("--box", required=True)
    parser.add_argument("--line", required=True)
    parser.add_argument("--tune", help="study with the tuning seeds")
    parser.add_argument("--cache")
    args = parser.parse_args()
    cache = json.load(open(args.cache)) if args.cache and os.path.exists(args.cache) else {}
    names = peers(args, cache) if args.tune or cache else []
    print("| prompt | lesions | by | Dice, mean (least) | lift over the prompt's ellipsoid | exams where Osteon is better |")
    print("|---|---|---|---|---|---|")
    for kind in ("box", "line"):
        for group in ("compact", "irregular"):
            members = [exam for exam in exams(args.study) if family(exam) == group]
            folders = [os.path.join(args.study, exam) for exam in members]
            truths = [load(os.path.join(f, "tumour.nii.gz")) > 0 for f in folders]
            prior = np.array([dice(t, ellipsoid(prompt_of(f, kind), kind)) for f, t in zip(folders, truths)])
            ours = np.array([osteon(getattr(args, kind), exam, t) for exam, t in zip(members, truths)])
            rows = [("the ellipsoid alone", prior), ("Osteon", ours)]
            rows += [(n, np.array([cache[f"{kind} {n} {exam}"] for exam in members])) for n in names]
            for name, found in rows:
                better = "" if name == "Osteon" else f"{(ours > found).sum()} of {len(ours)}"
                print(f"| {kind} | {group} | {name} | {found.mean():.3f} ({found.min():.2f}) | {(found - prior).mean():+.3f} | {better} |")


if __name__ == "__main__":
    main()
