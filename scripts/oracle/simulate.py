#!/usr/bin/env python3
"""Independent CT simulator for spinal giant cell tumours: makes studies with known truth to test Osteon blindly.

    python simulate.py --cohort yuanlike|hard --n N --seed S --out DIR
    python simulate.py --selftest

Frame: millimetres in the slice frame, x to the patient's left, y to the back, z up; origin at the middle of the body
of the index vertebra. Anatomy and lesion are drawn plane by plane on a fine grid (0.45 mm in plane, <= 0.5 mm in z),
summed into slices with the slice profile, and brought to pixels with the in-plane point spread in one product.

What the truth means (choices of this file):
* a section is what the slice's centre plane cuts out of the lesion; all pieces count;
* rim: shell inside the border, thickness by 3-D distance; coverage: share of the section border's length with rim
  bone at most 1 mm away in the plane (so each patch gains up to 1 mm at its ends);
* zone: farther than the peel (in plane) from the border and not rim; ossified: internal bone in the zone;
* native remnants count as neither rim nor ossified but stay in the zone (remnant_fraction says how much they are);
* internal bone begins at the inner face of the rim (start `contiguous`) or `separated` from it by soft tissue; where
  there is no rim it never comes nearer to the border than `start_mm` (>= 2 mm), so it is never a rim by itself.
"""
import argparse
import csv
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import contourpy
import nibabel as nib
import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull
from scipy.special import erf

F = np.float32
H = 0.45  # fine pixel, mm
PAD = 40.0  # image beyond the lesion in plane, mm
INF = F(1e6)


# ---------------------------------------------------------------- smooth random fields

class Field:
    """Smooth unit-variance random field: white noise on a coarse grid under cubic B-splines."""

    def __init__(self, rng, lo, hi, spacing):
        self.s = np.broadcast_to(np.asarray(spacing, float), 3)  # z, y, x
        self.lo = np.asarray(lo, float) - 2.5 * self.s
        n = np.ceil((np.asarray(hi, float) - self.lo) / self.s).astype(int) + 4
        self.c = rng.standard_normal(n, dtype=F) / F(0.479 ** 1.5)

    def weights(self, axis, x):
        u = (np.asarray(x, float) - self.lo[axis]) / self.s[axis]
        n = self.c.shape[axis]
        t = np.abs(u[:, None] - np.arange(n))
        w = np.where(t < 1, 2 / 3 - t * t + t ** 3 / 2, np.where(t < 2, (2 - t) ** 3 / 6, 0))
        return w.astype(F)

    def on(self, ys, xs):
        """Bind to a plane grid."""
        self.wy, self.wxt = self.weights(1, ys), np.ascontiguousarray(self.weights(2, xs).T)
        return self

    def plane(self, z):
        w = self.weights(0, [z])[0]
        k = np.flatnonzero(w)
        c = np.tensordot(w[k], self.c[k], 1)
        return self.wy @ c @ self.wxt

    def at(self, z, y, x):
        u = [(np.asarray(v, float) - l) / q for v, l, q in zip((np.full(len(y), z), y, x), self.lo, self.s)]
        return ndi.map_coordinates(self.c, u, order=3, prefilter=False)

    def volume(self, zs):
        return np.stack([self.plane(z) for z in zs])


def lerp_matrix(x, grid0, step, n):
    """Rows that interpolate linearly at x on a regular grid."""
    u = np.clip((np.asarray(x) - grid0) / step, 0, n - 1)
    return np.maximum(0, 1 - np.abs(u[:, None] - np.arange(n))).astype(F)


def gauss_matrix(x, grid, sigma):
    w = np.exp(-0.5 * ((x[:, None] - grid[None, :]) / sigma) ** 2)
    return (w / w.sum(1, keepdims=True)).astype(F)


# ---------------------------------------------------------------- distances

def shell_step(f, inside, spacing):
    """First-order |distance| to the zero level at voxels next to the border (both sides), 0 elsewhere."""
    st = ndi.generate_binary_structure(f.ndim, 1)
    shell = ndi.binary_dilation(inside, st) & ~ndi.binary_erosion(inside, st, border_value=1)
    idx = np.flatnonzero(shell)
    flat, g2, stride = f.ravel(), 0.0, 1
    for ax in range(f.ndim - 1, -1, -1):
        a = flat[np.minimum(idx + stride, flat.size - 1)]
        b = flat[np.maximum(idx - stride, 0)]
        g2 = g2 + ((a - b) / (2 * spacing[ax])) ** 2
        stride *= f.shape[ax]
    out = np.zeros(f.size, F)
    out[idx] = np.minimum(np.abs(flat[idx]) / np.sqrt(np.maximum(g2, 1e-4)), max(spacing))
    return out.reshape(f.shape)


def depth_of(mask, step, spacing, want_index=False):
    """Distance inside `mask` to its border, sub-voxel; and the flat index of the nearest voxel outside."""
    d, idx = ndi.distance_transform_edt(mask, sampling=spacing, return_indices=True)
    flat = idx[0].astype(np.int32)
    for ax in range(1, mask.ndim):
        flat *= mask.shape[ax]
        flat += idx[ax]
    d = d.astype(F)
    d -= step.ravel()[flat]
    np.maximum(d, 0, out=d)
    return (d, flat) if want_index else d


def signed_2d(f, spacing):
    """In-plane signed distance, negative inside."""
    inside = f < 0
    step = shell_step(f, inside, spacing)
    out = np.where(inside, -depth_of(inside, step, spacing), depth_of(~inside, step, spacing))
    return out.astype(F)


# ---------------------------------------------------------------- lesion shape

def make_shape(rng, lobes, z_aspect):
    """Unit-size shape: ellipsoids (centre, radii) joined smoothly."""
    balls = [(np.zeros(3), np.array([z_aspect, 1, 1]) * rng.uniform(0.85, 1.15, 3))]
    for _ in range(lobes - 1):
        v = rng.standard_normal(3)
        v /= np.linalg.norm(v)
        r = rng.uniform(0.45, 0.8)
        c = v * rng.uniform(0.55, 0.95) * np.array([z_aspect, 1, 1])
        balls.append((c, r * np.array([z_aspect, 1, 1]) * rng.uniform(0.85, 1.15, 3)))
    waves = [(rng.standard_normal(3) * rng.uniform(1.5, 3.5), rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1))
             for _ in range(6)]
    return dict(balls=balls, waves=waves, wave_amp=rng.uniform(0.0, 0.05), k=rng.uniform(0.06, 0.16), scale=1.0)


def eval_shape(sh, z, y, x):
    """Roughly a signed distance in the units of the scale; z, y, x broadcast."""
    s = sh["scale"]
    acc = None
    for c, r in sh["balls"]:
        q = [(v - F(ci * s)) / F(ri * s) for v, ci, ri in zip((z, y, x), c, r)]
        n2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2]
        g2 = (q[0] / F(r[0] * s)) ** 2 + (q[1] / F(r[1] * s)) ** 2 + (q[2] / F(r[2] * s)) ** 2
        n = np.sqrt(n2)
        d = n * (n - 1) / np.sqrt(g2 + F(1e-9))
        e = np.exp(np.clip(-d / F(sh["k"] * s), -40, 40))
        acc = e if acc is None else acc + e
    f = -F(sh["k"] * s) * np.log(acc + F(1e-30))
    if sh["wave_amp"] > 0:
        w = 0
        for k, ph, a in sh["waves"]:
            w = w + F(a) * np.sin(z * F(k[0] / s) + y * F(k[1] / s) + x * F(k[2] / s) + F(ph))
        f = f + F(sh["wave_amp"] * s) * w
    return f.astype(F)


def fit_shape(sh, diameter):
    """Scales the shape to a largest in-plane chord; returns its extent (z, y, x lo/hi)."""
    for _ in range(2):
        s = sh["scale"]
        g = (np.arange(-60, 61) * (2.4 / 60) * s).astype(F)
        step = g[1] - g[0]
        ins = eval_shape(sh, g[::2, None, None], g[None, :, None], g[None, None, :]) < 0
        best = 0.0
        for p in ins:
            best = max(best, chord_of(np.argwhere(p) * step))
        sh["scale"] = s * diameter / (best + step)
    b = [np.flatnonzero(ins.any(axis=tuple(j for j in range(3) if j != ax))) for ax in range(3)]
    ratio = sh["scale"] / s
    ext = [((gg[i[0]] - st) * ratio, (gg[i[-1]] + st) * ratio) for gg, i, st in
           ((g[::2], b[0], 2 * step), (g, b[1], step), (g, b[2], step))]
    return ext


def chord_of(pts):
    if len(pts) < 2:
        return 0.0
    try:
        pts = pts[ConvexHull(pts).vertices]
    except Exception:
        pass
    d = pts[:, None, :] - pts[None, :, :]
    return float(np.sqrt((d * d).sum(-1).max()))


# ---------------------------------------------------------------- anatomy

LEVELS = {"C": ["C3", "C4", "C5", "C6", "C7"], "T": [f"T{i}" for i in range(2, 13)], "L": [f"L{i}" for i in range(1, 6)]}


def draw_vertebra(rng, region):
    u = rng.uniform
    v = {"C": dict(a=u(9, 11.5), b=u(7.5, 9), hh=u(6, 7.5), disc=u(4, 5.5), rcx=u(11, 12.5), rcy=u(7, 8), rp=u(2.6, 3.3),
                   hp=u(3.2, 4), tl=u(3, 4), rf=u(4.5, 5.5), tp=u(5, 7), sp=u(16, 24), ws=u(2.2, 3)),
         "T": dict(a=u(13, 18), b=u(11.5, 15.5), hh=u(9, 12), disc=u(4, 6), rcx=u(8, 9.5), rcy=u(7.5, 9), rp=u(2.8, 4),
                   hp=u(5.5, 7.5), tl=u(4.5, 6.5), rf=u(5, 6.5), tp=u(18, 25), sp=u(28, 38), ws=u(2.5, 3.6)),
         "L": dict(a=u(21, 26.5), b=u(15.5, 18.5), hh=u(12.5, 14.5), disc=u(8, 11), rcx=u(10.5, 12.5), rcy=u(7.5, 9),
                   rp=u(4.5, 7), hp=u(6.5, 8), tl=u(5, 7.5), rf=u(6.5, 8.5), tp=u(22, 32), sp=u(26, 34), ws=u(2.8, 4.2)),
         }[region]
    v.update(region=region, n=u(2.3, 3.1), waist=u(1.0, 2.6) * v["a"] / 20, conc=u(0.8, 2.4), kp=u(1.0, 2.6),
             rot=np.deg2rad(u(-6, 6)), tilt=np.tan(np.deg2rad(u(-10, 10))), tiltx=np.tan(np.deg2rad(u(-4, 4))),
             te=u(0.7, 1.1), ring=u(1.0, 1.5), bv=u(1.2, 2.4), trab=u(0.12, 0.28), skin=u(48, 75), side=u(-1, 1))
    v["pitch"] = 2 * v["hh"] + v["disc"]
    v["yc"] = v["b"] - v["kp"] * 0.7 + v["rcy"] + 0.3
    return v


def occ(d):
    """Share of a pixel inside where d is the signed distance."""
    return np.clip(F(0.5) - d * F(1 / H), 0, 1)


class Anatomy:
    """Everything but the lesion, one plane at a time."""

    def __init__(self, rng, v, p, xs, ys, z0, z1):
        self.v, self.p = v, p
        c, s = np.cos(v["rot"]), np.sin(v["rot"])
        y, x = ys[:, None].astype(F), xs[None, :].astype(F)
        X, Y = (F(c) * x + F(s) * y), (F(c) * y - F(s) * x)
        self.X, self.Y, A = X, Y, np.abs(X)
        a, b, n = v["a"], v["b"], v["n"]
        # body outline in plane: superellipse with a hollow back
        back = np.clip(Y / F(b * 0.8), 0, 1)
        Yw = Y + F(v["kp"]) * np.clip(1 - (X / F(0.8 * a)) ** 2, -0.3, 1) * back
        qa, qb = np.abs(X) / F(a), np.abs(Yw) / F(b)
        g = (qa ** F(n) + qb ** F(n)) ** F(1 / n)
        gr = np.maximum(g, 0.05) ** F(1 - n) * np.sqrt((qa ** F(n - 1) / F(a)) ** 2 + (qb ** F(n - 1) / F(b)) ** 2)
        self.d0 = np.clip((g - 1) / np.maximum(gr, F(0.2 / a)), -30, 90).astype(F)
        self.bowl = F(v["conc"]) * np.clip(1 - (X / F(a)) ** 2 - (Y / F(b)) ** 2, 0, 1)
        # arch, as far as it does not depend on z
        yc, rcx, rcy, rp = v["yc"], v["rcx"], v["rcy"], v["rp"]
        ell = np.sqrt((X / F(rcx)) ** 2 + ((Y - F(yc)) / F(rcy)) ** 2)
        self.e = (ell - 1) * F(min(rcx, rcy))
        self.canal = self.e
        cx = rcx + rp * 0.9
        dy = np.maximum(0, np.maximum(F(b * 0.55) - Y, Y - F(yc + 0.5 * rcy)))
        self.ped_q = ((A - F(cx)) / F(rp)) ** 2 + (dy / F(rp)) ** 2
        yf = yc + rcy * 0.55
        self.pillar = (np.sqrt(((A - F(cx + 1)) / F(v["rf"])) ** 2 + ((Y - F(yf)) / F(v["rf"] * 0.85)) ** 2) - 1) * F(v["rf"])
        tl = v["tl"]
        self.lam = np.maximum(np.abs(self.e - F(tl / 2)) - F(tl / 2), F(yc + 0.2 * rcy) - Y)
        y1, y2 = yc + rcy + 0.3 * tl, yc + rcy + v["sp"]
        self.spin = np.maximum(A - F(v["ws"]), np.maximum(F(y1) - Y, Y - F(y2)))
        slope = {"C": -0.1, "T": 0.45, "L": 0.12}[v["region"]]
        x1, x2 = cx + 2, cx + v["tp"]
        yt = yf - 1 + F(slope) * (A - F(x1))
        dx = np.maximum(0, np.maximum(F(x1) - A, A - F(x2)))
        self.tp_q = ((Y - yt) / F(3.4)) ** 2 + (dx / F(3.4)) ** 2
        self.rib_q = None
        if p["rib"]:
            # head beside the disc, then out and back, then round to the side
            self.rib_q = np.minimum(self._seg(A, Y, (a + 5.5, b * 0.45), (a + 24, b + 15)),
                                    self._seg(A, Y, (a + 24, b + 15), (a + 62, b + 2)))
        # soft tissue, static in z
        lo, hi = (z0 - 1, ys[0], xs[0]), (z1 + 1, ys[-1], xs[-1])
        self.mus = Field(rng, lo, hi, (9, 5, 5)).on(ys, xs)
        self.mar_lo = Field(rng, lo, hi, (6, 6, 6)).on(ys, xs)
        self.mar_hi = Field(rng, lo, hi, (1.3, 1.1, 1.1)).on(ys, xs)
        self.soft, self.muscle = self._soft(rng, X, Y, A)

    def _seg(self, A, Y, p, q):
        d = np.array(q) - np.array(p)
        t = np.clip(((A - F(p[0])) * F(d[0]) + (Y - F(p[1])) * F(d[1])) / F(d @ d), 0, 1)
        return (A - F(p[0]) - t * F(d[0])) ** 2 + (Y - F(p[1]) - t * F(d[1])) ** 2

    def _soft(self, rng, X, Y, A):
        v, p = self.v, self.p
        a, b, yc, reg = v["a"], v["b"], v["yc"], v["region"]
        con = p["contrast"]
        mus_hu = p["muscle"] + (12 if con else 0)
        hu = np.full(X.shape, F(-98))
        mus = np.zeros(X.shape, F)

        def put(d, val, muscle=False):
            nonlocal hu, mus
            o = occ(d)
            hu = hu * (1 - o) + o * F(val)
            mus = np.maximum(mus, o) if muscle else mus * (1 - o)

        def ellipse(x0, y0, rx, ry):
            return (np.sqrt(((X - F(x0)) / F(rx)) ** 2 + ((Y - F(y0)) / F(ry)) ** 2) - 1) * F(min(rx, ry))

        if reg == "T":
            for sgn in (-1, 1):
                put(ellipse(sgn * (a + 58), -8, 52, 62), -840)
            put(ellipse(0, -b - 40, 34, 36), 40)  # heart and mediastinum
        elif reg == "L":
            put(ellipse(0, -b - 55, 90, 38), 35)  # bowel and organs
            for sgn in (-1, 1):
                put(ellipse(sgn * (a + 13), 3, 15, 21), mus_hu, True)
                put(ellipse(sgn * (a + 48), 8, 24, 26), 35 + (90 if con else 0))
        else:
            put(ellipse(0, -4, 55, 48), mus_hu, True)
            put(ellipse(0, -b - 18, 8, 8), -1000)
        put(np.maximum(ellipse(0, yc + 22, 46 if reg != "C" else 38, 27), F(yc - 2) - Y), mus_hu, True)
        for sgn in (-1, 1):  # fat between the muscle groups
            put(np.abs((X * sgn) - F(24) - F(0.25) * (Y - F(yc))) - F(0.9) + np.maximum(0, F(yc + 8) - Y), -90)
        put(np.abs(X) - F(1.0) + np.maximum(0, F(yc + v["rcy"] + 8) - Y), -60)
        # anterior soft tissue layer (ligament) and vessels
        put(np.abs(self.d0 - F(0.8)) - F(0.8), 60)
        if reg != "C":
            r = rng.uniform(9, 12.5)
            side = 0.35 * a * (1 if v["side"] > -0.5 else 0.2)
            put(ellipse(side, -b - r - 2.5, r + 1, r + 1), 50)
            put(ellipse(side, -b - r - 2.5, r, r), 205 if con else 42)
            if reg == "L":
                put(ellipse(-0.6 * a, -b - 11, 11, 8), 150 if con else 40)
            self.aorta = (side, -b - r - 2.5, r)
        else:
            for sgn in (-1, 1):
                put(ellipse(sgn * 20, -b - 6, 3.5, 3.5), 210 if con else 42)
        skin = Y - F(yc + v["skin"]) + F(0.0015) * X * X
        put(np.abs(skin + F(1)) - F(1), 20)
        put(-skin, -1000)
        return hu.astype(F), mus

    def plane(self, z):
        """HU and share of bone (native) at height z."""
        v, p = self.v, self.p
        pitch, hh = v["pitch"], v["hh"]
        Y = self.Y
        zl = F(z) - F(v["tilt"]) * Y - F(v["tiltx"]) * self.X
        wrap = lambda q: q - F(pitch) * np.round(q * F(1 / pitch))
        zb = wrap(zl)
        az = np.abs(zb)
        # body
        dxy = self.d0 + F(v["waist"]) * (1 - np.minimum(az * F(1 / hh), 1.3) ** 2)
        dz = az - F(hh) + self.bowl
        body = np.maximum(dxy, dz)
        tc = F(p["cortex_mm"])
        te = tc * F(v["te"])
        body_in = np.maximum(dxy + tc, dz + te)
        # arch
        zs = wrap(zl - F(0.30 * hh))
        ped = (np.sqrt(self.ped_q + (zs / F(v["hp"])) ** 2) - 1) * F(v["rp"])
        k = {"C": 0.7, "T": 0.7, "L": 0.8}[v["region"]]
        ysh = Y - F(v["yc"] + 0.55 * v["rcy"])
        zf = wrap(zl + F(k) * ysh + F(0.2 * hh))
        pil = np.maximum(self.pillar, np.abs(zf) - F(pitch / 2 - 0.9))
        zm = wrap(zl + F(0.5) * ysh + F(0.25 * hh))
        lam = np.maximum(self.lam, np.abs(zm) - F(0.37 * pitch))
        sl = {"C": 0.35, "T": 0.75, "L": 0.2}[v["region"]]
        zp = wrap(zl + F(sl) * ysh + F(0.3 * hh))
        spi = np.maximum(self.spin, np.abs(zp) - F(0.30 * pitch))
        tpd = (np.sqrt(self.tp_q + (wrap(zl) / F(4.6)) ** 2) - 1) * F(3.4)
        arch = np.minimum(np.minimum(ped, pil), np.minimum(np.minimum(lam, spi), tpd))
        arch = np.maximum(arch, F(0.2) - self.e)  # never into the canal
        arch_in = arch + tc * F(v["ring"])
        bone = np.minimum(body, arch)
        marrow = np.minimum(body_in, arch_in)
        # a pedicle opens into the body: no cortex between them
        marrow = np.minimum(marrow, np.maximum(bone + tc, np.minimum(ped, body) + tc * F(1.2)))
        if self.rib_q is not None:
            rib = (np.sqrt(self.rib_q + (wrap(zl - F(0.55 * pitch)) * F(0.75)) ** 2) - F(4.6))
            rib = np.maximum(rib, F(1.2) - np.minimum(bone, np.maximum(self.d0, -5) * 0.8))
            bone = np.minimum(bone, rib)
            marrow = np.minimum(marrow, rib + tc)
        hu = self.soft + self.muscle * (F(9) * self.mus.plane(z))
        o = occ(np.maximum(self.d0 + F(0.3), -dz))  # disc
        hu += o * (F(p["disc"]) - hu)
        # canal: fat, sac, cord
        o = occ(self.canal)
        hu += o * (F(-60) - hu)
        o = occ(self.canal + F(1.2))
        hu += o * (F(p["csf"]) - hu)
        o = occ(self.canal + F(3.6))
        hu += o * (F(p["cord"]) - hu)
        ob = occ(bone)
        om = occ(marrow)
        mar = F(p["marrow"]) * (1 + F(v["trab"]) * self.mar_hi.plane(z) + F(0.10) * self.mar_lo.plane(z))
        if v["bv"] > 0:  # basivertebral vein, enters from behind at mid height
            q = np.sqrt(self.X ** 2 + zb ** 2 + (np.maximum(0, F(0.15 * v["b"]) - Y)) ** 2) - F(v["bv"])
            q = np.maximum(q, Y - F(v["b"] + 2))
            ov = occ(q)
            ob = ob * (1 - ov)
        hu += ob * (F(p["cortex_hu"]) - hu)
        om = np.minimum(om, ob)
        hu += om * (mar - F(p["cortex_hu"]))
        return hu, ob


# ---------------------------------------------------------------- scanner

def slice_profile(kind, thickness, ramp):
    """Weight as a function of the distance from the slice centre."""
    if kind == "gaussian":
        s = thickness / 2.3548
        return lambda z: np.exp(-0.5 * (z / s) ** 2) * (np.abs(z) < 3 * s), 3 * s
    lo, hi = thickness * (1 - ramp) / 2, thickness * (1 + ramp) / 2
    return lambda z: np.clip((hi - np.abs(z)) / max(hi - lo, 1e-6), 0, 1), hi


def sharp_gain(sigma, ratio, overshoot):
    """Gain a of (1+a) G(sigma) - a G(ratio sigma) whose step response overshoots by this share of the step."""
    x = np.linspace(0, 8 * sigma, 400)
    s1, s2 = 0.5 + 0.5 * erf(x / sigma / 2 ** 0.5), 0.5 + 0.5 * erf(x / sigma / ratio / 2 ** 0.5)
    gains = np.linspace(0, 3, 121)
    peak = [((1 + a) * s1 - a * s2).max() - 1 for a in gains]
    return float(np.interp(overshoot, peak, gains))


def noise_field(rng, shape, px, thickness, sd, sharp):
    n = rng.standard_normal(shape, dtype=F)
    s = (0.45 if sharp else 0.65) / px
    n1 = ndi.gaussian_filter(n, (0.35, s, s), truncate=3)
    if sharp:
        n1 -= F(0.75) * ndi.gaussian_filter(n1, (0, 2.2 * s, 2.2 * s), truncate=2)
    else:
        n1 -= F(0.5) * ndi.gaussian_filter(n1, (0, 3 * s, 3 * s), truncate=2)
    n1 *= F(sd / n1.std())
    return n1


# ---------------------------------------------------------------- one exam

def draw_yuanlike(rng, i, n):
    u = rng.uniform
    treated = i % 2 == 1
    p = dict(region=rng.choice(["C", "T", "L"], p=[0.1, 0.55, 0.35]), diameter=float(np.clip(rng.normal(50, 17), 30, 90)),
             thickness=3.0, profile="trapezoid", ramp=u(0.1, 0.4), psf=u(0.5, 0.7), sharp=False, overshoot=0.0,
             noise=u(15, 28), px=u(0.4, 0.7), kvp=120, contrast=False, metal=False, stray=0.3, bias=0.0,
             stray_corr=8.0, stray_zcorr=5.0, rim_mm=u(1.2, 1.7), rim_hu=u(540, 740), int_hu=u(380, 520),
             marrow=u(130, 200), cortex_mm=1.2, cortex_hu=520.0, remnant=0.0, tumour=u(45, 70), oblique=0.0, treated=treated)
    grade = "0" if not treated else ["3", "2a", "1b", "2b", "2a", "1a", "3", "2a", "2b", "1b", "2a", "3"][i // 2 % 12]
    rim, frac = 0.0, 0.0
    if grade == "1a":
        rim = u(0.2, 0.8)
    elif grade == "1b":
        rim = u(0.96, 1.0)
    elif grade == "2a":
        rim, frac = (u(0.2, 0.8) if u() < 0.6 else u(0.96, 1.0)), u(0.12, 0.43)
    elif grade == "2b":
        rim, frac = u(0.2, 0.8), u(0.57, 0.75)
    elif grade == "3":
        rim, frac = u(0.96, 1.0), u(0.57, 0.8)
    p.update(rim_target=rim, frac_target=frac, borderline=0)
    return p


def draw_hard(rng, i, n):
    u = rng.uniform
    sharp = u() < 0.25
    contrast = u() < 0.2
    site = str(rng.choice(list(HARD_SITES), p=[w[0] for w in HARD_SITES.values()]))
    region = "L" if site == "inside" and u() < 0.7 else str(rng.choice(["T", "L"] if site == "inside" else ["C", "T", "L"],
                                                            p=[0.9, 0.1] if site == "inside" else [0.08, 0.52, 0.40]))
    p = dict(site=site, region=region, diameter=u(*HARD_SITES[site][1:]),
             thickness=float(rng.choice([1, 2, 3, 5], p=[0.25, 0.27, 0.38, 0.10])),
             profile=str(rng.choice(["trapezoid", "gaussian"])), ramp=u(0.1, 0.6), psf=u(0.4, 0.9) if not sharp else u(0.4, 0.6),
             sharp=sharp, overshoot=u(0.10, 0.20) if sharp else 0.0, noise=u(25, 45) if sharp else u(10, 35),
             px=u(0.35, 0.8), kvp=int(rng.choice([120, 100, 140], p=[0.76, 0.12, 0.12])), contrast=contrast,
             metal=bool(u() < 0.08), stray=0.0 if u() < 0.1 else u(0.1, 1.5), bias=u(-1, 1) if u() < 0.6 else 0.0,
             stray_corr=u(5, 12), stray_zcorr=u(3, 8), rim_mm=u(0.8, 3.0), rim_hu=u(300, 800), int_hu=u(300, 600),
             marrow=u(90, 280), cortex_mm=u(0.6, 1.8), cortex_hu=u(350, 700), remnant=u(0.02, 0.08) if u() < 0.25 else 0.0,
             tumour=u(90, 130) if contrast else u(30, 80), oblique=float(u(-10, 10)) if u() < 0.2 else 0.0)
    k = u()
    rim = 0.0 if k < 0.32 else u(0.2, 0.8) if k < 0.66 else (1.0 if u() < 0.3 else u(0.96, 0.995))
    k = u()
    frac = 0.0 if k < 0.38 else u(0.11, 0.44) if k < 0.68 else u(0.56, 0.85)
    if u() < 0.12:
        rim = frac = 0.0  # untreated
    border = u() < 0.06
    if border:
        if u() < 0.5 and frac > 0:
            frac = u(0.46, 0.54)
        else:
            rim = float(rng.choice([u(0.06, 0.14), u(0.86, 0.94)]))
    p.update(rim_target=rim, frac_target=frac, borderline=int(border), treated=bool(rim > 0 or frac > 0))
    return p


def choose_site(rng, v, d):
    """Where a lesion of this diameter may lie."""
    fit = 2 * min(v["b"], v["a"]) - 5
    sites, w = [], []
    for name, lo, hi, wt in (("inside", 0, fit, 3.0), ("posterior", 16, 60, 2.5), ("arch", 16, 55, 1.6),
                             ("endplate", 18, 62, 1.6), ("front", 24, 95, 1.5), ("side", 24, 95, 1.5), ("whole", 45, 95, 2.0)):
        if lo <= d <= hi:
            sites.append(name)
            w.append(wt)
    return str(rng.choice(sites, p=np.array(w) / sum(w)))


# hard: the site is drawn first, then a diameter that suits it
HARD_SITES = {"inside": (0.18, 20, 30), "posterior": (0.17, 20, 45), "arch": (0.13, 20, 55), "endplate": (0.15, 20, 60),
              "front": (0.13, 24, 80), "side": (0.12, 24, 80), "whole": (0.12, 45, 80)}


def place(rng, v, site, ext):
    """Centre of the lesion (z, y, x) so that its extent lies where the site says."""
    u = rng.uniform
    a, b, hh = v["a"], v["b"], v["hh"]
    (z0, z1), (y0, y1), (x0, x1) = ext
    cz, cy, cx = -(z0 + z1) / 2, -(y0 + y1) / 2, -(x0 + x1) / 2
    ry, rx, rz = (y1 - y0) / 2, (x1 - x0) / 2, (z1 - z0) / 2
    s = rng.choice([-1, 1])
    if site == "inside":
        slack = lambda room, r: max(0.0, room - r - 1.5)
        return np.array([cz + u(-1, 1) * slack(hh, rz) * 0.6, cy + u(-1, 1) * slack(b - 1, ry) * 0.6 - 0.5, cx + u(-1, 1) * slack(a, rx) * 0.5])
    if site == "posterior":
        return np.array([cz + u(-2, 2), cy + b - v["kp"] - ry + u(-0.3, 7), cx + u(-0.4, 0.4) * a])
    if site == "arch":
        where = rng.choice(["pedicle", "pillar", "spinous"])
        px = {"pedicle": v["rcx"] + v["rp"], "pillar": v["rcx"] + v["rp"] + 4, "spinous": 0}[where]
        py = {"pedicle": b + 2, "pillar": v["yc"] + v["rcy"] * 0.5, "spinous": v["yc"] + v["rcy"] + 10}[where]
        return np.array([cz + u(-3, 3), cy + py + u(-2, 2), cx + s * px + u(-2, 2)])
    if site == "endplate":
        return np.array([cz + s * (hh + u(-4, 2)), cy + u(-0.3, 0.2) * b, cx + u(-0.4, 0.4) * a])
    if site == "front":
        return np.array([cz + u(-4, 4), cy - b + u(-4, 6), cx + u(-0.5, 0.5) * a])
    if site == "side":
        return np.array([cz + u(-4, 4), cy + u(-0.4, 0.8) * b, cx + s * (a + u(-6, 4))])
    return np.array([cz + u(-5, 5), cy + u(-0.4, 0.9) * b, cx + u(-0.5, 0.5) * a])


def simulate(rng, p, force=None):
    """One exam. Returns image, outline, affine, truth rows, exam truth, parameters."""
    force = force or {}
    u = rng.uniform
    if p["diameter"] > 60 and p["region"] == "C":
        p["region"] = "T"
    v = draw_vertebra(rng, p["region"])
    p["level"] = str(rng.choice(LEVELS[p["region"]]))
    p["rib"] = bool(p["region"] == "T" and u() < 0.7)
    p.setdefault("muscle", u(50, 65))
    p.update(disc=u(70, 100), csf=u(5, 15), cord=u(32, 44))
    con = p["contrast"]
    pan = dict(p)
    pan["marrow"] = p["marrow"] + (20 if con else 0)
    site = p.get("site") or choose_site(rng, v, p["diameter"])
    if site == "inside":
        p["diameter"] = max(21.0, min(p["diameter"], 2 * min(v["a"], v["b"]) - 5))
    p["site"] = site
    lobes = int(rng.integers(1, 5))
    if site == "inside":
        lobes = min(lobes, 2)
    z_aspect = u(0.6, 1.0)
    if site == "inside":
        z_aspect = min(z_aspect, max(0.35, (v["hh"] - 3.0) / (p["diameter"] / 2)))
    elif p["diameter"] > 60:
        z_aspect *= 0.85
    shape = force.get("shape") or make_shape(rng, lobes, z_aspect)
    ext = fit_shape(shape, p["diameter"])
    centre = place(rng, v, site, ext)
    if site == "inside":  # squash what would still stick out
        rz = (ext[0][1] - ext[0][0]) / 2
        if rz > v["hh"] - 2:
            for c, r in shape["balls"]:
                c[0] *= (v["hh"] - 2) / rz
                r[0] *= (v["hh"] - 2) / rz
            ext = fit_shape(shape, p["diameter"])
            centre = place(rng, v, site, ext)
    p["lobes"] = lobes
    bump = 0.0 if force.get("shape") else min(1.5, u(0.01, 0.05) * p["diameter"] / 2)
    bump_mm = u(7, 14)

    # grids: fine z planes hold every slice centre
    th = p["thickness"]
    nsub = int(np.ceil(th / 0.5))
    dz = th / nsub
    zlo, zhi = ext[0][0] + centre[0], ext[0][1] + centre[0]
    zpad = max(15.0, 3 * th)
    off = u(0, th)
    k0 = int(np.floor((zlo - zpad - off) / th))
    k1 = int(np.ceil((zhi + zpad - off) / th))
    zc = off + np.arange(k0, k1 + 1) * th  # slice centres
    prof, half = slice_profile(p["profile"], th, p["ramp"])
    npad = int(np.ceil(half / dz))
    zf = zc[0] + (np.arange(-npad, (len(zc) - 1) * nsub + npad + 1)) * dz
    ylo, yhi = ext[1][0] + centre[1] - PAD, ext[1][1] + centre[1] + PAD
    xlo, xhi = ext[2][0] + centre[2] - PAD, ext[2][1] + centre[2] + PAD
    margin = 2.5
    xs = np.arange(xlo - margin, xhi + margin, H)
    ys = np.arange(ylo - margin, yhi + margin, H)
    px = p["px"]
    xp = np.arange(xlo + u(0, px), xhi, px)
    yp = np.arange(ylo + u(0, px), yhi, px)

    # lesion box: signed distance and foot points
    bx = np.flatnonzero((xs > ext[2][0] + centre[2] - 8) & (xs < ext[2][1] + centre[2] + 8))
    by = np.flatnonzero((ys > ext[1][0] + centre[1] - 8) & (ys < ext[1][1] + centre[1] + 8))
    bz = np.flatnonzero((zf > zlo - 4) & (zf < zhi + 4))
    bx0, bx1, by0, by1, bz0 = bx[0], bx[-1] + 1, by[0], by[-1] + 1, bz[0]
    X, Y, Z = xs[bx0:bx1], ys[by0:by1], zf[bz]
    sp = (dz, H, H)
    f = eval_shape(shape, (Z - centre[0]).astype(F)[:, None, None], (Y - centre[1]).astype(F)[None, :, None],
                   (X - centre[2]).astype(F)[None, None, :])
    lo, hi = (Z[0], Y[0], X[0]), (Z[-1], Y[-1], X[-1])
    if bump > 0:
        fb = Field(rng, lo, hi, bump_mm).on(Y, X)
        for i, z in enumerate(Z):
            f[i] += F(bump) * fb.plane(z)
    f[0] = f[-1] = np.maximum(f[0], 1)
    f[:, 0] = f[:, -1] = 1
    f[:, :, 0] = f[:, :, -1] = 1
    inside = f < 0
    lab, nlab = ndi.label(inside)
    if nlab > 1:
        keep = lab == (np.argmax(np.bincount(lab.ravel())[1:]) + 1)
        f[inside & ~keep] = H
        inside = keep
    del lab
    step = shell_step(f, inside, sp)
    depth, foot = depth_of(inside, step, sp, True)
    sd = np.where(inside, -depth, np.where(step > 0, step, F(5)))
    del step

    # rim
    t0 = p["rim_mm"]
    rim_share = p["rim_target"]
    near_complete = rim_share > 0.85
    corr = force.get("corr") or (u(4, 7) if near_complete else u(10, 25))
    cover_f = Field(rng, lo, hi, corr / 1.15).on(Y, X)
    thick_f = Field(rng, lo, hi, 10).on(Y, X)
    band = inside & (depth < 1.5 * t0 + 1.5)
    bidx = np.flatnonzero(band)
    qflat = foot.ravel()[bidx]
    cover_v = cover_f.volume(Z).ravel()[qflat]
    t_q = (t0 * np.clip(1 + 0.15 * thick_f.volume(Z).ravel()[qflat], 0.6, 1.4)).astype(F)
    del foot
    cov_box = np.full(inside.size, -INF, F)
    cov_box[bidx] = cover_v
    cov_box = cov_box.reshape(inside.shape)
    t_box = np.zeros(inside.size, F)
    t_box[bidx] = t_q
    t_box = t_box.reshape(inside.shape)

    # sections at the slice centres
    secs = []
    for k, z in enumerate(zc):
        j = k * nsub + npad - bz0
        if j < 1 or j >= len(Z) - 1 or not inside[j].any():
            continue
        pl = f[j]
        lines = contourpy.contour_generator(X, Y, pl).lines(0.0)
        mids, lens, chord = [], [], 0.0
        for ln in lines:
            if len(ln) < 4:
                continue
            seg = np.diff(ln, axis=0)
            mids.append((ln[1:] + ln[:-1]) / 2)
            lens.append(np.hypot(seg[:, 0], seg[:, 1]))
            chord = max(chord, chord_of(ln))
        if not mids:
            continue
        mids, lens = np.concatenate(mids), np.concatenate(lens)
        d2 = signed_2d(pl, (H, H))
        area = float(occ(d2).sum() * H * H)
        if area < 1.0:
            continue
        peel = min(3.0, 0.2 * np.sqrt(area / np.pi))
        secs.append(dict(k=k, j=j, d2=d2, area=area, per=float(lens.sum()), mids=mids, lens=lens, chord=chord, peel=peel,
                         ix=np.clip(np.rint((mids[:, 0] - X[0]) / H).astype(int), 0, len(X) - 1),
                         iy=np.clip(np.rint((mids[:, 1] - Y[0]) / H).astype(int), 0, len(Y) - 1)))

    def rim_of(j, thr):
        return inside[j] & (cov_box[j] > thr) & (depth[j] < t_box[j])

    def coverage(thr):
        tot = cov = 0.0
        for s in secs:
            r = rim_of(s["j"], thr)
            if r.any():
                dist = ndi.distance_transform_edt(~r, sampling=(H, H))
                c = ndi.map_coordinates(dist, [(s["mids"][:, 1] - Y[0]) / H, (s["mids"][:, 0] - X[0]) / H], order=1) <= 1.0
                s["cov"] = float(s["lens"][c].sum() / s["lens"].sum())
            else:
                s["cov"] = 0.0
            cov += s["cov"] * s["per"]
            tot += s["per"]
        return cov / tot

    if rim_share <= 0:
        thr, pooled_cov = INF, 0.0
        for s in secs:
            s["cov"] = 0.0
    elif rim_share >= 1:
        thr = -INF / 2
        pooled_cov = coverage(thr)
    else:
        edge = cover_v[depth.ravel()[bidx] < 1.0]
        want = rim_share
        for _ in range(3):
            thr = float(np.quantile(edge, np.clip(1 - want, 0, 1)))
            pooled_cov = coverage(thr)
            if abs(pooled_cov - rim_share) < 0.015:
                break
            want = float(np.clip(want - (pooled_cov - rim_share), 0.001, 0.999))
    covered = cov_box > thr
    t_eff = np.where(covered, t_box, F(0))
    p["rim_corr_mm"] = corr
    del cov_box, covered

    # internal bone
    kind, frac = "none", p["frac_target"]
    start_kind, start_mm, thr_i, S = "none", 0.0, None, None
    pooled_frac = 0.0
    for s in secs:
        s["rim"] = inside[s["j"]] & (t_eff[s["j"]] > depth[s["j"]])
        s["zone"] = (s["d2"] < -s["peel"]) & ~s["rim"] & inside[s["j"]]
    if frac > 0:
        kind = force.get("kind") or str(rng.choice(["net", "islands", "blob"]))
        start_kind = str(rng.choice(["contiguous", "separated"]))
        start_mm = u(2.0, 4.0) if frac < 0.6 else u(2.0, 2.6)
        sep = 0.0 if start_kind == "contiguous" else (u(1.0, 3.0) if frac < 0.6 else u(0.8, 1.4))
        if kind == "net":
            S = -np.abs(Field(rng, lo, hi, u(2.2, 4.0)).on(Y, X).volume(Z))
        elif kind == "islands":
            S = Field(rng, lo, hi, u(3.5, 7.0)).on(Y, X).volume(Z)
        else:
            S = depth + F(u(0.8, 2.0)) * Field(rng, lo, hi, u(6, 10)).on(Y, X).volume(Z)
        for attempt in range(4):
            start = np.where(t_eff > 0, t_eff + F(sep), F(start_mm))
            ok = depth > start
            vals = np.concatenate([np.where(ok[s["j"]], S[s["j"]], -INF)[s["zone"]] for s in secs])
            n = len(vals)
            reach = (vals > -INF).sum() / max(n, 1)
            if reach > frac + 0.01 or attempt == 3:
                break
            sep *= 0.4
            start_mm = max(2.0, start_mm * 0.8) if attempt < 2 else 1.5
        order = np.sort(vals)[::-1]
        thr_i = float(order[min(int(round(frac * n)), n - 1)]) if n else INF
        p["int_sep_mm"] = sep
        bone = ok & (S > thr_i)
        del ok, start, S
    else:
        bone = None
        p["int_sep_mm"] = 0.0
    p.update(interior_kind=kind, start_kind=start_kind, start_mm=start_mm)

    # draw
    ana = Anatomy(rng, v, pan, xs, ys, zf[0], zf[-1])
    tex = Field(rng, lo, hi, 6).on(Y, X)
    tex2 = Field(rng, lo, hi, 2).on(Y, X)
    rim_v = Field(rng, lo, hi, 8).on(Y, X)
    rem_f = Field(rng, lo, hi, u(3.5, 6)).on(Y, X) if p["remnant"] > 0 else None
    rem_thr = None
    if rem_f is not None:
        from scipy.special import ndtri
        rem_thr = float(ndtri(1 - p["remnant"]))
    cyst = bool(u() < 0.25)
    p["cyst"] = cyst
    screw = None
    if p["metal"]:
        screw = make_screw(rng, v, f, X, Y, Z, centre, ext)
        p["screw_mm_from_lesion"] = screw["gap"]
    centre_secs = {s["j"]: s for s in secs}
    stack = np.zeros((len(zc), len(ys), len(xs)), F)
    wsum = np.zeros(len(zc))
    kscale = {120: 1.0, 100: 1.08, 140: 0.95}[p["kvp"]]
    core = []
    for jf, z in enumerate(zf):
        hu, ob = ana.plane(z)
        j = jf - bz0
        if 0 <= j < len(Z) and inside[j].any():
            sub = hu[by0:by1, bx0:bx1]
            d = sd[j]
            les = F(p["tumour"]) + F(7) * tex.plane(z) + F(4) * tex2.plane(z)
            if cyst:
                les -= F(28) * np.clip(tex.plane(z) - F(1.0), 0, 1)
            if rem_f is not None:
                rem = inside[j] & (rem_f.plane(z) > rem_thr) & (depth[j] > t_eff[j] + 2.0) & (ob[by0:by1, bx0:bx1] > 0.5)
                if bone is not None:
                    rem &= ~bone[j]
                les = np.where(rem, sub, les)
                if j in centre_secs:
                    centre_secs[j]["rem"] = rem
            vary = rim_v.plane(z)
            if bone is not None:
                les = np.where(bone[j], F(p["int_hu"]) * (1 + F(0.08) * vary), les)
            t = t_eff[j]
            orim = np.where(t > 0, np.clip(F(0.5) + (t - depth[j]) * F(1 / H), 0, 1), 0)
            les += orim * (F(p["rim_hu"]) * (1 + F(0.07) * vary) - les)
            aL = occ(d)
            sub += aL * (les - sub)
            if j in centre_secs:
                m = sd[j] < -4
                if m.any():
                    core.append(les[m].mean())
        if kscale != 1:
            ex = hu - 60
            hu = np.where(ex > 0, 60 + F(kscale) * ex, hu)
        if screw is not None:
            hu = screw_plane(screw, hu, xs, ys, z)
        kk = (z - zc[0]) / th
        for k in range(max(0, int(np.floor(kk)) - 2), min(len(zc), int(np.ceil(kk)) + 3)):
            w = float(prof(z - zc[k]))
            if w > 0:
                stack[k] += F(w) * hu
                wsum[k] += w
    stack /= wsum.astype(F)[:, None, None]

    # scanner: point spread and pixels in one step
    if p["sharp"]:
        ratio = 2.2
        gain = sharp_gain(p["psf"], ratio, p["overshoot"])
        gy1, gx1 = gauss_matrix(yp, ys, p["psf"]), gauss_matrix(xp, xs, p["psf"]).T.copy()
        gy2, gx2 = gauss_matrix(yp, ys, ratio * p["psf"]), gauss_matrix(xp, xs, ratio * p["psf"]).T.copy()
        img = np.stack([F(1 + gain) * (gy1 @ s @ gx1) - F(gain) * (gy2 @ s @ gx2) for s in stack])
    else:
        gy, gx = gauss_matrix(yp, ys, p["psf"]), gauss_matrix(xp, xs, p["psf"]).T.copy()
        img = np.stack([gy @ s @ gx for s in stack])
    del stack
    noiseless = img
    img = img + noise_field(rng, img.shape, px, th, p["noise"], p["sharp"])
    if screw is not None:
        img = add_streaks(rng, img, screw, xp, yp, zc, th)
    img = np.clip(np.rint(img), -1024, 3071).astype(np.int16)

    # outline
    mask = np.zeros(img.shape, np.uint8)
    stray = Field(rng, (zc[0], yp[0], xp[0]), (zc[-1], yp[-1], xp[-1]),
                  (p["stray_zcorr"] / 1.15, p["stray_corr"] / 1.15, p["stray_corr"] / 1.15))
    pix = np.flatnonzero((xp > X[0]) & (xp < X[-1]))
    piy = np.flatnonzero((yp > Y[0]) & (yp < Y[-1]))
    ly, lx = lerp_matrix(yp[piy], Y[0], H, len(Y)), lerp_matrix(xp[pix], X[0], H, len(X)).T.copy()
    for s in secs:
        d2p = ly @ s["d2"] @ lx
        gy_, gx_ = np.gradient(d2p, px)
        iy, ix = np.nonzero(np.abs(d2p) < 6.5)  # the border strays along its normal: read the field at the foot point
        dd = d2p[iy, ix]
        b = np.zeros(d2p.shape, F)
        b[iy, ix] = p["bias"] + p["stray"] * np.clip(stray.at(zc[s["k"]], yp[piy][iy] - dd * gy_[iy, ix], xp[pix][ix] - dd * gx_[iy, ix]), -3, 3)
        m = ndi.binary_fill_holes(d2p < b)
        lab, nl = ndi.label(m)
        if nl > 1:
            big = np.bincount(lab.ravel())
            good = [i for i in range(1, nl + 1) if big[i] >= 6 and (d2p[lab == i] < 0).any()]
            m = np.isin(lab, good)
        mask[s["k"], piy[0]:piy[-1] + 1, pix[0]:pix[-1] + 1] = m
        s["drawn"] = float(m.sum() * px * px)

    rows, zone_n, bone_n, rem_n, cov_l, per_l = [], 0, 0, 0, 0.0, 0.0
    for s in secs:
        nz = int(s["zone"].sum())
        nb = int((s["zone"] & bone[s["j"]]).sum()) if bone is not None else 0
        nr = int((s["zone"] & s["rem"]).sum()) if "rem" in s else 0
        rows.append(dict(k=s["k"], z=float(zc[s["k"]]), area_mm2=s["area"], perimeter_mm=s["per"], rim_coverage=s["cov"],
                         ossified_fraction=nb / nz if nz else None, remnant_fraction=nr / nz if nz else None,
                         zone_mm2=nz * H * H, diameter_mm=s["chord"], drawn_mm2=s["drawn"]))
        zone_n, bone_n, rem_n = zone_n + nz, bone_n + nb, rem_n + nr
        cov_l, per_l = cov_l + s["cov"] * s["per"], per_l + s["per"]
    exam = dict(rim_coverage=cov_l / per_l, ossified_fraction=bone_n / max(zone_n, 1), remnant_fraction=rem_n / max(zone_n, 1),
                max_diameter_mm=max(s["chord"] for s in secs), n_slices=len(secs),
                volume_mm3=float(inside.sum() * H * H * dz))
    c, fr = exam["rim_coverage"], exam["ossified_fraction"]
    exam["rim"] = "none" if c < 0.10 else "complete" if c >= 0.90 else "incomplete"
    exam["interior"] = "none" if fr < 0.05 else "over_half" if fr > 0.5 else "under_half"
    exam["grade"] = grade_of(exam["rim"], exam["interior"])
    exam["borderline"] = int(min(abs(c - 0.1), abs(c - 0.9), abs(fr - 0.05), abs(fr - 0.5)) < 0.045)
    p["centre_z"], p["centre_y"], p["centre_x"] = [float(t) for t in centre]
    p["core_hu_drawn"] = float(np.mean(core)) if core else None
    extra = dict(noiseless=noiseless, secs=secs, xp=xp, yp=yp, zc=zc)
    return img, mask, rows, exam, extra


def grade_of(rim, interior):
    if interior == "over_half":
        return "3" if rim == "complete" else "2b"
    if interior == "under_half":
        return "2a"
    return {"complete": "1b", "incomplete": "1a", "none": "0"}[rim]


def make_screw(rng, v, f, X, Y, Z, centre, ext):
    """A pedicle screw in this or a neighbouring vertebra, 4 to 25 mm from the lesion."""
    best = None
    pts = np.argwhere(f[::3, ::3, ::3] < 0) * 3
    P = np.stack([Z[pts[:, 0]], Y[pts[:, 1]], X[pts[:, 2]]], 1)
    want = rng.uniform(4, 22)
    for lev in (-2, -1, 0, 1, 2):
        for sgn in (-1, 1):
            z = lev * v["pitch"] + 0.3 * v["hh"] + v["tilt"] * v["b"]
            q0 = np.array([z, -0.4 * v["b"], sgn * 0.35 * v["a"]])
            q1 = np.array([z, v["yc"] + v["rcy"] + 14, sgn * (v["rcx"] + v["rp"] + 4)])
            if z < Z[0] - 12 or z > Z[-1] + 12:
                continue
            t = np.linspace(0, 1, 25)[:, None]
            line = q0 + t * (q1 - q0)
            gap = float(np.sqrt(((P[:, None, :] - line[None]) ** 2).sum(-1)).min()) - 3
            if gap > 3 and (best is None or abs(gap - want) < abs(best["gap"] - want)):
                best = dict(q0=q0, q1=q1, gap=gap)
    if best is None:  # no room in bone: a rod behind
        q = np.array([centre[0], ext[1][1] + centre[1] + 10, centre[2]])
        best = dict(q0=q - [20, 0, 0], q1=q + [20, 0, 0], gap=7.0)
    best.update(r=float(rng.uniform(2.6, 3.3)), hu=float(rng.uniform(4500, 8000)), amp=float(rng.uniform(80, 250)),
                seed=int(rng.integers(1 << 30)))
    return best


def _screw_dist(screw, xs, ys, z):
    q0, d = screw["q0"], screw["q1"] - screw["q0"]
    y, x = ys[:, None] - q0[1], xs[None, :] - q0[2]
    t = np.clip(((z - q0[0]) * d[0] + y * d[1] + x * d[2]) / (d @ d), 0, 1)
    return np.sqrt((z - q0[0] - t * d[0]) ** 2 + (y - t * d[1]) ** 2 + (x - t * d[2]) ** 2)


def screw_plane(screw, hu, xs, ys, z):
    if min(screw["q0"][0], screw["q1"][0]) - 4 > z or max(screw["q0"][0], screw["q1"][0]) + 4 < z:
        return hu
    o = occ((_screw_dist(screw, xs, ys, z) - screw["r"]).astype(F))
    return hu + o * (F(screw["hu"]) - hu)


def add_streaks(rng, img, screw, xp, yp, zc, th):
    """Dark and bright streaks from the metal's middle, and a dark band along its length."""
    rs = np.random.default_rng(screw["seed"])
    for k, z in enumerate(zc):
        dist = _screw_dist(screw, xp, yp, z)
        if dist.min() > screw["r"] + th / 2:
            continue
        q0, d = screw["q0"], screw["q1"] - screw["q0"]
        axis = np.arctan2(d[1], d[2])
        mid = (screw["q0"] + screw["q1"]) / 2
        y, x = yp[:, None] - mid[1], xp[None, :] - mid[2]
        th_ = np.arctan2(y, x)
        s = np.zeros(dist.shape)
        for m in (2, 5, 9, 14):
            s += np.cos(2 * m * (th_ - axis) + rs.uniform(0, 6.28)) / np.sqrt(m)
        s -= 1.2 * np.exp(-(np.sin(th_ - axis) / 0.15) ** 2)
        img[k] += (screw["amp"] * s * np.exp(-dist / 22) * (dist > screw["r"])).astype(F)
    return img


# ---------------------------------------------------------------- files

def affine_of(extra, p, rng):
    """Array (x, y, z) axes to RAS. The simulated frame is LPS."""
    kind = str(rng.choice(["lps", "ras", "topdown"]))
    px, th = p["px"], p["thickness"]
    t = np.deg2rad(p["oblique"])
    R = np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])
    A = np.eye(4)
    A[:3, :3] = R @ np.diag([px, px, th])
    A[:3, 3] = R @ np.array([extra["xp"][0], extra["yp"][0], extra["zc"][0]]) + rng.uniform(-200, 200, 3)
    A = np.diag([-1, -1, 1, 1.0]) @ A
    return A, kind


def write_nifti(path, vol_zyx, A, kind):
    arr = np.ascontiguousarray(vol_zyx.transpose(2, 1, 0))
    A = A.copy()

    def flip(ax):
        nonlocal arr, A
        arr = np.flip(arr, ax)
        A[:3, 3] += A[:3, ax] * (arr.shape[ax] - 1)
        A[:3, ax] *= -1

    if kind == "ras":
        flip(0), flip(1)
    elif kind == "topdown":
        flip(2)
    im = nib.Nifti1Image(np.asfortranarray(arr), A)
    im.header.set_xyzt_units("mm")
    im.set_sform(A, 1)
    im.set_qform(A, 1)
    nib.openers.Opener.default_compresslevel = 1
    nib.save(im, path)


KEY = ["patient", "timepoint", "modality", "series", "lesion"]
STUDY = ["patient", "timepoint", "modality", "image", "structures", "level", "kvp", "contrast", "kernel", "thickness_mm"]
SLICE = KEY + ["slice", "z_mm", "area_mm2", "perimeter_mm", "rim_coverage", "ossified_fraction", "remnant_fraction",
               "zone_mm2", "diameter_mm", "drawn_mm2"]
EXAM = KEY + ["rim_coverage", "ossified_fraction", "rim", "interior", "grade", "max_diameter_mm", "n_slices", "volume_mm3",
              "remnant_fraction", "borderline", "treated"]
PARAM = ["patient", "timepoint", "region", "level", "site", "diameter", "lobes", "thickness", "profile", "ramp", "px", "psf",
         "sharp", "overshoot", "noise", "kvp", "contrast", "metal", "screw_mm_from_lesion", "stray", "bias", "stray_corr",
         "stray_zcorr", "rim_target", "rim_mm", "rim_hu", "rim_corr_mm", "frac_target", "interior_kind", "int_hu",
         "start_kind", "start_mm", "int_sep_mm", "remnant", "cyst", "tumour", "muscle", "marrow", "cortex_mm", "cortex_hu", "rib",
         "oblique", "orientation", "centre_x", "centre_y", "centre_z", "core_hu_drawn", "nx", "ny", "nz", "cpu_s"]


def cell(x):
    if x is None:
        return ""
    if isinstance(x, (bool, np.bool_)):
        return int(x)
    if isinstance(x, (float, np.floating)):
        return f"{x:.5f}".rstrip("0").rstrip(".")
    return x


def make_exam(cohort, seed, i, n):
    rng = np.random.default_rng([seed, i, {"yuanlike": 11, "hard": 12}[cohort]])
    p = (draw_yuanlike if cohort == "yuanlike" else draw_hard)(rng, i, n)
    wanted_border = p["borderline"]
    for attempt in range(4):  # what lands near a class limit by accident is drawn again
        q = dict(p)
        sub = np.random.default_rng([seed, i, attempt, 77])
        out = simulate(sub, q)
        if wanted_border or not out[3]["borderline"]:
            break
    return q, out, sub


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--cohort", choices=["yuanlike", "hard"])
    ap.add_argument("--n", type=int, default=24)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--out")
    ap.add_argument("--png", action="store_true", help="also write a picture of each exam to DIR/png")
    ap.add_argument("--only", type=int, nargs="*", help="indices to make")
    ap.add_argument("--selftest", action="store_true")
    a = ap.parse_args()
    if a.selftest:
        return selftest()
    os.makedirs(a.out, exist_ok=True)
    files = {}
    for name, cols in (("study", STUDY), ("truth_slices", SLICE), ("truth_exams", EXAM), ("params", PARAM)):
        fh = open(os.path.join(a.out, name + ".csv"), "w", newline="")
        w = csv.DictWriter(fh, cols, lineterminator="\n", extrasaction="ignore")
        w.writeheader()
        files[name] = (fh, w)
    put = lambda name, row: (files[name][1].writerow({k: cell(x) for k, x in row.items()}), files[name][0].flush())
    tot = 0.0
    for i in a.only if a.only else range(a.n):
        t = time.process_time()
        p, (img, mask, rows, exam, extra), rng = make_exam(a.cohort, a.seed, i, a.n)
        A, kind = affine_of(extra, p, rng)
        pat = f"{'Y' if a.cohort == 'yuanlike' else 'H'}{a.seed}-{i:03d}"
        tp = "post" if p["treated"] else "pre"
        d = os.path.join(a.out, pat)
        os.makedirs(d, exist_ok=True)
        write_nifti(os.path.join(d, "ct.nii.gz"), img, A, kind)
        write_nifti(os.path.join(d, "tumour.nii.gz"), mask, A, kind)
        key = dict(patient=pat, timepoint=tp, modality="CT", series="main", lesion="1")
        put("study", dict(key, image=f"{pat}/ct.nii.gz", structures=f"tumour={pat}/tumour.nii.gz", level=p["level"], kvp=p["kvp"],
                          contrast="yes" if p["contrast"] else "no", kernel="BONE" if p["sharp"] else "STANDARD",
                          thickness_mm=p["thickness"]))
        nrm = np.array([-1, -1, 1]) * A[:3, 2] / p["thickness"]  # slice normal, LPS
        z_of = lambda k: float(nrm @ (np.array([-1, -1, 1]) * (A[:3, 3] + A[:3, 2] * k)))
        for r in rows:
            put("truth_slices", dict(key, slice=r["k"], z_mm=z_of(r["k"]), **{k: r[k] for k in SLICE[7:]}))
        put("truth_exams", dict(key, treated=p["treated"], **exam))
        dt = time.process_time() - t
        tot += dt
        put("params", dict(p, patient=pat, timepoint=tp, orientation=kind, nx=img.shape[2], ny=img.shape[1], nz=img.shape[0], cpu_s=dt))
        print(f"{pat} {p['site']:9s} d={exam['max_diameter_mm']:5.1f} th={p['thickness']:.0f} cov={exam['rim_coverage']:.3f} "
              f"frac={exam['ossified_fraction']:.3f} grade={exam['grade']:2s} {p['interior_kind']:8s} {dt:.1f}s", flush=True)
        if a.png:
            picture(os.path.join(a.out, "png"), pat, p, img, mask, rows, exam, extra)
    print(f"mean CPU {tot / max(1, len(a.only) if a.only else a.n):.2f} s per exam")


def picture(folder, pat, p, img, mask, rows, exam, extra):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    os.makedirs(folder, exist_ok=True)
    secs, xp, yp = extra["secs"], extra["xp"], extra["yp"]
    pick = [secs[int(q * (len(secs) - 1))] for q in (0.12, 0.35, 0.5, 0.75)]
    fig, ax = plt.subplots(2, 4, figsize=(20, 10))
    e = [xp[0], xp[-1], yp[-1], yp[0]]
    for c, s in enumerate(pick):
        for r in range(2):
            ax[r, c].imshow(img[s["k"]], cmap="gray", vmin=-200, vmax=800, extent=e)
            ax[r, c].axis("off")
        ax[1, c].plot(s["mids"][:, 0], s["mids"][:, 1], "g.", ms=1)
        ax[1, c].contour(xp, yp, mask[s["k"]], [0.5], colors="r", linewidths=0.7)
        row = next(q for q in rows if q["k"] == s["k"])
        ax[0, c].set_title(f"k={s['k']} cov={row['rim_coverage']:.2f} frac={row['ossified_fraction'] or 0:.2f}")
    fig.suptitle(f"{pat} {p['level']} {p['site']} th={p['thickness']} stray={p['stray']:.2f} bias={p['bias']:.2f} rim={p['rim_mm']:.1f}mm"
                 f"@{p['rim_hu']:.0f} {p['interior_kind']} {p['start_kind']} noise={p['noise']:.0f} sharp={p['sharp']} contrast={p['contrast']}"
                 f" marrow={p['marrow']:.0f} grade={exam['grade']} cov={exam['rim_coverage']:.2f} frac={exam['ossified_fraction']:.2f}")
    fig.tight_layout()
    fig.savefig(os.path.join(folder, pat + ".png"), dpi=60)
    plt.close(fig)


def selftest():
    """A sphere: lengths, areas, coverage, fraction and densities against what they must be."""
    base = dict(region="L", diameter=40.0, thickness=1.0, profile="trapezoid", ramp=0.2, psf=0.5, sharp=False, overshoot=0.0,
                noise=15.0, px=0.5, kvp=120, contrast=False, metal=False, stray=0.0, bias=0.0, stray_corr=8.0, stray_zcorr=5.0,
                rim_mm=2.0, rim_hu=600.0, int_hu=450.0, marrow=180.0, cortex_mm=1.2, cortex_hu=520.0, remnant=0.0, tumour=60.0,
                oblique=0.0, treated=True, borderline=0)
    sphere = lambda: dict(balls=[(np.zeros(3), np.ones(3))], waves=[], wave_amp=0.0, k=0.1, scale=1.0)
    for rim, frac in ((1.0, 0.0), (0.0, 0.0), (0.5, 0.0), (1.0, 0.6), (0.0, 0.3)):
        p = dict(base, rim_target=rim, frac_target=frac)
        img, mask, rows, exam, extra = simulate(np.random.default_rng(5), p, dict(shape=sphere(), kind="blob"))
        mid = max(rows, key=lambda r: r["area_mm2"])
        s = next(q for q in extra["secs"] if q["k"] == mid["k"])
        n = extra["noiseless"][mid["k"]]
        xx, yy = np.meshgrid(extra["xp"], extra["yp"])
        c = s["mids"].mean(0)
        r = np.hypot(xx - c[0], yy - c[1])
        R = exam["max_diameter_mm"] / 2
        print(f"rim {rim} frac {frac}: coverage {exam['rim_coverage']:.3f} fraction {exam['ossified_fraction']:.3f} D {2*R:.2f} "
              f"area/piR2 {mid['area_mm2']/np.pi/R**2:.4f} per/2piR {mid['perimeter_mm']/2/np.pi/R:.4f} "
              f"vol/sphere {exam['volume_mm3']/(4/3*np.pi*R**3):.4f} drawn/area {mid['drawn_mm2']/mid['area_mm2']:.4f} "
              f"core {n[r < 4].mean():.0f} peak rim {np.percentile(n[np.abs(r-R+1) < 0.4], 50):.0f} mid-ring {n[np.abs(r-0.7*R)<1].mean():.0f} "
              f"noise {(img[mid['k']]-n).std():.1f} grade {exam['grade']}")


if __name__ == "__main__":
    sys.exit(main())
