//! `report.html` of the built program, read as text and opened in headless Chromium.

use osteon::report::canvas::Canvas;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The probe that uses the page and writes down what it found.
const PROBE: &str = include_str!("report/probe.js");
const HEAD: &str =
    "patient,timepoint,modality,series,lesion,measure,value,unit,uncertainty,slice,status,reason,flags\n";

/// A run of some patients with CT and MR, three timepoints of some, gaps, doubts, a failure, and pictures.
struct Run {
    dir: tempfile::TempDir,
}

impl Run {
    fn new(patients: usize) -> Self {
        let dir = tempfile::Builder::new().prefix("secret-run").tempdir().unwrap();
        let run = Self { dir };
        fs::create_dir(run.at("qc")).unwrap();
        let picture = Canvas::new(960, 724, [90, 90, 90, 255]).png();
        let mut exams = HEAD.to_owned();
        let mut review = "patient,timepoint,modality,series,lesion,doubt,why\n".to_owned();
        for i in 0..patients {
            for (t, timepoint) in ["pre", "mid", "post"].iter().enumerate().filter(|(t, _)| *t != 1 || i % 3 == 0) {
                exams += &ct(i, t, timepoint);
                exams += &mr(i, t, timepoint);
                fs::write(run.at(&format!("qc/P{i:03}_{timepoint}_CT.png")), &picture).unwrap();
            }
            if i % 2 == 1 {
                writeln!(review, "P{i:03},post,CT,main,1,{:.2},metal; threshold_sensitive", 9.0 / (i + 1) as f64)
                    .unwrap();
            }
        }
        exams += "P998,pre,CT,main,1,max_diameter,40,mm,,3,ok,,\n";
        let failures = "patient,timepoint,modality,series,lesion,line,stage,reason,message\n\
                        P997,pre,CT,main,1,52,image,truncated_file,the file ends early; copy it again\n";
        fs::write(run.at("exams.csv"), exams).unwrap();
        fs::write(run.at("review.csv"), review).unwrap();
        fs::write(run.at("failures.csv"), failures).unwrap();
        fs::write(run.at("run.json"), RUN_JSON).unwrap();
        run
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn cohort(&self, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_osteon")).arg("cohort").arg(self.dir.path()).args(more).output().unwrap()
    }

    /// The page after `osteon cohort`.
    fn page(&self, more: &[&str]) -> String {
        let output = self.cohort(more);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(self.at("report.html")).unwrap()
    }
}

const RUN_JSON: &str =
    r#"{"version": "0.1.0", "config": {"settings": {"density": {"mineral_hu": 200.0}}}, "seconds": 12.5}"#;

fn ct(i: usize, t: usize, timepoint: &str) -> String {
    let grade = if t == 0 { "0" } else { ["0", "1a", "1b", "2a", "2b", "3"][i % 6] };
    let diameter = 60.0 + 7.0 * ((i * 5) % 11) as f64 - (3 * t * (i % 5)) as f64;
    let diameter =
        if i == 4 && t == 2 { ",mm,,,not_evaluable,fov_truncated," } else { &format!("{diameter:.1},mm,,7,ok,,") };
    let density = 45 + 60 * t * (i % 4);
    let height = 21.0 - 0.3 * (t + i % 3) as f64;
    format!(
        "P{i:03},{timepoint},CT,main,1,max_diameter,{diameter}\n\
         P{i:03},{timepoint},CT,main,1,mean_density,{density},HU,,,ok,,\n\
         P{i:03},{timepoint},CT,main,1,vertebral_height,{height:.2},mm,,,ok,,\n\
         P{i:03},{timepoint},CT,main,1,rim,{},,,,ok,,\n\
         P{i:03},{timepoint},CT,main,1,boriani_grade,{grade},,,7,borderline,,metal\n",
        if t == 0 { "none" } else { "complete" }
    )
}

fn mr(i: usize, t: usize, timepoint: &str) -> String {
    let (canal, ratio) = (0.4 - 0.08 * t as f64 + 0.01 * i as f64, 0.8 - 0.1 * t as f64);
    format!(
        "P{i:03},{timepoint},MR,main,1,canal_occupancy,{canal:.3},1,,4,ok,,\n\
         P{i:03},{timepoint},MR,main,1,si_ratio,{ratio:.2},1,,4,ok,,\n"
    )
}

/// The browser, by name or by `OSTEON_CHROMIUM`; without one a sentence says so.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("OSTEON_CHROMIUM").map(PathBuf::from);
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        || names.iter().flat_map(|name| folders.iter().map(move |dir| dir.join(name))).find(|path| path.is_file());
    let browser = named.or_else(found);
    if browser.is_none() {
        println!("skipped: no chromium; install it, or name it in OSTEON_CHROMIUM, to have the report opened");
    }
    browser
}

/// Opens the page with the probe in it: what it found, the title it left, the console, and every address asked for.
fn probed(browser: &Path, run: &Run, width: u32, dark: bool) -> Opened {
    let page = fs::read_to_string(run.at("report.html")).unwrap();
    answered(browser, run, &page.replace("</body>", &format!("<script>{PROBE}</script></body>")), width, dark)
}

/// How often a page is opened for an answer. The browser's clock runs ahead while nothing but pictures is worked on, so that on
/// a busy machine its time is over before they are decoded, and a page that was closed has said nothing of itself: 11 of some
/// 80 pages with six of these tests at once on two cores.
const TRIES: u32 = 6;
const NO_ANSWER: &str = "nothing";

/// Opens a page that answers its frame, again where it did not come to answer.
fn answered(browser: &Path, run: &Run, page: &str, width: u32, dark: bool) -> Opened {
    let mut last = opened(browser, run, page, width, dark);
    for _ in 1..TRIES {
        if last.title != NO_ANSWER {
            break;
        }
        last = opened(browser, run, page, width, dark);
    }
    last
}

/// The page within a page, since no window is as narrow as a phone.
const FRAME: &str = "<html style='color-scheme: light dark'><title>NO_ANSWER</title><iframe src='probed.html' \
                     style='color-scheme: light dark; border: 0; height: 900px; width: WIDTHpx'></iframe><pre id=found></pre>\
                     <script>onmessage = ({ data }) => [document.title, found.textContent] = data</script>";

fn opened(browser: &Path, run: &Run, page: &str, width: u32, dark: bool) -> Opened {
    fs::write(run.at("probed.html"), page).unwrap();
    fs::write(run.at("frame.html"), FRAME.replace("WIDTH", &width.to_string()).replace("NO_ANSWER", NO_ANSWER))
        .unwrap();
    let log = run.at("net.json");
    let scheme = if dark { 0 } else { 1 };
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-dev-shm-usage", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", run.at("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg("--window-size=1400,900")
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg("--virtual-time-budget=20000")
        .arg(format!("file://{}", run.at("frame.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let between = |from: &str, to: &str| {
        let rest = dom.split_once(from).map(|(_, rest)| rest).unwrap_or_default();
        rest.split(to).next().unwrap_or_default().to_owned()
    };
    let console =
        String::from_utf8_lossy(&output.stderr).lines().filter(|l| l.contains("CONSOLE")).map(str::to_owned).collect();
    Opened {
        found: between("<pre id=\"found\">", "</pre>"),
        title: between("<title>", "</title>"),
        console,
        asked: addresses(&fs::read_to_string(log).unwrap_or_default()),
    }
}

#[derive(Debug)]
struct Opened {
    found: String,
    title: String,
    console: Vec<String>,
    asked: BTreeSet<String>,
}

/// What Chromium calls a request of a page among those of its own: the hash of `blink_resource_loader`.
const OF_PAGE: &str = "\"traffic_annotation\":101845102,";

/// Every address that a page asked for, in a log of the network.
fn addresses(log: &str) -> BTreeSet<String> {
    let asked = log.split(OF_PAGE).skip(1).filter_map(|rest| rest.split("\"url\":\"").nth(1)?.split('"').next());
    asked.map(str::to_owned).collect()
}

#[test]
fn the_report_works_in_a_browser_wide_and_narrow_light_and_dark() {
    let Some(browser) = chromium() else { return };
    let run = Run::new(24);
    run.page(&[]);
    for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
        let opened = probed(&browser, &run, width, dark);
        assert_eq!(opened.title, format!("{width} {}", if dark { "dark" } else { "light" }), "{opened:?}");
        assert_eq!(opened.found, "[]", "{width} {dark}");
        assert_eq!(opened.console, [""; 0]);
        assert!(opened.asked.is_empty(), "{:?}", opened.asked);
    }
}

#[test]
fn what_a_page_must_not_do_would_be_seen() {
    let Some(browser) = chromium() else { return };
    let run = Run::new(1);
    let page = "<title>bad</title><img src='http://a.invalid/x.png'><script>console.error('bad')</script>";
    let opened = opened(&browser, &run, page, 800, false);
    assert_eq!(opened.asked.into_iter().collect::<Vec<_>>(), ["http://a.invalid/x.png"]);
    assert!(opened.console.len() == 1 && opened.console[0].contains("bad"), "{:?}", opened.console);
}

/// Faults planted in the page, each with what the probe says of it.
const PLANTED: [(&str, &str, &str); 6] = [
    ("--faint: #4d5662", "--faint: #bbbbbb", "contrast 1."),
    ("return sign * order", "return order", "sorted downwards"),
    (".includes(wanted)", ".includes('p')", "one found, not 26"),
    (".wide { overflow-x: auto; }", "", "wide in 390"),
    ("details.open = true", "details.open = false", "unfolded for print"),
    ("data:image/jpeg;base64,/9j/", "data:image/jpeg;base64,AAAA", "no picture: P000, pre CT"),
];

#[test]
fn every_planted_fault_is_found() {
    let Some(browser) = chromium() else { return };
    let run = Run::new(24);
    let page = run.page(&[]);
    for (right, wrong, fault) in PLANTED {
        assert!(page.contains(right), "{right}");
        fs::write(run.at("report.html"), page.replace(right, wrong)).unwrap();
        let opened = probed(&browser, &run, 390, false);
        assert!(opened.found.contains(fault), "{fault}: {}", opened.found);
    }
}

#[test]
fn a_large_cohort_is_paged_and_only_doubtful_patients_have_pictures() {
    let run = Run::new(301);
    let page = run.page(&[]);
    assert_eq!(page.matches("src=\"data:image/jpeg").count(), 350, "two of each of 150, and a third of every third");
    assert!(page.contains("<a href=\"qc&#x2f;P000_pre_CT.png\">"), "the others lead to their pictures");
    let Some(browser) = chromium() else { return };
    let opened = probed(&browser, &run, 1280, false);
    assert_eq!((opened.found.as_str(), opened.console.len()), ("[]", 0));
}

#[test]
fn pictures_are_embedded_linked_or_left_out() {
    let run = Run::new(2);
    let count = |page: &str, what: &str| page.matches(what).count();
    let embedded = run.page(&[]);
    assert_eq!((count(&embedded, "src=\"data:image/jpeg"), count(&embedded, "src=\"qc")), (5, 0));
    let linked = run.page(&["--set", "report.pictures=link"]);
    assert_eq!((count(&linked, "src=\"data:"), count(&linked, "src=\"qc")), (0, 5));
    let none = run.page(&["--set", "report.pictures=none"]);
    assert_eq!((count(&none, "<img"), count(&none, "qc&#x2f;")), (0, 0));
    let Some(browser) = chromium() else { return };
    fs::write(run.at("report.html"), linked).unwrap();
    let page = fs::read_to_string(run.at("report.html")).unwrap();
    let loaded = "<script>onload = () => parent.postMessage([[...document.images].every((i) => i.naturalWidth === 960), ''], '*')</script></body>";
    let opened =
        answered(&browser, &run, &page.replace("loading=\"lazy\"", "").replace("</body>", loaded), 1280, false);
    assert_eq!((opened.title.as_str(), opened.console.len()), ("true", 0), "linked pictures load from beside the page");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let run = Run::new(6);
    let first = run.page(&[]);
    assert_eq!(first, run.page(&[]));
    let elsewhere = Run::new(6);
    assert_eq!(first, elsewhere.page(&[]), "no clock, host or path stands in it");
    assert!(!first.contains("secret-run") && !first.contains("12.5"), "nor how long the run took");
}

#[test]
fn a_cell_cannot_be_markup() {
    let run = Run::new(2);
    let bad = "<script>alert(1)</script>";
    let attribute = "\"\" onmouseover=alert(2) x=\"\"";
    let exams = fs::read_to_string(run.at("exams.csv")).unwrap().replace("P000,", &format!("{bad},"));
    let exams = exams.replace("P001,", &format!("\"{attribute}\",")).replace(",post,", ",post<b>,");
    fs::write(run.at("exams.csv"), exams).unwrap();
    fs::write(
        run.at("review.csv"),
        format!("patient,timepoint,modality,series,lesion,doubt,why\n{bad},pre,CT,main,1,{bad},{bad}\n"),
    )
    .unwrap();
    fs::write(run.at("run.json"), format!("{{\"version\": \"{bad}\"}}")).unwrap();
    let page = run.page(&["--set", "cohort.after=last"]);
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown as it is written");
    assert!(!page.contains("<script>alert") && !page.contains("\" onmouseover") && !page.contains("post<b>"));
    let Some(browser) = chromium() else { return };
    let opened = opened(&browser, &run, &page, 800, false);
    assert_eq!(opened.console, [""; 0]);
}

#[test]
fn the_page_says_what_is_in_the_tables_and_what_to_do() {
    let run = Run::new(24);
    let page = run.page(&[]);
    for said in [
        "26 patients in the run, 24 with a measure before and after. Left out: 2 one timepoint.",
        "<b>24 of 26</b> <span>12 exams to look at, 1 failed</span>",
        "Examined once.</td><td>add an exam before or after treatment to the study table",
        "after: The outline reaches the border of the image.",
        "not evaluable: The outline reaches the border of the image.",
        "The file ends before the data its header promises.",
        "the file ends early; copy it again",
        "<dt>threshold_sensitive</dt>",
        "Measured with Osteon 0.1.0. Bone is tissue from 200.0 HU (at 120 kV) on; grades at unknown HU",
        "<th scope=\"col\">pre</th><th scope=\"col\">mid</th><th scope=\"col\">post</th>",
        "3 (borderline)",
        "Response, by lesion",
        "Compared were the timepoints first and last; the grade after treatment is that of the exam alone.",
        "<footer><p>Osteon 0.1.0. Research use only; not a medical device.",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn a_table_alone_makes_a_page_too() {
    let run = Run::new(2);
    for name in ["run.json", "review.csv", "failures.csv"] {
        fs::remove_file(run.at(name)).unwrap();
    }
    fs::remove_dir_all(run.at("qc")).unwrap();
    let page = run.page(&[]);
    for said in ["The folder holds no run.json", "Nothing speaks for looking at an exam.", "No exam failed."] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("<img"));
}
