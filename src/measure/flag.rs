//! Remarks that stand beside a number: stable codes, one sentence each.

use std::borrow::Cow;

/// A remark beside a number: a stable code, with a value after a colon where it has one (`pieces:2`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flag(pub Cow<'static, str>);

impl Flag {
    /// `code:value`
    pub fn with(code: &Flag, value: impl std::fmt::Display) -> Self {
        Self(Cow::Owned(format!("{}:{value}", code.0)))
    }

    /// The code before the colon.
    pub fn code(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

macro_rules! flags {
    ($($name:ident = $code:literal, $about:literal;)*) => {
        $(#[doc = $about] pub const $name: Flag = Flag(Cow::Borrowed($code));)*
        /// Every flag code with its sentence.
        pub static FLAGS: &[(&str, &str)] = &[$(($code, $about)),*];
    };
}

flags! {
    AGGREGATION_SENSITIVE = "aggregation_sensitive", "The class differs between the volume fraction, the largest and the maximal section.";
    AXIAL_REFORMAT = "axial_reformat", "The stack is not axial within 15 degrees; rows are slices of an axial reformat.";
    BIAS_MATTERS = "bias_matters", "Taking off the coil's unevenness moved the ratio by this factor, more than 10 %.";
    BIAS_NOT_CORRECTED = "bias_not_corrected", "Too little tissue to find the coil's unevenness: the image was used as it is.";
    CANAL_IN_PART = "canal_in_part", "The canal is drawn on this share of the tumour's slices only.";
    CANAL_JOINED_CORD = "canal_joined_cord", "The canal was drawn without the cord, which was joined.";
    CANAL_ONE_SIDE = "canal_one_side", "The canal was found here with slices without tumour on one side only: its wall beside the tumour is theirs.";
    CHORD_LEAVES_OUTLINE = "chord_leaves_outline", "Less than 80 % of the longest diameter lies inside the outline.";
    CONTRAST_ENHANCED = "contrast_enhanced", "Contrast medium was given: densities of soft tissue are raised.";
    CONTRAST_UNKNOWN = "contrast_unknown", "Neither the image nor the study table says whether contrast was given.";
    CORD_FAR = "cord_far", "The cord that was compared begins this many mm from the tumour.";
    CORD_REF_NEAR = "cord_ref_near", "Cord that was marked as normal lies only this many mm from the tumour, less than 10.";
    CORD_IN_PART = "cord_in_part", "The cord is drawn on this share of the tumour's slices only.";
    COULD_BE = "could_be", "Parts of a DICOM file that could each be the structure: its name=their numbers, joined by |.";
    CYST_BY_CONTRAST = "cyst_by_contrast", "Neither cord nor fluid to compare with: cysts are what parts clearly from the rest of the tumour.";
    END_SLICE = "end_slice", "First or last slice of the outline: not used for the rim.";
    EXACTLY_HALF = "exactly_half", "The ossified fraction is exactly 0.5, read as not more than half.";
    FEASIBLE = "feasible", "The grades still possible, joined by |: where a side cannot be judged, or where the grade has a chance under 0.8.";
    FLUID_LEVEL = "fluid_level", "A cyst has a fluid level: what has settled in it is dark and counts as solid tumour here.";
    FRACTION_SOFT_HARD_DIFFER = "fraction_soft_hard_differ", "The fraction by partial-volume mixture and by plain threshold differ by more than 0.05.";
    GRADE_CHANCE = "grade_chance", "The chance of each grade by bootstrap over slices, grades under 0.01 left out.";
    HU_SCALE_SUSPECT = "hu_scale_suspect", "Fat (-120 to -80 HU) or muscle (40 to 75 HU) around the lesion is off: the image may not be in HU.";
    INTERIOR_THRESHOLD = "interior_threshold", "The interior's mineral threshold was raised to this many HU, above soft tissue with contrast medium.";
    KV_UNKNOWN = "kv_unknown", "Tube voltage unknown: thresholds of 120 kV were used.";
    LEVEL_INCONSISTENT = "level_inconsistent", "Level points are out of order along the spine (order) and not used, or name this vertebra at the lesion where the study table names another: then no slice has a level.";
    LEVEL_UNKNOWN = "level_unknown", "The vertebral level is not known.";
    LIKE_CORTEX = "like_cortex", "This share of the interior is bone no thicker than cortex, away from thicker bone: new bone or cortex that was left, so it is not counted.";
    LIKE_MARROW = "like_marrow", "This share of the interior is as dense as the marrow around: new bone or marrow that was left, so it is not counted.";
    METAL = "metal", "Metal in slices of the lesion: what lies near it (density.metal_margin_mm), and rays in its streaks, are not used.";
    NEEDS_READER = "needs_reader", "Near a limit between grades of cord compression: a radiologist must look.";
    PIECES = "pieces", "The outline has this many separate pieces.";
    RIM_NOT_SEEN = "rim_not_seen", "Coverage is above the limit, but no run of 10 mm stands on two neighbouring slices: read as no rim.";
    RIM_THINNER_THAN_BLUR = "rim_thinner_than_blur", "The rim looks no wider than the scanner's blur makes any rim: at most some 1.5 mm, the number is the floor.";
    SAC_IN_PART = "sac_in_part", "The thecal sac is drawn on this share of the tumour's slices only.";
    SECTION_CROSSES_HALF = "section_crosses_half", "The fractions with and without the rim fall on either side of one half.";
    SLICE_GT_3MM = "slice_gt_3mm", "Slices are more than 3 mm apart.";
    SLICE_GT_5MM = "slice_gt_5mm", "Slices are more than 5 mm apart: outside RECIST 1.1.";
    REFERENCE_ONE_SIDE = "reference_one_side", "The cord is compared with itself on one side of the tumour only.";
    SEGMENTED_HERE = "segmented_here", "Tumour, canal or cord were segmented from a box, a line or points, not outlined: a proposal until a reader accepts it.";
    SEGMENTATION_AREA_JUMP = "segmentation_area_jump", "The area of the segmentation changes by this share from one slice to the next, more than 60 %.";
    SEGMENTATION_BRIGHT = "segmentation_bright", "The segmentation is among the brightest tenth of its region, as fluid and fat are.";
    SEGMENTATION_UNSTABLE = "segmentation_unstable", "The least Dice of segmentations from prompts that are 1.5 to 2 mm off is under 0.90.";
    SEGMENTATION_VOLUME = "segmentation_volume", "The segmentation has this many times the volume of the prompt's ellipsoid, outside 0.3 to 1.6.";
    SEGMENTERS_DISAGREE = "segmenters_disagree", "The two methods of segmentation agree with a Dice under 0.85.";
    SEQUENCE = "sequence", "What is known of how the image was made, joined by |: echo and repetition time, fat suppression.";
    SINGLE_SLICE_SPIKE = "single_slice_spike", "The slice is more than 1.5 times as full as both of its neighbours.";
    SLICES_RESAMPLED = "slices_resampled", "Slices were uneven or stacked askew (gantry tilt): resampled linearly to an even, right-angled grid.";
    SMALL_AREA = "small_area", "Less than 100 mm2 of outline on this slice: not used for the rim.";
    THRESHOLD_SENSITIVE = "threshold_sensitive", "The grade changes between mineral thresholds of 150 and 250 HU.";
    TILTED_SURFACE = "tilted_surface", "The surface is too oblique to the slice over most of the outline.";
    WEIGHTING_UNKNOWN = "weighting_unknown", "Neither the image nor the study table says how it is weighted: taken for T2.";
    TOUCHES_BORDER = "touches_border", "The outline reaches the border of the image.";
}
