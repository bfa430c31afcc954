//! `osteon graph`: the stages that a configuration selects, drawn.

use super::layers::LayerArgs;
use super::{Failure, exit, output};
use crate::graph::Graph;
use crate::graph::draw::{Language, draw};
use crate::measure::{Modality, measures};
use clap::{Args, ValueEnum};

/// Draw the stages that a configuration selects
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The language of the drawing
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    format: Format,
    #[command(flatten)]
    layers: LayerArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For Markdown viewers
    Mermaid,
    /// For Graphviz
    Dot,
}

/// `osteon graph`
///
/// # Errors
/// If the configuration cannot be used.
pub fn graph(args: &GraphArgs) -> Result<i32, Failure> {
    let (config, _) = args.layers.load()?;
    let language = match args.format {
        Format::Mermaid => Language::Mermaid,
        Format::Dot => Language::Dot,
    };
    output::print(&drawing(&config.measures, language)?)?;
    Ok(exit::DONE)
}

/// One drawing for each branch that measures something.
fn drawing(wanted: &[String], language: Language) -> Result<String, Failure> {
    let mut text = String::new();
    for modality in [Modality::Ct, Modality::Mr] {
        let of_branch = measures(modality).any(|m| wanted.iter().any(|w| w == m.name));
        if of_branch {
            let graph = Graph::new(modality, wanted, &[]).map_err(|e| Failure::of(exit::USAGE, e))?;
            text += &draw(&graph, language);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wanted_measures_are_drawn() {
        let text = drawing(&["volume".to_owned()], Language::Dot).unwrap();
        assert!(text.contains("measure_volume") && !text.contains("boriani"), "{text}");
    }
}
