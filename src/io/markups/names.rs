//! What lists of points are by their names (design.md 2); case, spelling and how words are joined do not matter.

/// What the points of a list mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The middle of the vertebral canal, from below upwards or the other way.
    Canal,
    /// Normal cord.
    CordReference,
    /// A vertebral level.
    Level(String),
    /// Tumour for certain.
    Foreground,
    /// No tumour for certain.
    Background,
    /// A nodule of the lung.
    Lung(String),
    /// A vertebra whose height is wanted.
    Height(String),
}

/// The names that are known, for messages.
pub const KNOWN: &str = "canal, cord_ref, fg, bg, level:T4, height:T4, lung:1";

/// What a list of that name marks; `None` for a name nobody knows.
pub fn role(name: &str) -> Option<Role> {
    let plain = plain(name);
    if let Some((kind, which)) = plain.split_once(':') {
        let which = Some(which.trim_matches([' ', '_']).to_string()).filter(|w| is_short(w))?;
        return match kind.trim() {
            "level" => Some(Role::Level(which)),
            "height" => Some(Role::Height(which)),
            "lung" => Some(Role::Lung(which)),
            _ => None,
        };
    }
    match plain.as_str() {
        "canal" => Some(Role::Canal),
        "cord_ref" => Some(Role::CordReference),
        "fg" => Some(Role::Foreground),
        "bg" => Some(Role::Background),
        _ => None,
    }
}

/// Whether a line or box of that name is the tumour's: `tumour`, `tumour_diameter`, `tumor-box`, ...
pub fn is_of_tumour(name: &str) -> bool {
    matches!(plain(name).as_str(), "tumour" | "tumour_diameter" | "tumour_line" | "tumour_box")
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_").replace("tumor", "tumour")
}

fn is_short(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter_and_strangers_are_not_known() {
        assert_eq!(role(" Cord-Ref "), Some(Role::CordReference));
        assert_eq!(role("level: T4"), Some(Role::Level("t4".into())));
        assert_eq!(role("LUNG:1"), Some(Role::Lung("1".into())));
        assert!(["F", "kanal", "level", "level:", "tumour", "lung:a b"].into_iter().all(|n| role(n).is_none()));
        assert!(is_of_tumour("Tumor diameter") && is_of_tumour("tumour_box") && !is_of_tumour("L"));
    }
}
