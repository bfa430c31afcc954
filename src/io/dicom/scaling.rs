//! Whether the pixels of a Philips MR image are a window that somebody saved, with nothing left to tell it by.
//!
//! A ratio of two signals of an image outlives a factor, but no offset and no clipping, which a window has. What a scanner of
//! that maker exports has 12 bits, a rescale slope, and its own scale slope beside; a workstation that writes what it shows
//! keeps none of them (method.md 4).

use super::header::{Frame, Tags};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Philips' scale slope, from stored to reconstructed values.
const SCALE_SLOPE: Tag = Tag(0x2005, 0x100e);
/// The private sequence that holds it for each frame of an enhanced image.
const OF_FRAME: Tag = Tag(0x2005, 0x140f);
/// What is shown on a screen has so many bits; what is measured has more.
const SHOWN_BITS: f64 = 8.0;

/// Whether the scale is lost.
pub fn is_lost(frame: &Frame<'_>) -> bool {
    let file = frame.file;
    let is_philips_mr =
        file.text(tags::MODALITY) == "MR" && file.text(tags::MANUFACTURER).to_lowercase().contains("philips");
    is_philips_mr && is_window(frame) && !has_scale(frame)
}

/// Few bits, or an image made of another.
fn is_window(frame: &Frame<'_>) -> bool {
    let few = |tag| frame.file.number(tag).is_some_and(|bits| bits <= SHOWN_BITS);
    let is_copy = frame.file.text(tags::IMAGE_TYPE).starts_with(r"DERIVED\SECONDARY");
    few(tags::BITS_STORED) || few(tags::BITS_ALLOCATED) || is_copy
}

/// Whether something leads from stored values to signals: a private slope, a mapping to real world values, or a rescale that
/// changes something. One of 1 and 0 is what writers put where they know nothing.
fn has_scale(frame: &Frame<'_>) -> bool {
    let real_world = tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE;
    let mapped = frame.group(real_world).has(tags::REAL_WORLD_VALUE_SLOPE) || frame.file.item(real_world).is_some();
    let stated = |tag, of: f64| rescale(frame).number(tag).is_some_and(|value| value != of);
    let changes = stated(tags::RESCALE_SLOPE, 1.0) || stated(tags::RESCALE_INTERCEPT, 0.0);
    frame.file.has(SCALE_SLOPE) || frame.group(OF_FRAME).has(SCALE_SLOPE) || mapped || changes
}

fn rescale<'a>(frame: &Frame<'a>) -> Tags<'a> {
    frame.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::io::acquisition::Acquisition;
    use crate::io::dicom::write::{Series, encode_slice};
    use crate::io::image;
    use crate::io::image_tests_support::Folder;
    use crate::volume::Volume;
    use dicom_core::value::{DataSetSequence, PrimitiveValue};
    use dicom_core::{DataElement, VR};
    use dicom_object::InMemDicomObject;

    /// Two slices of a phantom's MR, their headers altered.
    fn lost(alter: impl Fn(&mut InMemDicomObject)) -> bool {
        let mr = || Acquisition { modality: Some("MR".into()), ..Acquisition::default() };
        let uid = || "2.25.1".to_owned();
        let (study_uid, series_uid, frame_uid) = (uid(), uid(), uid());
        let series = Series {
            patient: "P".into(),
            study_uid,
            series_uid,
            frame_uid,
            description: "T2".into(),
            acquisition: mr(),
        };
        let volume = Volume::from_fn(Geometry::upright([4, 3, 2], [1.0, 1.0, 3.0]), |[x, y, z]| (x + y + z) as i16);
        let folder = Folder::new();
        for z in 0..2 {
            let bytes = encode_slice(&series, &volume, z, &format!("2.25.{z}"));
            let mut object = dicom_object::from_reader(&bytes[..]).unwrap();
            alter(&mut object);
            let mut altered = Vec::new();
            object.write_all(&mut altered).unwrap();
            folder.file(&z.to_string(), &altered);
        }
        image::open(folder.path(), None).unwrap().acquisition().scaling_lost
    }

    fn both(object: &mut InMemDicomObject, one: fn(&mut InMemDicomObject), other: impl Fn(&mut InMemDicomObject)) {
        one(object);
        other(object);
    }

    fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }

    /// A window saved with 12 bits by a workstation.
    fn saved(object: &mut InMemDicomObject) {
        text(object, tags::MANUFACTURER, VR::LO, "Philips Medical Systems");
        text(object, tags::IMAGE_TYPE, VR::CS, r"DERIVED\SECONDARY");
    }

    /// The same with values of 8 bits and the rescale that means nothing.
    fn saved_in_8_bits(object: &mut InMemDicomObject) {
        text(object, tags::MANUFACTURER, VR::LO, "PHILIPS HEALTHCARE");
        text(object, tags::RESCALE_SLOPE, VR::DS, "1");
        text(object, tags::RESCALE_INTERCEPT, VR::DS, "0");
        for (tag, bits) in [(tags::BITS_STORED, 8_u16), (tags::HIGH_BIT, 7)] {
            object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(bits)));
        }
    }

    #[test]
    fn a_saved_window_has_lost_its_scale() {
        assert!(lost(saved));
        assert!(lost(saved_in_8_bits));
    }

    #[test]
    fn what_still_leads_to_signals_is_kept() {
        assert!(!lost(|_| {}), "the phantom's own");
        let slope = |object: &mut InMemDicomObject| {
            object.put(DataElement::new(SCALE_SLOPE, VR::FL, PrimitiveValue::from(0.0123_f32)));
        };
        let mapped = |object: &mut InMemDicomObject| {
            let mut item = InMemDicomObject::new_empty();
            item.put(DataElement::new(tags::REAL_WORLD_VALUE_SLOPE, VR::FD, PrimitiveValue::from(2.0)));
            let items = DataSetSequence::from(vec![item]);
            object.put(DataElement::new(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, VR::SQ, items));
        };
        for window in [saved as fn(&mut InMemDicomObject), saved_in_8_bits] {
            assert!(!lost(|object| both(object, window, slope)), "the private slope");
            assert!(!lost(|object| both(object, window, mapped)), "real world values");
            let rescaled = |object: &mut _| text(object, tags::RESCALE_SLOPE, VR::DS, "3.5");
            assert!(!lost(|object| both(object, window, rescaled)), "a rescale");
            let siemens = |object: &mut _| text(object, tags::MANUFACTURER, VR::LO, "SIEMENS");
            assert!(!lost(|object| both(object, window, siemens)), "another maker");
        }
    }

    #[test]
    fn an_untouched_export_is_never_hit() {
        let original = |rescale: &'static [(Tag, &'static str)]| {
            lost(move |object| {
                text(object, tags::MANUFACTURER, VR::LO, "Philips");
                rescale.iter().for_each(|(tag, value)| text(object, *tag, VR::DS, value));
            })
        };
        assert!(!original(&[(tags::RESCALE_SLOPE, "1"), (tags::RESCALE_INTERCEPT, "0")]), "private elements taken out");
        assert!(!original(&[]), "an original of 12 bits, whatever was taken out");
    }
}
