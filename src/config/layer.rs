//! One layer of the configuration: a text or an assignment, flattened to dotted keys that know where they stand.

use super::{ConfigError, Origin};
use std::collections::BTreeMap;
use toml::de::DeTable;
use toml::{Spanned, Table, Value};

/// One value of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Dotted key, as `rim.spread_mm`.
    pub key: String,
    /// The value; a table only if it is empty.
    pub value: Value,
    /// Who gave it.
    pub origin: Origin,
}

/// A text of the configuration: its own values and its profiles.
#[derive(Debug, Default)]
pub struct Document {
    /// Values outside profiles, in the order of the text.
    pub entries: Vec<Entry>,
    /// Values of each profile.
    pub profiles: BTreeMap<String, Vec<Entry>>,
}

/// Whose text is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The program's own.
    BuiltIn,
    /// The file of `--config`.
    User,
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// If it is not TOML.
    pub fn parse(text: &str, author: Author) -> Result<Self, ConfigError> {
        let values: Table = text.parse().map_err(|e| syntax_error(text, &e))?;
        let places = DeTable::parse(text).map_err(|e| syntax_error(text, &e))?;
        let mut document = Self::default();
        for (key, value, line) in flatten(text, "", &values, places.get_ref()) {
            document.add(&key, value, line, author);
        }
        Ok(document)
    }

    fn add(&mut self, key: &str, value: Value, line: usize, author: Author) {
        let line = (author == Author::User).then_some(line);
        if let Some((name, key)) = key.strip_prefix("profile.").and_then(|rest| rest.split_once('.')) {
            let origin = Origin::Profile { name: name.to_owned(), line };
            self.profiles.entry(name.to_owned()).or_default().push(Entry { key: key.to_owned(), value, origin });
        } else {
            let origin = line.map_or(Origin::Default, |line| Origin::File { line });
            self.entries.push(Entry { key: key.to_owned(), value, origin });
        }
    }
}

/// Reads `key=value`; a value that is not TOML is a text.
///
/// # Errors
/// If there is no key or no `=`.
pub fn assignment(text: &str) -> Result<Entry, ConfigError> {
    let (key, value) = text.split_once('=').ok_or(ConfigError::NotAnAssignment)?;
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() {
        return Err(ConfigError::NotAnAssignment);
    }
    let value = value.parse().unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok(Entry { key: key.to_owned(), value, origin: Origin::Set })
}

/// Dotted key, value and line of everything in a table; `places` is the same table with the places of its keys.
fn flatten(text: &str, prefix: &str, values: &Table, places: &DeTable<'_>) -> Vec<(String, Value, usize)> {
    let mut flat = Vec::new();
    for (name, place) in places {
        let value = &values[name.get_ref().as_ref()];
        let key = format!("{prefix}{}", name.get_ref());
        match (value, place.get_ref().as_table()) {
            (Value::Table(inner), Some(places)) if !inner.is_empty() => {
                flat.extend(flatten(text, &format!("{key}."), inner, places));
            }
            _ => flat.push((key, value.clone(), line_of(text, name))),
        }
    }
    flat
}

fn line_of<T>(text: &str, place: &Spanned<T>) -> usize {
    line_at(text, place.span().start)
}

fn line_at(text: &str, byte: usize) -> usize {
    1 + text.as_bytes().iter().take(byte).filter(|&&b| b == b'\n').count()
}

/// Only the message and the line: the parser's own text would quote the file, which may be given by mistake.
fn syntax_error(text: &str, error: &toml::de::Error) -> ConfigError {
    let line = line_at(text, error.span().map_or(0, |s| s.start));
    ConfigError::Syntax { line, message: error.message().replace('\n', ", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_line_in_every_notation() {
        let text = "# remark\n[rim]\nmin_slices = 4\n\n[profile.mine]\nrim = { min_run_mm = 2.0 }\n[output]\n";
        let document = Document::parse(text, Author::User).unwrap();
        let entry = |key: &str, value, origin| Entry { key: key.into(), value, origin };
        let empty = Value::Table(Table::new());
        assert_eq!(
            document.entries,
            [
                entry("rim.min_slices", Value::Integer(4), Origin::File { line: 3 }),
                entry("output", empty, Origin::File { line: 7 })
            ]
        );
        let origin = Origin::Profile { name: "mine".into(), line: Some(6) };
        assert_eq!(document.profiles["mine"], [entry("rim.min_run_mm", Value::Float(2.0), origin)]);
    }

    #[test]
    fn a_broken_text_names_its_line_without_quoting_it() {
        let error = Document::parse("[rim]\nsecret secret\n", Author::User).unwrap_err();
        let ConfigError::Syntax { line, message } = &error else { panic!("{error}") };
        assert_eq!(*line, 2);
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn assignments_are_toml_or_text() {
        assert_eq!(assignment("rim.min_slices = 4").unwrap().value, Value::Integer(4));
        assert_eq!(assignment("resample.mode=native").unwrap().value, Value::String("native".into()));
        assert_eq!(assignment("rim.min_slices").unwrap_err(), ConfigError::NotAnAssignment);
        assert_eq!(assignment("=4").unwrap_err(), ConfigError::NotAnAssignment);
    }
}
