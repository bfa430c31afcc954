//! Whether the tumour compresses the cord, and how far it has come: the grade of Bilsky et al. 2010 (method.md 1.8).

use super::canal::fullest;
use super::cord::{goes_on, in_part, shown_share, usual_beside};
use super::{Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, reason, settings::Settings};
use crate::ops::compression::Contact;
use crate::ops::cord::CordSlice;

/// `cord_compression`, `escc`
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "cord_compression",
            modalities: &[Modality::Mr],
            unit: "",
            classes: &["no", "yes"],
            about: "yes where the tumour lies within a pixel of the cord over 20 degrees and the cord has lost 15 % of its area or sagittal diameter, or 0.04 of its solidity",
            reads: NEEDS,
            looks_at: &[],
            compute: compression,
        },
        Measure {
            name: "escc",
            modalities: &[Modality::Mr],
            unit: "",
            classes: &["0", "1a", "1b", "1c", "2", "3"],
            about: "epidural compression (Bilsky 2010): 0 none in the canal, 1a up to 3 % of the canal, 1b more, 1c cord touched, 2 compressed with fluid to be seen, 3 without",
            reads: WITH_CANAL,
            looks_at: &[],
            compute: escc,
        },
    ],
    columns: &[],
};

const NEEDS: &[&str] = &[
    keys::CONTACT.name,
    keys::CORD.name,
    keys::OUTLINE.name,
    keys::AXIAL_TUMOUR.name,
    keys::WHOLE_BORDER.name,
    keys::TUMOUR_OUTLINED.name,
];
const WITH_CANAL: &[&str] = &[
    keys::T2.name,
    keys::CONTACT.name,
    keys::CORD.name,
    keys::OUTLINE.name,
    keys::AXIAL_TUMOUR.name,
    keys::CANAL.name,
    keys::SLICES.name,
    keys::REFERENCES.name,
    keys::WHOLE_BORDER.name,
    keys::TUMOUR_OUTLINED.name,
];

/// Contact over less than this is none, degrees (method.md 1.8).
const TOUCHING_DEG: f64 = 20.0;
/// A cord has given in when it has lost this share of its area or diameter (method.md 1.8) ...
const LOSS: f64 = 0.15;
/// ... or so much of its solidity.
const DENT: f64 = 0.04;
/// Losses this near to the limit are for a radiologist to judge.
const NEAR: f64 = 0.05;
/// Tumour that takes no more of the canal than this counts as not having passed the epidural fat: method.md 1.8 gives no
/// number, this one is ours (README).
const EPIDURAL_SHARE: f64 = 0.03;
/// Fluid seen in less than this share of directions is none to be seen.
const NO_FLUID: f64 = 0.1;

/// The slice on which the cord has lost most while the tumour touches it.
struct Worst {
    slice: usize,
    plane: usize,
    /// The loss, in units of what makes compression: 1 is the limit.
    loss: f64,
}

/// Of the slices where the tumour touches the cord, the one with the greatest loss; `None` where it touches none.
fn worst(view: &View<'_>) -> Result<Option<Worst>, Refusal> {
    let (cord, contact, outlines) = (view.get(&keys::CORD), view.get(&keys::CONTACT), view.get(&keys::OUTLINE));
    goes_on(cord, outlines)?;
    if outlines.iter().all(|o| cord[o.plane].is_none()) {
        return Err(Refusal::of(reason::CORD_NOT_SEGMENTED, ""));
    }
    let usual = |of: &dyn Fn(usize) -> Option<f64>| {
        usual_beside(view, of).map(|usual| usual.value).ok_or_else(|| Refusal::of(reason::NO_CORD_REFERENCE, ""))
    };
    let area = usual(&|plane| cord[plane].map(|c: CordSlice| c.area_mm2))?;
    let ap = usual(&|plane| cord[plane].map(|c: CordSlice| c.ap_mm))?;
    let solidity = usual(&|plane| contact[plane].map(|c: Contact| c.solidity))?;
    let touched = outlines.iter().filter(|o| contact[o.plane].is_some_and(|c| c.touching_deg >= TOUCHING_DEG));
    let of = |o: &crate::ops::outline::SliceOutline| {
        let (cord, contact) = (cord[o.plane]?, contact[o.plane]?);
        let losses =
            [(1.0 - cord.area_mm2 / area) / LOSS, (1.0 - cord.ap_mm / ap) / LOSS, (solidity - contact.solidity) / DENT];
        Some(Worst { slice: o.slice, plane: o.plane, loss: losses.into_iter().fold(f64::NEG_INFINITY, f64::max) })
    };
    Ok(touched.filter_map(of).max_by(|a, b| a.loss.total_cmp(&b.loss)))
}

/// A class that hangs on the loss of a slice; near to the limit a radiologist must look.
fn judged(class: &'static str, worst: &Worst) -> Reading {
    let near = (worst.loss - 1.0).abs() < NEAR / LOSS;
    Reading::class(class).on_slice(worst.slice).borderline_if(near).flag_if(near, flag::NEEDS_READER)
}

fn compression(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let worst = worst(view)?;
    if let Some(pressed) = worst.as_ref().filter(|w| w.loss >= 1.0) {
        return Ok(in_part(view, judged("yes", pressed)));
    }
    whole_cord(view)?;
    Ok(worst.map_or(Reading::class("no"), |touched| judged("no", &touched)))
}

/// Refuses to say that nothing is compressed where the cord is not shown beside all of the tumour: it may be there.
fn whole_cord(view: &View<'_>) -> Result<(), Refusal> {
    let (cord, outlines) = (view.get(&keys::CORD), view.get(&keys::OUTLINE));
    let share = shown_share(cord, outlines);
    if share < 1.0 {
        Err(Refusal::of(reason::CORD_NOT_SEGMENTED, format!("on {share:.2} of the slices")))
    } else {
        Ok(())
    }
}

/// The grade on the slice where it is highest.
fn escc(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let worst = worst(view)?;
    if let Some(pressed) = worst.as_ref().filter(|w| w.loss >= 1.0) {
        view.get(&keys::REFERENCES).fluid.ok_or_else(|| Refusal::of(reason::NO_FLUID, ""))?;
        let fluid = view.get(&keys::CONTACT)[pressed.plane].map_or(0.0, |c| c.fluid);
        return Ok(in_part(view, judged(if fluid < NO_FLUID { "3" } else { "2" }, pressed)));
    }
    whole_cord(view)?;
    let canal = view.get(&keys::CANAL);
    let (k, share) = fullest(canal)?;
    if let Some(touched) = worst {
        return Ok(judged("1c", &touched));
    }
    let slice = view.get(&keys::SLICES)[k].slice;
    let reading = match () {
        () if share > EPIDURAL_SHARE => Reading::class("1b").on_slice(slice),
        () if share > 0.0 => Reading::class("1a").on_slice(slice),
        () => Reading::class("0"),
    };
    Ok(super::canal::in_part(reading, canal))
}
