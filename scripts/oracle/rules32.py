#!/usr/bin/env python3
"""The first rules, as a witness of "before": rim, interior and grade as the method note first had them (3.1 to 3.6).

    python3 scripts/oracle/rules32.py study --out results32        (CT as NIfTI)
    python3 scripts/oracle/score.py study results32 --brief

Every ray is judged alone: the highest density from -3.5 to +2.0 mm about the outline, a ridge test where bone lies outside,
clean-up along the outline, shares of arc length. Written from the note alone, without reading the program it is held
against: keep it so. Writes exams.csv, slices_ct.csv and failures.csv with the program's columns.

Where the note leaves a choice: a ray that cannot be judged is left out of its ring, so it neither joins nor breaks runs; the
local half-width is half the chord along the normal; coverage is printed wherever a ray could be judged, but only slices that
count enter the exam. slice_gt_3_5mm only warns. Left out: what needs a baseline, an aorta or a native-bone mask, and the
second look of 3.8 at outlines drawn inside the rim.
"""
import argparse
import csv
import os

import contourpy
import nibabel as nib
import numpy as np
from nibabel.processing import resample_from_to
from scipy import ndimage as ndi

RAY = np.arange(-8.0, 6.0 + 1e-6, 0.35)
WINDOW, OUTSIDE = (RAY >= -3.5) & (RAY <= 2.0), RAY >= 3.5
SMOOTH_MM, METAL_HU, METAL_MM, MAX_SMEAR_MM = 0.5, 2500, 5.0, 3.0
KEY = ["patient", "timepoint", "modality", "series", "lesion"]
SLICE = ["slice", "z_mm", "level", "area_mm2", "diameter_mm", "short_axis_mm", "mean_hu", "rim_coverage", "rim_gap_mm",
         "rim_evaluable", "ossified_fraction", "section_fraction", "flags"]
EXAM = ["measure", "value", "unit", "uncertainty", "slice", "status", "reason", "flags"]
GRADES, RIMS, INTERIORS = ["0", "1a", "1b", "2a", "2b", "3"], ["none", "incomplete", "complete"], ["none", "under_half", "over_half"]


def threshold(kvp):
    """Mineral [HU] at a tube voltage (section 2); 200 where it is unknown."""
    return 60 + 140 * (np.interp(float(kvp), [80, 100, 120, 140], [1.30, 1.08, 1.00, 0.95]) if kvp else 1.0)


def load(row, folder):
    """HU and outline as (z, y, x) about the lesion, z upwards; spacing; z of slice 0; the first slice kept."""
    image = nib.as_closest_canonical(nib.load(os.path.join(folder, row["image"])))
    name = dict(s.strip().split("=", 1) for s in row["structures"].split(";"))["tumour"]
    name, _, labels = name.rpartition(":") if ":" in os.path.basename(name) else (name, "", "")
    outline = nib.load(os.path.join(folder, name))
    mask = np.asanyarray(outline.dataobj)
    mask = np.isin(mask, [int(v) for v in labels.split(",")]) if labels else mask > 0
    outline = nib.as_closest_canonical(nib.Nifti1Image(mask.astype(np.uint8), outline.affine))
    if outline.shape != image.shape or not np.allclose(outline.affine, image.affine, atol=1e-3):
        outline = resample_from_to(outline, image, order=0)
    axis = image.affine[:3, 2] / np.linalg.norm(image.affine[:3, 2])
    hu, mask = image.get_fdata(dtype=np.float32).T, np.asanyarray(outline.dataobj).T > 0
    if axis[2] < np.cos(np.radians(15)) or not mask.any():
        raise ValueError("mask_missing" if not mask.any() else "oblique_stack")
    spacing = np.array(image.header.get_zooms()[2::-1], float)
    lo, hi = np.argwhere(mask).min(axis=0), np.argwhere(mask).max(axis=0) + 1
    reach = np.ceil(np.array([6, 20, 20]) / spacing).astype(int)
    box = tuple(slice(max(0, a - r), b + r) for a, b, r in zip(lo, hi, reach))
    return hu[box], mask[box], spacing, float(axis @ image.affine[:3, 3]), box[0].start


def rings(mask, spacing):
    """Outer contours of a slice: points [mm] (y, x) at 1 mm of arc, outward normals over 5 mm, the arc element (3.1)."""
    out = []
    for c in contourpy.contour_generator(z=np.pad(ndi.binary_fill_holes(mask).astype(float), 1)).lines(0.5):
        xy = (c[:-1] - 1) * spacing[[2, 1]]
        area = np.sum(xy[:, 0] * np.roll(xy[:, 1], -1) - xy[:, 1] * np.roll(xy[:, 0], -1))
        closed = np.vstack([xy, xy[:1]])
        arc = np.r_[0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))]
        n = max(8, int(round(arc[-1])))
        step = arc[-1] / n
        p = np.stack([np.interp(np.arange(n) * step, arc, closed[:, k]) for k in (0, 1)], 1)
        smooth = ndi.uniform_filter1d(p, max(3, int(round(5 / step)) | 1), axis=0, mode="wrap")
        tangent = np.roll(smooth, -1, 0) - np.roll(smooth, 1, 0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1) * np.sign(area)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        out.append((p[:, ::-1], normal[:, ::-1], step))
    return out


def along(image, p, normal, u, spacing, order=1, outside=np.nan):
    at = (p[:, None, :] + u[None, :, None] * normal[:, None, :]) / spacing[1:]
    return ndi.map_coordinates(image, [at[..., 0], at[..., 1]], order=order, cval=outside)


def circular_runs(flag):
    """Runs of equal flags around a ring, as index arrays."""
    cut = np.flatnonzero(flag != np.roll(flag, 1))
    if len(cut) == 0:
        return [np.arange(len(flag))] if len(flag) else []
    return [np.arange(a, b) % len(flag) for a, b in zip(cut, np.r_[cut[1:], cut[0] + len(flag)])]


def clean(positive, step):
    """Closes gaps up to 3 mm, then removes runs under 5 mm."""
    for value, limit in ((False, 3.0 + 1e-6), (True, 5.0 - 1e-6)):
        for r in circular_runs(positive):
            if positive[r[0]] == value and len(r) < len(positive) and len(r) * step < limit:
                positive[r] = not value
    return positive


def judge(hu, mask, slope, hidden, ring, spacing, thickness, T):
    """Of a ring's rays: which are rim, which could be judged, the tangent of the surface's tilt (3.2)."""
    p, normal, step = ring
    h = along(hu, p, normal, RAY, spacing)
    walk = np.arange(0.5, 200, 0.5)
    left = along(mask.astype(float), p, -normal, walk, spacing, order=0, outside=0) < 0.5
    half = np.where(left.any(1), walk[left.argmax(1)], walk[-1])[:, None] / 2
    deep = np.where(half >= 8, RAY[None] <= -5, (RAY[None] >= -half) & (RAY[None] <= -0.7 * half))
    deep |= np.abs(RAY[None] + np.minimum(half, 8)) <= 0.18  # never empty
    tan = along(slope, p, normal, np.zeros(1), spacing)[:, 0]
    with np.errstate(all="ignore"):
        v, O, I = h[:, WINDOW].max(axis=1), np.median(h[:, OUTSIDE], axis=1), np.nanmedian(np.where(deep, h, np.nan), axis=1)
        native = O >= 130
        positive = (v >= T) & np.where(native, (v - O >= 50) & (v - I >= 80), v - O >= 80)
        seen = np.isfinite(v + O + I) & (h[:, WINDOW].min(axis=1) > -1500) & (thickness * tan <= MAX_SMEAR_MM) & ~(native & (I >= T))
    seen &= along(hidden, p, normal, RAY[WINDOW], spacing, order=0, outside=0).max(axis=1) < 0.5
    positive &= seen
    positive[seen] = clean(positive[seen], step)
    return positive, seen, tan


def slopes(mask, spacing):
    """Tangent of the tilt: how far the outline moves per mm of z (the 3-D normal of the in-plane distance)."""
    sd = np.full((len(mask) + 2,) + mask.shape[1:], np.nan, np.float32)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        inward = ndi.distance_transform_edt(mask[k], spacing[1:]) - ndi.distance_transform_edt(~mask[k], spacing[1:])
        sd[k + 1] = ndi.gaussian_filter(inward, 2.5 / spacing[1:])  # as smooth as the normals
    up, down = sd[2:] - sd[1:-1], sd[1:-1] - sd[:-2]
    mean = np.where(np.isnan(up), down, np.where(np.isnan(down), up, (up + down) / 2))
    return np.nan_to_num(np.abs(mean) / spacing[0], nan=99.0)


def metal_shadow(hu, spacing, T):
    """Voxels within 5 mm of metal, and sectors of 15 degrees about it that scatter over three times the usual (3.2, 3.8)."""
    metal = hu >= METAL_HU
    if not metal.any():
        return np.zeros(hu.shape, np.uint8)
    hidden = ndi.distance_transform_edt(~metal, spacing) <= METAL_MM
    noise, soft = hu - ndi.gaussian_filter(hu, (0, 2, 2)), (hu > -200) & (hu < T) & ~hidden
    usual = [n[s].std() for n, s, m in zip(noise, soft, metal) if s.any() and not m.any()]
    for k in np.flatnonzero(metal.any(axis=(1, 2))):
        away = np.indices(metal[k].shape) - np.array(ndi.center_of_mass(metal[k]))[:, None, None]
        sector = np.arctan2(*away) // np.radians(15)
        for s in np.unique(sector):
            part = noise[k][soft[k] & (sector == s)]
            hidden[k] |= (sector == s) & (len(part) > 30 and part.std() > 3 * np.median(usual or [20.0]))
    return hidden.astype(np.uint8)


def rim_class(s, seen, perimeter):
    """Class, coverage and reason of an exam from its slices that count (3.4)."""
    if seen < 0.5 * perimeter or len(s) < 3:
        return None, None, "evaluable_perimeter_lt_50pct" if seen < 0.5 * perimeter else "too_few_slices"
    C = sum(x["pos"] for x in s) / sum(x["seen"] for x in s)
    pair = any(a["k"] + 1 == b["k"] and min(a["run"], b["run"]) >= 10 for a, b in zip(s, s[1:]))
    closed = np.median([x["gap"] for x in s]) <= max(5.0, 0.08 * np.median([x["peri"] for x in s]))
    share = np.mean([x["pos"] >= 0.90 * x["seen"] for x in s])
    return ("none" if C < 0.10 or not pair else "complete" if C >= 0.90 and share >= 0.75 and closed else "incomplete"), C, ""


def interior(smooth, mask, spacing, T, contrast):
    """Class, fraction, fraction of each slice and reason: a hard threshold inside the peel (3.5)."""
    pixel, depth, peel = spacing[1] * spacing[2], np.zeros(mask.shape), np.zeros((len(mask), 1, 1))
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        depth[k] = ndi.distance_transform_edt(mask[k], spacing[1:]) - spacing[1:].mean() / 2  # to the contour, not the next pixel
        peel[k] = min(3.0, 0.2 * np.sqrt(mask[k].sum() * pixel / np.pi))
    zone = mask & (depth > peel) & (smooth < METAL_HU) & (smooth > -200)
    nothing = [None] * len(mask)
    if zone.sum(axis=(1, 2)).max() * pixel < 200:
        return None, None, nothing, "zone_lt_200mm2"
    soft = smooth[zone & (smooth < T)]
    if contrast and len(soft):  # section 2
        T = max(T, np.median(soft) + 4 * 1.4826 * np.median(np.abs(soft - np.median(soft))))
        if T > 300:
            return None, None, nothing, "contrast_too_dense"
    label, n = ndi.label(zone & (smooth >= T))
    size = np.bincount(label.ravel(), minlength=n + 1) * spacing.prod()
    size[0] = 0
    bone, area = (size[label] >= 20).sum(axis=(1, 2)), zone.sum(axis=(1, 2))
    F, deep = bone.sum() / area.sum(), False
    for i in np.flatnonzero(size >= 100):
        z, y, x = np.round(ndi.center_of_mass(label == i)).astype(int)
        deep |= depth[z, y, x] > peel[z, 0, 0] + 2
    return INTERIORS[2 if F > 0.5 else 1 if F >= 0.05 and deep else 0], F, [b / a if a else None for b, a in zip(bone, area)], ""


def grade(rim, inside):
    """The grade, or where it cannot be told which are possible (3.6)."""
    one = lambda r, i: ("3" if r == "complete" else "2b") if i == "over_half" else "2a" if i == "under_half" else GRADES[RIMS.index(r)]
    possible = {one(r, i) for r in ([rim] if rim else RIMS) for i in ([inside] if inside else INTERIORS)}
    return (possible.pop(), []) if len(possible) == 1 else (None, ["feasible:" + "|".join(sorted(possible, key=GRADES.index))])


def measure(row, folder):
    """Rows of slices_ct.csv and exams.csv of one row of the study table (3.3)."""
    hu, mask, spacing, z0, first = load(row, folder)
    T, thickness = threshold(row.get("kvp")), float(row.get("thickness_mm") or spacing[0])
    warn = ["slice_gt_3_5mm"] if spacing[0] > 3.5 else []
    smooth = ndi.gaussian_filter(hu, [0, SMOOTH_MM / spacing[1], SMOOTH_MM / spacing[2]])
    slope, hidden, levels = slopes(mask, spacing), metal_shadow(hu, spacing, T), np.flatnonzero(mask.any(axis=(1, 2)))
    inside, F, fractions, no_interior = interior(smooth, mask, spacing, T, row.get("contrast") == "yes")
    slices, counted, total = [], [], np.zeros(2)
    for k in levels:
        s, tilt, area = dict(k=k, pos=0.0, seen=0.0, peri=0.0, run=0.0, gap=0.0), [], mask[k].sum() * spacing[1] * spacing[2]
        for ring in rings(mask[k], spacing):
            positive, seen, tan = judge(smooth[k], mask[k], slope[k], hidden[k], ring, spacing, thickness, T)
            for name, rays in (("pos", positive), ("seen", seen), ("peri", np.ones(len(seen)))):
                s[name] += rays.sum() * ring[2]
            for r in circular_runs(positive[seen]):
                name = "run" if positive[seen][r[0]] else "gap"
                s[name] = max(s[name], len(r) * ring[2])
            tilt.extend(np.degrees(np.arctan(tan)))
        why = [n for n, bad in (("end_slice", k in (levels[0], levels[-1])), ("tilted_surface", np.mean(tilt) > 45),
                                ("small_area", area < 100), ("few_rays", s["seen"] < 0.6 * s["peri"])) if bad]
        counted += [] if why else [s]
        total += [s["seen"], s["peri"]]
        slices.append(dict(slice=first + k, z_mm=z0 + (first + k) * spacing[0], area_mm2=area, mean_hu=hu[k][mask[k]].mean(),
                           rim_coverage=s["pos"] / s["seen"] if s["seen"] else None, rim_gap_mm=s["gap"] if s["seen"] else None,
                           rim_evaluable=s["seen"] / s["peri"], ossified_fraction=fractions[k], flags=";".join(sorted(why + warn))))
    rim, C, no_rim = rim_class(counted, *total)
    value, feasible = grade(rim, inside)
    edge = dict(rim=rim and (0.85 <= C < 0.93 or 0.07 <= C < 0.13), interior=inside and 0.45 <= F <= 0.55)
    rows = [("rim_coverage", C, no_rim), ("rim", rim, no_rim), ("ossified_fraction", F, no_interior), ("interior", inside, no_interior),
            ("boriani_grade", value, "" if value else "interior_ne" if rim else "rim_ne")]
    return slices, [dict(measure=m, value=v, reason=r, status="not_evaluable" if v is None else "borderline" if edge.get(m) else "ok",
                         flags=";".join((feasible if m == "boriani_grade" else []) + warn)) for m, v, r in rows]


def cell(v):
    return "" if v is None else f"{v:.5f}".rstrip("0").rstrip(".") if isinstance(v, (float, np.floating)) else str(v)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("study", help="study.csv or its folder")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    study = os.path.join(a.study, "study.csv") if os.path.isdir(a.study) else a.study
    with open(study, newline="") as f:
        table = [(line, r) for line, r in enumerate(csv.DictReader(f), 2) if r["modality"] == "CT"]
    slices, exams, failures = [], [], []
    for line, row in table:
        key = {c: row.get(c) or d for c, d in zip(KEY, ["", "", "", "main", "1"])}
        try:
            s, e = measure(row, os.path.dirname(study))
        except (OSError, ValueError, KeyError, nib.filebasedimages.ImageFileError) as err:
            failures.append(key | dict(line=line, stage="read", reason=str(err)))
            continue
        slices += [key | x for x in s]
        exams += [key | x for x in e]
    os.makedirs(a.out, exist_ok=True)
    for name, columns, rows in (("slices_ct", SLICE, slices), ("exams", EXAM, exams), ("failures", ["line", "stage", "reason", "message"], failures)):
        with open(os.path.join(a.out, name + ".csv"), "w", newline="") as f:
            w = csv.DictWriter(f, KEY + columns, lineterminator="\n")
            w.writeheader()
            w.writerows({c: cell(r.get(c)) for c in KEY + columns} for r in rows)
    thick = sum(e["measure"] == "rim" and "slice_gt_3_5mm" in e["flags"] for e in exams)
    print(f"{len(table)} exams, {len(failures)} failures, {thick} with slices farther apart than 3.5 mm")


if __name__ == "__main__":
    main()
