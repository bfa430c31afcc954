//! Seeds that a person has set in 3D Slicer: markups files, `.mrk.json` (schema v1.0.3; method.md 9.4).
//!
//! Points come out in LPS millimetres, whatever the file's axes and unit. Keys that are not known are passed over, and so
//! are markups that mark nothing here (angles, curves, planes).

use super::fault::{BAD_MARKUPS, Fault};
use crate::geometry::{Vec3, dot, norm, sub};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

pub mod names;

/// One markup of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Markup {
    /// Its name, as the person gave it; never shown.
    pub name: String,
    /// What it is.
    pub shape: Shape,
}

/// The kinds of markups that mean something here.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A list of points, LPS mm.
    Fiducial(Vec<Vec3>),
    /// The two ends of a line, LPS mm.
    Line([Vec3; 2]),
    /// A box.
    Roi(Roi),
}

/// A box in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roi {
    /// Its middle, LPS mm.
    pub centre: Vec3,
    /// Unit direction of each side, LPS; at right angles.
    pub axes: [Vec3; 3],
    /// Length of each side, mm.
    pub size_mm: Vec3,
}

/// Larger files are no seeds: a markup with ten thousand points has 5 MB.
const MOST_BYTES: u64 = 8 << 20;
/// Nobody sets more points than this by hand.
const MOST_POINTS: usize = 10_000;
/// Shorter lines and sides were clicked by mistake, mm: below a pixel of any MR.
const LEAST_MM: f64 = 0.05;

/// Reads a markups file.
///
/// # Errors
/// If it is none, or a markup in it cannot be understood.
pub fn open(path: &Path) -> Result<Vec<Markup>, Fault> {
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Fault::from_io(&e))?;
    file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(|e| Fault::from_io(&e))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(bad(format!("the file is larger than {} MiB", MOST_BYTES >> 20)));
    }
    parse(&text)
}

/// Reads the text of a markups file.
///
/// # Errors
/// As [`open`].
pub fn parse(text: &[u8]) -> Result<Vec<Markup>, Fault> {
    let root: Value = serde_json::from_slice(text).map_err(|e| bad(not_json(&e)))?;
    let list = root.get("markups").and_then(Value::as_array).ok_or_else(|| bad("it has no list `markups`"))?;
    let read =
        list.iter().enumerate().map(|(i, one)| markup(one).map_err(|what| bad(format!("markup {}: {what}", i + 1))));
    let found: Vec<Markup> = read.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Err(bad("it holds no line, no ROI and no list of points"));
    }
    Ok(found)
}

fn bad(what: impl Into<String>) -> Fault {
    Fault::of(BAD_MARKUPS, what.into())
}

/// Where the text stops being JSON; what stands there is not repeated.
fn not_json(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "the file ends too early" } else { "the text is no JSON that can be read" };
    format!("{what} (line {})", error.line())
}

type Parsed<T> = Result<T, String>;

/// One markup; `None` if it is of a kind that marks nothing here.
fn markup(value: &Value) -> Parsed<Option<Markup>> {
    let kind = value.get("type").and_then(Value::as_str).ok_or("it has no type")?;
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_string();
    let frame = Frame::of(value)?;
    let shape = match kind {
        "Fiducial" => Shape::Fiducial(points(value, &frame)?),
        "Line" => Shape::Line(line(value, &frame)?),
        "ROI" => Shape::Roi(roi(value, &frame)?),
        _ => return Ok(None),
    };
    Ok(Some(Markup { name, shape }))
}

/// How a markup writes places.
struct Frame {
    ras: bool,
    unit_mm: f64,
}

impl Frame {
    fn of(value: &Value) -> Parsed<Self> {
        let ras = match value.get("coordinateSystem").map(Value::as_str) {
            None | Some(Some("LPS")) => false,
            Some(Some("RAS")) => true,
            Some(_) => return Err("its coordinateSystem is neither LPS nor RAS".into()),
        };
        Ok(Self { ras, unit_mm: unit_mm(value.get("coordinateUnits"))? })
    }

    fn direction(&self, v: Vec3) -> Vec3 {
        if self.ras { [-v[0], -v[1], v[2]] } else { v }
    }

    fn point(&self, v: Vec3) -> Vec3 {
        self.direction(v).map(|c| c * self.unit_mm)
    }
}

/// Millimetres of one unit: `"mm"`, `"um"`, or a code with scheme and meaning.
fn unit_mm(units: Option<&Value>) -> Parsed<f64> {
    let Some(units) = units else { return Ok(1.0) };
    match units.as_str().or_else(|| units.get(0)?.as_str()) {
        Some("mm") => Ok(1.0),
        Some("um") => Ok(1e-3),
        _ => Err("its coordinateUnits are neither mm nor um".into()),
    }
}

/// The points that were set: previews and points still to be placed are not there yet.
fn points(value: &Value, frame: &Frame) -> Parsed<Vec<Vec3>> {
    let none = Vec::new();
    let all = value.get("controlPoints").and_then(Value::as_array).unwrap_or(&none);
    if all.len() > MOST_POINTS {
        return Err(format!("it has more than {MOST_POINTS} points"));
    }
    let is_set = |p: &&Value| p.get("positionStatus").and_then(Value::as_str).is_none_or(|s| s == "defined");
    let place = |(i, p): (usize, &Value)| {
        vector(p.get("position")).map(|v| frame.point(v)).ok_or_else(|| format!("point {} has no position", i + 1))
    };
    all.iter().enumerate().filter(|(_, p)| is_set(p)).map(place).collect()
}

fn line(value: &Value, frame: &Frame) -> Parsed<[Vec3; 2]> {
    let points = points(value, frame)?;
    let ends: [Vec3; 2] = points.try_into().map_err(|p: Vec<_>| format!("the line has {} ends, not 2", p.len()))?;
    if norm(sub(ends[0], ends[1])) < LEAST_MM {
        return Err("the line has no length".into());
    }
    Ok(ends)
}

fn roi(value: &Value, frame: &Frame) -> Parsed<Roi> {
    if !matches!(value.get("roiType").and_then(Value::as_str), None | Some("Box" | "BoundingBox")) {
        return Err("the ROI is no box".into());
    }
    let centre = vector(value.get("center")).ok_or("the box has no center")?;
    let size = vector(value.get("size")).ok_or("the box has no size")?;
    let size_mm = size.map(|s| s.abs() * frame.unit_mm);
    if size_mm.iter().any(|&s| s < LEAST_MM) {
        return Err("a side of the box has no length".into());
    }
    let axes = orientation(value.get("orientation"))?.map(|axis| frame.direction(axis));
    Ok(Roi { centre: frame.point(centre), axes, size_mm })
}

/// Directions of the sides: the columns of a matrix that is stored row by row.
fn orientation(value: Option<&Value>) -> Parsed<[Vec3; 3]> {
    let Some(value) = value else { return Ok([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) };
    let m: [f64; 9] = numbers(value).ok_or("the orientation is not nine numbers")?;
    let axes: [Vec3; 3] = std::array::from_fn(|a| [m[a], m[3 + a], m[6 + a]]);
    let off = |a: usize, b: usize| (dot(axes[a], axes[b]) - if a == b { 1.0 } else { 0.0 }).abs();
    match (0..9).all(|i| off(i / 3, i % 3) < 1e-3) {
        true => Ok(axes),
        false => Err("the orientation is no rotation".into()),
    }
}

fn vector(value: Option<&Value>) -> Option<Vec3> {
    numbers(value?)
}

fn numbers<const N: usize>(value: &Value) -> Option<[f64; N]> {
    let list: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    // Beyond ten metres is no place in a patient, and no arithmetic with it can overflow.
    let plausible = list.iter().all(|v| v.is_finite() && v.abs() < 1e7);
    <[f64; N]>::try_from(list).ok().filter(|_| plausible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::image_tests_support::Dice;
    use serde_json::json;

    fn read(markup: Value) -> Result<Vec<Markup>, String> {
        parse(json!({"@schema": "x", "markups": [markup]}).to_string().as_bytes()).map_err(|f| f.detail.into_owned())
    }

    fn ends(a: [f64; 3], b: [f64; 3]) -> Value {
        json!([{"position": a}, {"position": b, "positionStatus": "defined"}, {"position": b, "positionStatus": "preview"}])
    }

    fn shape(markup: Value) -> Shape {
        read(markup).unwrap().remove(0).shape
    }

    #[test]
    fn axes_and_units_are_brought_to_lps_millimetres() {
        let line = |system: &str, unit: Value| {
            shape(
                json!({"type": "Line", "name": "a", "coordinateSystem": system, "coordinateUnits": unit, "more": {"x": []},
                         "controlPoints": ends([1000.0, 2000.0, 3000.0], [0.0, 0.0, 0.0])}),
            )
        };
        assert_eq!(line("LPS", json!("mm")), Shape::Line([[1000.0, 2000.0, 3000.0], [0.0; 3]]));
        assert_eq!(line("RAS", json!("um")), Shape::Line([[-1.0, -2.0, 3.0], [0.0, 0.0, 0.0]]));
        assert_eq!(line("LPS", json!(["um", "UCUM", "micrometer"])), Shape::Line([[1.0, 2.0, 3.0], [0.0; 3]]));
    }

    #[test]
    fn a_box_has_its_sides_in_the_columns() {
        let turned = json!([0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let found = shape(json!({"type": "ROI", "roiType": "Box", "coordinateSystem": "RAS", "center": [1, 2, 3],
                                 "orientation": turned, "size": [10, 20, 30]}));
        let axes = [[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(found, Shape::Roi(Roi { centre: [-1.0, -2.0, 3.0], axes, size_mm: [10.0, 20.0, 30.0] }));
    }

    #[test]
    fn ten_thousand_mutated_files_are_refused_or_give_places_that_are_places() {
        let whole = json!({"markups": [
            {"type": "ROI", "name": "b", "roiType": "Box", "center": [1.5, 2, 3], "size": [10, 20, 30],
             "orientation": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
            {"type": "Line", "name": "d", "coordinateSystem": "RAS", "controlPoints": ends([1.0, 2.0, 3.0], [40.0, 5.0, 3.0])},
            {"type": "Fiducial", "name": "canal", "coordinateUnits": "um", "controlPoints": ends([1.0, 2.0, 3.0], [4.0, 5.0, 60.0])},
        ]})
        .to_string()
        .into_bytes();
        // Bytes that keep a text a text more often than any do.
        let likely = b"0123456789.eE+-,[]{}\": nulltruefas";
        let (mut dice, mut read) = (Dice(9), 0);
        for _ in 0..10_000 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.below(4) {
                let at = dice.below(bytes.len());
                bytes[at] = likely[dice.below(likely.len())];
            }
            for markup in parse(&bytes).into_iter().flatten() {
                read += 1;
                let sound = match &markup.shape {
                    Shape::Roi(roi) => {
                        roi.size_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0)
                            && roi.axes.iter().chain([&roi.centre]).flatten().all(|v| v.is_finite())
                    }
                    Shape::Line(ends) => ends.iter().flatten().all(|v| v.is_finite()) && ends[0] != ends[1],
                    Shape::Fiducial(points) => points.iter().flatten().all(|v| v.is_finite()),
                };
                assert!(sound, "{markup:?} of {}", String::from_utf8_lossy(&bytes));
            }
        }
        assert!(read > 1_000, "only {read} markups were read: the mutations are too rough to tell anything");
    }

    #[test]
    fn what_marks_nothing_here_is_passed_over() {
        let text = json!({"markups": [{"type": "Curve", "name": "x"}, {"type": "Fiducial", "name": "canal", "controlPoints": [
            {"position": [1, 2, 3], "positionStatus": "defined"}, {"positionStatus": "undefined"}]}]});
        let found = parse(text.to_string().as_bytes()).unwrap();
        assert_eq!(found, [Markup { name: "canal".into(), shape: Shape::Fiducial(vec![[1.0, 2.0, 3.0]]) }]);
    }

    #[test]
    fn every_fault_says_what_is_wrong() {
        let line = |points: Value| json!({"type": "Line", "controlPoints": points});
        let roi = |more: Value| {
            let mut roi = json!({"type": "ROI", "roiType": "Box", "center": [0, 0, 0], "size": [1, 1, 1]});
            roi.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            roi
        };
        let cases = [
            (json!({"name": "x"}), "markup 1: it has no type"),
            (json!({"type": "Plane"}), "it holds no line, no ROI and no list of points"),
            (line(ends([1.0; 3], [1.0; 3])), "markup 1: the line has no length"),
            (line(json!([{"position": [1, 2, 3]}])), "markup 1: the line has 1 ends, not 2"),
            (line(json!([{"position": [1, 2]}])), "markup 1: point 1 has no position"),
            (line(json!([{"position": [1, 2, 1e300]}])), "markup 1: point 1 has no position"),
            (line(json!([{"position": [1, 2, "3"]}])), "markup 1: point 1 has no position"),
            (
                json!({"type": "Line", "coordinateSystem": "XYZ"}),
                "markup 1: its coordinateSystem is neither LPS nor RAS",
            ),
            (json!({"type": "Line", "coordinateSystem": 3}), "markup 1: its coordinateSystem is neither LPS nor RAS"),
            (json!({"type": "Line", "coordinateUnits": "inch"}), "markup 1: its coordinateUnits are neither mm nor um"),
            (roi(json!({"size": null})), "markup 1: the box has no size"),
            (roi(json!({"size": [1, 0, 1]})), "markup 1: a side of the box has no length"),
            (roi(json!({"center": [1, 2]})), "markup 1: the box has no center"),
            (roi(json!({"roiType": "Sphere"})), "markup 1: the ROI is no box"),
            (roi(json!({"orientation": [1, 0, 0, 0, 1, 0, 0, 0, 2]})), "markup 1: the orientation is no rotation"),
        ];
        for (markup, expected) in cases {
            assert_eq!(read(markup).unwrap_err(), expected);
        }
    }

    #[test]
    fn text_that_is_no_markups_file_is_refused() {
        let told = |text: &[u8]| parse(text).unwrap_err().to_string();
        let remedy = "save the markups again from 3D Slicer as .mrk.json";
        let kind = "the prompts are no 3D Slicer markups file";
        assert_eq!(told(b"{\"markups\": ["), format!("{kind}: the file ends too early (line 1); {remedy}"));
        assert_eq!(told(b"P0\nx"), format!("{kind}: the text is no JSON that can be read (line 1); {remedy}"));
        assert_eq!(told(b"{\"a\": 1}"), format!("{kind}: it has no list `markups`; {remedy}"));
        // A hostile nesting is refused before it can fill the stack.
        let deep = "[".repeat(100_000);
        assert_eq!(told(deep.as_bytes()), format!("{kind}: the text is no JSON that can be read (line 1); {remedy}"));
        let dir = tempfile::tempdir().unwrap();
        let large = dir.path().join("large.mrk.json");
        std::fs::write(&large, vec![b' '; MOST_BYTES as usize + 1]).unwrap();
        assert_eq!(open(&large).unwrap_err().to_string(), format!("{kind}: the file is larger than 8 MiB; {remedy}"));
    }

    #[test]
    fn too_many_points_are_refused() {
        let many = vec![json!({"position": [0, 0, 0]}); MOST_POINTS + 1];
        let told = read(json!({"type": "Fiducial", "controlPoints": many})).unwrap_err();
        assert_eq!(told, "markup 1: it has more than 10000 points");
    }
}
