#!/usr/bin/env python3
"""Independent simulator of tumours of the spine on T2 MR: lesions with known truth, and the prompts a hand would give.

    python mr_simulate.py --family compact|irregular --seeds 1-24 --out DIR [--noise 0.06 0.15]
    python mr_simulate.py --family compact --seeds 1-24 --check      # Dice of the prompts' own ellipsoids, nothing written

Frame: LPS millimetres, x to the left, y to the back, z up. Tissue is a function of place, sampled 2 x 2 x 3 times in every
voxel (the slice is 3 mm thick, slices are 3.8 mm apart) and averaged: partial volume. Intensities are multiples of the
cord's. Around the lesion lies a mosaic of cells of marrow, fat, muscle, disc and vessel, about one in seven within
0.12 of the lesion's mean; behind it the canal with CSF and the cord. Then a smooth bias of +-15 % and Rician noise.

A family counts only where the prompt's own ellipsoid is as good, in the mean, as FAIR says: a generous box flatters
everything.
"""
import argparse
import csv
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import nibabel as nib
import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull, cKDTree

F = np.float32
DIMS = np.array([128, 128, 22])  # x, y, z
SPACING = np.array([0.7, 0.7, 3.8])
THICKNESS = 3.0
SUPER = (2, 2, 3)
SIZE = DIMS * SPACING
FAIR = {"compact": (0.82, 0.89), "irregular": (0.68, 0.76)}
LESION, CSF, CORD = 0.77, 2.0, 1.0
TEXTURE, CYST, NODULE = 0.12, 1.55, 0.30
# tissue: share of the cells, range of intensity, texture
MOSAIC = {
    "marrow": (0.34, (0.75, 1.15), 0.06),
    "fat": (0.20, (1.15, 1.5), 0.06),
    "muscle": (0.26, (0.32, 0.5), 0.05),
    "disc": (0.12, (0.3, 0.7), 0.05),
    "vessel": (0.08, (0.08, 0.2), 0.02),
}


# ---------------------------------------------------------------- places

def fine_axes():
    """Centres of the samples along each axis, mm from the grid's corner."""
    axes = []
    for a in range(3):
        width = THICKNESS if a == 2 else SPACING[a]
        offsets = ((np.arange(SUPER[a]) + 0.5) / SUPER[a] - 0.5) * width
        axes.append((np.arange(DIMS[a])[:, None] * SPACING[a] + SPACING[a] / 2 + offsets).ravel().astype(F))
    return axes


def pooled(fine):
    """Mean over the samples of each voxel; z, y, x."""
    nx, ny, nz = DIMS
    return fine.reshape(nz, SUPER[2], ny, SUPER[1], nx, SUPER[0]).mean(axis=(1, 3, 5), dtype=F)


def smooth_field(rng, axes, scale):
    """Unit-variance random field with a correlation of about `scale` mm, z, y, x."""
    lattice = [np.arange(-2 * scale, s + 2 * scale, scale) for s in SIZE]
    coarse = rng.standard_normal([len(l) for l in lattice[::-1]]).astype(F)
    where = [(a + 2 * scale) / scale for a in axes]
    out = coarse
    for axis, x in enumerate(where[::-1]):
        n = out.shape[axis]
        t = np.abs(x[:, None] - np.arange(n))
        w = np.where(t < 1, 2 / 3 - t * t + t**3 / 2, np.where(t < 2, (2 - t) ** 3 / 6, 0)).astype(F)
        out = np.moveaxis(np.tensordot(w, out, axes=(1, axis)), 0, axis)
    return out / out.std()


# ---------------------------------------------------------------- lesions

def rotation(rng):
    """Any way around the body's axis, tilted from it by some 20 degrees."""
    spin, tilt = rng.uniform(0, 2 * np.pi), rng.normal(0, np.radians(20))
    about_z = np.array([[np.cos(spin), np.sin(spin), 0], [-np.sin(spin), np.cos(spin), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    return about_x @ about_z


def blob(grid, centre, semi, turn):
    """Ellipsoid norm, 1 on the surface."""
    x, y, z = grid
    d = [x - centre[0], y - centre[1], z - centre[2]]
    local = [sum(turn[i, a] * d[a] for a in range(3)) / semi[i] for i in range(3)]
    return np.sqrt(sum(c * c for c in local), dtype=F)


def compact(rng, grid, axes, middle):
    """An ellipsoid with a lobe and a bumpy surface."""
    semi = rng.uniform([17, 13.5, 13.5], [23, 18, 18])
    turn = rotation(rng)
    norm = blob(grid, middle, semi, turn)
    way = rng.standard_normal(3)
    way /= np.linalg.norm(way)
    reach = 1 / np.linalg.norm(turn @ way / semi)
    lobe = semi * rng.uniform(0.5, 0.62)
    norm = np.minimum(norm, blob(grid, middle + way * reach * rng.uniform(0.5, 0.72), lobe, turn))
    return norm + 0.06 * smooth_field(rng, axes, 8.0) < 1


def irregular(rng, grid, axes, middle):
    """Three overlapping lobes off the centre, with dents between them."""
    norm = np.full([len(a) for a in axes[::-1]], 9, F)
    start = rng.uniform(0, 2 * np.pi)
    for k in range(3):
        angle = start + 2 * np.pi * k / 3 + rng.uniform(-0.45, 0.45)
        away = rng.uniform(9.5, 14)
        at = middle + np.array([np.cos(angle) * away, np.sin(angle) * away, rng.uniform(-9, 9)])
        semi = rng.uniform([10, 10, 10.5], [16, 16, 16.5])
        norm = np.minimum(norm, blob(grid, at, semi, rotation(rng)))
    norm = np.minimum(norm, blob(grid, middle, rng.uniform(8, 11, 3), np.eye(3)))
    return norm + 0.05 * smooth_field(rng, axes, 6.0) < 1


def largest_piece(mask):
    labels, n = ndi.label(mask)
    return mask if n < 2 else labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])


# ---------------------------------------------------------------- surroundings

def mosaic(rng, grid, axes):
    """Intensity of the cells and how much their texture is."""
    n = int(np.prod(SIZE) / 15.0**3)
    seeds = rng.uniform(-8, SIZE + 8, (n, 3))
    names = list(MOSAIC)
    kinds = rng.choice(len(names), n, p=[MOSAIC[k][0] for k in names])
    level = np.array([rng.uniform(*MOSAIC[names[k]][1]) for k in kinds], F)
    grain = np.array([MOSAIC[names[k]][2] for k in kinds], F)
    warp = [2.0 * smooth_field(rng, axes, 9.0) for _ in range(3)]
    shape = warp[0].shape
    points = np.stack([(np.broadcast_to(g, shape) + w).ravel() for g, w in zip(grid, warp)], 1)
    cell = cKDTree(seeds).query(points, workers=1)[1].reshape(shape)
    return level[cell] + grain[cell] * smooth_field(rng, axes, 2.5)


def spine(rng, grid, axes, image, middle, lesion):
    """The canal behind the lesion, some of it taken by it, with the cord pushed aside."""
    x, y, z = grid
    rear = middle[1] + np.where(lesion.any(axis=(0, 2)))[0].size * SPACING[1] / SUPER[1] / 2
    sway = 1.5 * np.sin(2 * np.pi * (z / SIZE[2] + rng.uniform()))
    cx, cy = middle[0] + rng.uniform(-5, 5) + sway, rear + rng.uniform(1, 6) + sway
    canal = np.broadcast_to(((x - cx) / 9.5) ** 2 + ((y - cy) / 8.0) ** 2 < 1, image.shape)
    cord = np.broadcast_to(((x - cx - 0.5) / 5.2) ** 2 + ((y - cy - 2.0) / 3.8) ** 2 < 1, image.shape)
    image = np.where(canal, CSF + 0.1 * smooth_field(rng, axes, 4.0), image)
    image = np.where(cord, CORD + 0.03 * smooth_field(rng, axes, 4.0), image)
    line = [np.array([float(np.mean(c)) for c in p]) for p in zip(
        np.array_split(np.ravel(cx), 4), np.array_split(np.ravel(cy), 4), np.array_split(np.ravel(z), 4))]
    return image, canal, cord, line


def inside_tumour(rng, grid, axes, lesion, middle):
    """Solid tissue, bright cysts, dark nodules."""
    tissue = LESION + TEXTURE * smooth_field(rng, axes, 3.0)
    at = np.argwhere(lesion)
    for bright in [True] * rng.integers(0, 3) + [False] * rng.integers(0, 4):
        k, j, i = at[rng.integers(len(at))]
        centre = np.array([axes[0][i], axes[1][j], axes[2][k]])
        semi = rng.uniform(2.5, 5.0, 3) if bright else rng.uniform(1.5, 3.5, 3)
        core = blob(grid, centre, semi, np.eye(3)) < 1
        tissue = np.where(core, CYST if bright else NODULE, tissue)
    return tissue


def bias(rng, axes):
    x, y, z = [2 * a / s - 1 for a, s in zip(axes, SIZE)]
    c = rng.uniform(-1, 1, 9)
    x, y, z = x[None, None, :], y[None, :, None], z[:, None, None]
    f = c[0] * x + c[1] * y + c[2] * z + c[3] * x * y + c[4] * y * z + c[5] * x * x + c[6] * y * y + c[7] * z * z
    f = f - (f.max() + f.min()) / 2
    return (1 + 0.15 * f / np.abs(f).max()).astype(F)


class Scene:
    """One lesion and all around it, without noise."""

    def __init__(self, family, seed):
        rng = np.random.default_rng([{"compact": 11, "irregular": 23}[family], seed])
        axes = fine_axes()
        grid = [axes[0][None, None, :], axes[1][None, :, None], axes[2][:, None, None]]
        middle = SIZE / 2 + rng.uniform(-4, 4, 3) - [0, 6, 0]
        lesion = largest_piece({"compact": compact, "irregular": irregular}[family](rng, grid, axes, middle))
        image, canal, cord, self.canal_line = spine(rng, grid, axes, mosaic(rng, grid, axes), middle, lesion)
        lesion = largest_piece(lesion & ~cord)
        image = np.where(lesion, inside_tumour(rng, grid, axes, lesion, middle), image)
        self.clean = pooled(np.clip(image, 0.02, None) * bias(rng, axes))
        self.tumour, self.canal, self.cord = (pooled(m.astype(F)) >= 0.5 for m in (lesion, canal, cord))
        self.box, self.line = box(rng, self.tumour), line(rng, self.tumour)

    def noisy(self, sigma, seed):
        rng = np.random.default_rng([97, seed, round(sigma * 1000)])
        a, b = (sigma * rng.standard_normal(self.clean.shape) for _ in range(2))
        return np.hypot(self.clean + a, b).astype(F)


# ---------------------------------------------------------------- the hand that prompts

def centres(mask):
    """Centres of a mask's voxels, mm, x, y, z."""
    return np.argwhere(mask)[:, ::-1] * SPACING + SPACING / 2


def box(rng, tumour):
    """Lower and upper corner; every face off by up to 2 mm."""
    at = centres(tumour)
    lo, hi = at.min(0) - SPACING / 2, at.max(0) + SPACING / 2
    return lo + rng.uniform(-2, 2, 3), hi + rng.uniform(-2, 2, 3)


def line(rng, tumour):
    """The longest in-plane diameter of all slices; its ends off by up to 1.5 mm."""
    best = (0, None)
    for k in np.unique(np.argwhere(tumour)[:, 0]):
        at = centres(tumour[k:k + 1])
        if len(at) < 4:
            continue
        corner = at[ConvexHull(at[:, :2]).vertices]
        away = np.linalg.norm(corner[:, None, :2] - corner[None, :, :2], axis=2)
        i, j = np.unravel_index(np.argmax(away), away.shape)
        if away[i, j] > best[0]:
            best = (away[i, j], np.array([corner[i], corner[j]]) + [[0, 0, k * SPACING[2]]])
    ends = best[1]
    ends[:, :2] += rng.uniform(-1.5, 1.5, (2, 2))
    return ends


def norm(prompt, kind):
    """Ellipsoid norm of every voxel, z, y, x: of the box's ellipsoid, or of the line's with the other axes 0.8 as long."""
    x, y, z = np.meshgrid(*[np.arange(n) * s + s / 2 for n, s in zip(DIMS, SPACING)], indexing="ij")
    p = np.stack([x, y, z], -1)
    if kind == "box":
        lo, hi = prompt
        e = np.linalg.norm((p - (lo + hi) / 2) / ((hi - lo) / 2), axis=-1)
    else:
        a, b = prompt
        d, half = p - (a + b) / 2, np.linalg.norm(b - a) / 2
        along = d @ (b - a) / np.linalg.norm(b - a)
        across2 = (d * d).sum(-1) - along**2
        e = np.sqrt((along / half) ** 2 + across2 / (0.8 * half) ** 2)
    return np.ascontiguousarray(e.transpose(2, 1, 0))


def ellipsoid(prompt, kind):
    """What the prompt alone says, z, y, x."""
    return norm(prompt, kind) <= 1


def dice(a, b):
    return 2 * (a & b).sum() / max(a.sum() + b.sum(), 1)


# ---------------------------------------------------------------- files

ORIGIN = np.array([-45.0, -60.0, -40.0])  # of the grid's corner, LPS mm
SCHEMA = ("https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
          "markups-schema-v1.0.3.json#")


def lps(point):
    return [round(float(v), 4) for v in np.asarray(point) + ORIGIN]


def markup(kind, name, points, **more):
    control = [{"id": str(i + 1), "label": f"{name}-{i + 1}", "position": lps(p), "positionStatus": "defined"}
               for i, p in enumerate(points)]
    return {"@schema": SCHEMA, "markups": [
        {"type": kind, "name": name, "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": control, **more}]}


def write_prompts(folder, scene):
    lo, hi = scene.box
    roi = dict(roiType="Box", center=lps((lo + hi) / 2), orientation=[1, 0, 0, 0, 1, 0, 0, 0, 1],
               size=[round(float(v), 4) for v in hi - lo])
    files = {
        "box": markup("ROI", "tumour_box", [(lo + hi) / 2], **roi),
        "line": markup("Line", "tumour_diameter", scene.line),
        "canal": markup("Fiducial", "canal", scene.canal_line),
    }
    for name, content in files.items():
        with open(os.path.join(folder, f"{name}.mrk.json"), "w") as f:
            json.dump(content, f, indent=1)


def save(path, data):
    affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
    corner = ORIGIN + SPACING / 2
    affine[:3, 3] = [-corner[0], -corner[1], corner[2]]
    nib.save(nib.Nifti1Image(np.ascontiguousarray(data.transpose(2, 1, 0)), affine), path)


def write(args, family, seed, scene):
    """The files of one scene, one folder for each noise; gives the names of its exams."""
    names = []
    for sigma in args.noise:
        name = f"{family}{seed}n{round(sigma * 100):02d}"
        folder = os.path.join(args.out, name)
        os.makedirs(folder, exist_ok=True)
        save(os.path.join(folder, "mr.nii.gz"), np.round(scene.noisy(sigma, seed) * 400).astype(np.int16))
        for what in ("tumour", "canal", "cord"):
            save(os.path.join(folder, f"{what}.nii.gz"), getattr(scene, what).astype(np.uint8))
        write_prompts(folder, scene)
        names.append(name)
    return names


def write_tables(out, names):
    head = ["patient", "timepoint", "modality", "image", "structures", "prompts", "weighting", "thickness_mm"]
    outlines = "tumour={0}/tumour.nii.gz;canal={0}/canal.nii.gz;cord={0}/cord.nii.gz"
    for table, structures, prompts in (("study", outlines, ""), ("study_box", "", "{0}/box.mrk.json"),
                                       ("study_line", "", "{0}/line.mrk.json")):
        with open(os.path.join(out, f"{table}.csv"), "w", newline="") as f:
            rows = csv.writer(f, lineterminator="\n")
            rows.writerow(head)
            rows.writerows([n, "pre", "MR", f"{n}/mr.nii.gz", structures.format(n), prompts.format(n), "T2", THICKNESS]
                           for n in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=list(FAIR), nargs="+", default=list(FAIR))
    parser.add_argument("--seeds", default="1-24", help="first-last; 1 to 699 for tuning, from 700 on for final figures")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.06, 0.15])
    parser.add_argument("--pixel-mm", type=float, default=SPACING[0], help="width of a pixel; the image stays as large")
    parser.add_argument("--out", default="mr_study")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    # In place: everything below reads these. An even number of pixels, at least as wide as before.
    DIMS[:2] = 2 * np.ceil(SIZE[:2] / args.pixel_mm / 2 - 1e-6).astype(int)
    SPACING[:2] = args.pixel_mm
    SIZE[:] = DIMS * SPACING
    first, last = map(int, args.seeds.split("-"))
    names, fair = [], True
    for family in args.family:
        scores = []
        for seed in range(first, last + 1):
            scene = Scene(family, seed)
            scores.append([dice(scene.tumour, ellipsoid(getattr(scene, k), k)) for k in ("box", "line")])
            if not args.check:
                names += write(args, family, seed, scene)
        mean, least = np.mean(scores, 0), np.min(scores, 0)
        lo, hi = FAIR[family]
        fair &= lo <= mean[0] <= hi
        print(f"{family}: the prompt's own ellipsoid, Dice mean (min): box {mean[0]:.3f} ({least[0]:.2f}), "
              f"line {mean[1]:.3f} ({least[1]:.2f}); fair is {lo} to {hi}", flush=True)
    if not args.check:
        write_tables(args.out, names)
    return 0 if fair else 1


if __name__ == "__main__":
    raise SystemExit(main())
