//! What of a row's prompts marks its tumour and its canal: type decides, and names where several are of a type (design.md 2).

use super::failure::{Failure, PROMPT_AMBIGUOUS, PROMPT_CANAL, PROMPT_OFF_IMAGE, PROMPT_UNKNOWN, Trouble};
use super::load::Source;
use super::study::Row;
use crate::geometry::{Geometry, Vec3, add_scaled};
use crate::io::markups::names::{KNOWN, Role, is_of_tumour, role};
use crate::io::markups::{Markup, Shape};
use crate::measure::levels::Vertebra;
use crate::segment::prompt::{Mark, Prompt};
use crate::segment::spine::course::Course;
use std::collections::BTreeMap;
use std::path::Path;

/// How far a point may lie beyond the image, mm (method.md 9.4).
const BEYOND_MM: f64 = 5.0;

/// A markup and where it stands: `prompts[1], markup 2`.
struct Placed {
    place: String,
    markup: Markup,
}

/// What the prompts of a row mark.
#[derive(Default)]
pub struct Prompts {
    /// The tumour: a box or, where there is none, a line, and the clicks `fg` and `bg`; `None` if no prompt marks it.
    pub tumour: Option<Prompt>,
    /// Points along the canal, LPS mm: none, or at least two at different heights.
    pub canal: Vec<Vec3>,
    /// Places of normal cord, LPS mm.
    pub cord: Vec<Vec3>,
    /// The middles of vertebrae, LPS mm; each vertebra once.
    pub levels: Vec<(Vertebra, Vec3)>,
}

/// What prompts are still asked for.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Where the tumour is.
    pub tumour: bool,
    /// Where the canal runs.
    pub canal: bool,
    /// Where cord is normal.
    pub cord: bool,
}

/// Reads the prompts of a row: what is `asked` for, and always the places of vertebrae.
///
/// # Errors
/// If a file cannot be used, a list has a name nobody knows, a point lies outside the image, or points do not say where the
/// canal runs.
pub fn marked(row: &Row, base: &Path, source: &dyn Source, image: &Geometry, asked: Asked) -> Result<Prompts, Trouble> {
    let mut all = read(row, base, source)?;
    all.retain(|one| match role(&one.markup.name) {
        Some(Role::Level(_)) => true,
        Some(Role::CordReference) => asked.cord,
        Some(Role::Canal) => asked.canal,
        _ => asked.tumour,
    });
    all.iter().try_for_each(|one| usable(one, image))?;
    let canal = points_of(&all, &Role::Canal);
    if !canal.is_empty() && Course::of(&canal, image).is_none() {
        let message = "the points of the canal lie at one height: set two to four along it, upwards";
        return Err(Trouble::data("prompts", PROMPT_CANAL, message));
    }
    let tumour = if asked.tumour { tumour(&all)? } else { None };
    Ok(Prompts { tumour, canal, cord: points_of(&all, &Role::CordReference), levels: levels(&all)? })
}

/// The vertebrae that are marked, each in the middle of its points.
fn levels(all: &[Placed]) -> Result<Vec<(Vertebra, Vec3)>, Trouble> {
    let mut marked: BTreeMap<Vertebra, Vec<Vec3>> = BTreeMap::new();
    for one in all {
        if let Some(Role::Level(name)) = role(&one.markup.name) {
            let vertebra = Vertebra::of(&name).ok_or_else(|| {
                let message = format!("{}: no vertebra has that name: call it level:C1 to level:S5", one.place);
                Trouble::data("prompts", PROMPT_UNKNOWN, message)
            })?;
            marked.entry(vertebra).or_default().extend(points(&one.markup.shape));
        }
    }
    let middle =
        |points: &[Vec3]| points.iter().fold([0.0; 3], |sum, &point| add_scaled(sum, 1.0 / points.len() as f64, point));
    Ok(marked.into_iter().filter(|(_, p)| !p.is_empty()).map(|(v, points)| (v, middle(&points))).collect())
}

/// The points of all lists with a role.
fn points_of(all: &[Placed], wanted: &Role) -> Vec<Vec3> {
    let lists = all.iter().filter(|p| role(&p.markup.name).as_ref() == Some(wanted));
    lists.flat_map(|p| points(&p.markup.shape)).collect()
}

fn tumour(all: &[Placed]) -> Result<Option<Prompt>, Trouble> {
    let boxes = all.iter().filter(|p| matches!(p.markup.shape, Shape::Roi(_)));
    let lines = all.iter().filter(|p| matches!(p.markup.shape, Shape::Line(_)));
    let Some(marked) = the_one(boxes.collect(), "boxes")?.or(the_one(lines.collect(), "lines")?) else {
        return Ok(None);
    };
    let mark = match &marked.markup.shape {
        Shape::Roi(roi) => Mark::Roi(*roi),
        Shape::Line(ends) => Mark::Line(*ends),
        Shape::Fiducial(_) => return Ok(None),
    };
    let (inside, outside) = (points_of(all, &Role::Foreground), points_of(all, &Role::Background));
    Ok(Some(Prompt { mark, inside, outside }))
}

fn read(row: &Row, base: &Path, source: &dyn Source) -> Result<Vec<Placed>, Trouble> {
    let mut all = Vec::new();
    for (k, file) in row.prompts.iter().enumerate() {
        let place = format!("prompts[{}]", k + 1);
        let markups = source.markups(&base.join(file)).map_err(|fault| {
            let failure = Failure::new("prompts", fault.kind, format!("{place}: {fault}"));
            if fault.transient { Trouble::Transient(failure) } else { Trouble::Data(failure) }
        })?;
        let placed = |(i, markup)| Placed { place: format!("{place}, markup {}", i + 1), markup };
        all.extend(markups.into_iter().enumerate().map(placed));
    }
    Ok(all)
}

fn points(shape: &Shape) -> Vec<Vec3> {
    match shape {
        Shape::Fiducial(points) => points.clone(),
        Shape::Line(ends) => ends.to_vec(),
        Shape::Roi(roi) => vec![roi.centre],
    }
}

/// Refuses what nobody could use: a list without a known name, a point outside the image.
fn usable(one: &Placed, image: &Geometry) -> Result<(), Trouble> {
    let place = &one.place;
    if matches!(one.markup.shape, Shape::Fiducial(_)) && role(&one.markup.name).is_none() {
        let message = format!("{place}: nobody knows what the points of that name mark: known are {KNOWN}");
        return Err(Trouble::data("prompts", PROMPT_UNKNOWN, message));
    }
    let whole = image.dims.iter().zip(image.spacing).map(|(n, mm)| *n as f64 * mm);
    let diagonal_mm = whole.map(|mm| mm * mm).sum::<f64>().sqrt();
    if matches!(&one.markup.shape, Shape::Roi(roi) if roi.size_mm.iter().any(|mm| *mm > diagonal_mm)) {
        let message = format!("{place}: the box is larger than the image: draw it around the tumour, in mm");
        return Err(Trouble::data("prompts", PROMPT_OFF_IMAGE, message));
    }
    let points = points(&one.markup.shape);
    let Some(k) = points.iter().position(|p| !is_in(image, *p)) else { return Ok(()) };
    let flipped = [-points[k][0], -points[k][1], points[k][2]];
    let guess = if is_in(image, flipped) {
        "with the signs of x and y changed it lies in it: coordinateSystem may be the other of LPS and RAS"
    } else {
        "check that it was set on this image"
    };
    let message = format!("{place}: point {} lies more than {BEYOND_MM} mm outside the image: {guess}", k + 1);
    Err(Trouble::data("prompts", PROMPT_OFF_IMAGE, message))
}

/// Whether a point lies in the image or at most [`BEYOND_MM`] beyond its outermost voxels.
fn is_in(image: &Geometry, point: Vec3) -> bool {
    let index = image.to_index(point);
    (0..3).all(|a| {
        let beyond = 0.5 + BEYOND_MM / image.spacing[a];
        (-beyond..=image.dims[a] as f64 - 1.0 + beyond).contains(&index[a])
    })
}

/// The only one of a type, or the only one that is named after the tumour.
fn the_one<'a>(of_type: Vec<&'a Placed>, what: &str) -> Result<Option<&'a Placed>, Trouble> {
    if let [] | [_] = of_type[..] {
        return Ok(of_type.first().copied());
    }
    let named: Vec<&Placed> = of_type.iter().copied().filter(|p| is_of_tumour(&p.markup.name)).collect();
    match named[..] {
        [one] => Ok(Some(one)),
        _ => {
            let message = format!("{} {what} could mark the tumour: call one of them `tumour`", of_type.len());
            Err(Trouble::data("prompts", PROMPT_AMBIGUOUS, message))
        }
    }
}
