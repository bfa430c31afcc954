//! What `osteon agree --out` has left in the folder of the run, or in `agreement` below it.

use std::path::Path;

/// Where it is looked for, below the run.
const PLACES: [&str; 2] = ["", "agreement/"];

/// The files, tables before plots, as addresses from the page.
pub fn files(run: &Path) -> Vec<String> {
    PLACES.iter().flat_map(|place| in_folder(run, place)).collect()
}

fn in_folder(run: &Path, place: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(run.join(place)) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_table = |name: &str| name == "agreement.md" || name == "agreement.csv";
    let is_plot = |name: &str| name.starts_with("bland_altman_") && name.ends_with(".svg");
    let mut names: Vec<String> = names.filter(|name| is_table(name) || is_plot(name)).collect();
    names.sort_by_key(|name| (is_plot(name), name.clone()));
    names.into_iter().map(|name| format!("{place}{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_plots_are_found_in_both_places() {
        let run = tempfile::tempdir().unwrap();
        assert!(files(run.path()).is_empty());
        std::fs::create_dir(run.path().join("agreement")).unwrap();
        for name in ["bland_altman_volume.svg", "agreement.md", "waterfall.svg", "agreement/bland_altman_volume.svg"] {
            std::fs::write(run.path().join(name), "").unwrap();
        }
        let found = files(run.path());
        assert_eq!(found, ["agreement.md", "bland_altman_volume.svg", "agreement/bland_altman_volume.svg"]);
    }
}
