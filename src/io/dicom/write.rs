//! CT and MR slices as DICOM files: explicit little endian, 12 bits stored in 16, as a scanner writes them.

use crate::io::acquisition::Acquisition;
use crate::volume::Volume;
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

/// CT Image Storage and MR Image Storage.
const IMAGE_STORAGE: [&str; 2] = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"];
const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
/// Stored value 0 of CT, HU. MR stores what it shows.
const INTERCEPT_HU: i16 = -1024;
/// Largest stored value.
const LARGEST: i32 = 4095;

/// What the slices of one series share: of MR if its acquisition says so, else of CT.
#[derive(Clone, Debug)]
pub struct Series {
    /// Pseudonym: PatientID and PatientName.
    pub patient: String,
    /// StudyInstanceUID.
    pub study_uid: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// FrameOfReferenceUID.
    pub frame_uid: String,
    /// SeriesDescription.
    pub description: String,
    /// How it was acquired.
    pub acquisition: Acquisition,
}

impl Series {
    fn is_mr(&self) -> bool {
        self.acquisition.modality.as_deref() == Some("MR")
    }

    fn storage(&self) -> &'static str {
        IMAGE_STORAGE[usize::from(self.is_mr())]
    }

    /// What stored value 0 stands for.
    fn intercept(&self) -> i16 {
        if self.is_mr() { 0 } else { INTERCEPT_HU }
    }
}

/// One slice of a volume as a DICOM file; values beyond -1024 and 3071 HU, on MR 0 and 4095, are cut.
pub fn encode_slice(series: &Series, volume: &Volume<i16>, slice: usize, instance_uid: &str) -> Vec<u8> {
    let mut object = InMemDicomObject::new_empty();
    for (tag, vr, value) in
        identity(series, instance_uid).into_iter().chain(place(volume, slice)).chain(meaning(series))
    {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    for (tag, value) in layout(volume) {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels(series, volume, slice).into())));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(EXPLICIT_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(series.storage())
        .media_storage_sop_instance_uid(instance_uid);
    let mut bytes = Vec::new();
    let file = object.with_meta(meta).expect("the meta table has every element it must have");
    file.write_all(&mut bytes).expect("memory takes what is written and every value is encoded already");
    bytes
}

/// Who, what and how: the text elements that do not depend on the slice's place.
fn identity(series: &Series, instance_uid: &str) -> Vec<(Tag, VR, String)> {
    let how = &series.acquisition;
    let mut all = vec![
        (tags::SOP_CLASS_UID, VR::UI, series.storage().into()),
        (tags::SOP_INSTANCE_UID, VR::UI, instance_uid.into()),
        (tags::STUDY_INSTANCE_UID, VR::UI, series.study_uid.clone()),
        (tags::SERIES_INSTANCE_UID, VR::UI, series.series_uid.clone()),
        (tags::FRAME_OF_REFERENCE_UID, VR::UI, series.frame_uid.clone()),
        (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL".into()),
        (tags::MODALITY, VR::CS, if series.is_mr() { "MR" } else { "CT" }.into()),
        (tags::MANUFACTURER, VR::LO, "OSTEON PHANTOM".into()),
        (tags::SERIES_DESCRIPTION, VR::LO, series.description.clone()),
        (tags::PATIENT_NAME, VR::PN, series.patient.clone()),
        (tags::PATIENT_ID, VR::LO, series.patient.clone()),
        (tags::PATIENT_POSITION, VR::CS, "HFS".into()),
        (tags::SERIES_NUMBER, VR::IS, "1".into()),
    ];
    let numbers = [
        (tags::KVP, how.kvp),
        (tags::SLICE_THICKNESS, how.thickness_mm),
        (tags::ECHO_TIME, how.te_ms),
        (tags::REPETITION_TIME, how.tr_ms),
    ];
    all.extend(numbers.into_iter().filter_map(|(tag, v)| v.map(|v| (tag, VR::DS, decimal(v)))));
    // The agent's own name is nobody's here; that there was one is what readers look for.
    all.extend((how.contrast == Some(true)).then(|| (tags::CONTRAST_BOLUS_AGENT, VR::LO, "CONTRAST".into())));
    all.extend(how.kernel.iter().map(|k| (tags::CONVOLUTION_KERNEL, VR::SH, k.clone())));
    all
}

/// Where the slice lies. Instances count from the top downwards, as scanners number them.
fn place(volume: &Volume<i16>, slice: usize) -> Vec<(Tag, VR, String)> {
    let grid = volume.geometry();
    let corner = grid.to_patient([0.0, 0.0, slice as f64]);
    let directions: Vec<f64> = grid.axes[0].into_iter().chain(grid.axes[1]).collect();
    vec![
        (tags::INSTANCE_NUMBER, VR::IS, (grid.dims[2] - slice).to_string()),
        (tags::IMAGE_POSITION_PATIENT, VR::DS, decimals(&corner)),
        (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, decimals(&directions)),
        (tags::PIXEL_SPACING, VR::DS, decimals(&[grid.spacing[1], grid.spacing[0]])),
        (tags::SLICE_LOCATION, VR::DS, decimal(corner[2])),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2".into()),
    ]
}

/// What stored values mean, and what only scanners of that modality say.
fn meaning(series: &Series) -> Vec<(Tag, VR, String)> {
    if series.is_mr() {
        let text = |tag, text: &str| (tag, VR::CS, text.into());
        let scanned =
            [(tags::SCANNING_SEQUENCE, "SE"), (tags::SEQUENCE_VARIANT, "SK"), (tags::MR_ACQUISITION_TYPE, "2D")];
        return scanned.into_iter().map(|(tag, what)| text(tag, what)).collect();
    }
    vec![
        (tags::GANTRY_DETECTOR_TILT, VR::DS, "0".into()),
        (tags::RESCALE_INTERCEPT, VR::DS, INTERCEPT_HU.to_string()),
        (tags::RESCALE_SLOPE, VR::DS, "1".into()),
        (tags::RESCALE_TYPE, VR::LO, "HU".into()),
    ]
}

fn layout(volume: &Volume<i16>) -> [(Tag, u16); 7] {
    let [columns, rows, _] = volume.geometry().dims;
    [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, rows as u16),
        (tags::COLUMNS, columns as u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ]
}

fn pixels(series: &Series, volume: &Volume<i16>, slice: usize) -> Vec<u16> {
    let stored = |value: &i16| (i32::from(*value) - i32::from(series.intercept())).clamp(0, LARGEST) as u16;
    volume.plane(slice).iter().map(stored).collect()
}

/// A DICOM decimal string: at most 16 characters.
fn decimal(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn decimals(values: &[f64]) -> String {
    values.iter().map(|&v| decimal(v)).collect::<Vec<_>>().join("\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    #[test]
    fn a_slice_reads_back() {
        let mut grid = Geometry::upright([4, 3, 2], [0.625, 0.625, 3.0]);
        grid.origin = [-80.125, 12.5, -301.001];
        let volume = Volume::from_fn(grid, |[x, y, z]| [-2000, -1000, 0, 4000][x] + (10 * y + z) as i16);
        let series = Series {
            patient: "OSTEON-PHANTOM-01".into(),
            study_uid: "2.25.1".into(),
            series_uid: "2.25.2".into(),
            frame_uid: "2.25.3".into(),
            description: "CT".into(),
            acquisition: Acquisition { kvp: Some(120.0), thickness_mm: Some(3.0), ..Acquisition::default() },
        };
        let bytes = encode_slice(&series, &volume, 1, "2.25.4");
        let object = dicom_object::from_reader(&bytes[..]).unwrap();
        let number = |tag| object.element(tag).unwrap().to_multi_float64().unwrap();
        assert_eq!(number(tags::IMAGE_POSITION_PATIENT), [-80.125, 12.5, -298.001]);
        assert_eq!(number(tags::KVP), [120.0]);
        let stored = object.element(tags::PIXEL_DATA).unwrap().value().to_multi_int::<u16>().unwrap();
        assert_eq!(stored[..8], [0, 25, 1025, 4095, 0, 35, 1035, 4095]);
    }

    #[test]
    fn decimals_are_short_and_plain() {
        assert_eq!(decimals(&[0.625, -0.0, -301.001, 3.0]), "0.625\\0\\-301.001\\3");
    }
}
