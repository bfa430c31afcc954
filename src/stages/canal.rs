//! The canal on each slice of the table.

use super::Stage;
use crate::measure::keys::{Scan, Structures};
use crate::measure::settings::Settings;
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys, reason};
use crate::ops::canal::{leaves_out, slices, with_cord};
use crate::ops::t2::{at_planes, outer};
use crate::volume::{Mask, ends};

/// `canal`
pub const DEF: Stage = Stage {
    name: "canal",
    about: "area of the canal, cord included, and of the tumour in it, on each slice",
    modalities: &[Modality::Mr],
    reads: &[
        keys::TUMOUR.name,
        keys::STRUCTURES.name,
        keys::FOUND_HERE.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_STRUCTURES.name,
        keys::SLICES.name,
        keys::SCAN.name,
    ],
    writes: &[keys::CANAL.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 4.0,
    run,
};

/// A stack of slices farther apart than this along the patient's left-right axis shows no axial section, mm (method.md 4).
const SAGITTAL_MM: f64 = 2.0;

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    no_sagittal(view)?;
    let structures = view.get(&keys::STRUCTURES);
    is_usable(view, "canal")?;
    // The canal may have been drawn without the cord, and nobody could tell.
    is_usable(view, "cord")?;
    // As drawn: on a reformat masks that only touch may overlap, and so may a cord that is joined.
    let drawn = structures.get("canal");
    if drawn.is_some_and(|canal| leaves_out(canal, view.get(&keys::TUMOUR))) {
        return Err(Refusal::of(reason::CANAL_EXCLUDES_TUMOUR, ""));
    }
    let (canal, mut flags) = joined(view.get(&keys::AXIAL_STRUCTURES))?;
    flags.extend(found_here(view, &["canal", "cord"]));
    let (tumour, places) = (view.get(&keys::AXIAL_TUMOUR), view.get(&keys::SLICES));
    has_wall(view, "canal")?;
    if view.get(&keys::FOUND_HERE).contains(&"canal") {
        flags.extend(clean_beside(&canal, tumour)?);
    }
    let mut board = Board::default();
    board.put(&keys::CANAL, slices(&canal, tumour, places), &flags);
    Ok(board)
}

/// Refuses a canal found here that no slice shows without tumour at it: its wall beside the tumour was taken from nowhere. With a
/// remark where there is such a slice below or above the tumour only.
fn clean_beside(canal: &Mask, tumour: &Mask) -> Result<Option<Flag>, Refusal> {
    let reached: Mask = outer(canal);
    let touched = |z: usize| reached.plane(z).iter().zip(tumour.plane(z)).any(|(canal, tumour)| *canal && *tumour);
    let shown = at_planes(canal);
    let clean: Vec<usize> = (0..shown.len()).filter(|&z| shown[z] && !touched(z)).collect();
    let Some([first, last]) = ends(&(0..shown.len()).map(|z| shown[z] && touched(z)).collect::<Vec<bool>>(), |&is| is)
    else {
        return Ok(None);
    };
    match (clean.iter().any(|&z| z < first), clean.iter().any(|&z| z > last)) {
        (true, true) => Ok(None),
        (false, false) => Err(Refusal::of(reason::CANAL_WALL_GONE_BOTH_SIDES, "")),
        _ => Ok(Some(flag::CANAL_ONE_SIDE)),
    }
}

/// Refuses what was found here by the canal's wall where the study table says that arches were taken away: behind, scar and
/// muscle look like what is left of it. What is drawn stands. Reads `scan` and `found_here`.
pub fn has_wall(view: &View<'_>, name: &'static str) -> Result<(), Refusal> {
    let was_operated = view.get(&keys::SCAN).acquisition.laminectomy == Some(true);
    let is_found = view.get(&keys::FOUND_HERE).contains(&name);
    if was_operated && is_found { Err(Refusal::of(reason::POST_LAMINECTOMY, name)) } else { Ok(()) }
}

/// Refuses a sagittal stack; reads `scan`.
pub fn no_sagittal(view: &View<'_>) -> Result<(), Refusal> {
    let width_mm = view.get(&keys::SCAN).whole.spacing[0];
    if width_mm > SAGITTAL_MM { Err(Refusal::of(reason::SAG_ONLY, format!("{width_mm:.2} mm"))) } else { Ok(()) }
}

/// Refuses a structure that cannot be told among several, and one that the study names and that has no voxel in the region: its
/// labels or its place are wrong. Reads `scan` and `structures`.
pub fn is_usable(view: &View<'_>, name: &'static str) -> Result<(), Refusal> {
    is_told(view.get(&keys::SCAN), name)?;
    match view.get(&keys::STRUCTURES).get(name) {
        Some(mask) if mask.count() == 0 => Err(Refusal::of(reason::MASK_EMPTY, name)),
        _ => Ok(()),
    }
}

/// Refuses a structure that several parts of a DICOM file could be: none of them is taken, nor is it looked for in the image.
pub fn is_told(scan: &Scan, name: &'static str) -> Result<(), Refusal> {
    let Some(found) = scan.ambiguous.iter().find(|ambiguous| ambiguous.name == name) else { return Ok(()) };
    let numbers: Vec<String> = found.numbers.iter().map(i64::to_string).collect();
    let which = Flag::with(&flag::COULD_BE, format!("{name}={}", numbers.join("|")));
    Err(Refusal::of(reason::MASK_AMBIGUOUS, name).flagged(which))
}

/// The flag of structures of which one was segmented here; reads `found_here`.
pub fn found_here(view: &View<'_>, names: &[&str]) -> Option<Flag> {
    view.get(&keys::FOUND_HERE).iter().any(|found| names.contains(found)).then_some(flag::SEGMENTED_HERE)
}

/// The canal with the cord, where there is one.
fn joined(structures: &Structures) -> Result<(Mask, Vec<Flag>), Refusal> {
    let canal = structures.get("canal").ok_or_else(|| Refusal::of(reason::MASK_MISSING, "canal"))?;
    let Some(cord) = structures.get("cord") else { return Ok((canal.clone(), Vec::new())) };
    let (joined, left_out) = with_cord(canal, cord);
    Ok((joined, if left_out { vec![flag::CANAL_JOINED_CORD] } else { Vec::new() }))
}
