//! The built program on small studies: bad input, deaths, threads, shards, signals, reuse, and what it never tells.

use osteon::io::nifti::write::encode;
use osteon::volume::Mask;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use site::{Files, GOOD, HEAD, LARGE, PATIENTS, REST, Random, Site, TABLES, ct, disc, grid, listing, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

#[path = "cli/site.rs"]
mod site;

/// A NIfTI file with other bytes at some places.
fn patched(at: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = encode(&ct(LARGE, 1, 12.0), false);
    for (offset, new) in at {
        bytes[*offset..offset + new.len()].copy_from_slice(new);
    }
    bytes
}

fn words(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Everything that can be wrong with one row: patient, image, structures, and the end of its line in failures.csv.
const BAD: &[[&str; 4]] = &[
    ["no-tumour", "good.nii.gz", "", "structures,mask_missing,structures gives no tumour: add tumour=FILE"],
    [
        "empty-mask",
        "good.nii.gz",
        "tumour=empty.nii",
        "structures,mask_empty,\"structures[1]: the outline is empty: draw it, or check its label numbers\"",
    ],
    [
        "off-image",
        "good.nii.gz",
        "tumour=off.nii",
        "structures,mask_off_image,structures[1]: no voxel of the outline lies on a voxel of the image: check that it was drawn on this image",
    ],
    [
        "nan-affine",
        "nan.nii",
        "tumour=t.nii",
        "image,bad_geometry,image: the header does not place the voxels: the affine holds a value that is not finite; correct the affine or export the image again",
    ],
    [
        "zero-spacing",
        "zero.nii",
        "tumour=t.nii",
        "image,zero_spacing,image: a voxel spacing is zero or negative: pixdim holds 0; correct the spacing or export the image again",
    ],
    [
        "flat",
        "2d.nii",
        "tumour=t.nii",
        "image,two_dimensional,image: the image is two-dimensional: its size is 40 x 40; name a volume",
    ],
    [
        "moving",
        "4d.nii",
        "tumour=t.nii",
        "image,several_volumes,image: the file holds more than one volume: its size is 40 x 40 x 4 x 2; save the volume to be measured as a file of its own",
    ],
    [
        "cut-gzip",
        "cut.nii.gz",
        "tumour=t.nii",
        "image,truncated_file,image: the file ends before the data its header promises: the gzip stream has no end; copy or export the file again",
    ],
    [
        "wrong-crc",
        "crc.nii.gz",
        "tumour=t.nii",
        "image,bad_crc,image: the checksum of the compressed data is wrong: CRC-32 or size of a gzip member; copy or export the file again",
    ],
    [
        "huge",
        "huge.nii",
        "tumour=t.nii",
        "image,truncated_file,\"image: the file ends before the data its header promises: 70362301923678 bytes are promised, 25952 are there; copy or export the file again\"",
    ],
    [
        "huge-gzip",
        "huge.nii.gz",
        "tumour=t.nii",
        "image,truncated_file,\"image: the file ends before the data its header promises: 70362301923678 bytes are promised, fewer are there; copy or export the file again\"",
    ],
    [
        "bitpix",
        "bitpix.nii",
        "tumour=t.nii",
        "image,bitpix_mismatch,image: bits per voxel do not fit the data type: bitpix 8 for a type of 16 bits; export the image again",
    ],
    [
        "empty-folder",
        "hollow",
        "tumour=t.nii",
        "image,empty_folder,\"image: the folder holds no DICOM image: 0 files: 0 other DICOM objects, 0 not DICOM; name the folder that holds the series itself\"",
    ],
    [
        "no-folder",
        "nowhere",
        "tumour=t.nii",
        "image,file_missing,image: there is no such file: entity not found; correct the study table",
    ],
    [
        "no-mask",
        "good.nii.gz",
        "tumour=gone.nii",
        "structures,file_missing,structures[1]: there is no such file: entity not found; correct the study table",
    ],
];

/// Writes the files that [`BAD`] names.
fn spoil(site: &Site) {
    let gzip = encode(&ct(LARGE, 1, 12.0), true);
    let zero = 0f32.to_le_bytes();
    let huge = words(&[3, 32767, 32767, 32767, 1]);
    let mut crc = gzip.clone();
    let at = crc.len() - 8;
    crc[at] ^= 1;
    let mut off = grid(LARGE);
    off.origin[0] += 500.0;
    site.put("good.nii.gz", &gzip);
    site.put("t.nii", &encode(&disc(LARGE, [20.0, 20.0], 12.0), false));
    site.put("edge.nii", &encode(&disc(LARGE, [10.0, 20.0], 12.0), false));
    site.put("empty.nii", &encode(&Mask::from_fn(grid(LARGE), |_| false), false));
    site.put("off.nii", &encode(&Mask::from_fn(off, |[x, ..]| x > 20), false));
    site.put("nan.nii", &patched(&[(280, &f32::NAN.to_le_bytes())]));
    site.put("zero.nii", &patched(&[(80, &zero), (280, &zero), (296, &zero), (312, &zero)]));
    site.put("2d.nii", &patched(&[(40, &words(&[2, 40, 40, 1]))]));
    site.put("4d.nii", &patched(&[(40, &words(&[4, 40, 40, 4, 2]))]));
    site.put("cut.nii.gz", &gzip[..gzip.len() / 2]);
    site.put("crc.nii.gz", &crc);
    site.put("huge.nii", &patched(&[(40, &huge)]));
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let bytes = patched(&[(40, &huge)]);
    let mut packed = vec![0; packer.gzip_compress_bound(bytes.len())];
    let len = packer.gzip_compress(&bytes, &mut packed).unwrap();
    site.put("huge.nii.gz", &packed[..len]);
    site.put("bitpix.nii", &patched(&[(70, &words(&[4, 8]))]));
    fs::create_dir(site.at("hollow")).unwrap();
}

fn of(files: &Files, table: &str, patient: &str) -> Vec<String> {
    let rows = text(&files[table]);
    rows.lines().filter(|l| l.starts_with(&format!("{patient},"))).map(str::to_string).collect()
}

#[test]
fn every_bad_exam_is_one_line_and_harms_no_other() {
    let site = Site::new();
    spoil(&site);
    site.table(GOOD);
    let alone = site.done("alone", &[]);
    let bad: String = BAD.iter().map(|[p, image, s, _]| format!("{p},pre,CT,{image},{s}\n")).collect();
    site.table(&format!("{bad}edge,pre,CT,good.nii.gz,tumour=edge.nii\n{GOOD}"));
    let output = site.run("out", &[]);
    assert_eq!(output.status.code(), Some(1));
    let files = site.files("out");
    let failures = text(&files["failures.csv"]);
    let expected = BAD.iter().enumerate().map(|(i, [p, .., end])| format!("{p},pre,CT,main,1,{},{end}", i + 2));
    assert_eq!(failures.lines().skip(1).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let edge = of(&files, "exams.csv", "edge");
    assert_eq!(edge[0], "edge,pre,CT,main,1,volume,7758,mm3,,,ok,,touches_border");
    assert_eq!(edge[1], "edge,pre,CT,main,1,max_diameter,,mm,,,not_evaluable,fov_truncated,level_unknown");
    for table in ["exams.csv", "slices_ct.csv", "review.csv"] {
        assert_eq!(of(&files, table, "good"), of(&alone, table, "good"), "{table}");
    }
    assert_eq!(of(&files, "exams.csv", "good").len(), edge.len());
    let pictures: Vec<_> = alone.iter().filter(|(name, _)| name.starts_with("qc/")).collect();
    assert!(pictures.len() == 2 && pictures.iter().all(|(name, bytes)| files[*name] == **bytes));
    site.keeps_private(&site.at("out"));
}

#[test]
fn an_unreadable_folder_is_one_line() {
    if geteuid().is_root() {
        eprintln!("skipped an_unreadable_folder_is_one_line: root may read everything");
        return;
    }
    let site = Site::new();
    spoil(&site);
    fs::set_permissions(site.at("hollow"), fs::Permissions::from_mode(0o000)).unwrap();
    site.table(&format!("locked,pre,CT,hollow,tumour=t.nii\n{GOOD}"));
    let files = site.done("out", &[]);
    fs::set_permissions(site.at("hollow"), fs::Permissions::from_mode(0o700)).unwrap();
    let end = "image,unreadable,image: the file may not be read: permission denied; grant read permission";
    assert_eq!(of(&files, "failures.csv", "locked"), [format!("locked,pre,CT,main,1,2,{end}")]);
    assert!(!of(&files, "exams.csv", "good").is_empty());
}

#[test]
fn a_table_that_cannot_be_used_is_one_line_and_nothing_written() {
    let site = Site::new();
    spoil(&site);
    let name = "patient: must be 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit, without `..`";
    let cases = [
        (format!("{HEAD}../x{REST}{GOOD}"), format!("line 2, {name}")),
        (format!("{HEAD}{GOOD}-x{REST}"), format!("line 3, {name}")),
        (
            format!("{HEAD}{GOOD}b{REST}{GOOD}"),
            "lines 2 and 4 have the same patient, timepoint, modality, series and lesion: tell them apart by series or lesion".into(),
        ),
        (
            "patient,timepoint,modality,image\ngood,pre,CT,good.nii.gz\n".into(),
            "the study table has no column `structures`: it needs patient, timepoint, modality, image and structures".into(),
        ),
        (
            format!("patient,timepoint,modality,imaeg,structures\n{GOOD}"),
            "column 4 of the study table is not known: did you mean `image`?".into(),
        ),
    ];
    for (table, line) in cases {
        site.put("study.csv", table.as_bytes());
        let output = site.run("out", &[]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), format!("error: {line}\n")));
        assert!(!site.at("out").exists());
    }
}

/// A run that cannot write: exit code 3 and one line.
fn unwritable(site: &Site, out: &str, why: &str) {
    let output = site.run(out, &[]);
    let line = format!("error: {why}; what is finished is kept, run the same command again then");
    assert_eq!(text(&output.stderr).lines().last(), Some(line.as_str()));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn an_output_that_cannot_be_written_ends_with_3() {
    let site = Site::new();
    spoil(&site);
    site.table(GOOD);
    site.put("file", b"");
    let in_the_way = "a file stands where the output folder or one above it must be: name another folder with --out";
    unwritable(&site, "file", in_the_way);
    unwritable(&site, "file/x", in_the_way);
}

fn tmpfs(at: &Path, options: &str) -> bool {
    fs::create_dir_all(at).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
    mount.is_ok_and(|m| m.status.success())
}

#[test]
fn a_full_and_a_read_only_disk_end_with_3() {
    let site = Site::new();
    spoil(&site);
    site.table(GOOD);
    for (name, options, why) in [
        ("full", "size=16k", "no space is left for the output: make room"),
        ("fixed", "ro", "the output lies on a read-only file system: name another folder with --out"),
    ] {
        if !tmpfs(&site.at(name), options) {
            eprintln!("skipped a_full_and_a_read_only_disk_end_with_3: no tmpfs can be mounted; see tests/records.rs");
            return;
        }
        let told = std::panic::catch_unwind(|| unwritable(&site, &format!("{name}/out"), why));
        assert!(Command::new("umount").arg(site.at(name)).status().unwrap().success());
        told.unwrap();
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Kills runs at random moments until 25 have died on the way; how many of those left finished patients behind.
fn kills(site: &Site, expected: &Files, whole: Duration, seed: u64) -> usize {
    let (out, mut random) = (format!("cut{seed}"), Random(seed));
    let (mut killed, mut resumed) = (0, 0);
    while killed < 25 {
        let mut child = site.start(&out);
        std::thread::sleep(whole.mul_f64((random.next() % 1000) as f64 / 1000.0));
        signal(&child, Signal::KILL);
        if child.wait().unwrap().signal() == Some(9) {
            killed += 1;
            let told = text(&site.run(&out, &[]).stdout);
            resumed += usize::from(!told.contains(" 0 reused"));
            assert!(site.files(&out) == *expected, "seed {seed}, death {killed}");
        }
        let _ = fs::remove_dir_all(site.at(&out));
    }
    resumed
}

#[test]
fn kill_9_at_fifty_moments_changes_no_byte() {
    let site = Site::usual();
    let expected = site.done("whole", &[]);
    assert_eq!(expected.len(), TABLES.len() + 2 * PATIENTS);
    let start = Instant::now();
    site.done("timed", &[]);
    let whole = start.elapsed();
    let resumed: usize = std::thread::scope(|scope| {
        let workers = [1, 2].map(|seed| {
            scope.spawn({
                let (site, expected) = (&site, &expected);
                move || kills(site, expected, whole, seed)
            })
        });
        workers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    eprintln!("50 runs died within {whole:?}, {resumed} of them with finished patients");
    assert!(resumed >= 10, "{resumed}");
}

#[test]
fn threads_shards_and_processor_features_change_no_byte() {
    let site = Site::usual();
    let expected = site.done("whole", &[]);
    for threads in ["1", "7"] {
        assert!(site.done(threads, &["--threads", threads]) == expected, "{threads} threads");
    }
    for shard in ["1/3", "2/3", "3/3"] {
        site.run("shards", &["--shard", shard]);
    }
    assert!(site.files("shards") == expected, "shards");
    let masked = "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F";
    let output = site.command("masked", &[]).env("GLIBC_TUNABLES", masked).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(site.files("masked") == expected, "masked");
    site.keeps_private(&site.at("whole"));
    site.keeps_private(&site.at("shards"));
}

#[test]
fn term_ends_by_its_signal_and_a_rerun_completes() {
    let site = Site::usual();
    let expected = site.done("whole", &[]);
    let mut child = site.start("out");
    let begun = || listing(&site.at("out/records")).iter().any(|p| fs::metadata(p).is_ok_and(|m| m.len() > 64));
    while !begun() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let start = Instant::now();
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(!site.at("out/run.json").exists(), "it was stopped on the way");
    assert!(site.done("out", &[]) == expected);
}

#[test]
fn what_has_not_changed_is_not_measured_again() {
    let site = Site::usual();
    let counts = |args: &[&str]| {
        let told = text(&site.run("out", args).stdout);
        told.lines().find_map(|l| l.strip_prefix("  patients  ")).unwrap().to_string()
    };
    assert_eq!(counts(&[]), "12 measured now, 0 reused");
    let first = site.files("out");
    assert_eq!(counts(&[]), "0 measured now, 12 reused");
    assert_eq!(counts(&["--set", "rim.min_run_mm=7"]), "12 measured now, 0 reused");
    assert_eq!(counts(&[]), "0 measured now, 12 reused", "the records of before still hold");
    let mask = fs::File::options().write(true).open(site.at("t5.nii.gz")).unwrap();
    mask.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(counts(&[]), "1 measured now, 11 reused");
    assert!(site.files("out") == first);
}
