#!/usr/bin/env python3
"""Compares a finished Osteon run with the simulator's truth.   python score.py STUDY OUT [--csv FILE]

Slices count where the true area is > 35 % of the exam's largest; exams where a value was given. Not evaluable is
counted apart, never as wrong and never as right. --csv writes one line per exam for a look elsewhere.
"""
import argparse
import csv
import os
from collections import Counter, defaultdict

import numpy as np

RIM = ["none", "incomplete", "complete"]
INT = ["none", "under_half", "over_half"]
GRADE = ["0", "1a", "1b", "2a", "2b", "3"]


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def num(x):
    return float(x) if x not in ("", None) else None


def key(r):
    return (r["patient"], r["timepoint"], r["series"] or "main", r["lesion"] or "1")


def table(title, order, pairs):
    print(f"{title} (rows truth, columns osteon)")
    c = Counter(pairs)
    print("  " + "".join(f"{x:>12}" for x in [""] + order + ["n/e"]))
    for t in order:
        if any(p[0] == t for p in pairs):
            print("  " + f"{t:>12}" + "".join(f"{c[(t, m)]:12d}" for m in order + [None]))


def stats(err):
    e = np.asarray(err, float)
    return f"n {len(e):4d}  MAE {np.abs(e).mean():.3f}  bias {e.mean():+.3f}  rmse {np.sqrt((e * e).mean()):.3f}  p90 {np.quantile(np.abs(e), .9):.3f}" if len(e) else "n    0"


def bins(v, edges, fmt="{:g}"):
    for a, b in zip(edges, edges[1:]):
        if a <= v < b:
            return f"{fmt.format(a)}-{fmt.format(b)}"
    return "other"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("study")
    ap.add_argument("out")
    ap.add_argument("--csv")
    ap.add_argument("--worst", type=int, default=10)
    ap.add_argument("--brief", action="store_true", help="only the head, without tables, breakdown and worst exams")
    a = ap.parse_args()
    d = a.study if os.path.isdir(a.study) else os.path.dirname(a.study)
    truth = {key(r): r for r in read(os.path.join(d, "truth_exams.csv"))}
    par = {(r["patient"], r["timepoint"]): r for r in read(os.path.join(d, "params.csv"))}
    tsl = defaultdict(dict)
    for r in read(os.path.join(d, "truth_slices.csv")):
        tsl[key(r)][int(r["slice"])] = r
    got = defaultdict(dict)
    for r in read(os.path.join(a.out, "exams.csv")):
        got[key(r)][r["measure"]] = r
    gsl = defaultdict(dict)
    for r in read(os.path.join(a.out, "slices_ct.csv")):
        gsl[key(r)][int(r["slice"])] = r
    fails = read(os.path.join(a.out, "failures.csv")) if os.path.exists(os.path.join(a.out, "failures.csv")) else []

    cov_err, fr_err = defaultdict(list), defaultdict(list)  # per exam, per slice
    used = []  # coverage error where Osteon itself counts the slice
    n_big = n_cov = n_fr = n_zone = 0
    ex_rows = []
    for k, t in truth.items():
        big = max(num(r["area_mm2"]) for r in tsl[k].values())
        for s, r in tsl[k].items():
            if num(r["area_mm2"]) <= 0.35 * big:
                continue
            n_big += 1
            g = gsl[k].get(s)
            c = num(g["rim_coverage"]) if g else None
            f = num(g["ossified_fraction"]) if g else None
            if c is not None:
                n_cov += 1
                cov_err[k].append(c - num(r["rim_coverage"]))
                if not {"tilted_surface", "end_slice", "small_area"} & set(g["flags"].split(";")):
                    used.append(cov_err[k][-1])
            if num(r["ossified_fraction"]) is not None:
                n_zone += 1
                if f is not None:
                    n_fr += 1
                    fr_err[k].append(f - num(r["ossified_fraction"]))
        g = got.get(k, {})
        val = lambda m: (g[m]["value"] or None) if m in g else None
        ex_rows.append(dict(key=k, t=t, p=par[k[:2]], rim=val("rim"), interior=val("interior"), grade=val("boriani_grade"),
                            cov=num(val("rim_coverage")), frac=num(val("ossified_fraction")), diam=num(val("max_diameter")),
                            reason={m: g[m]["reason"] for m in ("rim", "interior", "boriani_grade") if m in g and not g[m]["value"]},
                            status=g.get("boriani_grade", {}).get("status", "missing")))

    N = len(ex_rows)
    print(f"{d}: {N} exams, {len(fails)} failures, {n_big} slices of > 35 % of the largest area")
    for f in fails:
        print("  FAILED", dict(f))
    for m in ("grade", "rim", "interior"):
        ev = [e for e in ex_rows if e[m] is not None]
        ok = sum(e[m] == e["t"][m] for e in ev)
        nb = [e for e in ev if e["t"]["borderline"] != "1"]
        print(f"{m:9s} right {ok:3d} of {len(ev):3d} evaluated ({100 * ok / max(1, len(ev)):.0f} %), not evaluable {N - len(ev)}"
              f"; without borderline {sum(e[m] == e['t'][m] for e in nb)} of {len(nb)}")
    unt = [e for e in ex_rows if e["t"]["grade"] == "0"]
    print(f"true grade 0 (untreated): rim=none {sum(e['rim'] == 'none' for e in unt)} of {sum(e['rim'] is not None for e in unt)} evaluated ({len(unt)} in all); "
          f"mean coverage read {np.mean([e['cov'] for e in unt if e['cov'] is not None] or [np.nan]):.3f}")
    nor = [e for e in ex_rows if e["t"]["rim"] == "none"]
    print(f"true rim none, any interior: rim=none {sum(e['rim'] == 'none' for e in nor)} of {sum(e['rim'] is not None for e in nor)} evaluated; "
          f"mean coverage read {np.mean([e['cov'] for e in nor if e['cov'] is not None] or [np.nan]):.3f}")
    pool = lambda q: [x for v in q.values() for x in v]
    print(f"coverage per slice: {stats(pool(cov_err))}  given on {n_cov} of {n_big}")
    print(f"    on slices without end_slice, tilted_surface, small_area: {stats(used)}")
    for cls in RIM:
        print(f"    true rim {cls:11s} {stats([x for k, v in cov_err.items() if truth[k]['rim'] == cls for x in v])}")
    print(f"fraction per slice: {stats(pool(fr_err))}  given on {n_fr} of {n_zone} with a zone")
    for cls in INT:
        print(f"    true interior {cls:10s} {stats([x for k, v in fr_err.items() if truth[k]['interior'] == cls for x in v])}")
    print(f"coverage per exam : {stats([e['cov'] - num(e['t']['rim_coverage']) for e in ex_rows if e['cov'] is not None])}")
    print(f"fraction per exam : {stats([e['frac'] - num(e['t']['ossified_fraction']) for e in ex_rows if e['frac'] is not None])}")
    print(f"max_diameter [mm] : {stats([e['diam'] - num(e['t']['max_diameter_mm']) for e in ex_rows if e['diam'] is not None])}")
    why = Counter(f"{m}:{r}" for e in ex_rows for m, r in e["reason"].items())
    if why:
        print("not evaluable:", ", ".join(f"{k} {v}" for k, v in why.most_common()))
    if a.csv:
        write_csv(a.csv, ex_rows, cov_err, fr_err)
    if a.brief:
        return
    table("rim", RIM, [(e["t"]["rim"], e["rim"]) for e in ex_rows])
    table("interior", INT, [(e["t"]["interior"], e["interior"]) for e in ex_rows])
    table("grade", GRADE, [(e["t"]["grade"], e["grade"]) for e in ex_rows])

    print("breakdown: per-slice coverage error | exam rim class right | per-slice fraction error | interior class right")
    f = lambda p, c: float(p[c])
    groups = [("site", lambda e, p: p["site"]), ("region", lambda e, p: p["region"]), ("thickness", lambda e, p: p["thickness"]),
              ("true rim", lambda e, p: e["t"]["rim"]),
              ("rim mm (rim>0)", lambda e, p: bins(f(p, "rim_mm"), [0.8, 1.2, 1.7, 2.3, 3.1]) if f(p, "rim_target") > 0 else None),
              ("rim HU*mm (rim>0)", lambda e, p: bins((f(p, "rim_hu") - 60) * f(p, "rim_mm"), [0, 400, 700, 1000, 1500, 3000]) if f(p, "rim_target") > 0 else None),
              ("stray", lambda e, p: bins(f(p, "stray"), [0, 0.31, 0.6, 1.0, 1.51])),
              ("bias", lambda e, p: bins(f(p, "bias"), [-1, -0.5, -0.05, 0.05, 0.5, 1.01])),
              ("interior kind", lambda e, p: p["interior_kind"]), ("start", lambda e, p: p["start_kind"]),
              ("diameter", lambda e, p: bins(f(p, "diameter"), [15, 30, 45, 60, 95])),
              ("marrow", lambda e, p: bins(f(p, "marrow"), [90, 150, 200, 240, 290])),
              ("noise", lambda e, p: bins(f(p, "noise"), [10, 20, 30, 50])), ("psf", lambda e, p: bins(f(p, "psf"), [0.4, 0.55, 0.7, 0.91])),
              ("contrast", lambda e, p: p["contrast"]), ("sharp", lambda e, p: p["sharp"]), ("metal", lambda e, p: p["metal"]),
              ("kvp", lambda e, p: p["kvp"]), ("remnants", lambda e, p: str(int(f(p, "remnant") > 0))),
              ("oblique", lambda e, p: str(int(abs(f(p, "oblique")) > 0)))]
    for name, fn in groups:
        b = defaultdict(list)
        for e in ex_rows:
            v = fn(e, e["p"])
            if v is not None:
                b[v].append(e)
        if len(b) < 2:
            continue
        print(f" {name}")
        for v in sorted(b):
            es = b[v]
            c = [x for e in es for x in cov_err.get(e["key"], [])]
            q = [x for e in es for x in fr_err.get(e["key"], [])]
            one = lambda x: f"{np.abs(x).mean():.3f} ({np.mean(x):+.3f})" if len(x) else "  -           "
            ev, iv = [e for e in es if e["rim"]], [e for e in es if e["interior"]]
            print(f"   {v:>12}  exams {len(es):3d}  cov {one(c)}  rim {sum(e['rim'] == e['t']['rim'] for e in ev):3d}/{len(ev):<3d}"
                  f"  frac {one(q)}  interior {sum(e['interior'] == e['t']['interior'] for e in iv):3d}/{len(iv):<3d}")

    print(f"worst {a.worst} exams by mean |coverage error| per slice")
    rank = sorted((e for e in ex_rows if cov_err.get(e["key"])), key=lambda e: -np.abs(cov_err[e["key"]]).mean())
    for e in rank[:a.worst]:
        line(e, cov_err, fr_err)
    print(f"worst {a.worst // 2} exams by mean |fraction error| per slice")
    rank = sorted((e for e in ex_rows if fr_err.get(e["key"])), key=lambda e: -np.abs(fr_err[e["key"]]).mean())
    for e in rank[:a.worst // 2]:
        line(e, cov_err, fr_err)


def line(e, cov_err, fr_err):
    p, t, k = e["p"], e["t"], e["key"]
    m = lambda d: f"{np.abs(d[k]).mean():.2f}({np.mean(d[k]):+.2f})" if d.get(k) else "-"
    r = lambda c: f"{float(p[c]):.2f}".rstrip("0").rstrip(".")
    print(f"  {k[0]} cov err {m(cov_err)} frac err {m(fr_err)} | truth {float(t['rim_coverage']):.2f} {t['rim']} / {float(t['ossified_fraction']):.2f} / {t['grade']}"
          f" read {e['cov']} {e['rim']} / {e['frac']} / {e['grade']} | {p['site']} {p['level']} d={r('diameter')} th={r('thickness')} px={r('px')} psf={r('psf')}"
          f" noise={r('noise')} stray={r('stray')} bias={r('bias')} rim={r('rim_mm')}mm@{r('rim_hu')} int={p['interior_kind']}/{p['start_kind']}@{r('int_hu')}"
          f" marrow={r('marrow')} cortex={r('cortex_mm')}@{r('cortex_hu')} tumour={r('tumour')} contrast={p['contrast']} sharp={p['sharp']} metal={p['metal']} remnant={r('remnant')} kvp={p['kvp']}")


def write_csv(path, ex_rows, cov_err, fr_err):
    with open(path, "w", newline="") as fh:
        pc = [c for c in ex_rows[0]["p"] if c not in ("patient", "timepoint")]
        w = csv.writer(fh, lineterminator="\n")
        w.writerow(["patient", "timepoint", "rim_true", "rim", "cov_true", "cov", "cov_mae", "interior_true", "interior", "frac_true", "frac", "frac_mae",
                    "grade_true", "grade", "borderline"] + pc)
        for e in ex_rows:
            t, k = e["t"], e["key"]
            mae = lambda d: round(float(np.abs(d[k]).mean()), 4) if d.get(k) else ""
            w.writerow([k[0], k[1], t["rim"], e["rim"], t["rim_coverage"], e["cov"], mae(cov_err), t["interior"], e["interior"], t["ossified_fraction"],
                        e["frac"], mae(fr_err), t["grade"], e["grade"], t["borderline"]] + [e["p"][c] for c in pc])


if __name__ == "__main__":
    main()
