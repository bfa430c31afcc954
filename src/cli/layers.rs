//! The options that choose a configuration, shared by the commands that take one.

use super::Failure;
use crate::config::{Config, Provenance, load};
use clap::Args;
use std::path::PathBuf;

/// `--config`, `--profile`, `--set`
#[derive(Clone, Debug, Default, Args)]
pub struct LayerArgs {
    /// Settings that differ from the defaults, as TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A named set of settings, built in (hpc) or from the config file
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// One setting, over all others; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl LayerArgs {
    /// Reads and merges the layers.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self) -> Result<(Config, Provenance), Failure> {
        Ok(load(self.config.as_deref(), self.profile.as_deref(), &self.sets)?)
    }
}
