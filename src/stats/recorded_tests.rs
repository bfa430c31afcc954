//! Statistics against what SciPy and statsmodels made of 1,000 random tables (`scripts/statistics/record.py`).

use super::bland_altman::bland_altman;
use super::confusion::Confusion;
use super::distribution::{f_of_tail, normal_p, t_of_p, t_p};
use super::holm::holm;
use super::icc::icc;
use super::kappa::{Weights, kappa};
use super::mcnemar::mcnemar_exact;
use super::paired_t::paired_t;
use super::pairs::Pairs;
use super::signed_rank::signed_rank;
use super::summary::summary;
use super::{Interval, Z_975};
use serde_json::Value;

const RECORDED: &str = include_str!("../../tests/statistics/recorded.jsonl");

/// A number and its tolerance relative to it.
const NUMBER: f64 = 1e-10;
/// A chance and its tolerance relative to it.
const CHANCE: f64 = 1e-8;

fn tables(kind: &str) -> Vec<Value> {
    let lines = RECORDED.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|table| table["kind"] == kind).collect()
}

fn numbers(value: &Value) -> Vec<Option<f64>> {
    value.as_array().unwrap().iter().map(Value::as_f64).collect()
}

/// Both columns without the rows that have a gap.
fn pairs(table: &Value) -> Pairs {
    let (first, second) = (numbers(&table["first"]), numbers(&table["second"]));
    first.into_iter().zip(second).filter_map(|(a, b)| Some((a?, b?))).collect()
}

/// Whether all agree; what is 0 but for rounding is measured against `scale`.
#[track_caller]
fn same(found: &[f64], recorded: &Value, relative: &[f64], scale: f64, table: &Value) {
    let recorded = numbers(recorded);
    assert_eq!(found.len(), recorded.len(), "{table}");
    for ((found, recorded), relative) in found.iter().zip(recorded).zip(relative) {
        let recorded = recorded.unwrap();
        let near = relative * recorded.abs() + 1e-14 * scale;
        assert!((found - recorded).abs() <= near, "{found} is not {recorded} in {table}");
    }
}

fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

#[test]
fn a_thousand_tables_are_recorded() {
    let kinds = ["paired", "classes", "numbers", "yes_no", "tails", "several"];
    assert_eq!(kinds.map(|kind| tables(kind).len()), [400, 250, 200, 50, 70, 30]);
    let scipy = &tables("versions")[0]["scipy"];
    assert_eq!(scipy, "1.17.1");
}

#[test]
fn tests_of_pairs() {
    let (mut tied, mut zeros, mut gaps, mut exact) = (0, 0, 0, 0);
    for table in tables("paired") {
        let pairs = pairs(&table);
        let (d, largest) = (pairs.differences(), summary(&pairs.first).unwrap());
        let scale = largest.max.abs().max(largest.min.abs());
        let column = [largest.mean, largest.sd.unwrap(), largest.median];
        same(&column, &table["summary"], &[NUMBER; 3], scale, &table);
        let t = paired_t(&d).unwrap();
        let [low, high] = ends(t.interval);
        same(&[t.t, t.df, t.p, low, high], &table["t"], &[NUMBER, NUMBER, CHANCE, NUMBER, NUMBER], scale, &table);
        if table["rank"].is_array() {
            let found = signed_rank(&d).unwrap();
            let all = [found.n as f64, found.w_plus, found.w_minus, found.z, found.p];
            same(&all, &table["rank"], &[NUMBER, NUMBER, NUMBER, NUMBER, CHANCE], 1.0, &table);
            if let Some(p) = table["exact"].as_f64() {
                assert!((found.p_exact.unwrap() / p - 1.0).abs() < CHANCE, "{found:?} {table}");
                exact += 1;
            } else {
                tied += 1;
            }
            zeros += usize::from(found.zeros > 0);
        }
        gaps += usize::from(numbers(&table["first"]).contains(&None));
    }
    assert!(tied > 100 && zeros > 100 && gaps > 100 && exact > 30, "{tied} {zeros} {gaps} {exact}");
}

#[test]
fn kappa_and_its_interval() {
    for table in tables("classes") {
        let row = |row: &Value| numbers(row).iter().map(|n| n.unwrap() as usize).collect::<Vec<_>>();
        let counts: Vec<Vec<usize>> = table["table"].as_array().unwrap().iter().map(row).collect();
        let classes = (0..counts.len()).map(|i| i.to_string()).collect();
        let confusion = Confusion { classes, counts };
        for (weights, recorded) in Weights::ALL.into_iter().zip(table["kappa"].as_array().unwrap()) {
            let found = kappa(&confusion, weights).unwrap();
            let reach = Interval::around(found.value, Z_975 * found.se);
            // The variance is a difference of two sums; where it is all but 0 its root keeps half of the digits.
            let scale = if found.se < 1e-6 { 1e7 } else { 1.0 };
            same(&[found.value, reach.low, reach.high], recorded, &[NUMBER; 3], scale, &table);
            assert!(found.interval.is_none_or(|i| i == reach) && (found.interval.is_some() || found.se < 1e-6));
        }
    }
}

#[test]
fn correlations_and_limits_of_two_readers() {
    for table in tables("numbers") {
        let pairs = pairs(&table);
        let found = icc(&pairs).unwrap();
        let [low, high] = ends(found.agreement.interval);
        let [least, most] = ends(found.consistency.interval);
        let all = [found.agreement.value, low, high, found.consistency.value, least, most];
        // Statsmodels solves a least-squares problem for its mean squares: what is near 0 has lost digits there.
        same(&all, &table["icc"], &[NUMBER; 6], 1e3, &table);
        let found = bland_altman(&pairs).unwrap();
        let ([low, high], trend) = (ends(found.bias.interval), found.trend.unwrap());
        let all = [found.bias.value, found.bias.se, low, high, found.sd, found.upper.se, trend.slope, trend.p];
        let relative = [NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, CHANCE];
        same(&all, &table["altman"], &relative, 100.0, &table);
        let reach = found.upper.value - found.bias.value;
        assert!((reach - 1.96 * found.sd).abs() < 1e-10 && (found.upper.se - found.lower.se).abs() < 1e-15);
    }
}

#[test]
fn yes_and_no() {
    for table in tables("yes_no") {
        let count = |name: &str| table[name].as_u64().unwrap();
        let found = mcnemar_exact(count("gained"), count("lost")).unwrap();
        assert!((found / table["p"].as_f64().unwrap() - 1.0).abs() < CHANCE, "{found} {table}");
    }
}

#[test]
fn tails_and_quantiles() {
    for table in tables("tails") {
        let [t, df, df2] = ["t", "df", "df2"].map(|name| table[name].as_f64().unwrap());
        let found = [t_p(t, df), normal_p(t), t_of_p(0.05, df), f_of_tail(0.025, df, df2)];
        same(&found, &table["found"], &[CHANCE, CHANCE, NUMBER, NUMBER], 0.0, &table);
    }
}

#[test]
fn several_tests() {
    for table in tables("several") {
        let chances: Vec<f64> = numbers(&table["p"]).into_iter().flatten().collect();
        same(&holm(&chances), &table["holm"], &vec![CHANCE; chances.len()], 0.0, &table);
    }
}
