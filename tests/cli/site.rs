//! Studies of small discs of tissue in folders of their own, and the program run on them.

use osteon::geometry::Geometry;
use osteon::io::nifti::write::encode;
use osteon::volume::{Mask, Volume};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const HEAD: &str = "patient,timepoint,modality,image,structures\n";
pub const GOOD: &str = "good,pre,CT,good.nii.gz,tumour=t.nii\n";
pub const REST: &str = ",pre,CT,good.nii.gz,tumour=t.nii\n";
pub const TABLES: [&str; 4] = ["exams.csv", "slices_ct.csv", "failures.csv", "review.csv"];
pub const PATIENTS: usize = 12;
pub const SMALL: [usize; 3] = [18, 18, 5];
pub const LARGE: [usize; 3] = [40, 40, 8];

pub type Files = BTreeMap<String, Vec<u8>>;

/// A study in a folder of its own.
pub struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("secret-site").tempdir().unwrap() }
    }

    /// Twelve patients with small tumours, one also after treatment, one broken.
    pub fn usual() -> Self {
        let site = Self::new();
        let mut rows = String::new();
        for i in 0..PATIENTS {
            let image = encode(&ct(SMALL, i as u64, 5.0), true);
            let len = if i == 7 { image.len() / 2 } else { image.len() };
            site.put(&format!("t{i}.nii.gz"), &encode(&disc(SMALL, [9.0, 9.0], 5.0), true));
            site.put(&format!("i{i}.nii.gz"), &image[..len]);
            rows += &format!("p{i:02},pre,CT,i{i}.nii.gz,tumour=t{i}.nii.gz\n");
        }
        site.table(&format!("{rows}p03,post,CT,i4.nii.gz,tumour=t4.nii.gz\n"));
        site
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.at(name), bytes).unwrap();
    }

    pub fn table(&self, rows: &str) {
        self.put("study.csv", format!("{HEAD}{rows}").as_bytes());
    }

    pub fn command(&self, out: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osteon"));
        command.arg("run").arg(self.at("study.csv")).arg("--out").arg(self.at(out));
        command.args(["--memory", "1GiB"]).args(args);
        if !args.contains(&"--threads") {
            command.args(["--threads", "2"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, out: &str, args: &[&str]) -> Output {
        let output = self.command(out, args).output().unwrap();
        self.tells_no_path(&output.stderr, "stderr");
        output
    }

    /// A run to its end; its tables and pictures.
    pub fn done(&self, out: &str, args: &[&str]) -> Files {
        let output = self.run(out, args);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
        self.files(out)
    }

    pub fn start(&self, out: &str) -> Child {
        self.command(out, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn files(&self, out: &str) -> Files {
        let mut paths: Vec<PathBuf> = TABLES.iter().map(|name| self.at(out).join(name)).collect();
        paths.extend(listing(&self.at(out).join("qc")));
        let name = |p: &Path| p.strip_prefix(self.at(out)).unwrap().to_str().unwrap().to_string();
        paths.iter().filter_map(|p| Some((name(p), fs::read(p).ok()?))).collect()
    }

    pub fn tells_no_path(&self, bytes: &[u8], what: &str) {
        let told = text(bytes);
        assert!(!told.contains("secret-site") && !told.contains(self.dir.path().to_str().unwrap()), "{what}: {told}");
    }

    /// No file under an output folder names the study's folder.
    pub fn keeps_private(&self, folder: &Path) {
        for path in listing(folder) {
            match path.is_dir() {
                true => self.keeps_private(&path),
                false => self.tells_no_path(&fs::read(&path).unwrap(), path.to_str().unwrap()),
            }
        }
    }
}

pub fn listing(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Voxels of 1 x 1 x 3 mm.
pub fn grid(dims: [usize; 3]) -> Geometry {
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    Geometry { dims, spacing: [1.0, 1.0, 3.0], origin: [-20.0, -20.0, 0.0], axes }
}

/// Distance from an axis along z, mm.
pub fn from_axis(x: usize, y: usize, [cx, cy]: [f64; 2]) -> f64 {
    libm::hypot(x as f64 - cx, y as f64 - cy)
}

/// A tumour like a drum of radius `r` mm.
pub fn disc(dims: [usize; 3], axis: [f64; 2], r: f64) -> Mask {
    Volume::from_fn(grid(dims), |[x, y, z]| z > 0 && z + 1 < dims[2] && from_axis(x, y, axis) <= r)
}

/// Soft tissue, a rim with a gap, bone inside in places, and noise.
pub fn ct(dims: [usize; 3], seed: u64, r: f64) -> Volume<i16> {
    let mut random = Random(seed);
    let (gap, bony) = (seed as usize % 7 * 5, seed % 4 * 3);
    let axis = [dims[0] as f64 / 2.0, dims[1] as f64 / 2.0];
    Volume::from_fn(grid(dims), |[x, y, _]| {
        let base = match from_axis(x, y, axis) {
            d if (r - 1.5..r + 0.5).contains(&d) && y > gap => 650,
            d if d < bony as f64 => 400,
            _ => 50,
        };
        base + (random.next() % 21) as i16 - 10
    })
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
