//! How sure numbers and classes are: the exam measured again and again on resampled slices (method.md 3.4, 3.6).
//!
//! Slices are drawn in blocks of two neighbours, because neighbours repeat each other. To each draw comes what no
//! resampling shows: rays that the rim's model itself left undecided, how dense thin bone looks, and the known error of the
//! fraction.

use super::boriani::{GRADES, grade};
use super::interior::{InteriorCase, InteriorClass};
use super::rim::{RimCase, RimClass, SEEN_RUN_MM, class_of, pooled};
use super::settings::Settings;
use crate::ops::interior::{Interior, InteriorSlice};
use crate::ops::quantile::quantile;
use crate::ops::rim::{Cover, RimSlice, thickness_mm};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Draws: chances are good to 0.02.
const DRAWS: usize = 500;
/// Slices drawn together (method.md 3.4).
const BLOCK: usize = 2;
/// So many millimetres of outline, slices above and below counted, are undecided together. A patch of rim is some 15 mm
/// long and three slices high; four times that makes the SD fit the errors on phantoms (README: chances and uncertainty),
/// because a hand that strays misleads all patches alike.
const UNDECIDED_TOGETHER_MM: f64 = 180.0;
/// The model is wrong about a share of the border that it does not doubt, SD of the coverage (README: chances and
/// uncertainty).
const COVERAGE_SD: f64 = 0.03;
/// How dense thin bone looks hangs on blur, slices and noise, alike for all rays of an exam: as if the threshold were off by
/// this, SD, HU. A rim that the next threshold shows otherwise is not sure (README: chances and uncertainty).
const LEVEL_SD_HU: f64 = 25.0;
/// Error of an exam's ossified fraction beside its sampling, SD (README: chances and uncertainty).
const FRACTION_SD: f64 = 0.03;
/// One slice's fraction errs, beside its exam, as if patches of this area were right or wrong by chance, mm2; with
/// [`PRIOR_MM2`] chosen on the slices of the phantom `hard`, seeds 31 and 41.
const PATCH_MM2: f64 = 10.0;
/// The exam's own fraction counts for a slice like so much of its zone, mm2.
const PRIOR_MM2: f64 = 200.0;
/// Error of a rim's median thickness beside its sampling, SD, mm: on the phantom `hard`, seed 21, 123 rims of 0.8 to 3 mm.
const THICKNESS_SD_MM: f64 = 0.5;
/// A run of rim ends where its rays say, give or take this, SD, mm: gaps up to 3 mm are closed, runs under 5 mm dropped.
const SEEN_SD_MM: f64 = 3.0;
/// Fewer slices than this show no spread.
const FEWEST: usize = 3;
/// A complete rim may add this much to the fraction, SD: seen through thick slices it looks like internal bone.
const RIM_LEAK_SD: f64 = 0.06;

/// Bone as thin as cortex is new after all with this chance. On the phantom `hard`, seeds 41 and 61, it was so in none of 14
/// lesions whose class it decides, but phantoms grow no threads of bone.
const THIN_IS_NEW: f64 = 0.2;

/// Spreads of the deciding numbers and chances of the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// SD of the coverage; `None` without a rim that can be judged.
    pub coverage_sd: Option<f64>,
    /// SD of the ossified fraction; `None` without an interior that can be judged.
    pub fraction_sd: Option<f64>,
    /// Chance of each class of the rim.
    pub rim: [f64; 3],
    /// Chance of each class of the interior.
    pub interior: [f64; 3],
    /// Chance of each grade, ascending; `None` where one side cannot be judged.
    pub grade: Option<[f64; 6]>,
}

/// What a rim at one threshold gains per HU if bone were read from lower on, and from higher.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slopes {
    coverage: [f64; 2],
    seen_mm: [f64; 2],
}

impl Slopes {
    /// Of the threshold `at` against those next to it.
    pub fn new(rims: &[Vec<RimSlice>; 3], thresholds_hu: &[f64; 3], at: usize, settings: &Settings) -> Self {
        let cases = rims.each_ref().map(|slices| RimCase::of(slices, settings).ok());
        let number = |of: fn(&RimCase) -> f64| cases.each_ref().map(|case| case.as_ref().map_or(0.0, of));
        let slopes = |of: fn(&RimCase) -> f64| slopes(&number(of), thresholds_hu, at);
        Self { coverage: slopes(|case| case.coverage), seen_mm: slopes(|case| case.seen_mm) }
    }
}

/// What a number gains per HU from one threshold to the next below and above; what no threshold shows is as on the other side.
fn slopes(numbers: &[f64; 3], thresholds_hu: &[f64; 3], at: usize) -> [f64; 2] {
    let off_hu = |i: usize| thresholds_hu[i] - thresholds_hu[at];
    let nearest = |side: f64| {
        let there = (0..3).filter(|&i| side * off_hu(i) > 0.0);
        there.min_by(|&a, &b| off_hu(a).abs().total_cmp(&off_hu(b).abs()))
    };
    // A threshold that is nearer than the level is in doubt says as much as one so far off.
    let gain = |i: usize| (numbers[i] - numbers[at]) / off_hu(i).abs().max(LEVEL_SD_HU);
    let [low, high] = [-1.0, 1.0].map(|side| nearest(side).map(gain));
    let mirrored = |gain: Option<f64>| gain.map_or(0.0, |g| -g);
    [low.unwrap_or_else(|| mirrored(high)), high.unwrap_or_else(|| mirrored(low))]
}

/// Measures an exam hundreds of times on resampled slices, its rim as [`Slopes`] say. What cannot be judged is left as
/// it is: chances are 0 there.
pub fn doubt(rim: &[RimSlice], slopes: Slopes, interior: &Interior, settings: &Settings) -> Doubt {
    let rim = RimCase::of(rim, settings).ok().map(|case| (case, Undecided::of(rim, slopes)));
    let interior_case = InteriorCase::of(interior, settings).ok();
    // The seed is part of the definition: the same exam has the same doubts everywhere.
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut tally = Tally::default();
    for _ in 0..DRAWS {
        let drawn_rim = rim.as_ref().map(|(case, undecided)| undecided.draw(case, settings, &mut random));
        let coverage = rim.as_ref().map_or(0.0, |(case, _)| case.coverage);
        let drawn = interior_case.as_ref().map(|case| draw_interior(case, coverage, interior, settings, &mut random));
        tally.add(drawn_rim, drawn);
    }
    tally.doubt()
}

/// SD of the rim's median thickness, mm; `None` with fewer than three slices to resample.
pub fn rim_thickness_sd_mm(counted: &[&RimSlice], spread_mm: f64) -> Option<f64> {
    let of_slices: Vec<f64> = counted.iter().filter_map(|s| thickness_mm(std::slice::from_ref(s), spread_mm)).collect();
    let median = |drawn: &[f64], _: &mut _| quantile(&mut drawn.to_vec(), 0.5);
    resampled_sd(&of_slices, median).map(|sd| libm::hypot(THICKNESS_SD_MM, sd))
}

/// SD of the fraction of the whole section; `None` with fewer than three slices to resample.
pub fn section_fraction_sd(slices: &[InteriorSlice]) -> Option<f64> {
    let slices: Vec<&InteriorSlice> = slices.iter().collect();
    resampled_sd(&slices, |drawn, random| {
        let (bone, all) = drawn.iter().fold((0.0, 0.0), |(b, a), s| (b + s.section_ossified_mm2, a + s.section_mm2));
        let fraction = bone / all;
        (all > 0.0).then(|| fraction + FRACTION_SD * room(fraction) * normal(random))
    })
}

/// SD of the ossified fraction of the k-th slice.
pub fn slice_fraction_sd(slices: &[InteriorSlice], k: usize) -> f64 {
    let (likely, sd) = likely_fraction(&slices[k], pooled_fraction(slices).unwrap_or(0.0));
    libm::hypot(FRACTION_SD * room(likely), sd)
}

/// How far the largest of the slices' fractions lies off the true one, RMS: the largest of uncertain numbers is too large.
pub fn largest_fraction_error(largest: f64, slices: &[InteriorSlice]) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let pooled = pooled_fraction(slices).unwrap_or(0.0);
    let likely: Vec<(f64, f64)> =
        slices.iter().filter(|s| s.zone_mm2 > 0.0).map(|s| likely_fraction(s, pooled)).collect();
    let errors = (0..DRAWS).map(|_| {
        let exam = FRACTION_SD * normal(&mut random);
        let drawn = likely.iter().map(|&(f, sd)| f + room(f) * exam + sd * normal(&mut random));
        drawn.fold(0.0, f64::max).min(1.0) - largest
    });
    (errors.map(|e| e * e).sum::<f64>() / DRAWS as f64).sqrt()
}

/// Mean and SD of a slice's fraction, taken for that of independent patches of [`PATCH_MM2`], those of its exam added over
/// [`PRIOR_MM2`]: a small zone says little, whatever it shows.
fn likely_fraction(slice: &InteriorSlice, exam: f64) -> (f64, f64) {
    let known_mm2 = slice.zone_mm2 + PRIOR_MM2;
    let likely = (slice.ossified_mm2 + PRIOR_MM2 * exam) / known_mm2;
    (likely, (likely * (1.0 - likely) / (known_mm2 / PATCH_MM2 + 1.0)).max(0.0).sqrt())
}

/// The ossified fraction over slices; `None` where none of them has an interior.
fn pooled_fraction<'a>(slices: impl IntoIterator<Item = &'a InteriorSlice>) -> Option<f64> {
    let (bone, zone) = slices.into_iter().fold((0.0, 0.0), |(b, z), s| (b + s.ossified_mm2, z + s.zone_mm2));
    (zone > 0.0).then(|| bone / zone)
}

/// The error of a fraction falls off towards an empty and a full interior.
fn room(fraction: f64) -> f64 {
    (4.0 * fraction * (1.0 - fraction)).max(0.0).sqrt()
}

/// SD of a number over exams made of resampled slices; `None` with fewer than three of them.
fn resampled_sd<T: Copy>(slices: &[T], number: impl Fn(&[T], &mut ChaCha8Rng) -> Option<f64>) -> Option<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    if slices.len() < FEWEST {
        return None;
    }
    let drawn = (0..DRAWS).filter_map(|_| number(&blocks(slices, &mut random), &mut random));
    sd(&drawn.collect::<Vec<f64>>())
}

/// The slices that count, how far the model itself is undecided about their coverage, SD, and its slopes.
struct Undecided<'a> {
    slices: Vec<&'a RimSlice>,
    sd: f64,
    slopes: Slopes,
}

impl<'a> Undecided<'a> {
    fn of(slices: &'a [RimSlice], slopes: Slopes) -> Self {
        let slices: Vec<&RimSlice> = slices.iter().filter(|s| s.counts()).collect();
        let arcs = slices.iter().flat_map(|s| &s.arcs).filter(|a| a.cover != Cover::Unevaluable);
        let (mm, variance) = arcs.fold((0.0, 0.0), |(mm, v), a| {
            (mm + a.length_mm, v + a.rim_chance * (1.0 - a.rim_chance) * a.length_mm * UNDECIDED_TOGETHER_MM)
        });
        Self { slices, sd: libm::hypot(COVERAGE_SD, variance.sqrt() / f64::max(mm, 1.0)), slopes }
    }

    fn draw(&self, case: &RimCase, settings: &Settings, random: &mut ChaCha8Rng) -> (f64, RimClass) {
        let drawn = blocks(&self.slices, random);
        let level_hu = LEVEL_SD_HU * normal(random);
        let gained = |slopes: [f64; 2]| level_hu.abs() * slopes[usize::from(level_hu > 0.0)];
        let shift = self.sd * normal(random) + gained(self.slopes.coverage);
        let coverage = (pooled(&drawn) + shift).clamp(0.0, 1.0);
        let seen_mm = case.seen_mm + gained(self.slopes.seen_mm) + SEEN_SD_MM * normal(random);
        let seen = seen_mm >= SEEN_RUN_MM;
        (coverage, class_of(coverage, shift, seen, &drawn, &settings.grade))
    }
}

fn draw_interior(
    case: &InteriorCase,
    coverage: f64,
    interior: &Interior,
    settings: &Settings,
    random: &mut ChaCha8Rng,
) -> (f64, InteriorClass) {
    let all: Vec<&InteriorSlice> = interior.slices.iter().collect();
    let sampled = pooled_fraction(blocks(&all, random)).unwrap_or(case.fraction);
    let room = room(case.fraction);
    let leaked = RIM_LEAK_SD * coverage * (1.0 - case.fraction) * normal(random).abs();
    let fraction = (sampled + FRACTION_SD * room * normal(random) - leaked).clamp(0.0, 1.0);
    let new = uniform(random);
    case.with_more(fraction, new, new > 1.0 - THIN_IS_NEW, interior.deep_piece_mm3, &settings.interior)
}

/// As many members as there are, in blocks of neighbours, the list taken as closed.
fn blocks<T: Copy>(members: &[T], random: &mut ChaCha8Rng) -> Vec<T> {
    let n = members.len();
    let starts = (0..n.div_ceil(BLOCK)).map(|_| random.next_u32() as usize % n);
    starts.flat_map(|start| (start..start + BLOCK).map(|i| members[i % n])).take(n).collect()
}

/// Nearly normal: twelve uniform numbers have unit variance together.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| uniform(random)).sum::<f64>() - 6.0
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32()) / f64::from(u32::MAX)
}

#[derive(Default)]
struct Tally {
    coverages: Vec<f64>,
    fractions: Vec<f64>,
    rim: [f64; 3],
    interior: [f64; 3],
    grade: [f64; 6],
}

impl Tally {
    fn add(&mut self, rim: Option<(f64, RimClass)>, interior: Option<(f64, InteriorClass)>) {
        const ONE: f64 = 1.0 / DRAWS as f64;
        if let Some((coverage, class)) = rim {
            self.coverages.push(coverage);
            self.rim[class as usize] += ONE;
        }
        if let Some((fraction, class)) = interior {
            self.fractions.push(fraction);
            self.interior[class as usize] += ONE;
        }
        if let (Some((_, r)), Some((_, i))) = (rim, interior)
            && let Some(place) = GRADES.iter().position(|g| *g == grade(r, i))
        {
            self.grade[place] += ONE;
        }
    }

    fn doubt(self) -> Doubt {
        let Self { coverages, fractions, rim, interior, grade } = self;
        let grade = (!coverages.is_empty() && !fractions.is_empty()).then_some(grade);
        Doubt { coverage_sd: sd(&coverages), fraction_sd: sd(&fractions), rim, interior, grade }
    }
}

fn sd(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.len() > 1).then(|| (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_whose_rim_cannot_be_judged_has_no_chances() {
        let mut tally = Tally::default();
        tally.add(None, Some((0.3, InteriorClass::UnderHalf)));
        assert_eq!(tally.doubt().grade, None);
        let mut tally = Tally::default();
        tally.add(Some((0.0, RimClass::None)), Some((0.3, InteriorClass::UnderHalf)));
        assert!(tally.doubt().grade.is_some_and(|g| g[3] > 0.0));
    }

    #[test]
    fn a_number_changes_with_its_threshold_as_it_does_to_the_next_one() {
        let (numbers, thresholds_hu) = ([0.2, 0.7, 0.1], [200.0, 150.0, 250.0]);
        let near = |at: usize, want: [f64; 2]| {
            let found = slopes(&numbers, &thresholds_hu, at);
            assert!(found.iter().zip(want).all(|(f, w)| (f - w).abs() < 1e-12), "{found:?}");
        };
        near(0, [0.01, -0.002]);
        near(1, [0.01, -0.01]);
        near(2, [0.002, -0.002]);
    }

    #[test]
    fn blocks_hold_neighbours_and_normal_numbers_have_unit_variance() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let drawn = blocks(&[0, 1, 2, 3, 4, 5, 6], &mut random);
        assert_eq!(drawn.len(), 7);
        assert!(drawn.chunks_exact(2).all(|pair| (pair[0] + 1) % 7 == pair[1]));
        let many: Vec<f64> = (0..20_000).map(|_| normal(&mut random)).collect();
        assert!((sd(&many).unwrap() - 1.0).abs() < 0.02);
    }
}
