//! The rules of the house: what `ARCHITECTURE.md` says about the sources is true of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A file under `src/`, with `/` between folders.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Names of the modules down to this file: `io/nifti.rs` is io, nifti.
    fn modules(&self) -> Vec<&str> {
        self.path.trim_end_matches(".rs").split('/').collect()
    }

    /// Whether it is the crate's root or the program, which stand outside the order.
    fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "lib.rs" | "main.rs")
    }

    /// Numbered lines without comments, each with whether it belongs to the tests of the file.
    fn lines(&self) -> Vec<(usize, &str, bool)> {
        let all: Vec<&str> = self.text.lines().map(str::trim).collect();
        let opens_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].ends_with('{');
        let tests = all.windows(2).position(opens_tests).unwrap_or(all.len());
        let code = all.iter().enumerate().filter(|(_, line)| !line.starts_with("//"));
        code.map(|(i, line)| (i + 1, *line, i >= tests)).collect()
    }
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if path.ends_with(".rs") {
            found.push(Source { text: fs::read_to_string(entry.path()).unwrap(), path });
        }
    }
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The dependency line as written: modules from left to right, peers joined by commas.
fn dependency_line(text: &str) -> String {
    let bare = |line: &str| line.trim_start_matches("//!").trim().trim_matches('`').to_owned();
    text.lines().map(bare).find(|l| l.starts_with("geometry <")).expect("there is a line `geometry < ...`")
}

fn order(line: &str) -> Vec<Vec<&str>> {
    line.split('<').map(|peers| peers.split(',').map(str::trim).collect()).collect()
}

fn rank(order: &[Vec<&str>], module: &str) -> Option<usize> {
    order.iter().position(|peers| peers.contains(&module))
}

/// Top-level modules that a line of code names, through `crate::` or through enough `super::`.
fn named(line: &str, depth: usize) -> Vec<&str> {
    let root = "super::".repeat(depth);
    let through = |path: &str| line.split(path).skip(1).map(first_word).collect::<Vec<_>>();
    let upwards = if line.contains(&format!("{root}super::")) { Vec::new() } else { through(&root) };
    through("crate::").into_iter().chain(upwards).collect()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What of `source` looks right or at a peer.
fn looks_right(order: &[Vec<&str>], source: &Source) -> Vec<String> {
    let own = source.modules()[0];
    let Some(own_rank) = rank(order, own) else { return vec![format!("{}: {own} is not in the line", source.path)] };
    let mut faults = Vec::new();
    for (number, line, is_test) in source.lines() {
        for other in named(line, source.modules().len() + usize::from(is_test)) {
            let left = rank(order, other).is_some_and(|r| r < own_rank);
            let within = other == own || other == "*" || other.is_empty() && is_test;
            if !left && !within {
                faults.push(format!("src/{}:{number}: {own} looks at `{other}`", source.path));
            }
        }
    }
    faults
}

#[test]
fn modules_look_only_to_their_left() {
    let text = read("ARCHITECTURE.md");
    let line = dependency_line(&text);
    let order = order(&line);
    let faults: Vec<String> = sources().iter().filter(|s| !s.is_root()).flat_map(|s| looks_right(&order, s)).collect();
    assert_none(&faults);
}

#[test]
fn a_planted_import_is_found() {
    let order = order("geometry < volume < io, ops < measure");
    let faults = |path: &str, text: &str| looks_right(&order, &Source::of(path, text)).len();
    assert_eq!(faults("volume.rs", "use crate::geometry::Vec3;\n// crate::measure is to the right"), 0);
    assert_eq!(faults("volume/walk.rs", "use crate::ops::ray;"), 1);
    assert_eq!(faults("ops/rim.rs", "use crate::io::fault;"), 1);
    assert_eq!(faults("ops/rim.rs", "let x = super::super::io::open();"), 1);
    assert_eq!(faults("ops/rim.rs", "use super::plane;"), 0);
    assert_eq!(faults("ops.rs", "#[cfg(test)]\nmod tests {\nuse super::*;\nuse crate::measure::Board;"), 1);
    assert_eq!(faults("measure.rs", "use crate::{io, ops};"), 1);
    assert_eq!(faults("utils.rs", ""), 1);
}

#[test]
fn lib_carries_the_same_line() {
    assert_eq!(dependency_line(&read("src/lib.rs")), dependency_line(&read("ARCHITECTURE.md")));
}

#[test]
fn the_phantom_tells_the_truth_by_itself() {
    let phantom = sources().into_iter().filter(|s| s.modules()[0] == "phantom");
    let measured = ["crate::ops", "crate::measure", "crate::stages", "crate::graph"];
    let faults: Vec<String> = phantom
        .flat_map(|s| {
            let uses = |line: &str| measured.iter().any(|m| line.contains(m));
            s.lines().into_iter().filter(|l| uses(l.1)).map(|l| format!("src/{}:{}", s.path, l.0)).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

const MAP_BEGINS: &str = "<!-- map: written by REGENERATE=1 cargo test --test house -->\n";
const MAP_ENDS: &str = "<!-- end of map -->\n";

/// The first paragraph of a file's own documentation.
fn about(source: &Source) -> String {
    let lines = source.text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Every file with what it says of itself, under its module, in the order of the line.
fn map(order: &[Vec<&str>], sources: &[Source]) -> String {
    let mut text = String::new();
    for module in order.iter().flatten() {
        let inside: Vec<&Source> = sources.iter().filter(|s| s.modules()[0] == *module).collect();
        if !inside.is_empty() {
            text += &format!("\n### {module}\n\n");
            text.extend(inside.iter().map(|s| format!("- `src/{}`: {}\n", s.path, about(s))));
        }
    }
    text + "\n"
}

#[test]
fn the_map_has_every_file_with_its_own_words() {
    let text = read("ARCHITECTURE.md");
    let (before, rest) = text.split_once(MAP_BEGINS).expect("the map has a beginning");
    let (_, after) = rest.split_once(MAP_ENDS).expect("the map has an end");
    let line = dependency_line(&text);
    let wanted = format!("{before}{MAP_BEGINS}{}{MAP_ENDS}{after}", map(&order(&line), &sources()));
    if std::env::var_os("REGENERATE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"), wanted).unwrap();
    } else {
        assert!(text == wanted, "the map is not up to date: REGENERATE=1 cargo test --test house");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|s| !about(s).ends_with(['.', '`']));
    assert_none(&silent.map(|s| format!("src/{}: begins without a sentence `//! ...`", s.path)).collect::<Vec<_>>());
}

#[test]
fn every_path_that_is_mentioned_exists() {
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let text = read(page);
        let gone = mentioned(&text).filter(|m| !Path::new(env!("CARGO_MANIFEST_DIR")).join(m).exists());
        assert_none(&gone.map(|m| format!("{page} mentions {m}, which does not exist")).collect::<Vec<_>>());
    }
}

/// Paths that a text names in backticks.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let inside = ["src/", "tests/", "configs/", "benches/", "docs/", "scripts/", ".ci/"];
    let words = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    words.filter(move |w| inside.iter().any(|folder| w.starts_with(folder)) && !w.contains(['*', ' ', '<', '{']))
}

#[test]
fn the_map_is_in_the_order_of_the_line() {
    let files =
        [Source::of("io.rs", "//! Files.\n"), Source::of("geometry.rs", "//! Where.\n//! And how.\n//!\n//! More.")];
    let text = map(&order("geometry < io < cli"), &files);
    assert_eq!(text, "\n### geometry\n\n- `src/geometry.rs`: Where. And how.\n\n### io\n\n- `src/io.rs`: Files.\n\n");
    assert_eq!(mentioned("`src/io.rs` and `cargo test` and `io`").collect::<Vec<_>>(), ["src/io.rs"]);
}

/// What is defined in a file of `folder` but does not stand in the list of `parent`.
fn unregistered(files: &[Source], folder: &str, parent: &str, list: &str, every: bool) -> Vec<String> {
    let Some(registry) = files.iter().find(|s| s.path == parent) else { return Vec::new() };
    let items = registry.text.split(list).nth(1).and_then(|rest| rest.split("];").next()).unwrap_or_default();
    let kind = format!(": {} =", if every { "Stage" } else { "Measurement" });
    let name_of = |s: &Source| Some(s.path.strip_prefix(folder)?.strip_suffix(".rs")?.to_owned());
    let defines = |s: &Source| every || s.text.contains(&kind);
    let names = files.iter().filter(|s| defines(s)).filter_map(name_of).filter(|name| !name.contains('/'));
    let is_there =
        |name: &String| registry.text.contains(&format!("mod {name};")) && items.contains(&format!("{name}::"));
    names.filter(|name| !is_there(name)).map(|name| format!("{folder}{name}.rs is not in {list} of {parent}")).collect()
}

#[test]
fn every_measurement_and_stage_is_registered() {
    let files = sources();
    assert_none(&unregistered(&files, "measure/", "measure.rs", "MEASUREMENTS:", false));
    assert_none(&unregistered(&files, "stages/", "stages.rs", "STAGES:", true));
}

#[test]
fn a_forgotten_registration_is_found() {
    let listed = "mod area;\npub static MEASUREMENTS: &[Measurement] = &[area::DEF];";
    let area = || Source::of("measure/area.rs", "pub static DEF: Measurement = Measurement {};");
    let board = || Source::of("measure/board.rs", "pub struct Board;");
    let forgotten = |registry: &str, file| {
        unregistered(&[Source::of("measure.rs", registry), file], "measure/", "measure.rs", "MEASUREMENTS:", false)
            .len()
    };
    assert_eq!(forgotten(listed, area()), 0);
    assert_eq!(forgotten(listed, board()), 0);
    assert_eq!(forgotten("mod area;\npub static MEASUREMENTS: &[Measurement] = &[];", area()), 1);
    assert_eq!(forgotten(&listed.replace("mod area;", ""), area()), 1);
}

/// Files that exist for tests only: `#[cfg(test)]` stands above their `mod` or `#[path]` line.
fn for_tests_only(files: &[Source]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in files {
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            let file = pair[1].strip_prefix("#[path = \"").and_then(|p| p.strip_suffix("\"]"));
            found.extend(file.map(|f| format!("{folder}/{f}")));
            let name = pair[1].trim_start_matches("pub ").strip_prefix("mod ").and_then(|n| n.strip_suffix(';'));
            found.extend(name.map(|n| format!("{}/{n}.rs", source.path.trim_end_matches(".rs"))));
        }
    }
    found
}

/// Lines of the product, without tests, that hold `word`.
fn product_lines_with(files: &[Source], word: &str) -> Vec<(String, usize)> {
    let tests = for_tests_only(files);
    let product = files.iter().filter(|s| !tests.contains(&s.path));
    let hits = |s: &Source| -> Vec<(String, usize)> {
        let lines = s.lines().into_iter().filter(|(_, line, is_test)| !is_test && line.contains(word));
        lines.map(|(number, ..)| (s.path.clone(), number)).collect()
    };
    product.flat_map(hits).collect()
}

#[test]
fn rayon_stays_in_volume_and_graph() {
    let hits = product_lines_with(&sources(), "rayon");
    let outside = hits.iter().filter(|(path, _)| !path.starts_with("volume") && !path.starts_with("graph"));
    assert_none(&outside.map(|(path, line)| format!("src/{path}:{line}: rayon")).collect::<Vec<_>>());
}

#[test]
fn the_product_does_not_unwrap() {
    let hits = product_lines_with(&sources(), ".unwrap()");
    assert_none(&hits.iter().map(|(path, line)| format!("src/{path}:{line}: unwrap")).collect::<Vec<_>>());
}

#[test]
fn a_planted_unwrap_is_found_outside_tests() {
    let bad = "#[cfg(test)]\nmod example;\nfn f() { x.unwrap() }\n#[cfg(test)]\nmod tests {\nfn g() { x.unwrap() }";
    let files = [Source::of("report.rs", bad), Source::of("report/example.rs", "fn h() { x.unwrap() }")];
    assert_eq!(product_lines_with(&files, ".unwrap()"), [("report.rs".to_owned(), 3)]);
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    let mut faults = Vec::new();
    for source in sources() {
        let name = *source.modules().last().unwrap();
        if source.text.lines().count() > 600 {
            faults.push(format!("src/{}: over 600 lines", source.path));
        }
        if matches!(name, "mod" | "utils" | "util" | "helpers" | "common" | "misc") {
            faults.push(format!("src/{}: name it for what it holds", source.path));
        }
    }
    assert_none(&faults);
}
