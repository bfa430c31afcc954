//! The lesion: a bumpy body, star-shaped about its centre.

use super::anatomy::Anatomy;
use super::field::Waves;
use super::spec::{Form, LesionSpec, Site};
use super::sphere::SphereMap;
use super::stream::{Source, Stream};
use crate::geometry::{Vec3, add_scaled, cross, dot, norm, sub, unit};

/// Correlation length of the bumps on the unit sphere.
const BUMP_LENGTH: f64 = 0.9;

/// The true lesion in the vertebra's frame.
#[derive(Clone, Debug)]
pub struct Lesion {
    centre: Vec3,
    scale_mm: f64,
    shape: SphereMap,
    cosine: SphereMap,
}

impl Lesion {
    /// The patient's lesion: place and shape from streams of their own, size 1 mm.
    pub fn new(source: &Source, anatomy: &Anatomy, spec: &LesionSpec) -> Self {
        let centre = place(&mut source.stream("lesion place"), anatomy, spec);
        let mut stream = source.stream("lesion shape");
        let bumps = Waves::new(&mut stream, [BUMP_LENGTH; 3]);
        let axes = [stream.between(0.9, 1.1), stream.between(0.9, 1.1), stream.between(0.75, 1.0)];
        let lobes = (spec.form == Form::Irregular).then(|| lobes(&mut source.stream("lesion lobes")));
        let sd = spec.bumps;
        Self::of_shape(centre, move |u| {
            let stretch = norm(std::array::from_fn(|a| u[a] / axes[a]));
            let lobed = lobes.map_or(1.0, |lobes| lobes.iter().map(|lobe| lobe.reach(u)).fold(0.0, f64::max));
            lobed * (1.0 + sd * bumps.at(u)).max(0.6) / stretch
        })
    }

    /// A lesion whose radius along the unit direction `u` is `radius(u)` times its scale.
    pub fn of_shape(centre: Vec3, radius: impl Fn(Vec3) -> f64 + Sync + Send) -> Self {
        let along = |d: Vec3| unit(d).map_or(1.0, &radius);
        let shape = SphereMap::from_fn(along);
        Self { centre, scale_mm: 1.0, cosine: SphereMap::from_fn(|d| surface_cosine(along, d)), shape }
    }

    /// The same lesion at another size.
    pub fn scaled(&self, scale_mm: f64) -> Self {
        Self { scale_mm, ..self.clone() }
    }

    /// Its size: millimetres for each unit of its shape.
    pub fn scale_mm(&self) -> f64 {
        self.scale_mm
    }

    /// Its centre.
    pub fn centre(&self) -> Vec3 {
        self.centre
    }

    /// From the centre to a point; any fixed direction at the centre itself.
    pub fn direction(&self, p: Vec3) -> Vec3 {
        let d = sub(p, self.centre);
        if dot(d, d) > 0.0 { d } else { [1e-9, 0.0, 0.0] }
    }

    /// Depth below the surface, first order, mm; negative outside. `d` is [`Lesion::direction`].
    pub fn depth_mm(&self, d: Vec3) -> f64 {
        (self.scale_mm * self.shape.at(d) - norm(d)) * self.cosine.at(d)
    }

    /// Whether a point lies inside.
    pub fn holds(&self, d: Vec3) -> bool {
        let reach = self.scale_mm * self.shape.at(d);
        dot(d, d) < reach * reach
    }

    /// No point of it lies farther from its centre, mm.
    pub fn reach_mm(&self) -> f64 {
        self.scale_mm * self.shape.largest()
    }

    /// How far it goes from its centre along a unit direction, mm.
    pub fn extent_mm(&self, along: Vec3) -> f64 {
        let height = |d: Vec3| unit(d).map_or(0.0, |u| self.shape.at(u) * dot(u, along));
        self.scale_mm * SphereMap::from_fn(height).largest()
    }

    /// `1/3 integral r^3 dOmega`, mm3.
    pub fn volume_mm3(&self) -> f64 {
        let s3 = self.scale_mm * self.scale_mm * self.scale_mm;
        s3 * self.shape.integral(|r| r * r * r / 3.0)
    }
}

/// An ellipsoid that holds the lesion's centre.
#[derive(Clone, Copy, Debug)]
struct Lobe {
    centre: Vec3,
    half: Vec3,
}

impl Lobe {
    /// How far it goes from the lesion's centre along a unit direction `u`: `|(t u - centre) / half| = 1`.
    fn reach(&self, u: Vec3) -> f64 {
        let over = |v: Vec3| -> Vec3 { std::array::from_fn(|a| v[a] / self.half[a]) };
        let (u, c) = (over(u), over(self.centre));
        let (a, b) = (dot(u, u), dot(u, c));
        (b + (b * b + a * (1.0 - dot(c, c))).sqrt()) / a
    }
}

/// Three lobes at some 120 degrees from each other about the body's axis, whose borders pass close by the centre: between two of
/// them the tumour is half as wide as along them.
fn lobes(stream: &mut Stream) -> [Lobe; 3] {
    let start = stream.between(0.0, std::f64::consts::TAU);
    [0.0, 1.0, 2.0].map(|k| {
        let angle = start + k * std::f64::consts::TAU / 3.0 + stream.between(-0.45, 0.45);
        let (sin, cos) = libm::sincos(angle);
        let away = stream.between(0.8, 1.2);
        let way = unit([cos, sin, stream.between(-0.7, 0.7)]).unwrap_or([1.0, 0.0, 0.0]);
        Lobe { centre: way.map(|c| away * c), half: [0; 3].map(|_| away * stream.between(1.04, 1.2)) }
    })
}

/// Where the lesion's centre sits, off the body's centre, mm.
fn place(stream: &mut Stream, anatomy: &Anatomy, spec: &LesionSpec) -> Vec3 {
    let [a, b] = anatomy.size().body;
    let side = if stream.uniform() < 0.5 { -1.0 } else { 1.0 };
    let jitter = stream.normal3().map(|n| spec.wander_mm * n);
    let base = match spec.site {
        Site::Body => [0.12 * a * side, -0.05 * b, 0.0],
        Site::Wall => [0.25 * a * side, 0.6 * b, 0.0],
        Site::Pedicle => [(anatomy.size().canal[0] + 5.0) * side, anatomy.canal_y(), 1.0],
        Site::Breakout => [0.75 * a * side, -0.45 * b, 0.0],
        Site::Endplate => {
            let end = if stream.uniform() < 0.5 { -0.5 } else { 0.5 };
            [0.2 * a * side, -0.1 * b, end * anatomy.size().height]
        }
    };
    add_scaled(base, 1.0, jitter)
}

/// Cosine between the surface's normal and the radius: `1/sqrt(1 + |grad r|^2 / r^2)`.
fn surface_cosine(radius: impl Fn(Vec3) -> f64, d: Vec3) -> f64 {
    const STEP: f64 = 1e-3;
    let u = unit(d).unwrap_or([1.0, 0.0, 0.0]);
    let helper = if u[0].abs() < 0.8 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
    let t = unit(cross(u, helper)).unwrap_or(helper);
    let slope = |t: Vec3| (radius(add_scaled(u, STEP, t)) - radius(add_scaled(u, -STEP, t))) / (2.0 * STEP);
    let (s, w, r) = (slope(t), slope(cross(u, t)), radius(u));
    1.0 / (1.0 + (s * s + w * w) / (r * r)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ball_has_its_depth_extent_and_volume() {
        let ball = Lesion::of_shape([1.0, 2.0, 3.0], |_| 1.0).scaled(20.0);
        assert!((ball.depth_mm(ball.direction([1.0, 2.0, 18.0])) - 5.0).abs() < 1e-9);
        assert!((ball.depth_mm(ball.direction([1.0, 2.0, 3.0])) - 20.0).abs() < 1e-6);
        assert!((ball.extent_mm([0.0, 0.6, 0.8]) - 20.0).abs() < 0.01);
        assert!((ball.volume_mm3() / (4.0 / 3.0 * std::f64::consts::PI * 8000.0) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn depth_is_measured_across_an_oblique_surface() {
        let [a, b] = [30.0, 15.0];
        let egg = Lesion::of_shape([0.0; 3], move |u| {
            1.0 / (u[0] * u[0] / (a * a) + (u[1] * u[1] + u[2] * u[2]) / (b * b)).sqrt()
        });
        let (sin, cos) = libm::sincos(0.9);
        let normal = unit([cos / a, sin / b, 0.0]).unwrap();
        let below = add_scaled([a * cos, b * sin, 0.0], -1.0, normal);
        assert!((egg.depth_mm(egg.direction(below)) - 1.0).abs() < 0.05);
    }
}
