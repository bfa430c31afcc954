//! The built program on tables: two readers compared, a paper audited, and what it says of tables that do not serve.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const HEAD: &str = "patient,timepoint,modality,measure,value\n";

/// A folder with tables.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self { dir: tempfile::Builder::new().prefix("secret-desk").tempdir().unwrap() };
        for (name, text) in files {
            fs::write(desk.at(name), text).unwrap();
        }
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        let text = fs::read_to_string(self.at(name)).unwrap();
        assert!(!text.contains("secret-desk"), "{name} tells where it was made");
        text
    }

    /// Arguments that name a file of the desk by `@`.
    fn osteon(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osteon"));
        for arg in args {
            match arg.strip_prefix('@') {
                Some(name) => command.arg(self.at(name)),
                None => command.arg(arg),
            };
        }
        command.output().unwrap()
    }

    /// What it prints when all is well.
    fn done(&self, args: &[&str]) -> String {
        let output = self.osteon(args);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
        text(&output.stdout)
    }

    /// Exit code 2, one line that contains `words` and no path, nothing printed.
    fn refused(&self, args: &[&str], words: &str) {
        let output = self.osteon(args);
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{told}");
        assert!(told.starts_with("error: ") && told.lines().count() == 1 && told.contains(words), "{told}");
        assert!(!told.contains("secret-desk"), "{told}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ten patients, a class and a number each, as one reader sees them.
fn reader(classes: &[&str; 10], shift: f64) -> String {
    let row = |i: usize| {
        let number = 30.0 + 3.7 * i as f64 + shift * (i % 3) as f64;
        format!("P{i},post,CT,rim,{}\nP{i},post,CT,max_diameter,{number}\n", classes[i])
    };
    HEAD.to_owned() + &(0..10).map(row).collect::<String>()
}

const ONE: [&str; 10] =
    ["none", "none", "none", "none", "incomplete", "incomplete", "incomplete", "complete", "complete", "complete"];
const OTHER: [&str; 10] =
    ["none", "none", "none", "incomplete", "incomplete", "incomplete", "complete", "complete", "complete", "complete"];

#[test]
fn two_readers_are_compared_and_written_down() {
    let desk = Desk::new(&[("a.csv", &reader(&ONE, 0.0)), ("b.csv", &reader(&OTHER, 0.5))]);
    let told = desk.done(&["agree", "@a.csv", "@b.csv", "--out", "@out"]);
    for line in [
        "rim\n  10 compared; only in A 0, only in B 0; not evaluable in A 0, in B 0, in both 0\n",
        "  incomplete  0     2           1         3\n",
        "  same class (8 of 10)  80.0 %\n",
        "  bias A - B                                   -0.450",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let rows = desk.read("out/agreement.csv");
    // By hand: po 0.8, pe (4*3 + 3*3 + 3*4)/100 = 0.33.
    assert!(rows.contains("\nrim,,kappa_unweighted,0.70149,"), "{rows}");
    assert!(rows.contains("\nmax_diameter,mm,bias,-0.45,"), "{rows}");
    assert!(
        desk.read("out/agreement.md").contains("![Bland-Altman plot of max_diameter](bland_altman_max_diameter.svg)")
    );
    assert!(desk.read("out/bland_altman_max_diameter.svg").contains("max_diameter: mean of A and B [mm]"));
    let again = desk.done(&["agree", "@a.csv", "@b.csv", "--out", "@again", "--measure", "max_diameter"]);
    assert!(!again.contains("rim") && !desk.read("again/agreement.csv").contains("rim"));
    let plot = "bland_altman_max_diameter.svg";
    assert_eq!(desk.read(&format!("again/{plot}")), desk.read(&format!("out/{plot}")));
}

#[test]
fn tables_that_cannot_be_compared_are_one_line() {
    let good = reader(&ONE, 0.0);
    let other_names = good.replace(",post,", ",after,");
    let bad_class = good.replace("P4,post,CT,rim,incomplete", "P4,post,CT,rim,partly");
    let bad_number = good.replace("max_diameter,30\n", "max_diameter,thirty\n");
    let desk = Desk::new(&[
        ("good.csv", &good),
        ("names.csv", &other_names),
        ("class.csv", &bad_class),
        ("number.csv", &bad_number),
        ("twice.csv", &format!("{good}P1,post,CT,rim,none\n")),
        ("semicolons.csv", &good.replace(',', ";")),
        ("columns.csv", &good.replace("measure", "what")),
        ("ragged.csv", &format!("{good}P1,post\n")),
        ("header.csv", HEAD),
        ("empty.csv", ""),
        ("refused.csv", &format!("{HEAD}P0,post,CT,rim,\n")),
    ]);
    let cases = [
        ("names.csv", "in common are 10 patients, 0 timepoints"),
        ("class.csv", "table B, line 10: the value of rim must be one of none, incomplete, complete"),
        ("number.csv", "table B, line 3: the value of max_diameter must be a number"),
        (
            "twice.csv",
            "table B, lines 4 and 22 have the same patient, timepoint, modality, series, lesion and measure: keep one",
        ),
        ("semicolons.csv", "table B is not separated by commas"),
        ("columns.csv", "table B has no column `measure`"),
        ("ragged.csv", "table B, line 22: another number of cells"),
        ("header.csv", "table B has no rows"),
        ("empty.csv", "table B has no"),
        ("refused.csv", "nothing could be compared: max_diameter: no row has a value in both tables; rim: no row has"),
        ("gone.csv", "table B cannot be read: entity not found"),
    ];
    for (name, words) in cases {
        desk.refused(&["agree", "@good.csv", &format!("@{name}"), "--out", "@out"], words);
    }
    desk.refused(&["agree", "@good.csv", "@good.csv", "--measure", "max_diametre"], "did you mean `max_diameter`?");
    assert!(!desk.at("out").exists(), "nothing is written");
}

#[test]
fn a_result_that_cannot_be_written_ends_with_3() {
    let desk = Desk::new(&[("a.csv", &reader(&ONE, 0.0)), ("file", "")]);
    let output = desk.osteon(&["agree", "@a.csv", "@a.csv", "--out", "@file"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("name another folder with --out"));
}

/// A run of 24 patients: 21 diameters fall, each by another length, 3 stay; of two more one was examined once and one
/// failed.
fn run() -> (String, String) {
    let mut exams =
        "patient,timepoint,modality,series,lesion,measure,value,unit,uncertainty,slice,status,reason,flags\n"
            .to_owned();
    for i in 0..24 {
        let after = 60.0 - 0.4 * f64::from(i.min(21)) * f64::from(u8::from(i < 21));
        let grade = ["0", "1a", "1b", "2a", "2b", "3"][i as usize % 6];
        for (timepoint, diameter, grade) in [("pre", 60.4, "0"), ("post", after, grade)] {
            let diameter = if i < 21 { diameter } else { 60.0 };
            exams += &format!("P{i:02},{timepoint},CT,main,1,max_diameter,{diameter:.1},mm,,,ok,,\n");
            exams += &format!("P{i:02},{timepoint},CT,main,1,boriani_grade,{grade},,,,ok,,\n");
        }
    }
    exams += "P24,pre,CT,main,1,max_diameter,50,mm,,,ok,,\nP25,pre,CT,main,1,max_diameter,50,mm,,,ok,,\n\
              P25,pre,CT,main,1,boriani_grade,0,,,,ok,,\n";
    let failures = "patient,timepoint,modality,series,lesion,line,stage,reason,message\n\
                    P25,post,CT,main,1,52,image,truncated_file,the file ends early\n";
    (exams, failures.to_owned())
}

/// Scores whose counts and changes are those of the paper's Table 2.
fn scores() -> String {
    let spread = |groups: &[(&str, &str, usize)]| -> Vec<[String; 2]> {
        let each = groups.iter().flat_map(|(a, b, n)| std::iter::repeat_n([a.to_string(), b.to_string()], *n));
        each.collect()
    };
    let ecog = spread(&[
        ("0", "0", 1),
        ("1", "0", 1),
        ("1", "1", 11),
        ("2", "1", 5),
        ("2", "2", 2),
        ("3", "1", 2),
        ("3", "2", 2),
    ]);
    let frankel = spread(&[("D", "E", 4), ("D", "D", 2), ("E", "E", 18)]);
    let kps = spread(&[("50", "60", 6), ("50", "70", 4), ("50", "80", 4), ("50", "90", 3), ("70", "70", 7)]);
    let mut text = "patient,timepoint,kps,ecog,frankel\n".to_owned();
    for i in 0..24 {
        for (side, timepoint) in ["pre", "post"].iter().enumerate() {
            text += &format!("P{i:02},{timepoint},{},{},{}\n", kps[i][side], ecog[i][side], frankel[i][side]);
        }
    }
    text
}

#[test]
fn a_finished_run_becomes_the_tables_of_a_paper() {
    let (exams, failures) = run();
    let desk = Desk::new(&[("exams.csv", &exams), ("failures.csv", &failures), ("scores.csv", &scores())]);
    let told = desk.done(&["cohort", "@", "--clinical", "@scores.csv"]);
    let flow = "26 patients in the run, 24 with a measure before and after. Left out: 1 after: truncated file, 1 one timepoint.";
    assert!(told.starts_with(flow), "{told}");
    let table = desk.read("cohort.csv");
    for row in [
        "1,CT max_diameter,median,60.4,56.6,24,wilcoxon,-4.01451,0.00005957,0.00000095367,",
        "2,ecog,classes,24,24,24,wilcoxon,-2.97189,0.0029597,0.0019531,",
        "2,frankel,classes,24,24,24,wilcoxon,-2,0.0455,0.125,0.125,",
        "2,kps,median,50,70,24,wilcoxon,-3.65167,",
        "2,ecog,count:1,12,18,24,,,,,,,,\n",
        "1,CT max_diameter,fell,,,21,,,,,,,,\n",
    ] {
        assert!(table.contains(row), "{row}: {table}");
    }
    assert!(table.lines().all(|line| line.matches(',').count() == 13), "{table}");
    let flow = desk.read("flow.csv");
    assert!(flow.contains("\nP24,1,,,one_timepoint\nP25,1,,,after:truncated_file\n"), "{flow}");
    let patients = desk.read("patients.csv");
    assert!(patients.contains("P01,1,CT,max_diameter,mm,pre,60.4,post,59.6,-0.8,-1.3245,\n"), "{patients}");
    assert!(patients.contains("P25,1,CT,max_diameter,mm,pre,50,post,,,,after:truncated_file\n"), "{patients}");
    let page = desk.read("cohort.md");
    assert!(page.contains("it fell in 21 of 24, stayed in 3 and rose in 0."), "{page}");
    assert!(!page.contains("NaN") && !told.contains("NaN"));
}

#[test]
fn runs_that_cannot_be_paired_are_one_line() {
    let row = |patient: &str, timepoint: &str, value: &str| format!("{patient},{timepoint},CT,max_diameter,{value}\n");
    let once = HEAD.to_owned() + &row("P1", "pre", "50") + &row("P2", "pre", "40");
    let apart = HEAD.to_owned() + &row("P1", "pre", "50") + &row("P1", "post", "");
    let both = HEAD.to_owned() + &row("P1", "pre", "50") + &row("P1", "post", "40");
    let series = "patient,timepoint,modality,series,measure,value\nP1,pre,CT,bone,volume,1\nP1,pre,CT,soft,volume,2\n\
                  P1,post,CT,bone,volume,1\nP1,post,CT,soft,volume,2\n"
        .to_owned();
    let desk = Desk::new(&[
        ("stranger.csv", "patient,timepoint,vas\nX,pre,1\n"),
        ("range.csv", "patient,timepoint,vas\nP1,pre,12\n"),
    ]);
    for (folder, exams) in [("once", &once), ("apart", &apart), ("both", &both), ("series", &series)] {
        fs::create_dir(desk.at(folder)).unwrap();
        fs::write(desk.at(folder).join("exams.csv"), exams).unwrap();
    }
    fs::create_dir_all(desk.at("begun/records")).unwrap();
    desk.refused(&["cohort", "@nowhere"], "the folder holds no exams.csv");
    desk.refused(&["cohort", "@begun"], "the run has not finished");
    desk.refused(&["cohort", "@once"], "every patient has but one timepoint (pre)");
    desk.refused(&["cohort", "@apart"], "no patient has a measure both before and after (after: no value)");
    desk.refused(&["cohort", "@series"], "pick one for each, as in --set cohort.series.max_diameter=bone");
    assert!(!desk.at("apart/report.html").exists(), "a report of nothing is not written");
    desk.done(&["cohort", "@series", "--set", "cohort.series.volume=soft"]);
    desk.refused(&["cohort", "@both", "--set", "cohort.grade=paired"], "the run has no boriani_grade_paired");
    desk.refused(&["cohort", "@both", "--set", "cohort.exclude_patients=['P9']"], "names 1 that are not in the run");
    desk.refused(
        &["cohort", "@both", "--set", "cohort.least_diameter_mm=60"],
        "(before: excluded diameter below least;after: excluded diameter below least)",
    );
    desk.refused(
        &["cohort", "@both", "--set", "cohort.after=m6"],
        "no patient has the timepoint `m6` of cohort.after; there are pre, post",
    );
    desk.refused(&["cohort", "@both", "--clinical", "@stranger.csv"], "1 of its patients are not in the run");
    desk.refused(&["cohort", "@both", "--clinical", "@range.csv"], "line 2: vas must be a number from 0 to 10");
    let one = desk.done(&["cohort", "@both"]);
    assert!(one.contains("1 patient in the run, 1 with a measure") && !one.contains("NaN"), "{one}");
}

#[test]
fn readers_have_the_last_word() {
    let (exams, failures) = run();
    let head = "patient,timepoint,modality,series,lesion,measure,verdict,value,reader\n";
    let verdicts = "P00,post,CT,main,1,max_diameter,corrected,58,R1\nP01,post,CT,main,1,max_diameter,rejected,,R1\n\
                    P02,pre,CT,main,1,max_diameter,accepted,,R1\nP02,post,CT,main,1,max_diameter,accepted,,R1\n";
    let desk = Desk::new(&[
        ("exams.csv", &exams),
        ("failures.csv", &failures),
        ("reviews.csv", &format!("{head}{verdicts}")),
        ("wrong.csv", &format!("{head}P00,post,CT,main,1,boriani_grade,corrected,4,R1\n")),
    ]);
    let told = desk.done(&["cohort", "@", "--reviews", "@reviews.csv"]);
    assert!(told.contains("Values of exams: 2 accepted, 1 corrected, 1 rejected, 95 not reviewed."), "{told}");
    let patients = desk.read("patients.csv");
    assert!(patients.contains("P00,1,CT,max_diameter,mm,pre,60.4,post,58,-2.4,"), "{patients}");
    assert!(desk.read("flow.csv").contains("P01,1,CT,max_diameter,after:rejected\n"));
    let strict = ["cohort", "@", "--set", "cohort.require_review=true"];
    let told = desk.done(&[&strict[..], &["--reviews", "@reviews.csv"]].concat());
    assert!(told.contains("26 patients in the run, 1 with a measure before and after."), "{told}");
    desk.refused(&strict, "give them with --reviews FILE");
    desk.refused(
        &["cohort", "@", "--reviews", "@wrong.csv"],
        "line 2: the corrected value must be one of 0, 1a, 1b, 2a, 2b, 3",
    );
}

/// A cohort of few, or in which nothing changes, has words where it has no numbers.
#[test]
fn small_and_unchanged_cohorts_have_no_empty_promises() {
    let row = |patient: &str, timepoint: &str, value: &str| format!("{patient},{timepoint},CT,max_diameter,{value}\n");
    let unchanged: String = ["P1", "P2", "P3"].iter().map(|p| row(p, "pre", "50") + &row(p, "post", "50")).collect();
    let two: String = ["P1", "P2"].iter().map(|p| row(p, "pre", "50") + &row(p, "post", "40")).collect();
    let three = row("P1", "t0", "50") + &row("P1", "t1", "45") + &row("P1", "t2", "40");
    let desk = Desk::new(&[]);
    for (folder, rows, words) in [
        ("unchanged", &unchanged, "none: no pair differs"),
        ("two", &two, "-1.414"),
        ("three", &three, "40.0 (40.0, 40.0)"),
    ] {
        fs::create_dir(desk.at(folder)).unwrap();
        fs::write(desk.at(folder).join("exams.csv"), HEAD.to_owned() + rows).unwrap();
        let told = desk.done(&["cohort", &format!("@{folder}")]);
        assert!(told.contains(words) && !told.contains("NaN"), "{told}");
        for file in ["cohort.csv", "cohort.md", "patients.csv", "report.html"] {
            assert!(!desk.read(&format!("{folder}/{file}")).contains("NaN"), "{folder}/{file}");
        }
    }
    assert!(desk.read("unchanged/report.html").contains("none: no pair differs"));
    assert!(desk.read("three/report.html").contains("50.0 at t0 (n = 1), 45.0 at t1 (n = 1), 40.0 at t2 (n = 1)"));
    let middle = desk.done(&["cohort", "@three", "--set", "cohort.after=t1"]);
    assert!(middle.contains("45.0 (45.0, 45.0)"), "{middle}");
}

/// Two lesions of which one is measured at three timepoints: the patient is judged by the sum, and a lesion that nobody
/// listed before is named.
#[test]
fn a_patient_is_judged_by_the_sum_of_its_lesions() {
    let mut exams = "patient,timepoint,modality,series,lesion,measure,value,unit,status,reason\n".to_owned();
    for (patient, lesion, sizes) in [
        ("P1", "L1", ["40", "20", "26"]),
        ("P1", "L2", ["20", "20", "30"]),
        ("P2", "L1", ["30", "", "18"]),
        ("P2", "L2", ["20", "", "14"]),
        ("P2", "L3", ["12", "", "13"]),
        ("P4", "L1", ["30", "", "18"]),
        ("P4", "L2", ["20", "", "14"]),
        ("P4", "L3", ["12", "", "30"]),
        ("P3", "1", ["30", "25", "20"]),
        ("P3", "2", ["", "", "11"]),
    ] {
        for (timepoint, mm) in ["pre", "mid", "post"].iter().zip(sizes).filter(|(_, mm)| !mm.is_empty()) {
            exams += &format!("{patient},{timepoint},CT,main,{lesion},max_diameter,{mm},mm,ok,\n");
        }
    }
    let desk = Desk::new(&[("exams.csv", &exams)]);
    let told = desk.done(&["cohort", "@"]);
    let patients = desk.read("patients.csv");
    for row in [
        // 60, 40, 56 mm: +40 % and 16 mm from the smallest, though less than before treatment.
        "P1,,CT,recist_sum,mm,pre,60,post,56,-4,-6.66667,targets:L1|L2\n",
        "P1,,CT,response_recist_patient,,pre,,post,PD,,-6.66667,\n",
        // 50 to 32 mm; the third lesion is no target.
        "P2,,CT,response_recist_patient,,pre,,post,PR,,-36,\n",
        // The same, but the third has grown: neither PR nor SD.
        "P4,,CT,recist_sum,mm,pre,50,post,32,-18,-36,targets:L1|L2;grown:L3\n",
        "P4,,CT,response_recist_patient,,pre,,post,,,-36,grown:L3\n",
        "P3,,CT,recist_sum,mm,pre,30,post,20,-10,-33.33333,targets:1;new_or_unlisted:2\n",
        "P3,,CT,response_recist_patient,,pre,,post,,,-33.33333,new_or_unlisted:2\n",
    ] {
        assert!(patients.contains(row), "{row}{patients}");
    }
    let counted = "| RECIST 1.1, sum of up to 2 lesions | 1 (50.0 %) | 9.5 to 90.5 % | 0 (0.0 %) | 1 (50.0 %) | 2 |";
    assert!(desk.read("cohort.md").contains(counted), "{told}");
    let page = desk.read("report.html");
    assert!(page.contains("RECIST 1.1 of the patient PD") && page.contains("RECIST 1.1 of the patient not evaluable"));
    desk.done(&["cohort", "@", "--set", "cohort.recist_targets=3"]);
    let three = "P2,,CT,recist_sum,mm,pre,62,post,45,-17,-27.41935,targets:L1|L2|L3\n";
    assert!(desk.read("patients.csv").contains(three));
}

const YUAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/yuan2022.toml");

#[test]
fn a_paper_is_audited() {
    let desk = Desk::new(&[]);
    let told = desk.done(&["audit", YUAN]);
    assert!(told.contains("ECOG score\n") && told.contains("10 improved (8 by 1, 2 by 2), none worse"), "{told}");
    assert!(told.ends_with("46 consistent, 6 with a note, 3 doubtful, 4 contradicted by others\n"), "{told}");
    let found: Vec<serde_json::Value> = serde_json::from_str(&desk.done(&["audit", YUAN, "--json"])).unwrap();
    let of = |verdict: &str| found.iter().filter(|f| f["verdict"] == verdict).count();
    assert_eq!(["consistent", "note", "doubtful", "contradiction"].map(of), [46, 6, 3, 4]);
}

#[test]
fn facts_that_cannot_be_used_are_one_line() {
    let head = "source = \"x\"\nn = 24\n";
    let desk = Desk::new(&[
        ("no.toml", "source"),
        ("key.toml", &format!("{head}[[count]]\nrow = \"a\"\ncount = 1\nprecent = \"4.2\"\n")),
        ("bare.toml", &format!("{head}[[count]]\nrow = \"a\"\ncount = 1\npercent = 4.2\n")),
        (
            "n.toml",
            &format!(
                "{head}[[mean]]\nrow = \"a\"\nn = 1\nbefore = {{ mean = \"1\", sd = \"1\" }}\n\
                            after = {{ mean = \"1\", sd = \"1\" }}\nt = \"1\"\np = \"1\"\n"
            ),
        ),
    ]);
    desk.refused(&["audit", "@no.toml"], "file of facts, line 1");
    desk.refused(&["audit", "@key.toml"], "line 6: unknown field `precent`");
    desk.refused(&["audit", "@bare.toml"], "line 6: invalid type: floating point `4.2`, expected a string");
    desk.refused(&["audit", "@n.toml"], "`a`: give n, the number of pairs, of at least 2");
    desk.refused(&["audit", "@gone.toml"], "cannot be read: entity not found");
}

/// Two of four patients stay in by rule, and each rule is counted where it took something.
#[test]
fn rules_leave_out_patients_lesions_and_values() {
    let head = "patient,timepoint,modality,measure,value,unit,status,reason,flags\n";
    let row = |patient: &str, timepoint: &str, value: &str, rest: &str| {
        format!("{patient},{timepoint},CT,max_diameter,{value},mm,{rest}\n")
    };
    let exams: String =
        [("P1", "50", "ok,,"), ("P2", "50", "ok,,metal;pieces:2"), ("P3", "9", "ok,,"), ("P4", "50", "borderline,,")]
            .iter()
            .map(|(patient, value, rest)| row(patient, "pre", value, rest) + &row(patient, "post", "40", "ok,,"))
            .collect();
    let scores = "patient,timepoint,vas\nP1,pre,5\nP1,post,4\nP3,pre,5\nP3,post,1\n";
    let desk = Desk::new(&[("exams.csv", &(head.to_owned() + &exams)), ("scores.csv", scores)]);
    let flow = |sets: &[&str]| {
        let mut args = vec!["cohort", "@", "--clinical", "@scores.csv"];
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        desk.done(&args);
        desk.read("flow.csv").lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(flow(&[]), [""; 0]);
    assert_eq!(flow(&["cohort.exclude_patients=['P1']"]), ["P1,1,,,excluded_patient"]);
    assert_eq!(flow(&["cohort.least_diameter_mm=10"]), ["P3,1,,,excluded_diameter_below_least"]);
    assert!(desk.read("cohort.csv").contains("2,vas,mean,5,4,1,"), "nor do the scores of P3 enter");
    assert_eq!(flow(&["cohort.exclude_flags=['metal']"]), ["P2,1,,,before:excluded_flag:metal"]);
    assert_eq!(flow(&["cohort.exclude_borderline=true"]), ["P4,1,,,before:excluded_borderline"]);
    let page = desk.read("report.html");
    assert!(
        page.contains("Borderline, left out by cohort.exclude_borderline.")
            && page.contains("borderline values were left out")
    );
}

/// The grade after treatment may be that beside the baseline; before treatment there is only that of the exam.
#[test]
fn the_paired_grade_is_compared_with_the_single_one_before() {
    let row = |patient: &str, timepoint: &str, measure: &str, value: &str| {
        format!("{patient},{timepoint},CT,{measure},{value}\n")
    };
    let exams: String = ["P1", "P2"]
        .iter()
        .map(|p| {
            let plain = row(p, "pre", "boriani_grade", "1a") + &row(p, "post", "boriani_grade", "3");
            plain + &row(p, "pre", "boriani_grade_paired", "") + &row(p, "post", "boriani_grade_paired", "2b")
        })
        .collect();
    let desk = Desk::new(&[("exams.csv", &(HEAD.to_owned() + &exams))]);
    desk.done(&["cohort", "@", "--set", "cohort.grade=paired"]);
    let table = desk.read("cohort.csv");
    assert!(table.contains("1,CT boriani_grade_paired,count:1a,2,0,2,"), "{table}");
    assert!(
        table.contains("1,CT boriani_grade_paired,count:2b,0,2,2,")
            && table.contains("other,CT boriani_grade,count:3,0,2,2,")
    );
    assert!(desk.read("grade_bars.svg").contains("2b: 0 and 2"));
    desk.done(&["cohort", "@"]);
    assert!(desk.read("cohort.csv").contains("1,CT boriani_grade,count:3,0,2,2,"));
}

/// No cyst before and none after is no pair, however the zero is written.
#[test]
fn cysts_absent_before_and_after_are_no_pair() {
    let row = |patient: &str, timepoint: &str, value: &str| format!("{patient},{timepoint},MR,cyst_diameter,{value}\n");
    let exams: String = [("P1", "12", "11"), ("P2", "0", "0.0000"), ("P3", "13", "0.0")]
        .iter()
        .map(|(patient, before, after)| row(patient, "pre", before) + &row(patient, "post", after))
        .collect();
    let desk = Desk::new(&[("exams.csv", &(HEAD.to_owned() + &exams))]);
    desk.done(&["cohort", "@"]);
    let patients = desk.read("patients.csv");
    let absent: Vec<&str> = patients.lines().filter(|line| line.contains("absent_both")).collect();
    assert!(absent.len() == 1 && absent[0].starts_with("P2,"), "{patients}");
}
