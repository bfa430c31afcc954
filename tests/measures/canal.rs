//! Canal and cord on MR: blocks and ellipses whose shares are known, and every reason not to measure them.
//!
//! The canal is a square of 20 mm along 40 slices of 3 mm. The tumour comes from the right: it takes a quarter of the canal
//! on slices 15 to 24, and half of it on slice 20. The cord is an ellipse of 10 by 8 mm, 10 by 6 mm beside the tumour.

use crate::scene::{mr_board, run_branch};
use osteon::geometry::Geometry;
use osteon::io::acquisition::Acquisition;
use osteon::measure::keys::{FOUND_HERE, SCAN, Scan, Structures, TUMOUR};
use osteon::measure::rows::{ExamRows, SliceRow};
use osteon::measure::{Board, Modality, columns};
use osteon::volume::{Mask, Volume};
use std::ops::Range;

const TUMOUR_SLICES: Range<usize> = 15..25;
const FULLEST: usize = 20;

fn grid() -> Geometry {
    Geometry::upright([120, 120, 40], [0.5, 0.5, 3.0])
}

/// Place of a pixel's centre in the plane, mm.
fn at([x, y, _]: [usize; 3]) -> [f64; 2] {
    [x as f64 * 0.5 + 0.25, y as f64 * 0.5 + 0.25]
}

fn tumour(v: [usize; 3]) -> bool {
    let ([x, y], reach) = (at(v), if v[2] == FULLEST { 30.0 } else { 25.0 });
    TUMOUR_SLICES.contains(&v[2]) && (10.0..reach).contains(&x) && (25.0..55.0).contains(&y)
}

fn canal(v: [usize; 3]) -> bool {
    at(v).iter().zip([20.0, 30.0]).all(|(mm, from)| (from..from + 20.0).contains(mm))
}

fn cord(v: [usize; 3]) -> bool {
    let [x, y] = at(v);
    let half = if TUMOUR_SLICES.contains(&v[2]) { 3.0 } else { 4.0 };
    ((x - 34.0) / 5.0).powi(2) + ((y - 40.0) / half).powi(2) < 1.0
}

type Inside = fn([usize; 3]) -> bool;

fn measured(grid: &Geometry, structures: &[(&'static str, Inside)]) -> ExamRows {
    measured_of(grid, structures, &[])
}

/// The same where some of the structures were found here.
fn measured_of(grid: &Geometry, structures: &[(&'static str, Inside)], found_here: &[&'static str]) -> ExamRows {
    let masks: Structures = structures.iter().map(|(name, is)| (*name, Mask::from_fn(grid.clone(), is))).collect();
    run_branch(Modality::Mr, board_of(grid, masks, found_here), &[])
}

fn board_of(grid: &Geometry, masks: Structures, found_here: &[&'static str]) -> Board {
    let image = Volume::from_fn(grid.clone(), |_| 100.0);
    let mut board = mr_board(image, Mask::from_fn(grid.clone(), tumour), masks);
    board.put(&FOUND_HERE, found_here.to_vec(), &[]);
    board
}

/// The value, flags and slice of a measure, or the reason why there is none.
fn told(rows: &ExamRows, measure: &str) -> Result<(f64, Vec<String>, Option<usize>), String> {
    let row = rows.exam(measure).unwrap();
    let flags = row.flags.iter().filter(|f| !f.starts_with("weighting")).cloned().collect();
    row.number().map(|value| (value, flags, row.slice)).ok_or_else(|| row.reason.clone().unwrap())
}

fn reason(structures: &[(&'static str, Inside)], measure: &str) -> String {
    told(&measured(&grid(), structures), measure).unwrap_err()
}

#[test]
fn shares_of_the_canal_and_losses_of_the_cord_are_exact() {
    let rows = measured(&grid(), &[("canal", canal), ("cord", cord)]);
    assert_eq!(told(&rows, "canal_occupancy"), Ok((0.5, vec!["single_slice_spike".into()], Some(FULLEST))));
    let (volume, ..) = told(&rows, "canal_occupancy_volume").unwrap();
    assert!((volume - (9.0 * 0.25 + 0.5) / 10.0).abs() < 1e-12);
    // Ellipses whose axes end where pixels do: 0.1 mm of the diameter, 2 % of either area.
    let (mscc, flags, _) = told(&rows, "mscc").unwrap();
    assert!((mscc - 25.0).abs() < 1.0 && flags.is_empty(), "{mscc} {flags:?}");
    let (loss, flags, _) = told(&rows, "cord_area_loss").unwrap();
    assert!((loss - 0.25).abs() < 0.03 && flags.is_empty(), "{loss} {flags:?}");
    let (ratio, _, slice) = told(&rows, "cord_canal_ratio").unwrap();
    assert!((ratio - std::f64::consts::PI * 5.0 * 3.0 / 400.0).abs() < 0.003, "{ratio}");
    assert_eq!(slice, Some(FULLEST));
}

/// By how much the hand is off on a slice, pixels of 0.5 mm: -1, 0 or 1.
fn slip(z: usize) -> f64 {
    [0.0, 1.0, -1.0, 0.0, -1.0, 1.0, 1.0, 0.0, -1.0, 1.0, 0.0, -1.0, -1.0, 1.0][z % 14]
}

/// A hand that is off by half a millimetre on every other slice: what the largest share has too much for it is taken off, and so is
/// what the smallest cord falls short; both are less sure. A tumour that takes a quarter of the canal on all of its slices.
#[test]
fn an_unsteady_hand_is_taken_off_the_largest_and_is_in_the_uncertainty() {
    let block: Inside =
        |v| TUMOUR_SLICES.contains(&v[2]) && (10.0..25.0).contains(&at(v)[0]) && (25.0..55.0).contains(&at(v)[1]);
    let drawn_canal: Inside = |v| {
        canal([v[0], 60, v[2]])
            && (30.0 - 0.5 * slip(v[2])..50.0 + 0.5 * slip(v[2] + 5)).contains(&at(v)[1])
            && at(v)[0] < 40.0 + 0.5 * slip(v[2] + 3)
    };
    let drawn_cord: Inside =
        |v| cord([v[0], (v[1] as f64 + 0.5 * slip(v[2]) * (at(v)[1] - 40.0).signum()) as usize, v[2]]);
    let measured = |canal: Inside, cord: Inside| {
        let masks = [("canal", canal), ("cord", cord)].map(|(name, is)| (name, Mask::from_fn(grid(), is)));
        let mut board = board_of(&grid(), masks.into_iter().collect(), &[]);
        board.put(&TUMOUR, Mask::from_fn(grid(), block), &[]);
        run_branch(Modality::Mr, board, &[])
    };
    let (steady, drawn) = (measured(canal, cord), measured(drawn_canal, drawn_cord));
    let cell = |row: &SliceRow, name: &str| row.cells[columns(Modality::Mr).position(|c| c.name == name).unwrap()];
    let at_tumour = |name: &str| -> Vec<f64> {
        let rows = drawn.slices.iter().filter(|row| TUMOUR_SLICES.contains(&row.slice));
        rows.filter_map(|row| cell(row, name)).collect()
    };
    let of = |rows: &ExamRows, measure: &str| {
        let row = rows.exam(measure).unwrap();
        (row.number().unwrap(), row.uncertainty.unwrap())
    };
    let ((share, share_sd), (true_share, steady_sd)) = (of(&drawn, "canal_occupancy"), of(&steady, "canal_occupancy"));
    let largest = at_tumour("canal_occupancy").into_iter().fold(0.0, f64::max);
    assert!(largest > true_share + 0.005 && share < largest - 0.5 * share_sd, "{share} of {largest}");
    assert!((share - true_share).abs() < share_sd && share_sd > 1.2 * steady_sd, "{share} {share_sd} {steady_sd}");
    let ((loss, loss_sd), (true_loss, steady_sd)) = (of(&drawn, "cord_area_loss"), of(&steady, "cord_area_loss"));
    let far = |row: &&SliceRow| row.slice + 4 < TUMOUR_SLICES.start || row.slice > TUMOUR_SLICES.end + 3;
    let rest: Vec<f64> = drawn.slices.iter().filter(far).filter_map(|row| cell(row, "cord_area_mm2")).collect();
    let usual = rest.iter().sum::<f64>() / rest.len() as f64;
    let raw = 1.0 - at_tumour("cord_area_mm2").into_iter().fold(f64::INFINITY, f64::min) / usual;
    assert!(raw > true_loss + 0.05 && loss < raw - 0.5 * loss_sd, "{loss} of {raw}");
    assert!((loss - true_loss).abs() < loss_sd && loss_sd > 2.0 * steady_sd, "{loss} {loss_sd} {true_loss}");
}

#[test]
fn rows_are_the_slices_with_tumour_or_canal() {
    let rows = measured(&grid(), &[("canal", canal), ("cord", cord)]);
    assert_eq!(rows.slices.len(), 40);
    let cell = |slice: usize, name: &str| {
        rows.slices[slice].cells[columns(Modality::Mr).position(|c| c.name == name).unwrap()]
    };
    assert_eq!(cell(3, "tumour_area_mm2"), None);
    assert_eq!(cell(3, "diameter_mm"), None);
    assert_eq!(cell(3, "canal_area_mm2"), Some(400.0));
    assert_eq!(cell(3, "canal_occupancy"), Some(0.0));
    assert_eq!(cell(15, "tumour_area_mm2"), Some(450.0));
    assert_eq!(cell(15, "canal_occupancy"), Some(0.25));
    assert!((cell(3, "cord_area_mm2").unwrap() - std::f64::consts::PI * 20.0).abs() < 0.9);
    assert_eq!(measured(&grid(), &[]).slices.len(), 10, "without canal those with tumour");
}

#[test]
fn a_canal_without_what_is_in_it_is_completed_or_refused() {
    let without_cord: Inside = |v| canal(v) && !cord(v);
    let rows = measured(&grid(), &[("canal", without_cord), ("cord", cord)]);
    let flags = vec!["canal_joined_cord".to_owned(), "single_slice_spike".to_owned()];
    assert_eq!(told(&rows, "canal_occupancy"), Ok((0.5, flags, Some(FULLEST))));
    // As in a label map: canal, tumour and cord exclude each other.
    let disjoint: Inside = |v| canal(v) && !cord(v) && !tumour(v);
    for measure in ["canal_occupancy", "canal_occupancy_volume", "cord_canal_ratio"] {
        assert_eq!(reason(&[("canal", disjoint), ("cord", cord)], measure), "canal_excludes_tumour");
    }
    let far: Inside = |v| at(v).iter().zip([32.0, 30.0]).all(|(mm, from)| (from..from + 20.0).contains(mm));
    assert_eq!(told(&measured(&grid(), &[("canal", far)]), "canal_occupancy").unwrap().0, 0.0, "they do not touch");
    let part: Inside = |v| canal(v) && v[2] < 20;
    let found = told(&measured(&grid(), &[("canal", part)]), "canal_occupancy").unwrap();
    assert_eq!(found, (0.25, vec!["canal_in_part:0.50".into()], Some(15)));
    let (volume, flags, _) =
        told(&measured(&grid(), &[("canal", part), ("cord", cord)]), "canal_occupancy_volume").unwrap();
    assert_eq!((volume, flags), (0.25, vec!["canal_in_part:0.50".to_owned()]), "the cord does not stand for the canal");
}

#[test]
fn what_cannot_be_measured_says_why() {
    for measure in ["canal_occupancy", "canal_occupancy_volume"] {
        assert_eq!(reason(&[("cord", cord)], measure), "mask_missing");
        let elsewhere: Inside = |v| canal(v) && v[2] > 30;
        assert_eq!(reason(&[("canal", elsewhere)], measure), "no_canal_at_level");
        assert_eq!(reason(&[("canal", elsewhere), ("cord", cord)], measure), "no_canal_at_level");
        let nothing: Inside = |_| false;
        assert_eq!(reason(&[("canal", nothing)], measure), "mask_empty");
        assert_eq!(reason(&[("canal", canal), ("cord", nothing)], measure), "mask_empty");
    }
    let elsewhere: Inside = |v| canal(v) && v[2] > 30;
    let class = |structures: &[(&'static str, Inside)], measure: &str| {
        let rows = measured(&grid(), structures);
        let row = rows.exam(measure).unwrap();
        row.class().map(str::to_owned).ok_or_else(|| row.reason.clone().unwrap())
    };
    let far: Inside = |v| cord([v[0].wrapping_sub(6), v[1], v[2]]);
    assert_eq!(class(&[("canal", elsewhere), ("cord", far)], "escc").unwrap_err(), "no_canal_at_level");
    let far_gap: Inside = |v| cord([v[0].wrapping_sub(6), v[1], v[2]]) && v[2] != 17;
    for measure in ["cord_compression", "escc"] {
        assert_eq!(class(&[("canal", canal), ("cord", far_gap)], measure).unwrap_err(), "cord_not_segmented");
    }
    let above: Inside = |v| cord(v) && v[2] > 26;
    let below: Inside = |v| cord(v) && v[2] < 12;
    let short: Inside = |v| cord(v) && (13..27).contains(&v[2]);
    let one_side: Inside = |v| cord(v) && v[2] < 28;
    let conus: Inside = |v| cord(v) && v[2] > 18;
    let gap: Inside = |v| cord(v) && v[2] != 17;
    for measure in ["mscc", "cord_area_loss"] {
        assert_eq!(reason(&[("canal", canal)], measure), "cord_not_segmented");
        assert_eq!(reason(&[("canal", canal), ("cord", above)], measure), "below_conus");
        assert_eq!(reason(&[("canal", canal), ("cord", below)], measure), "cord_not_segmented");
        assert_eq!(reason(&[("canal", canal), ("cord", conus)], measure), "below_conus");
        assert_eq!(reason(&[("canal", canal), ("cord", short)], measure), "no_cord_reference");
        let flags = |cord: Inside| told(&measured(&grid(), &[("cord", cord)]), measure).unwrap().1;
        assert_eq!(flags(one_side), ["reference_one_side"], "also without canal");
        assert_eq!(flags(gap), ["cord_in_part:0.90"]);
    }
    let sagittal = Geometry { spacing: [4.0, 0.5, 0.5], ..grid() };
    let rows = measured(&sagittal, &[("canal", canal), ("cord", cord)]);
    for measure in ["canal_occupancy", "mscc"] {
        assert_eq!(told(&rows, measure).unwrap_err(), "sag_only");
    }
}

/// Below the end of the cord the sac stands in for it: 12 by 10 mm, 12 by 6 mm beside the tumour.
fn sac(v: [usize; 3]) -> bool {
    let [x, y] = at(v);
    let half = if TUMOUR_SLICES.contains(&v[2]) { 3.0 } else { 5.0 };
    ((x - 32.0) / 6.0).powi(2) + ((y - 40.0) / half).powi(2) < 1.0
}

#[test]
fn below_the_cord_the_sac_is_compared_with_itself() {
    let high: Inside = |v| cord(v) && v[2] > 28;
    let rows = measured(&grid(), &[("canal", canal), ("cord", high), ("sac", sac)]);
    for measure in ["cord_compression", "cord_area_loss", "mscc"] {
        assert_eq!(rows.exam(measure).unwrap().reason.as_deref(), Some("below_conus"), "{measure}");
    }
    assert_eq!(reason(&[("canal", canal), ("sac", sac)], "mscc"), "below_conus", "no cord in view");
    let (loss, flags, _) = told(&rows, "sac_area_loss").unwrap();
    assert!((loss - 0.4).abs() < 0.02 && flags.is_empty(), "{loss} {flags:?}");
    let one_sided: Inside = |v| sac(v) && v[2] > 16;
    let (_, flags, _) = told(&measured(&grid(), &[("sac", one_sided)]), "sac_area_loss").unwrap();
    assert_eq!(flags, ["reference_one_side", "sac_in_part:0.80"]);
    assert_eq!(reason(&[], "sac_area_loss"), "sac_not_drawn");
    let far: Inside = |v| sac(v) && v[2] > 30;
    assert_eq!(reason(&[("sac", far)], "sac_area_loss"), "sac_not_segmented");
    let only: Inside = |v| sac(v) && TUMOUR_SLICES.contains(&v[2]);
    assert_eq!(reason(&[("sac", only)], "sac_area_loss"), "no_sac_reference");
    let nothing: Inside = |_| false;
    assert_eq!(reason(&[("sac", nothing)], "sac_area_loss"), "mask_empty");
}

/// Behind a canal without arches there is no wall to find: drawn ones stand.
#[test]
fn after_a_laminectomy_canal_and_sac_must_be_drawn() {
    let told_of = |laminectomy: Option<bool>, found_here: &[&'static str]| {
        let masks = ["canal", "sac"].into_iter().map(|name| (name, Mask::from_fn(grid(), canal))).collect();
        let mut board = board_of(&grid(), masks, found_here);
        let scan = board.find(&SCAN).unwrap().clone();
        let acquisition = Acquisition { laminectomy, ..scan.acquisition.clone() };
        board.put(&SCAN, Scan { acquisition, ..scan }, &[]);
        let rows = run_branch(Modality::Mr, board, &[]);
        ["canal_occupancy", "canal_occupancy_volume", "sac_area_loss"].map(|m| told(&rows, m).map(|_| ()))
    };
    let gone = || Err("post_laminectomy".to_owned());
    assert_eq!(told_of(Some(true), &["canal", "sac"]), [gone(), gone(), gone()]);
    assert_eq!(told_of(Some(true), &["canal"]), [gone(), gone(), Ok(())]);
    for (laminectomy, found_here) in
        [(Some(true), &[][..]), (Some(false), &["canal", "sac"]), (None, &["canal", "sac"])]
    {
        assert_eq!(told_of(laminectomy, found_here), [Ok(()), Ok(()), Ok(())]);
    }
}

#[test]
fn a_canal_found_here_needs_slices_without_tumour() {
    let told_of = |inside: Inside| told(&measured_of(&grid(), &[("canal", inside)], &["canal"]), "canal_occupancy");
    let flags = |inside: Inside| told_of(inside).unwrap().1;
    assert_eq!(flags(canal), ["segmented_here", "single_slice_spike"]);
    assert_eq!(flags(|v| canal(v) && v[2] < 25), ["canal_one_side", "segmented_here", "single_slice_spike"]);
    assert_eq!(told_of(|v| canal(v) && TUMOUR_SLICES.contains(&v[2])), Err("canal_wall_gone_both_sides".into()));
}
