//! A stretch of spine in soft tissue, as a function of place in the vertebra's own frame (LPS about the body's centre).

use super::spec::BoneSpec;
use super::tissue::Tissue;
use crate::geometry::Vec3;

/// Sizes of a vertebra, mm.
#[derive(Clone, Copy, Debug)]
pub struct Proportions {
    /// Half widths of the body along x and y.
    pub body: [f64; 2],
    /// Height of the body.
    pub height: f64,
    /// Height of the disc.
    pub disc: f64,
    /// Half widths of the canal along x and y.
    pub canal: [f64; 2],
    /// What lies to the sides and in front.
    pub region: Region,
}

/// Stretch of the spine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Neck.
    Cervical,
    /// Chest.
    Thoracic,
    /// Loins.
    Lumbar,
}

/// Sizes of the vertebra of a level such as `T4`: textbook adult means, linear along each region.
pub fn proportions(level: &str) -> Proportions {
    let number: f64 = level.get(1..).and_then(|n| n.parse().ok()).unwrap_or(3.0);
    match level.as_bytes().first() {
        Some(b'C') => {
            let (body, canal) = ([9.0 + 0.3 * number, 8.0], [12.0, 7.5]);
            Proportions { body, height: 14.0, disc: 5.0, canal, region: Region::Cervical }
        }
        Some(b'L') => {
            let (body, canal) = ([21.0 + number, 17.0], [11.5, 8.5]);
            Proportions { body, height: 27.0, disc: 9.0, canal, region: Region::Lumbar }
        }
        _ => {
            let (body, canal) = ([13.0 + 0.6 * number, 10.0 + 0.5 * number], [8.5, 7.8]);
            Proportions { body, height: 17.0 + 0.6 * number, disc: 5.0, canal, region: Region::Thoracic }
        }
    }
}

/// Thickness of the lamina, mm.
const LAMINA_MM: f64 = 5.0;
/// How deep the endplates are hollowed, mm.
const HOLLOW_MM: f64 = 1.3;

/// The patient without the lesion.
#[derive(Clone, Debug)]
pub struct Anatomy {
    size: Proportions,
    cortex_mm: f64,
    endplate_mm: f64,
    canal_y: f64,
}

impl Anatomy {
    /// The spine about the vertebra of a level.
    pub fn new(level: &str, bone: &BoneSpec) -> Self {
        let size = proportions(level);
        let canal_y = size.body[1] + 0.85 * size.canal[1];
        Self { size, cortex_mm: bone.cortex_mm, endplate_mm: bone.endplate_mm, canal_y }
    }

    /// Sizes of the vertebra.
    pub fn size(&self) -> &Proportions {
        &self.size
    }

    /// Centre of the canal behind the body, mm.
    pub fn canal_y(&self) -> f64 {
        self.canal_y
    }

    /// Depth in the canal, first order, mm; negative outside.
    pub fn canal_depth_mm(&self, [x, y, _]: Vec3) -> f64 {
        ellipse_depth_mm([x, y - self.canal_y], self.size.canal)
    }

    /// From one vertebra to the next, mm.
    pub fn pitch_mm(&self) -> f64 {
        self.size.height + self.size.disc
    }

    /// What is at a point of the vertebra's frame.
    pub fn tissue(&self, [x, y, z]: Vec3) -> Tissue {
        let pitch = self.pitch_mm();
        let z = z - libm::round(z / pitch) * pitch;
        let near_spine = x.abs() < 52.0 && y > -1.3 * self.size.body[1] && y < self.canal_y + 48.0;
        let bone = if near_spine { self.spine([x, y, z]) } else { None };
        bone.unwrap_or_else(|| self.around(x, y))
    }

    /// Bone, disc and canal; `z` from the middle of the nearest body.
    fn spine(&self, [x, y, z]: Vec3) -> Option<Tissue> {
        let canal = self.canal_depth_mm([x, y, z]);
        if canal > 0.0 {
            return Some(Tissue::Canal);
        }
        self.body([x, y, z], canal).or_else(|| self.arch([x, y, z], -canal))
    }

    /// The body with its waist, hollowed endplates and posterior wall, and the disc between bodies.
    fn body(&self, [x, y, z]: Vec3, canal: f64) -> Option<Tissue> {
        let half = 0.5 * self.size.height;
        let level = (z / half).clamp(-1.0, 1.0);
        let waist = 0.92 + 0.08 * level * level;
        let axes = self.size.body.map(|a| a * waist);
        let side = ellipse_depth_mm([x, y], axes).min(-canal);
        if side < 0.0 {
            return None;
        }
        let q2 = (x / axes[0]) * (x / axes[0]) + (y / axes[1]) * (y / axes[1]);
        let end = half - HOLLOW_MM * (1.0 - q2.min(1.0)) - z.abs();
        Some(match (end < 0.0, side < self.cortex_mm || end < self.endplate_mm) {
            (true, _) => Tissue::Disc,
            (false, true) => Tissue::Cortex,
            (false, false) => Tissue::Marrow,
        })
    }

    /// Pedicles, laminae, spinous and transverse processes; `out` is the distance from the canal, mm.
    fn arch(&self, [x, y, z]: Vec3, out: f64) -> Option<Tissue> {
        let [canal_x, canal_half] = self.size.canal;
        let side = x.abs();
        let height = 0.36 * self.size.height;
        let pedicle = slab(side, canal_x - 1.0, canal_x + 6.5)
            .min(slab(y, 0.3 * self.size.body[1], self.canal_y + 2.0))
            .min(slab(z, -0.1 * self.size.height, height));
        let spinous = slab(x, -3.2, 3.2)
            .min(slab(y, self.canal_y + canal_half, self.canal_y + canal_half + 27.0))
            .min(slab(z, -height, 0.1 * self.size.height));
        let transverse = slab(side, canal_x, canal_x + 22.0)
            .min(slab(y, self.canal_y - 2.0 + 0.15 * side, self.canal_y + 6.0 + 0.15 * side))
            .min(slab(z, -4.0, 5.0));
        if y > self.canal_y - 0.2 * canal_half && out < LAMINA_MM && z.abs() < height {
            return Some(Tissue::Arch);
        }
        let depth = pedicle.max(spinous).max(transverse);
        (depth > 0.0).then_some(if depth < self.cortex_mm { Tissue::Cortex } else { Tissue::Marrow })
    }

    /// Muscle, vessels, lung and fat within the skin, air outside.
    fn around(&self, x: f64, y: f64) -> Tissue {
        let [a, b] = self.size.body;
        let (trunk, back) = match self.size.region {
            Region::Cervical => ([66.0, 62.0], 52.0),
            Region::Thoracic => ([165.0, 110.0], 66.0),
            Region::Lumbar => ([160.0, 105.0], 72.0),
        };
        if !in_ellipse([x, y - back + trunk[1]], trunk) {
            return Tissue::Air;
        }
        let within = |centre: [f64; 2], axes: [f64; 2]| in_ellipse([x.abs() - centre[0], y - centre[1]], axes);
        let erector = within([24.0, self.canal_y + 22.0], [23.0, 17.0]);
        let psoas = self.size.region != Region::Thoracic && within([a + 14.0, 0.2 * b], [14.0, 18.0]);
        let aorta = in_ellipse([x - 9.0, y + b + 15.0], [11.0, 11.0]);
        let skin = !in_ellipse([x, y - back + trunk[1]], trunk.map(|axis| axis - 2.0));
        let lung = self.size.region == Region::Thoracic && within([a + 52.0, -14.0], [42.0, 52.0]);
        match (lung, aorta, erector || psoas || skin) {
            (true, ..) => Tissue::Lung,
            (_, true, _) => Tissue::Aorta,
            (_, _, true) => Tissue::Muscle,
            _ => Tissue::Fat,
        }
    }
}

/// Distance inside an interval's ends; negative outside.
fn slab(v: f64, lo: f64, hi: f64) -> f64 {
    (v - lo).min(hi - v)
}

fn in_ellipse([x, y]: [f64; 2], [a, b]: [f64; 2]) -> bool {
    x * x * (b * b) + y * y * (a * a) < a * a * (b * b)
}

/// Depth inside an axis-aligned ellipse, first order in the distance from its border, mm; negative outside.
fn ellipse_depth_mm([x, y]: [f64; 2], [a, b]: [f64; 2]) -> f64 {
    let (u, v) = (x / a, y / b);
    let q = (u * u + v * v).sqrt();
    let slope = ((u / a) * (u / a) + (v / b) * (v / b)).sqrt();
    if slope > 0.0 { (1.0 - q) * q / slope } else { a.min(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spine() -> Anatomy {
        let bone = BoneSpec {
            marrow_hu: 170.0,
            marrow_sd_hu: 35.0,
            cortex_hu: 520.0,
            cortex_mm: 1.2,
            endplate_mm: 0.9,
            arch_hu: 430.0,
        };
        Anatomy::new("L3", &bone)
    }

    #[test]
    fn the_body_has_marrow_in_a_shell_and_a_canal_behind() {
        let a = spine();
        assert_eq!(a.tissue([0.0, 0.0, 0.0]), Tissue::Marrow);
        assert_eq!(a.tissue([0.0, a.canal_y(), 3.0]), Tissue::Canal);
        assert_eq!(a.tissue([0.0, 0.0, 18.0]), Tissue::Disc);
        assert_eq!(a.tissue([0.0, 0.0, 36.0]), Tissue::Marrow);
        assert_eq!(a.tissue([0.0, -300.0, 0.0]), Tissue::Air);
    }

    #[test]
    fn the_cortex_is_as_thick_as_asked() {
        let a = spine();
        let run = (0..4000).filter(|i| a.tissue([0.0, -f64::from(*i) * 0.01, 0.0]) == Tissue::Cortex).count();
        assert!((run as f64 * 0.01 - 1.2).abs() < 0.03, "{run}");
    }
}
