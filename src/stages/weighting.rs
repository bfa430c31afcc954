//! Whether the image is T2-weighted.

use super::Stage;
use crate::io::acquisition::Acquisition;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys, reason};

/// `weighting`
pub const DEF: Stage = Stage {
    name: "weighting",
    about: "whether the image is T2-weighted: by the table, else by echo and repetition time",
    modalities: &[Modality::Mr],
    reads: &[keys::SCAN.name],
    writes: &[keys::T2_RATIO.name, keys::T2.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

/// A spin echo is T2-weighted from this echo time on, ms: T1 and proton density are taken at 10 to 30 ...
const T2_FROM_TE_MS: f64 = 60.0;
/// ... and from this repetition time on, ms: T1 is taken at 400 to 900.
const T2_FROM_TR_MS: f64 = 1500.0;

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let mut board = Board::default();
    match is_t2(&view.get(&keys::SCAN).acquisition) {
        Some(false) => {
            board.refuse(keys::T2_RATIO.name, Refusal::of(reason::WEIGHTING_MISMATCH, ""));
            board.refuse(keys::T2.name, Refusal::of(reason::NO_T2, ""));
        }
        known => {
            let flags: &[_] = if known.is_none() { &[flag::WEIGHTING_UNKNOWN] } else { &[] };
            board.put(&keys::T2_RATIO, (), flags);
            board.put(&keys::T2, (), flags);
        }
    }
    Ok(board)
}

/// Whether it is; `None` where nothing tells. A name such as `T2w` or `T2_TSE` goes before times; STIR is T2 with the fat
/// suppressed.
fn is_t2(how: &Acquisition) -> Option<bool> {
    if let Some(name) = how.weighting.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        let name = name.to_ascii_uppercase();
        return Some(name.starts_with("T2") || name.contains("STIR"));
    }
    how.te_ms.zip(how.tr_ms).map(|(te, tr)| te >= T2_FROM_TE_MS && tr >= T2_FROM_TR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_before_times_and_nothing_tells_nothing() {
        let of = |weighting: &str, times: Option<(f64, f64)>| {
            let weighting = Some(weighting.to_owned()).filter(|w| !w.is_empty());
            let (te_ms, tr_ms) = (times.map(|t| t.0), times.map(|t| t.1));
            is_t2(&Acquisition { weighting, te_ms, tr_ms, ..Acquisition::default() })
        };
        assert_eq!(of("T2w", None), Some(true));
        assert_eq!(of("stir", Some((10.0, 500.0))), Some(true));
        assert_eq!(of("T1", Some((100.0, 3500.0))), Some(false));
        assert_eq!(of("PD", None), Some(false));
        assert_eq!(of("", Some((100.0, 3500.0))), Some(true));
        assert_eq!(of("", Some((12.0, 600.0))), Some(false));
        assert_eq!(of("", Some((30.0, 3000.0))), Some(false), "proton density");
        assert_eq!(of(" ", None), None);
    }
}
