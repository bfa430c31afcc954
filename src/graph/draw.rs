//! The graph as text that draws itself: Mermaid or Graphviz.

use super::Graph;
use crate::measure::Measure;

/// The language of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// For Markdown viewers.
    Mermaid,
    /// For Graphviz.
    Dot,
}

/// Stages as boxes, artifacts as the arrows between them.
pub fn draw(graph: &Graph, language: Language) -> String {
    let arrows: Vec<String> = arrows(graph).iter().map(|a| line(a, language)).collect();
    let (head, tail) = match language {
        Language::Mermaid => ("flowchart LR\n", ""),
        Language::Dot => ("digraph osteon {\n  rankdir=LR;\n  node [shape=box];\n", "}\n"),
    };
    format!("{head}{}{tail}", arrows.concat())
}

/// An artifact on its way from its maker to a stage or a measure.
struct Arrow {
    from: &'static str,
    artifact: &'static str,
    to: &'static str,
    into_measure: bool,
}

fn arrows(graph: &Graph) -> Vec<Arrow> {
    let maker = |artifact: &str| graph.stages().find(|s| s.writes.contains(&artifact)).map_or("load", |s| s.name);
    let arrow = |artifact: &'static str, to, into_measure| Arrow { from: maker(artifact), artifact, to, into_measure };
    let into_stages = graph.stages().flat_map(|s| s.reads.iter().map(move |a| arrow(a, s.name, false)));
    let reads = |m: &'static Measure| m.reads.iter().chain(m.looks_at);
    let into_measures = graph.measures().flat_map(|m| reads(m).map(move |a| arrow(a, m.name, true)));
    into_stages.chain(into_measures).collect()
}

fn line(arrow: &Arrow, language: Language) -> String {
    let Arrow { from, artifact, to, into_measure } = arrow;
    match (language, into_measure) {
        (Language::Mermaid, true) => format!("  {from} -- {artifact} --> measure_{to}([{to}])\n"),
        (Language::Mermaid, false) => format!("  {from} -- {artifact} --> {to}\n"),
        (Language::Dot, true) => {
            format!("  measure_{to} [shape=oval, label={to:?}];\n  {from} -> measure_{to} [label={artifact:?}];\n")
        }
        (Language::Dot, false) => format!("  {from} -> {to} [label={artifact:?}];\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Modality;

    #[test]
    fn a_small_graph_is_drawn_whole() {
        let graph = Graph::new(Modality::Ct, &["volume".into()], &[]).unwrap();
        let mermaid = draw(&graph, Language::Mermaid);
        assert!(mermaid.starts_with("flowchart LR\n  load -- image --> axial\n"));
        assert!(mermaid.contains("  border -- touches_border --> measure_volume([volume])\n"));
        assert!(!mermaid.contains("rim"));
        assert!(draw(&graph, Language::Dot).ends_with("}\n"));
    }
}
