//! The run lengths of one frame, in an image of two slices that is else whole.

#![no_main]

use dicom_core::value::{DataSetSequence, PixelFragmentSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{file, read_image};

fn text(tag: Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn nested(tag: Tag, items: Vec<Vec<InMemElement>>) -> InMemElement {
    let items = items.into_iter().map(InMemDicomObject::from_element_iter).collect::<Vec<_>>();
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

/// An enhanced image of two frames of 16 x 16 words, both of these run lengths.
fn image(frame: &[u8]) -> Vec<u8> {
    let place =
        |z| vec![nested(tags::PLANE_POSITION_SEQUENCE, vec![vec![text(tags::IMAGE_POSITION_PATIENT, VR::DS, z)]])];
    let shared = vec![
        nested(
            tags::PLANE_ORIENTATION_SEQUENCE,
            vec![vec![text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, r"1\0\0\0\1\0")]],
        ),
        nested(tags::PIXEL_MEASURES_SEQUENCE, vec![vec![text(tags::PIXEL_SPACING, VR::DS, r"1\1")]]),
    ];
    let numbers = [(tags::ROWS, 16_u16), (tags::COLUMNS, 16), (tags::BITS_ALLOCATED, 16), (tags::BITS_STORED, 16)];
    let more = [(tags::HIGH_BIT, 15_u16), (tags::PIXEL_REPRESENTATION, 0)];
    let mut frame = frame.to_vec();
    frame.resize(frame.len().next_multiple_of(2), 0);
    let fragments: PixelFragmentSequence<Vec<u8>> = PixelFragmentSequence::new_fragments(vec![frame; 2]);
    let mut elements = vec![
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::NUMBER_OF_FRAMES, VR::IS, "2"),
        nested(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
        nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![place(r"0\0\0"), place(r"0\0\3")]),
        DataElement::new(tags::PIXEL_DATA, VR::OB, fragments),
    ];
    elements
        .extend(numbers.into_iter().chain(more).map(|(tag, n)| DataElement::new(tag, VR::US, PrimitiveValue::from(n))));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.5")
        .media_storage_sop_class_uid("2.25.9")
        .media_storage_sop_instance_uid("2.25.1");
    let mut bytes = Vec::new();
    let object = InMemDicomObject::from_element_iter(elements).with_meta(meta).expect("the meta table is complete");
    object.write_all(&mut bytes).expect("memory takes what is written");
    bytes
}

fuzz_target!(|frame: &[u8]| read_image(&file("i.dcm", &image(frame))));
