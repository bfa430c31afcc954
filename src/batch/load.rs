//! One exam from its row of the study table to a board: outlines first, then only the region of the image they need.

use super::failure::{Failure, IMAGE_MISSING, MASK_OFF_IMAGE, PROMPT_OFF_IMAGE, Trouble, WRONG_MODALITY};
use super::naming::{self, Named};
use super::prompts::{self, Asked, Prompts};
use super::study::{ImageFile, Row, Structure};
use crate::geometry::{Extent, Geometry, Vec3};
use crate::io::acquisition::Acquisition;
use crate::io::dicom::drawn::Part;
use crate::io::fault::{Fault, OTHER_FRAME};
use crate::io::markups::Markup;
use crate::measure::keys::{
    Ambiguous, COURSE, DRAWN, FOUND_HERE, IMAGE, PROMPT, SCAN, STRUCTURES, Scan, Structures, TOLD_IN_CANAL, TUMOUR,
};
use crate::measure::levels::Levels;
use crate::measure::reason::{MASK_AMBIGUOUS, MASK_EMPTY, MASK_MISSING};
use crate::measure::settings::Patterns;
use crate::measure::{Board, Modality};
use crate::ops::onto::{footprint, onto};
use crate::segment::prompt::{Ellipsoid, Prompt};
use crate::volume::{Mask, Volume};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the structure that says where the lesion is goes by in the study table.
const LESION: &str = "tumour";

/// What is found from points along the canal where it is not drawn.
const SPINE: [&str; 2] = ["canal", "cord"];
/// How far from a point in it a canal may reach in the plane, mm.
const CANAL_REACH_MM: f64 = 18.0;

/// The other structures that a branch measures; the study may have them or not.
fn other_names(modality: Modality) -> &'static [&'static str] {
    match modality {
        Modality::Ct => &["native_bone"],
        Modality::Mr => &["canal", "sac", "cord", "cyst"],
    }
}

/// Opens images and label maps.
pub trait Source: Sync {
    /// Reads the headers of an image.
    ///
    /// # Errors
    /// If it is no image that can be measured.
    fn image(&self, path: &Path, series_uid: Option<&str>) -> Result<Box<dyn Image>, Fault>;

    /// The named parts of a DICOM SEG or RTSTRUCT file.
    ///
    /// # Errors
    /// If it is none.
    fn parts(&self, path: &Path) -> Result<Vec<Part>, Fault>;

    /// The markups of a 3D Slicer file.
    ///
    /// # Errors
    /// If it is none.
    fn markups(&self, path: &Path) -> Result<Vec<Markup>, Fault>;

    /// Reads outlines: a label map, or the wanted parts (`None`: all) of a DICOM file, on the grid of the image.
    ///
    /// # Errors
    /// If it is none.
    fn labels(&self, path: &Path, image: &Geometry, wanted: Option<&[i64]>) -> Result<Box<dyn Labels>, Fault>;
}

/// An image of which only the headers are read.
pub trait Image {
    /// The whole grid, canonical axes.
    fn geometry(&self) -> &Geometry;
    /// What its headers say.
    fn acquisition(&self) -> &Acquisition;
    /// What tells which coordinates its grid is in; `None` where unknown.
    fn frame_of_reference(&self) -> Option<&str> {
        None
    }
    /// Memory that reading a region takes for a while, bytes.
    fn raw_bytes(&self) -> u64;
    /// Reads a region.
    ///
    /// # Errors
    /// If the voxels cannot be had.
    fn read(&self, region: &Extent) -> Result<Volume<f32>, Fault>;
    /// Whether a mask on its grid reaches the border of what a slice shows, other than the border of the grid.
    fn cuts(&self, mask: &Mask) -> bool;
}

/// A label map, or parts on the grid of the image.
pub trait Labels {
    /// The grid, canonical axes.
    fn geometry(&self) -> &Geometry;
    /// The frames of reference that they were drawn in, as far as the file tells.
    fn frames_of_reference(&self) -> &[String] {
        &[]
    }
    /// The smallest box that holds the labels; `None` if there is no such voxel.
    fn extent(&self, which: Option<&[i64]>) -> Option<Extent>;
    /// The labels as a mask, within a box.
    fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask;
}

/// An exam whose image headers have been read.
pub struct Opened<'a> {
    row: &'a Row,
    base: &'a Path,
    image: Box<dyn Image>,
    lesion: Lesion,
    others: Vec<Structure>,
    unclear: Vec<Unclear>,
    marked: Prompts,
}

/// A structure that cannot be told among the parts of DICOM files, and what to do.
pub struct Unclear {
    what: Ambiguous,
    /// With the place in the row.
    pub trouble: Trouble,
}

/// What the files of a row hold of a structure.
enum Held {
    Nothing,
    One(Structure),
    Several(Unclear),
}

/// What says where the lesion is.
enum Lesion {
    /// Its outline.
    Outlined(Structure),
    /// A box or a line, from which it is segmented.
    Prompted(Prompt),
}

/// The outlines of an exam and the region they ask for.
pub struct Outlines {
    files: Vec<(PathBuf, Box<dyn Labels>)>,
    region: Extent,
}

/// Reads the headers of a row's image and checks what the table says of it.
///
/// Structures in files without names are those whose names the `patterns` fit. Without its lesion an exam cannot be measured;
/// another structure that several parts could be takes away only what hangs on it.
///
/// # Errors
/// If there is nothing to measure.
pub fn open<'a>(row: &'a Row, base: &'a Path, source: &dyn Source, patterns: &Patterns) -> Result<Opened<'a>, Trouble> {
    let file = row.image.as_ref().ok_or_else(|| {
        Trouble::data("image", IMAGE_MISSING, "the cell image is empty: name a NIfTI file, a DICOM file or a folder")
    })?;
    let held = |name| held(row, base, source, patterns, name);
    let outlined = match held(LESION)? {
        Held::Nothing => None,
        Held::One(structure) => Some(structure),
        Held::Several(unclear) => return Err(unclear.trouble),
    };
    let (mut others, mut unclear) = (Vec::new(), Vec::new());
    for &name in other_names(row.exam.modality) {
        match held(name)? {
            Held::Nothing => {}
            Held::One(structure) => others.push(structure),
            Held::Several(found) => unclear.push(found),
        }
    }
    let ImageFile { path, series_uid } = file;
    let image = source.image(&base.join(path), series_uid.as_deref()).map_err(|f| fault("image", "image", f))?;
    same_modality(row, image.acquisition())?;
    let is_drawn = |name| others.iter().any(|s| s.name == Some(name));
    let spine_drawn = SPINE.iter().all(|name| is_drawn(*name));
    // On CT nothing is segmented, and outlines go before prompts.
    let on_mr = row.exam.modality == Modality::Mr;
    let asked = Asked { tumour: on_mr && outlined.is_none(), canal: on_mr && !spine_drawn, cord: on_mr };
    let mut marked = prompts::marked(row, base, source, image.geometry(), asked)?;
    let lesion = match (outlined, marked.tumour.take()) {
        (Some(structure), _) => Lesion::Outlined(structure),
        (None, Some(prompt)) => Lesion::Prompted(prompt),
        (None, None) => return Err(no_lesion(row)),
    };
    Ok(Opened { row, base, image, lesion, others, unclear, marked })
}

fn no_lesion(row: &Row) -> Trouble {
    let message = match row.structures.iter().find(|s| s.name.is_none()) {
        None if row.exam.modality == Modality::Mr => {
            "neither structures nor prompts give a tumour: add tumour=FILE, or a box or a line around it".into()
        }
        None => "structures gives no tumour: add tumour=FILE".into(),
        Some(file) => format!(
            "{}: nothing in it is called a tumour: name its number as tumour=FILE:1, or add a pattern to structures.tumour",
            place(file)
        ),
    };
    Trouble::data("structures", MASK_MISSING, message)
}

/// A structure that the table names, or that a file without a name holds.
fn held(row: &Row, base: &Path, source: &dyn Source, patterns: &Patterns, name: &'static str) -> Result<Held, Trouble> {
    if let Some(structure) = row.structures.iter().find(|s| s.name == Some(name)) {
        return Ok(Held::One(structure.clone()));
    }
    let mut found: Option<(Structure, i64)> = None;
    for file in row.structures.iter().filter(|s| s.name.is_none()) {
        let parts = source.parts(&base.join(&file.file)).map_err(|f| fault("structures", &place(file), f))?;
        match naming::find(&parts, patterns.get(name).map_or(&[], Vec::as_slice)) {
            Named::Nothing => {}
            Named::One(number) => match &found {
                None => {
                    let structure = Structure { name: Some(name), labels: Some(vec![number]), ..file.clone() };
                    found = Some((structure, number));
                }
                Some((_, other)) => {
                    let also = format!("{number} could be the {name}, and so could a part of another file");
                    let what = format!("{also}: pick one as {name}=FILE:NUMBER");
                    return Ok(Held::Several(unclear(file, name, vec![*other, number], &what)));
                }
            },
            Named::Several(numbers) => {
                let all = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
                let pick = format!("pick one as {name}=FILE:NUMBER, or join them as {name}=FILE:{all}");
                let what = format!("{all} could each be the {name}: {pick}");
                return Ok(Held::Several(unclear(file, name, numbers, &what)));
            }
        }
    }
    Ok(found.map_or(Held::Nothing, |(structure, _)| Held::One(structure)))
}

fn unclear(file: &Structure, name: &'static str, numbers: Vec<i64>, what: &str) -> Unclear {
    let trouble = Trouble::data("structures", MASK_AMBIGUOUS, format!("{}: {what}", place(file)));
    Unclear { what: Ambiguous { name, numbers }, trouble }
}

fn same_modality(row: &Row, acquisition: &Acquisition) -> Result<(), Trouble> {
    let wanted = row.exam.modality.name();
    match &acquisition.modality {
        Some(found) if found != wanted => {
            let message = format!("image: the table says {wanted}, the image is of another modality: correct the row");
            Err(Trouble::data("image", WRONG_MODALITY, message))
        }
        _ => Ok(()),
    }
}

/// Where a structure stands in its row.
fn place(structure: &Structure) -> String {
    format!("structures[{}]", structure.place)
}

fn fault(stage: &str, place: &str, fault: Fault) -> Trouble {
    let failure = Failure::new(stage, fault.kind, format!("{place}: {fault}"));
    if fault.transient { Trouble::Transient(failure) } else { Trouble::Data(failure) }
}

impl Opened<'_> {
    /// Structures other than the lesion that cannot be told: what hangs on them is not evaluable.
    pub fn unclear(&self) -> &[Unclear] {
        &self.unclear
    }

    /// Memory that its outlines take, bytes: a byte for each voxel of the image, for each file.
    pub fn outline_bytes(&self) -> u64 {
        self.image.geometry().len() as u64 * self.files().len() as u64
    }

    /// Memory that measuring takes beside the outlines, bytes.
    pub fn region_bytes(&self, outlines: &Outlines, bytes_per_voxel: f64) -> u64 {
        let voxels = outlines.region.dims().iter().product::<usize>();
        self.image.raw_bytes() + (voxels as f64 * bytes_per_voxel) as u64
    }

    /// Memory that measuring the whole image would take, bytes.
    pub fn largest_bytes(&self, bytes_per_voxel: f64) -> u64 {
        let whole = Outlines { files: Vec::new(), region: Extent::whole(self.image.geometry().dims) };
        self.outline_bytes() + self.region_bytes(&whole, bytes_per_voxel)
    }

    /// Looks whether its outlines are there, without reading them.
    ///
    /// # Errors
    /// If one is not.
    pub fn look_for_outlines(&self) -> Result<(), Trouble> {
        for structure in self.files() {
            let found = std::fs::metadata(self.base.join(&structure.file)).map_err(|e| Fault::from_io(&e));
            found.map_err(|f| fault("structures", &place(structure), f))?;
        }
        Ok(())
    }

    /// Reads the outlines and finds the region: the lesion, on MR all that was drawn, and `reach_mm` around it.
    ///
    /// # Errors
    /// If the lesion has no voxel in the image.
    pub fn outlines(&self, source: &dyn Source, reach_mm: f64) -> Result<Outlines, Trouble> {
        let mut files = Vec::new();
        for structure in self.files() {
            let wanted = self.wanted(&structure.file);
            let path = self.base.join(&structure.file);
            let read = source.labels(&path, self.image.geometry(), wanted.as_deref());
            let read = read.and_then(|labels| self.in_its_frame(labels));
            files.push((structure.file.clone(), read.map_err(|f| fault("structures", &place(structure), f))?));
        }
        let mut outlines = Outlines { files, region: Extent::whole([0; 3]) };
        let grid = self.image.geometry();
        let lesion = match &self.lesion {
            Lesion::Outlined(structure) => outlines.extent(structure, grid)?,
            Lesion::Prompted(prompt) => prompt.mark.ellipsoid().looked_at(grid).ok_or_else(prompt_off_image)?,
        };
        let others = self.others.iter().filter(|_| self.row.exam.modality == Modality::Mr);
        let shown = others.filter_map(|s| outlines.extent(s, grid).ok()).fold(lesion, |all, one| all.union(&one));
        let shown =
            self.marked.canal.iter().chain(&self.marked.cord).fold(shown, |all, point| all.union(&about(*point, grid)));
        let margin = grid.spacing.map(|s| (reach_mm / s).ceil() as usize);
        outlines.region = shown.grown(margin, grid.dims);
        Ok(outlines)
    }

    /// Outlines whose coordinates are those of the image: the same numbers in another frame are another place.
    fn in_its_frame(&self, labels: Box<dyn Labels>) -> Result<Box<dyn Labels>, Fault> {
        let Some(own) = self.image.frame_of_reference() else { return Ok(labels) };
        match labels.frames_of_reference().iter().all(|frame| frame == own) {
            true => Ok(labels),
            false => Err(Fault::of(OTHER_FRAME, "their FrameOfReferenceUIDs differ")),
        }
    }

    /// Reads the region of the image and fills a board.
    ///
    /// # Errors
    /// If the voxels cannot be had, or no voxel of the lesion lies on one of the image.
    pub fn board(&self, outlines: &Outlines) -> Result<Board, Trouble> {
        let whole = self.image.geometry();
        let grid = whole.crop(&outlines.region);
        let mut board = Board::default();
        let shape = match &self.lesion {
            Lesion::Outlined(structure) => {
                let tumour = outlines.mask(structure, whole, &grid);
                if tumour.count() == 0 {
                    return Err(off_image(structure));
                }
                board.put(&TUMOUR, tumour.clone(), &[]);
                board.put(&TOLD_IN_CANAL, (), &[]);
                tumour
            }
            Lesion::Prompted(prompt) => {
                board.put(&PROMPT, prompt.clone(), &[]);
                drawn(&prompt.mark.ellipsoid(), &grid)
            }
        };
        let others = self.others.iter().map(|s| (s.name.unwrap_or_default(), outlines.mask(s, whole, &grid)));
        let structures: Arc<Structures> = Arc::new(others.collect());
        let image = self.image.read(&outlines.region).map_err(|f| fault("image", "image", f))?;
        board.put(&SCAN, self.scan(outlines.region, self.image.cuts(&shape)), &[]);
        board.put(&IMAGE, image, &[]);
        board.put(&COURSE, self.marked.canal.clone(), &[]);
        board.put_shared(&DRAWN, Arc::clone(&structures), &[]);
        if self.marked.canal.is_empty() {
            board.put_shared(&STRUCTURES, structures, &[]);
            board.put(&FOUND_HERE, Vec::new(), &[]);
        }
        Ok(board)
    }

    fn scan(&self, region: Extent, cut: bool) -> Scan {
        let acquisition = filled(self.image.acquisition(), &self.row.given);
        let levels = Levels { table: self.row.level.clone(), points: self.marked.levels.clone() };
        let prompted = matches!(self.lesion, Lesion::Prompted(_));
        Scan {
            modality: self.row.exam.modality,
            acquisition,
            whole: self.image.geometry().clone(),
            region,
            levels,
            cord_points: self.marked.cord.clone(),
            cut,
            prompted,
            ambiguous: self.unclear.iter().map(|unclear| unclear.what.clone()).collect(),
        }
    }

    fn structures(&self) -> impl Iterator<Item = &Structure> {
        let lesion = match &self.lesion {
            Lesion::Outlined(structure) => Some(structure),
            Lesion::Prompted(_) => None,
        };
        lesion.into_iter().chain(&self.others)
    }

    /// One structure for each file that must be read.
    fn files(&self) -> Vec<&Structure> {
        let mut files: Vec<&Structure> = Vec::new();
        for structure in self.structures() {
            if files.iter().all(|known| known.file != structure.file) {
                files.push(structure);
            }
        }
        files
    }

    /// The labels of a file that are used; `None` if all are.
    fn wanted(&self, file: &Path) -> Option<Vec<i64>> {
        let users = self.structures().filter(|s| s.file == file);
        let lists: Option<Vec<_>> = users.map(|s| s.labels.clone()).collect();
        lists.map(|lists| lists.concat())
    }
}

/// The header's facts; the table's where the header has none.
fn filled(header: &Acquisition, given: &Acquisition) -> Acquisition {
    let (h, g) = (header.clone(), given.clone());
    Acquisition {
        modality: h.modality,
        kvp: h.kvp.or(g.kvp),
        contrast: h.contrast.or(g.contrast),
        kernel: h.kernel.or(g.kernel),
        thickness_mm: h.thickness_mm.or(g.thickness_mm),
        weighting: h.weighting.or(g.weighting),
        te_ms: h.te_ms.or(g.te_ms),
        tr_ms: h.tr_ms.or(g.tr_ms),
        fat_sat: h.fat_sat.or(g.fat_sat),
        laminectomy: g.laminectomy,
        has_rescale: h.has_rescale,
        resampled: h.resampled,
        scaling_lost: h.scaling_lost,
    }
}

fn off_image(structure: &Structure) -> Trouble {
    let message = format!(
        "{}: no voxel of the outline lies on a voxel of the image: check that it was drawn on this image",
        place(structure)
    );
    Trouble::data("structures", MASK_OFF_IMAGE, message)
}

/// The voxels about a point of the canal that may be canal.
fn about(point: Vec3, grid: &Geometry) -> Extent {
    let at = grid.to_index(point);
    let end = |a: usize, reach: f64| {
        let reach = if a == 2 { 0.0 } else { reach * CANAL_REACH_MM / grid.spacing[a] };
        (at[a].round() + reach).clamp(0.0, (grid.dims[a] - 1) as f64) as usize
    };
    Extent { lo: [0, 1, 2].map(|a| end(a, -1.0)), hi: [0, 1, 2].map(|a| end(a, 1.0) + 1) }
}

fn prompt_off_image() -> Trouble {
    let message = "the box or line of the tumour lies beside the image: check that it was set on this image";
    Trouble::data("prompts", PROMPT_OFF_IMAGE, message)
}

/// The voxels in an ellipsoid: about where a lesion is that has yet to be segmented.
fn drawn(ellipsoid: &Ellipsoid, grid: &Geometry) -> Mask {
    let Some(around) = ellipsoid.looked_at(grid) else { return Mask::from_fn(grid.clone(), |_| false) };
    let part = grid.crop(&around);
    let inside = |v: [usize; 3]| ellipsoid.norm(part.to_patient(v.map(|i| i as f64))) <= 1.0;
    Mask::from_fn(part.clone(), inside).placed(grid, around.lo)
}

impl Outlines {
    fn of(&self, structure: &Structure) -> &dyn Labels {
        let file = self.files.iter().find(|(file, _)| *file == structure.file);
        file.expect("the file of every structure in use has been read").1.as_ref()
    }

    /// Where a structure lies in the image.
    fn extent(&self, structure: &Structure, image: &Geometry) -> Result<Extent, Trouble> {
        let labels = self.of(structure);
        let Some(own) = labels.extent(structure.labels.as_deref()) else {
            let message = format!("{}: the outline is empty: draw it, or check its label numbers", place(structure));
            return Err(Trouble::data("structures", MASK_EMPTY, message));
        };
        if labels.geometry().same_grid(image) {
            return Ok(own);
        }
        footprint(labels.geometry(), &own, image).ok_or_else(|| off_image(structure))
    }

    /// A structure on the grid of the region.
    fn mask(&self, structure: &Structure, whole: &Geometry, grid: &Geometry) -> Mask {
        let (labels, which) = (self.of(structure), structure.labels.as_deref());
        if labels.geometry().same_grid(whole) {
            let mask = labels.mask(which, &self.region);
            return Volume::new(grid.clone(), mask.as_slice().to_vec()).expect("a mask of the region fills its grid");
        }
        match labels.extent(which) {
            Some(own) => onto(&labels.mask(which, &own), grid),
            None => Mask::from_fn(grid.clone(), |_| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_goes_before_the_table_and_only_the_table_tells_of_a_laminectomy() {
        let header = Acquisition { kvp: Some(120.0), ..Acquisition::default() };
        let given =
            Acquisition { kvp: Some(100.0), te_ms: Some(90.0), laminectomy: Some(true), ..Acquisition::default() };
        let all = filled(&header, &given);
        assert_eq!((all.kvp, all.te_ms, all.laminectomy), (Some(120.0), Some(90.0), Some(true)));
    }
}
