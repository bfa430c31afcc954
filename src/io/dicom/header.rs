//! The elements of a header as plain values, for the file as a whole or for one of its frames.

use crate::io::fault::{BAD_DICOM, Fault};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// A data set, or an item of a sequence in it.
#[derive(Clone, Copy)]
pub struct Tags<'a>(pub &'a InMemDicomObject);

impl<'a> Tags<'a> {
    /// Whether an element is there and not empty.
    pub fn has(&self, tag: Tag) -> bool {
        !self.text(tag).is_empty()
    }

    /// An element as text, several values joined by `\`, without padding; empty where absent.
    pub fn text(&self, tag: Tag) -> String {
        let value = self.0.get(tag).and_then(|e| e.to_str().ok());
        value.map(|t| t.trim_matches([' ', '\0']).to_owned()).unwrap_or_default()
    }

    /// The first number of an element, if it is one.
    pub fn number(&self, tag: Tag) -> Option<f64> {
        let text = self.text(tag);
        text.split('\\').next()?.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The finite numbers of an element; `None` if one is none.
    pub fn all_numbers(&self, tag: Tag) -> Option<Vec<f64>> {
        let number = |v: &str| v.trim().parse().ok().filter(|v: &f64| v.is_finite());
        self.text(tag).split('\\').map(number).collect()
    }

    /// The `N` finite numbers of an element without which an image has no place.
    ///
    /// # Errors
    /// If they are not there.
    pub fn numbers<const N: usize>(&self, tag: Tag, name: &str) -> Result<[f64; N], Fault> {
        let values: Option<[f64; N]> = self.all_numbers(tag).and_then(|v| v.try_into().ok());
        values.ok_or_else(|| Fault::of(BAD_DICOM, format!("{name} is missing or not {N} numbers")))
    }

    /// A whole number that counts something, such as rows; 0 where absent.
    pub fn count(&self, tag: Tag) -> usize {
        self.number(tag).unwrap_or_default().max(0.0) as usize
    }

    /// Columns or rows, which are 16 bits in every undamaged file.
    ///
    /// # Errors
    /// If they are not there, none, or beyond 16 bits.
    pub fn side(&self, tag: Tag, name: &str) -> Result<usize, Fault> {
        let [n] = self.numbers(tag, name)?;
        let within = (1.0..=f64::from(u16::MAX)).contains(&n);
        within.then_some(n as usize).ok_or_else(|| Fault::of(BAD_DICOM, format!("{name} is {n}")))
    }

    /// The items of a sequence; none where absent.
    pub fn items(&self, sequence: Tag) -> impl Iterator<Item = Tags<'a>> + use<'a> {
        self.0.get(sequence).and_then(|e| e.items()).unwrap_or_default().iter().map(Tags)
    }

    /// The first item of a sequence.
    pub fn item(&self, sequence: Tag) -> Option<Tags<'a>> {
        self.items(sequence).next()
    }
}

/// What a header says of one frame: its own functional groups go before those that all share, these before the file.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The file as a whole.
    pub file: Tags<'a>,
    own: Option<Tags<'a>>,
    shared: Option<Tags<'a>>,
}

impl<'a> Frame<'a> {
    /// The only frame of a file without functional groups.
    pub fn only(file: Tags<'a>) -> Self {
        Self { file, own: None, shared: None }
    }

    /// The frames of a file with functional groups, in stored order.
    ///
    /// # Errors
    /// Groups for another number of frames than the file says it has.
    pub fn all(file: Tags<'a>) -> Result<Vec<Self>, Fault> {
        let shared = file.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let own = file.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        let frames: Vec<_> = own.map(|own| Self { file, own: Some(own), shared }).collect();
        let promised = file.count(tags::NUMBER_OF_FRAMES).max(1);
        if frames.len() != promised {
            let detail = format!("{promised} frames, functional groups for {}", frames.len());
            return Err(Fault::of(BAD_DICOM, detail));
        }
        Ok(frames)
    }

    /// The macro of a functional group; the file itself where there is none.
    pub fn group(&self, sequence: Tag) -> Tags<'a> {
        let within = |groups: Option<Tags<'a>>| groups.and_then(|g| g.item(sequence));
        within(self.own).or_else(|| within(self.shared)).unwrap_or(self.file)
    }
}
