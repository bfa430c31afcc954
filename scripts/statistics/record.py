"""Writes what SciPy and statsmodels make of 1,000 random tables, for src/stats/recorded_tests.rs to compare.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/venv/bin/python scripts/statistics/record.py > tests/statistics/recorded.jsonl

One JSON object a line; the first names the versions. `null` stands for a gap or for what has no value.
"""

import json
import warnings

import numpy as np
import pandas as pd
import scipy
import statsmodels
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

SEED = 20221
DIGITS = 12


def short(value):
    """A number with the digits that a comparison at 1e-10 needs; nothing that is not finite."""
    if isinstance(value, (list, tuple)):
        return [short(v) for v in value]
    if value is None or not np.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def emit(kind, **fields):
    print(json.dumps({"kind": kind, **fields}, separators=(",", ":")))


def column(random, n, step):
    """Values on a grid coarse enough to tie, as decimals; some are gaps."""
    values = [round(float(v) * step, 4) for v in random.integers(-40, 60, n)]
    return [None if random.random() < 0.06 else v for v in values]


def paired(random):
    """Before and after: ties, zeros (a third of the tables copy many), gaps."""
    n = int(random.integers(3, 32))
    step = float(random.choice([0.01, 0.1, 0.25, 1, 10]))
    first = column(random, n, step)
    if random.random() < 0.5:
        shift = [round(float(s) * step, 4) for s in random.integers(-3, 5, n)]
        second = [None if v is None else round(v + s, 4) for v, s in zip(first, shift)]
    else:
        second = column(random, n, step)
    pairs = [(a, b) for a, b in zip(first, second) if a is not None and b is not None]
    # Decimals: 0.3 - 0.1 and 0.5 - 0.3 are the same difference.
    d = np.array([round(a - b, 6) for a, b in pairs])
    if len(d) < 2 or np.all(d == d[0]):
        return False
    t = DescrStatsW(d)
    test = stats.ttest_rel([a for a, _ in pairs], [b for _, b in pairs])
    fields = {"t": [test.statistic, test.df, test.pvalue, *t.tconfint_mean(0.05)]}
    changed = d[d != 0]
    if len(changed):
        ranks = stats.rankdata(abs(changed))
        plus = ranks[changed > 0].sum()
        approx = stats.wilcoxon(d, zero_method="wilcox", correction=False, method="approx")
        fields["rank"] = [len(changed), plus, ranks.sum() - plus, -abs(approx.zstatistic), approx.pvalue]
        if len(set(abs(changed))) == len(changed):
            fields["exact"] = stats.wilcoxon(changed, method="exact").pvalue
    summary = [np.mean([a for a, _ in pairs]), np.std([a for a, _ in pairs], ddof=1), np.median([a for a, _ in pairs])]
    emit("paired", first=short(first), second=short(second), summary=short(summary), **{k: short(v) for k, v in fields.items()})
    return True


def classes(random):
    """Two readers' classes: some classes empty, some tables skewed."""
    k = int(random.integers(2, 7))
    n = int(random.integers(4, 80))
    truth = random.choice(k, n, p=random.dirichlet(np.full(k, random.choice([0.3, 2.0]))))
    slip = random.random(n) < random.choice([0.1, 0.3, 0.8])
    other = np.where(slip, np.clip(truth + random.integers(-2, 3, n), 0, k - 1), truth)
    table = np.zeros((k, k), int)
    np.add.at(table, (truth, other), 1)
    if table.sum(1).max() == n and table.sum(0).max() == n and np.trace(table) in (0, n):
        return False
    found = []
    for weights in (None, "linear", "quadratic"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = cohens_kappa(table, wt=weights)
        found.append(short([result.kappa, result.kappa_low, result.kappa_upp]))
    if None in sum(found, []):
        # Full agreement: the variance is 0 but for rounding, and its root may be NaN.
        return False
    emit("classes", table=table.tolist(), kappa=found)
    return True


def yes_no(random):
    gained, lost = (int(v) for v in random.integers(0, random.choice([4, 12, 200]), 2))
    if gained + lost == 0:
        return False
    p = mcnemar([[3, gained], [lost, 5]], exact=True).pvalue
    emit("yes_no", gained=gained, lost=lost, p=short(p))
    return True


def numbers(random):
    """Two readers' numbers, by the mean squares of statsmodels' two-way analysis of variance."""
    n = int(random.integers(4, 26))
    spread, noise, bias = random.choice([1, 8, 30]), random.choice([0.3, 2, 10]), random.choice([0, 0.5, 4])
    truth = random.normal(50, spread, n)
    first = [round(float(v), 2) for v in truth + random.normal(0, noise, n)]
    second = [round(float(v), 2) for v in truth + random.normal(0, noise, n) + bias]
    frame = pd.DataFrame({
        "value": first + second,
        "who": ["a"] * n + ["b"] * n,
        "what": [str(i) for i in range(n)] * 2,
    })
    squares = anova_lm(ols("value ~ C(what) + C(who)", frame).fit())
    rows, columns, error = (squares["mean_sq"][c] for c in ("C(what)", "C(who)", "Residual"))
    d = np.array(first) - np.array(second)
    t = DescrStatsW(d)
    line = stats.linregress((np.array(first) + np.array(second)) / 2, d)
    limit = d.std(ddof=1) * np.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    altman = [t.mean, t.std_mean, *t.tconfint_mean(0.05), d.std(ddof=1), limit, line.slope, line.pvalue]
    emit("numbers", first=short(first), second=short(second), icc=short(icc(n, rows, columns, error)), altman=short(altman))
    return True


def icc(n, rows, columns, error, k=2):
    """ICC(2,1) and ICC(3,1) with intervals as McGraw and Wong 1996 print them (tables 4 and 7)."""
    two = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    a = k * two / (n * (1 - two))
    b = 1 + k * two * (n - 1) / (n * (1 - two))
    v = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    low, high = stats.f.isf(0.025, n - 1, v), stats.f.isf(0.025, v, n - 1)
    two_low = n * (rows - low * error) / (low * (k * columns + (k * n - k - n) * error) + n * rows)
    two_high = n * (high * rows - error) / (k * columns + (k * n - k - n) * error + n * high * rows)
    three = (rows - error) / (rows + (k - 1) * error)
    f = rows / error
    f_low = f / stats.f.isf(0.025, n - 1, (n - 1) * (k - 1))
    f_high = f * stats.f.isf(0.025, (n - 1) * (k - 1), n - 1)
    return [two, two_low, two_high, three, (f_low - 1) / (f_low + k - 1), (f_high - 1) / (f_high + k - 1)]


def several(random):
    """Chances of several tests, ties among them, by Holm's correction."""
    chances = [round(float(c), 3) for c in random.random(int(random.integers(1, 9))) ** 3]
    emit("several", p=chances, holm=short(list(multipletests(chances, method="holm")[1])))
    return True


def tails(random):
    df = float(random.choice([1, 2, 5, 23, 60, 400, 5000])) + float(random.choice([0, 0.5]))
    t = float(f"{random.choice([0.01, 1, 4, 20]) * (0.2 + random.random()):.6g}")
    df2 = float(random.integers(1, 300))
    emit("tails", t=t, df=df, df2=df2, found=short([
        2 * stats.t.sf(t, df), 2 * stats.norm.sf(t), stats.t.isf(0.025, df), stats.f.isf(0.025, df, df2),
    ]))
    return True


def main():
    random = np.random.default_rng(SEED)
    emit("versions", numpy=np.__version__, scipy=scipy.__version__, statsmodels=statsmodels.__version__, seed=SEED)
    for make, count in ((paired, 400), (classes, 250), (numbers, 200), (yes_no, 50), (tails, 70), (several, 30)):
        made = 0
        while made < count:
            made += make(random)


if __name__ == "__main__":
    main()
