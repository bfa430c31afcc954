//! Why a number is not given: stable codes, what each means, what to do, and which measures it takes away.

pub use crate::io::fault::Reason;
use crate::io::fault::reasons;
use std::borrow::Cow;

/// A reason with the particulars of one exam.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {}", reason.code, detail)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// Figures that explain it, for logs and pictures; may be empty.
    pub detail: Cow<'static, str>,
    /// Where a class is still partly known: the flags that say so (`feasible:2b|3`).
    pub flags: Vec<super::Flag>,
}

impl Refusal {
    /// A refusal with its particulars.
    pub fn of(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into(), flags: Vec::new() }
    }

    /// The same with a flag.
    pub fn flagged(mut self, flag: super::Flag) -> Self {
        self.flags.push(flag);
        self
    }
}

reasons! {
    /// Every reason a measure may be refused for.
    REASONS:
    BELOW_CONUS = "below_conus", "The cord ends above the lowest slice of the tumour.", "where that is the conus, see sac_area_loss; else draw the cord along the whole tumour";
    CANAL_EXCLUDES_TUMOUR = "canal_excludes_tumour", "The canal was drawn without the tumour in it: they touch and do not overlap.", "name what has grown in too, as in canal=FILE:1,2,3";
    CANAL_WALL_GONE_BOTH_SIDES = "canal_wall_gone_both_sides", "The canal was to be found from points, and no slice shows it without tumour.", "set points a slice or more below and above the tumour, or draw the canal";
    CORD_NOT_SEGMENTED = "cord_not_segmented", "There is no cord on the slices of the tumour.", "draw the cord: cord=FILE";
    CORD_ABNORMAL = "cord_abnormal", "The cord beyond the tumour is not of one brightness: its slices differ by half.", "look for oedema or flow; draw the cord where it is normal";
    CORD_REF_UNUSABLE = "cord_ref_unusable", "The places that are marked as normal cord leave fewer than three slices with 15 mm2 of it.", "set cord_ref in the middle of the cord, off the tumour";
    HAEMORRHAGIC_T2_DARK = "haemorrhagic_t2_dark", "A cyst has a fluid level: behind its bright fluid lies blood as dark as tumour, whose border is not known.", "draw the cysts whole: cyst=FILE";
    MASK_AMBIGUOUS = "mask_ambiguous", "Several parts of a DICOM file could be the structure.", "pick one by its number as name=FILE:NUMBER";
    MASK_EMPTY = "mask_empty", "An outline that is named has no voxel in the image.", "draw it, or check its label numbers";
    MASK_MISSING = "mask_missing", "A structure that is needed is not in the study table.", "draw it and name it, as in tumour=FILE or canal=FILE";
    NO_CANAL_AT_LEVEL = "no_canal_at_level", "The canal is not drawn on any slice of the tumour.", "draw the canal along the whole tumour";
    NO_CORD_IN_FOV = "no_cord_in_fov", "There is no cord on three slices 10 mm or more beyond the tumour.", "draw the cord; use a series that shows it";
    NO_CORD_REFERENCE = "no_cord_reference", "Neither above nor below are there two slices with cord 10 to 30 mm beyond the tumour.", "draw the cord 30 mm beyond the tumour";
    NO_FLUID = "no_fluid", "No fluid in the canal is known to compare with, or it is no brighter than the cord.", "draw canal and cord beyond the tumour too; use a series that shows more of them";
    NO_SAC_REFERENCE = "no_sac_reference", "Neither above nor below are there two slices with the thecal sac 10 to 30 mm beyond the tumour.", "draw the sac 30 mm beyond the tumour";
    NO_SOLID_COMPONENT = "no_solid_component", "No slice has 50 mm2 of solid tumour.", "none where it is all cyst; else check the outline";
    NO_T2 = "no_t2", "The image is not T2-weighted.", "use a T2-weighted series, or correct weighting in the study table";
    OUTLINE_GIVEN = "outline_given", "The tumour was outlined: nothing was segmented here.", "none";
    POST_LAMINECTOMY = "post_laminectomy", "Canal or sac were found from points, and their back wall was taken away in an operation.", "draw them: canal=FILE, sac=FILE";
    SCALING_LOST = "scaling_lost", "The pixels are a saved window of a Philips image without its scale: their ratio is not that of the signals.", "export the original series from the scanner or archive";
    SEGMENTATION_EMPTY = "segmentation_empty", "Nothing in the image fits the prompt of the tumour.", "check the box or line, or outline the tumour";
    SEGMENTATION_LEAKS = "segmentation_leaks", "What was segmented runs out of the region of its prompt.", "draw the box closer, add points fg and bg, or outline the tumour";
    SAC_NOT_DRAWN = "sac_not_drawn", "No thecal sac is drawn: it stands in for the cord below its end.", "none where the cord is shown along the tumour; else draw the sac: sac=FILE";
    SAC_NOT_SEGMENTED = "sac_not_segmented", "There is no thecal sac on the slices of the tumour.", "draw the sac below the cord: sac=FILE";
    SAG_ONLY = "sag_only", "The slices lie more than 2 mm apart along the patient's left-right axis: a sagittal stack.", "use an axial series";
    SNR_LT_5 = "snr_lt_5", "The cord is less than five times as bright as the noise.", "use another series";
    TUMOUR_PROPOSED = "tumour_proposed", "The tumour was segmented here: in the canal it is not told well enough from cord and fluid.", "look at its mask in masks/, correct it, and name it as tumour=FILE; for the canal's share points along the canal are enough";
    WEIGHTING_MISMATCH = "weighting_mismatch", "The image is not T2-weighted.", "use a T2-weighted series, or correct weighting in the study table";
    BELOW_2_PIXELS = "below_2_pixels", "The outline is narrower than two pixels on every slice.", "draw the outline on a finer grid";
    CONTRAST_TOO_DENSE = "contrast_too_dense", "Contrast medium makes the lesion's own tissue too dense to be told from bone.", "use the series without contrast; if none was given, say so in the study table";
    EVALUABLE_PERIMETER_LT_50PCT = "evaluable_perimeter_lt_50pct", "Less than half of the outline's length can be judged for a rim.", "look at the pictures in qc/; thinner slices or another series may help";
    FOV_TRUNCATED = "fov_truncated", "The outline reaches the border of the image.", "use a series that shows the whole lesion";
    HU_SCALE_SUSPECT = "hu_scale_suspect", "Fat and muscle around the lesion are far from their densities: the image is not in HU.", "export the series anew; check its rescale slope and intercept";
    INTERIOR_LIKE_MARROW = "interior_like_marrow", "The class of the interior hangs on tissue as dense as the marrow around: new bone, or marrow inside the outline.", "check the outline; compare with the baseline";
    INTERIOR_NE = "interior_ne", "The interior could not be judged.", "see ossified_fraction of the same exam";
    METAL = "metal", "Metal and its streaks take more than half of the outline's length, or of the interior.", "use a reconstruction with metal artefact reduction, or a series from before the operation";
    INTERIOR_OSSIFIED_NATIVE_CONTACT = "interior_ossified_native_contact", "Bone of one density lies on both sides of the outline: no rim can be told from it.", "check the outline; compare with the baseline";
    NATIVE_BONE_GT_50PCT = "native_bone_gt_50pct", "More than half of the interior is native bone.", "check the outline";
    NO_RIM = "no_rim", "There is no rim to measure.", "none";
    NO_RESCALE = "no_rescale", "The series has no rescale to HU.", "export the series with RescaleSlope and RescaleIntercept";
    RIM_NE = "rim_ne", "The rim could not be judged.", "see rim_coverage of the same exam";
    SLICE_GT_5MM = "slice_gt_5mm", "Slices are more than 5 mm apart.", "use a thinner reconstruction";
    TOO_FEW_SLICES = "too_few_slices", "Fewer than three slices can be judged for a rim.", "use a thinner reconstruction";
    ZONE_LT_200MM2 = "zone_lt_200mm2", "Less than 200 mm2 lie deeper than the peel.", "none: the lesion is too small for an interior";
}
