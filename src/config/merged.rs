//! All layers laid over one another, each value with its origin.

use super::layer::Entry;
use super::limits::limit;
use super::{ConfigError, Origin, nearest};
use std::collections::BTreeMap;
use std::fmt;
use toml::{Table, Value};

/// Every setting with its value and where that came from, in the order of `configs/default.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance(Vec<Entry>);

impl Provenance {
    /// Starts from the values of the program.
    pub(super) fn over(defaults: Vec<Entry>) -> Self {
        Self(defaults)
    }

    /// Lays one layer over what there is.
    pub(super) fn lay(&mut self, layer: &[Entry]) -> Result<(), ConfigError> {
        layer.iter().try_for_each(|entry| self.set(entry))
    }

    fn set(&mut self, entry: &Entry) -> Result<(), ConfigError> {
        match limit(&entry.key) {
            None if self.is_empty_section(entry) => Ok(()),
            None => Err(self.unknown(entry)),
            Some(limit) if !limit.admits(&entry.value) => Err(unfit(entry, limit)),
            Some(_) => {
                self.put(entry);
                Ok(())
            }
        }
    }

    /// In the place of an earlier value, or after the last one of its section.
    fn put(&mut self, entry: &Entry) {
        let section = split(&entry.key).0;
        let place = self.0.iter().position(|e| e.key == entry.key);
        match (place, self.0.iter().rposition(|e| split(&e.key).0 == section)) {
            (Some(place), _) => self.0[place].clone_from(entry),
            (None, Some(last)) => self.0.insert(last + 1, entry.clone()),
            (None, None) => self.0.push(entry.clone()),
        }
    }

    fn is_empty_section(&self, entry: &Entry) -> bool {
        let inside = |e: &Entry| e.key.strip_prefix(&entry.key).is_some_and(|rest| rest.starts_with('.'));
        entry.value.is_table() && self.0.iter().any(inside)
    }

    fn unknown(&self, entry: &Entry) -> ConfigError {
        let nearest = nearest::nearest(&entry.key, self.0.iter().map(|e| e.key.as_str())).map(str::to_owned);
        ConfigError::UnknownKey { key: entry.key.escape_default().to_string(), origin: entry.origin.clone(), nearest }
    }

    /// Checks the values that only make sense with one another.
    pub(super) fn check_together(&self) -> Result<(), ConfigError> {
        let [low, high] = [0, 1].map(|i| number(&self.entry("density.sensitivity_hu").value[i]));
        let mineral = number(&self.entry("density.mineral_hu").value);
        self.require("density.mineral_hu", low <= mineral && mineral <= high, "within density.sensitivity_hu")?;
        let [none, complete] =
            ["grade.rim_none_below", "grade.rim_complete_from"].map(|k| number(&self.entry(k).value));
        self.require("grade.rim_none_below", none < complete, "below grade.rim_complete_from")
    }

    fn require(&self, key: &str, holds: bool, expected: &str) -> Result<(), ConfigError> {
        if holds { Ok(()) } else { Err(unfit(self.entry(key), expected)) }
    }

    /// Which layer gave the value of a setting.
    pub fn origin(&self, key: &str) -> &Origin {
        &self.entry(key).origin
    }

    fn entry(&self, key: &str) -> &Entry {
        self.0.iter().find(|e| e.key == key).expect("asked only for keys of configs/default.toml")
    }

    /// The values as one table of sections.
    pub(super) fn to_table(&self) -> Table {
        let mut table = Table::new();
        for entry in &self.0 {
            let (section, name) = split(&entry.key);
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                inner.insert(name.to_owned(), entry.value.clone());
            }
        }
        table
    }
}

/// The values of a profile: those of the program, then those of the config file.
pub(super) fn profile(name: &str, sources: &[&BTreeMap<String, Vec<Entry>>]) -> Result<Vec<Entry>, ConfigError> {
    let found: Vec<Entry> = sources.iter().filter_map(|s| s.get(name)).flatten().cloned().collect();
    if found.is_empty() {
        let known = sources.iter().flat_map(|s| s.keys().map(String::as_str));
        let nearest = nearest::nearest(name, known).map(str::to_owned);
        return Err(ConfigError::UnknownProfile { name: name.escape_default().to_string(), nearest });
    }
    Ok(found)
}

fn split(key: &str) -> (&str, &str) {
    key.split_once('.').expect("every key of configs/default.toml lies in a section")
}

fn number(value: &Value) -> f64 {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64)).expect("its limit admits only numbers")
}

fn unfit(entry: &Entry, expected: impl fmt::Display) -> ConfigError {
    let found: String = entry.value.to_string().chars().take(60).collect();
    let (key, origin) = (entry.key.clone(), entry.origin.clone());
    ConfigError::Unfit { key, origin, expected: expected.to_string(), found: found.replace('\n', " ") }
}

/// The merged text, each value with its origin as a remark; a valid config file.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = "";
        for entry in &self.0 {
            let (section, name) = split(&entry.key);
            if section != open {
                writeln!(f, "{}[{section}]", if open.is_empty() { "" } else { "\n" })?;
                open = section;
            }
            writeln!(f, "{name} = {}  # {}", entry.value, entry.origin)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT;
    use crate::config::layer::{Author, Document};
    use crate::config::limits::LIMITS;

    #[test]
    fn every_setting_has_a_limit_and_a_default_within_it() {
        let defaults = Document::parse(DEFAULT, Author::BuiltIn).unwrap().entries;
        let keys: Vec<&str> = defaults.iter().map(|e| e.key.as_str()).collect();
        assert_eq!(keys, LIMITS.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        let mut merged = Provenance::over(defaults.clone());
        merged.lay(&defaults).unwrap();
        merged.check_together().unwrap();
    }
}
