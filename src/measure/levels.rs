//! Vertebral levels: their order along the spine, and at which of them a slice lies (design.md 2 and 3).

use super::{Flag, flag};
use crate::geometry::{Vec3, dot};
use std::fmt;

/// The regions of the spine downwards: letter, how many vertebrae they may have and usually have, and the distance from one to
/// the next, mm (textbook adult means of body and disc).
const REGIONS: [(char, u8, u8, f64); 4] =
    [('C', 7, 7, 17.0), ('T', 13, 12, 25.0), ('L', 6, 5, 36.0), ('S', 5, 5, 28.0)];

/// A vertebra, ordered downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vertebra {
    region: u8,
    number: u8,
}

impl fmt::Display for Vertebra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", REGIONS[usize::from(self.region)].0, self.number)
    }
}

impl Vertebra {
    /// The vertebra of a name such as `T4`, `th4` or `L5`; `None` if there is none of that name.
    pub fn of(name: &str) -> Option<Self> {
        let upper = name.trim().to_uppercase();
        let letters: &str = upper.trim_end_matches(|c: char| c.is_ascii_digit());
        let letter = match letters {
            "TH" | "D" => 'T',
            one => one.chars().next().filter(|_| one.len() == 1)?,
        };
        let region = REGIONS.iter().position(|r| r.0 == letter)?;
        let number: u8 = upper[letters.len()..].parse().ok()?;
        (1..=REGIONS[region].1).contains(&number).then_some(Self { region: region as u8, number })
    }

    /// Half the usual distance to the next vertebra, mm.
    fn half_mm(self) -> f64 {
        0.5 * REGIONS[usize::from(self.region)].3
    }

    /// Whether another is the next one below: transitional vertebrae may be there or not.
    fn is_right_above(self, below: Self) -> bool {
        match below.region - self.region.min(below.region) {
            0 => self.number + 1 == below.number,
            1 => self.number >= REGIONS[usize::from(self.region)].2 && below.number == 1,
            _ => false,
        }
    }
}

/// What is known of the level of an exam.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// What the study table says of the lesion, as it says it.
    pub table: Option<String>,
    /// Middles of vertebrae that a person has marked, LPS mm; each vertebra once.
    pub points: Vec<(Vertebra, Vec3)>,
}

/// The levels along the axial normal.
#[derive(Clone, Debug, PartialEq)]
pub struct AlongSpine {
    table: Option<String>,
    /// Vertebrae upwards, with their heights, mm.
    heights_mm: Vec<(Vertebra, f64)>,
    /// What is to be said of them.
    pub remark: Option<Flag>,
}

impl Levels {
    /// The levels along an axial normal, for a lesion on slices at heights `lesion_mm`.
    ///
    /// Points that are out of order along the spine are not used; where points and table name different vertebrae at the lesion,
    /// neither is.
    pub fn along(&self, normal: Vec3, lesion_mm: &[f64]) -> AlongSpine {
        let mut heights_mm: Vec<_> = self.points.iter().map(|&(v, p)| (v, dot(p, normal))).collect();
        heights_mm.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if !heights_mm.is_sorted_by(|below, above| below.0 > above.0) {
            let remark = Some(Flag::with(&flag::LEVEL_INCONSISTENT, "order"));
            return AlongSpine { table: self.table.clone(), heights_mm: Vec::new(), remark };
        }
        let marked = AlongSpine { table: self.table.clone(), heights_mm, remark: None };
        let found: Vec<Vertebra> = lesion_mm.iter().filter_map(|&z| marked.vertebra(z)).collect();
        let named = self.table.as_deref().map(named).unwrap_or_default();
        let is_named = |v: &Vertebra| named.iter().any(|[upper, lower]| (upper..=lower).contains(&v));
        match found.get(found.len() / 2) {
            Some(middle) if !named.is_empty() && !found.iter().any(is_named) => {
                let remark = Some(Flag::with(&flag::LEVEL_INCONSISTENT, middle));
                AlongSpine { table: None, heights_mm: Vec::new(), remark }
            }
            None if self.table.is_none() => AlongSpine { remark: Some(flag::LEVEL_UNKNOWN), ..marked },
            // Landmarks far away say nothing of the lesion: the table does.
            None => AlongSpine { heights_mm: Vec::new(), ..marked },
            _ => marked,
        }
    }
}

impl AlongSpine {
    /// The level of a slice at a height, mm; without points that of the table.
    pub fn at(&self, z_mm: f64) -> Option<String> {
        if self.heights_mm.is_empty() { self.table.clone() } else { self.vertebra(z_mm).map(|v| v.to_string()) }
    }

    /// The vertebra whose middle is nearest: as far as half-way to the next one, or half the usual distance where that one is
    /// not marked.
    fn vertebra(&self, z_mm: f64) -> Option<Vertebra> {
        let above = self.heights_mm.partition_point(|(_, height)| *height <= z_mm);
        let (below, above) = (above.checked_sub(1).map(|k| self.heights_mm[k]), self.heights_mm.get(above).copied());
        match (below, above) {
            (Some(low), Some(high)) if high.0.is_right_above(low.0) => {
                Some(if z_mm - low.1 <= high.1 - z_mm { low.0 } else { high.0 })
            }
            (low, high) => {
                let off_mm = |one: &(Vertebra, f64)| (z_mm - one.1).abs();
                let near = [low, high].into_iter().flatten().filter(|one| off_mm(one) <= one.0.half_mm());
                near.min_by(|a, b| off_mm(a).total_cmp(&off_mm(b))).map(|one| one.0)
            }
        }
    }
}

/// The vertebrae that a text names: `T4`, `T3-T5` (all from one to the other), `T7/8`, `C6, C7`.
fn named(text: &str) -> Vec<[Vertebra; 2]> {
    let mut spans: Vec<[Vertebra; 2]> = Vec::new();
    let mut joined = false;
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let letter = spans.last().map(|s| REGIONS[usize::from(s[1].region)].0);
        let found = Vertebra::of(name).or_else(|| Vertebra::of(&format!("{}{name}", letter?)));
        match (found, spans.last_mut()) {
            (Some(v), Some(last)) if joined => *last = [v.min(last[0]), v.max(last[0])],
            (Some(v), _) => spans.push([v; 2]),
            (None, _) => {}
        }
        joined = (joined && name.is_empty()) || word.ends_with(['-', '–']);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Vec3 = [0.0, 0.0, 1.0];

    fn v(name: &str) -> Vertebra {
        Vertebra::of(name).unwrap()
    }

    fn levels(table: Option<&str>, points: &[(&str, f64)]) -> Levels {
        let points = points.iter().map(|&(name, z)| (v(name), [3.0, -7.0, z])).collect();
        Levels { table: table.map(str::to_owned), points }
    }

    #[test]
    fn vertebrae_have_names_and_an_order() {
        let spine = ["C1", "c7", "Th1", "D11", "T12", "T13", "L1", "L6", "s1", "S5"].map(v);
        assert!(spine.is_sorted());
        assert_eq!(spine.map(|v| v.to_string()), ["C1", "C7", "T1", "T11", "T12", "T13", "L1", "L6", "S1", "S5"]);
        assert!(["C8", "T0", "X3", "T", "4", "", "TT4", "L7", "T300"].into_iter().all(|n| Vertebra::of(n).is_none()));
    }

    #[test]
    fn a_slice_has_the_vertebra_it_lies_at() {
        let along = levels(None, &[("T8", 40.0), ("T7", 64.0), ("T5", 110.0)]).along(UP, &[50.0]);
        let at = |z: f64| along.at(z).unwrap_or_default();
        // Half-way from T8 to T7 is 52; T6 is not marked: 12.5 mm from T7 and from T5; below T8 as well.
        assert_eq!(
            [27.4, 27.6, 51.9, 52.1, 76.4, 76.6, 97.4, 97.6, 122.4, 122.6].map(at),
            ["", "T8", "T8", "T7", "T7", "", "", "T5", "T5", ""]
        );
        assert_eq!(along.remark, None);
        // T7 has collapsed and is not marked: the nearer of both, 11 mm from either.
        let collapsed = levels(None, &[("T8", 40.0), ("T6", 62.0)]).along(UP, &[50.0]);
        assert_eq!([50.9, 51.1].map(|z| collapsed.at(z).unwrap_or_default()), ["T8", "T6"]);
        let turned = levels(None, &[("T8", 40.0)]).along([0.0, 0.6, 0.8], &[]);
        // 40 * 0.8 - 7 * 0.6
        assert_eq!(turned.heights_mm, [(v("T8"), 27.8)]);
    }

    #[test]
    fn regions_meet_with_and_without_transitional_vertebrae() {
        let next = |a: &str, b: &str| v(a).is_right_above(v(b));
        assert!(next("C7", "T1") && next("T12", "L1") && next("T13", "L1") && next("L5", "S1") && next("L6", "S1"));
        assert!(next("T12", "T13") && next("L5", "L6") && next("T4", "T5"));
        assert!(
            !next("T11", "L1") && !next("C7", "T2") && !next("T5", "T4") && !next("L1", "T12") && !next("C7", "L1")
        );
    }

    #[test]
    fn points_out_of_order_are_remarked_and_not_used() {
        let upside_down = levels(Some("T8"), &[("T8", 64.0), ("T7", 40.0)]).along(UP, &[50.0]);
        assert_eq!(upside_down.remark, Some(Flag("level_inconsistent:order".into())));
        assert_eq!(upside_down.at(64.0).as_deref(), Some("T8"), "what the table says");
        let at_one_height = levels(None, &[("T8", 40.0), ("T7", 40.0)]).along(UP, &[]);
        assert_eq!((at_one_height.at(40.0).as_deref(), at_one_height.at(60.0)), (Some("T7"), None));
    }

    #[test]
    fn points_and_table_that_differ_at_the_lesion_leave_no_level() {
        let points = [("T8", 40.0), ("T7", 64.0), ("T6", 88.0)];
        let along = |table| levels(Some(table), &points).along(UP, &[40.0, 50.0, 60.0, 64.0]);
        for right in ["T8", "T7", "t7-8", "T6/7", "T3-T7", "Th8", "T5-L1", "T9-T5", "spine", "L1, T8", "T5 - T8"] {
            assert_eq!(along(right).remark, None, "{right}");
        }
        for wrong in ["T6", "L1", "T9-T12", "C7"] {
            let found = along(wrong);
            assert_eq!(
                (found.remark.clone(), found.at(40.0)),
                (Some(Flag("level_inconsistent:T7".into())), None),
                "{wrong}"
            );
        }
        let unknown = levels(None, &points).along(UP, &[300.0]);
        assert_eq!((unknown.remark.clone(), unknown.at(300.0)), (Some(flag::LEVEL_UNKNOWN), None));
        let far = levels(Some("T8"), &[("L1", -80.0)]).along(UP, &[40.0]);
        assert_eq!((far.remark.clone(), far.at(40.0).as_deref()), (None, Some("T8")), "a landmark far away");
        assert_eq!(levels(None, &[]).along(UP, &[0.0]).remark, Some(flag::LEVEL_UNKNOWN));
        assert_eq!(levels(Some("T4"), &[]).along(UP, &[0.0]).at(5.0).as_deref(), Some("T4"));
    }
}
