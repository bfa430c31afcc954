//! Which segment or region of a DICOM file is which structure: by the patterns of the configuration.

use crate::io::dicom::drawn::Part;

/// What the parts of a file say of one structure.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// None of them is it.
    Nothing,
    /// The number of the one that is.
    One(i64),
    /// Several could be.
    Several(Vec<i64>),
}

/// Finds the parts that the first pattern that fits any part fits.
pub fn find(parts: &[Part], patterns: &[String]) -> Named {
    let fitting = |pattern: &String| -> Vec<i64> {
        let fits = |part: &&Part| part.names.iter().any(|name| fits(&plain(pattern), &plain(name)));
        parts.iter().filter(fits).map(|part| part.number).collect()
    };
    match patterns.iter().map(fitting).find(|found| !found.is_empty()).as_deref() {
        None => Named::Nothing,
        Some([one]) => Named::One(*one),
        Some(several) => Named::Several(several.to_vec()),
    }
}

/// Without case, and with one kind of gap between words: `GTV Mass`, `gtv-mass` and `GTV_Mass` are one name.
fn plain(text: &str) -> Vec<char> {
    let gap = |c: char| if c.is_whitespace() || c == '-' { '_' } else { c };
    text.trim().chars().flat_map(char::to_lowercase).map(gap).collect()
}

/// Whether `*` of the pattern can stand for some of the name, and everything else is the same.
fn fits(pattern: &[char], name: &[char]) -> bool {
    // After each letter of the pattern: which lengths of the name it can have used up.
    let mut used = vec![false; name.len() + 1];
    used[0] = true;
    for letter in pattern {
        if *letter == '*' {
            let from = used.iter().position(|u| *u).unwrap_or(used.len());
            used[from..].fill(true);
        } else {
            used.rotate_right(1);
            used[0] = false;
            used[1..].iter_mut().zip(name).for_each(|(u, n)| *u &= n == letter);
        }
    }
    used[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(names: &[&str]) -> Vec<Part> {
        (1..).zip(names).map(|(number, name)| Part { number, names: vec![(*name).into(), "Tissue".into()] }).collect()
    }

    fn found(names: &[&str], patterns: &[&str]) -> Named {
        find(&parts(names), &patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn stars_stand_for_anything_and_everything_else_for_itself() {
        let yes = [
            ("gtv*", "GTV"),
            ("gtv*", "gtv_1"),
            ("*spinal*canal*", "My Spinal-Canal 2"),
            ("*", ""),
            ("a*b*c", "axxbbc"),
        ];
        let no = [("gtv", "gtv1"), ("gtv*", "my gtv"), ("a*b", "abc"), ("", "a"), ("*a", "ab")];
        assert!(yes.iter().all(|(p, n)| fits(&plain(p), &plain(n))));
        assert!(!no.iter().any(|(p, n)| fits(&plain(p), &plain(n))));
    }

    #[test]
    fn the_first_pattern_that_fits_decides() {
        assert_eq!(found(&["Cord", "GTV low", "GTV"], &["gtv", "gtv*"]), Named::One(3));
        assert_eq!(found(&["Cord", "GTV low", "GTV high"], &["gtv", "gtv*"]), Named::Several(vec![2, 3]));
        assert_eq!(found(&["Cord"], &["gtv", "gtv*"]), Named::Nothing);
    }
}
