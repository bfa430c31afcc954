//! What the patients of the listed cohorts have on MR, before and after treatment.

use super::super::spec::HandSpec;
use super::super::stream::Source;
use super::level::LevelSpec;
use super::spec::{MagnetSpec, MrSpec};

/// The MR of a patient, before and after treatment.
pub struct MrPatient {
    /// Share of the canal that is tumour.
    pub canal_share: [f64; 2],
    /// Signal of the solid tumour over that of the cord.
    pub si_ratio: [f64; 2],
    /// Largest diameter of the cyst, mm; 0: none.
    pub cyst_mm: [f64; 2],
    /// Share of the cyst that is bright, from front to back; 1: nothing has settled in it.
    pub bright: [f64; 2],
    /// Size of the cord at rest.
    pub cord_scale: f64,
}

const fn mr(canal_share: [f64; 2], si_ratio: [f64; 2], cyst_mm: [f64; 2], cord_scale: f64) -> Option<MrPatient> {
    Some(MrPatient { canal_share, si_ratio, cyst_mm, bright: [1.0; 2], cord_scale })
}

/// A patient with blood in the cyst.
const fn bled(si_ratio: [f64; 2], cyst_mm: [f64; 2], bright: [f64; 2]) -> Option<MrPatient> {
    Some(MrPatient { canal_share: [0.3, 0.15], si_ratio, cyst_mm, bright, cord_scale: 1.0 })
}

const NO_CYST: [f64; 2] = [0.0; 2];

/// In the order of the cohort `demo`.
pub static DEMO: &[Option<MrPatient>] = &[
    mr([0.52, 0.24], [0.81, 0.52], NO_CYST, 1.15),
    mr([0.30, 0.15], [0.95, 0.70], NO_CYST, 1.0),
    mr([0.42, 0.27], [0.66, 0.48], [13.5, 8.2], 1.0),
    mr([0.68, 0.31], [0.88, 0.84], NO_CYST, 1.1),
];

/// In the order of the cohorts `compact` and `irregular`.
pub static FAMILY: &[Option<MrPatient>] = &[
    mr([0.35, 0.20], [0.80, 0.62], NO_CYST, 1.0),
    mr([0.22, 0.12], [0.95, 0.70], [9.0, 7.0], 1.0),
    mr([0.12, 0.08], [0.70, 0.75], NO_CYST, 1.1),
    mr([0.55, 0.30], [0.62, 0.45], NO_CYST, 1.0),
    mr([0.28, 0.15], [1.10, 0.80], [12.0, 12.5], 1.0),
    mr([0.40, 0.25], [0.55, 0.40], NO_CYST, 0.9),
    mr([0.18, 0.10], [0.85, 0.60], NO_CYST, 1.0),
    mr([0.08, 0.05], [0.76, 0.66], NO_CYST, 1.0),
    mr([0.45, 0.22], [0.90, 0.72], [7.5, 0.0], 1.1),
    mr([0.62, 0.38], [0.68, 0.50], NO_CYST, 1.2),
    mr([0.33, 0.28], [0.50, 0.58], NO_CYST, 1.0),
    mr([0.25, 0.14], [0.74, 0.48], [10.5, 8.5], 1.0),
];

/// In the order of the cohort `levels`.
pub static LEVELS: &[Option<MrPatient>] = &[
    bled([0.80, 0.62], [20.0, 17.0], [0.50, 0.60]),
    bled([0.95, 0.70], [14.0, 12.5], [0.40, 0.55]),
    bled([0.70, 0.75], [12.0, 11.0], [0.50, 0.70]),
    bled([0.62, 0.45], [18.5, 15.0], [0.65, 0.35]),
    bled([1.10, 0.80], [22.0, 24.0], [0.45, 0.30]),
    bled([0.55, 0.40], [16.0, 13.0], [0.55, 0.50]),
    bled([0.85, 0.60], [15.0, 15.5], [0.70, 0.40]),
    bled([0.76, 0.66], [13.5, 12.0], [0.60, 0.45]),
    bled([0.90, 0.72], [12.5, 10.5], [0.35, 0.65]),
    bled([0.68, 0.50], [21.0, 19.0], [0.75, 0.55]),
    bled([0.50, 0.58], [17.5, 16.5], [0.30, 0.50]),
    bled([0.74, 0.48], [14.5, 11.5], [0.50, 0.45]),
];

/// In the order of the cohort `yuan24`: 20 of 24 have MR, those whose lesion lies above the end of the cord.
///
/// As in table 1 of Yuan et al. 2022, shares have the means 36.8 and 18.5 % (SD 23.8, 11.9; t 6.738), ratios 0.77 and
/// 0.58 (SD 0.22, 0.22; t 3.755), nine cysts 13.1 and 12.0 mm (SD 6.4, 9.6; t 0.458), and six cords are compressed before
/// treatment, three after.
pub static YUAN24: &[Option<MrPatient>] = &[
    None,
    mr([0.060, 0.042], [0.916, 0.523], NO_CYST, 1.0),
    mr([0.579, 0.292], [0.768, 0.544], NO_CYST, 1.0),
    mr([0.636, 0.308], [0.698, 0.487], [10.3, 8.2], 1.15),
    mr([0.683, 0.344], [1.139, 0.859], [12.1, 13.2], 1.55),
    None,
    mr([0.098, 0.033], [0.559, 0.597], NO_CYST, 1.0),
    mr([0.408, 0.198], [0.852, 0.724], NO_CYST, 0.9),
    mr([0.364, 0.170], [0.444, 0.401], NO_CYST, 0.9),
    mr([0.771, 0.384], [0.909, 0.953], [27.8, 34.1], 1.55),
    mr([0.147, 0.107], [0.736, 0.665], NO_CYST, 1.0),
    mr([0.113, 0.071], [0.469, 0.295], [9.6, 7.5], 1.0),
    mr([0.126, 0.064], [1.104, 0.665], NO_CYST, 1.0),
    mr([0.392, 0.212], [0.678, 0.470], [7.1, 9.5], 0.9),
    mr([0.326, 0.185], [0.908, 1.008], NO_CYST, 1.0),
    mr([0.179, 0.065], [0.915, 0.273], NO_CYST, 1.0),
    None,
    mr([0.143, 0.064], [0.696, 0.276], NO_CYST, 1.0),
    mr([0.486, 0.269], [0.533, 0.572], [11.5, 18.3], 0.75),
    mr([0.602, 0.319], [1.164, 0.564], NO_CYST, 1.0),
    None,
    mr([0.293, 0.147], [0.760, 0.899], [16.1, 9.0], 1.0),
    mr([0.186, 0.068], [0.443, 0.423], [7.2, 8.2], 1.0),
    mr([0.768, 0.358], [0.708, 0.402], [16.0, 0.0], 1.55),
];

impl MrPatient {
    /// An exam before (0) or after (1); what the table leaves open is drawn from the patient's own stream.
    pub fn exam(&self, source: &Source, timepoint: &str, k: usize) -> MrSpec {
        let mut magnet = source.stream(&format!("{timepoint}/magnet"));
        MrSpec {
            canal_share: self.canal_share[k],
            si_ratio: self.si_ratio[k],
            cyst_mm: self.cyst_mm[k],
            level: (self.bright[k] < 1.0).then(|| LevelSpec::drawn(source, timepoint, self.bright[k])),
            cord_scale: self.cord_scale,
            magnet: MagnetSpec {
                thickness_mm: 3.0,
                step_mm: 3.8,
                spread_mm: 0.4,
                cord_signal: magnet.between(280.0, 480.0),
                noise: magnet.between(0.03, 0.08),
                bias: 0.1,
                te_ms: 100.0,
                tr_ms: 3500.0,
            },
            hand: HandSpec { bias_mm: 0.0, stray_mm: 0.3, along_mm: 8.0, across_mm: 4.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: fn(&MrPatient) -> [f64; 2]) -> Vec<[f64; 2]> {
        YUAN24.iter().flatten().map(value).collect()
    }

    fn mean_sd(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        [mean, (values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt()]
    }

    /// Mean and SD before and after, and t of the change.
    fn table(pairs: &[[f64; 2]]) -> [f64; 5] {
        let [m0, s0] = mean_sd(pairs.iter().map(|p| p[0]));
        let [m1, s1] = mean_sd(pairs.iter().map(|p| p[1]));
        let [md, sd] = mean_sd(pairs.iter().map(|p| p[0] - p[1]));
        [m0, s0, m1, s1, md * (pairs.len() as f64).sqrt() / sd]
    }

    fn near(found: [f64; 5], wanted: [f64; 5], tolerance: [f64; 5]) {
        assert!((0..5).all(|i| (found[i] - wanted[i]).abs() <= tolerance[i]), "{found:?}");
    }

    #[test]
    fn yuan24_has_the_papers_table_on_mr() {
        let shares = of(|p| p.canal_share);
        assert_eq!(shares.len(), 20);
        near(table(&shares), [0.368, 0.238, 0.185, 0.119, 6.738], [5e-4, 5e-4, 5e-4, 5e-4, 2e-3]);
        near(table(&of(|p| p.si_ratio)), [0.77, 0.22, 0.58, 0.22, 3.754], [5e-3, 5e-3, 5e-3, 5e-3, 2e-3]);
        let cysts: Vec<_> = of(|p| p.cyst_mm).into_iter().filter(|c| c[0] > 0.0).collect();
        assert_eq!(cysts.len(), 9);
        near(table(&cysts), [13.1, 6.4, 12.0, 9.6, 0.458], [0.05, 0.05, 0.05, 0.05, 2e-3]);
    }
}
