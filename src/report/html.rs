//! `report.html`: the whole cohort on one page that needs nothing beside it.
//!
//! The page is a template (`html/page.html`) with its style and script; every value is escaped by the engine. Nothing in
//! it depends on when or where it is made.

mod agreement;
mod cards;
mod findings;
mod flow;
mod headlines;
mod methods;
mod overview;
mod pictures;
mod table;
mod values;
mod words;

use crate::config::{CohortChoice, Pictures};
use crate::report::cohort as tables;
use crate::report::plots::Plot;
use crate::stats::cohort::Cohort;
use cards::Card;
use findings::by_lesion;
use headlines::Headline;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use std::path::Path;
use table::Table;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The output folder of the run, for its tables and pictures.
    pub run: &'a Path,
    /// The cohort.
    pub cohort: &'a Cohort,
    /// What was compared.
    pub choice: &'a CohortChoice,
    /// What becomes of the pictures.
    pub pictures: Pictures,
    /// Its plots.
    pub plots: &'a [Plot],
}

/// What the template is filled with.
#[derive(Serialize)]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    version: &'static str,
    linked: bool,
    flow: String,
    sentences: Vec<String>,
    headlines: Vec<Headline>,
    left_out: Table,
    unpaired: Table,
    tables: Vec<Table>,
    rules: Option<String>,
    plots: &'a [Plot],
    patients: Table,
    cards: Vec<Card>,
    review: Table,
    failures: Table,
    glossary: Vec<(String, String)>,
    pictured: bool,
    agreement: Vec<String>,
    methods: Vec<String>,
    settings: Table,
}

/// The page.
///
/// # Errors
/// In words, if the template cannot be filled.
pub fn page(request: &Request) -> Result<String, String> {
    let cohort = request.cohort;
    let reviews = findings::reviews(request.run);
    let failures = findings::failure_table(request.run);
    let methods = methods::methods(request);
    let units = cohort.measures.units.iter().enumerate();
    let anchors = units.map(|(i, unit)| ([unit.patient.as_str(), unit.lesion.as_str()], cards::anchor(i))).collect();
    let filled = Page {
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        linked: request.pictures == Pictures::Link,
        flow: tables::flow(cohort),
        sentences: tables::sentences(&cohort.rows),
        headlines: headlines::headlines(cohort, &reviews, failures.rows.len()),
        left_out: flow::left_out(&cohort.measures),
        unpaired: flow::unpaired(&cohort.measures),
        tables: paper_tables(cohort),
        rules: tables::responses::rules(cohort),
        plots: request.plots,
        patients: overview::overview(cohort, &by_lesion(&reviews)),
        cards: cards::cards(request, &reviews),
        review: findings::review_table(&reviews, &anchors),
        failures,
        glossary: findings::glossary(&reviews),
        pictured: request.pictures != Pictures::None,
        agreement: agreement::files(request.run),
        methods: methods.text,
        settings: methods.settings,
    };
    render(&filled).map_err(|e| format!("report.html cannot be made: {e}"))
}

fn render(page: &Page) -> Result<String, minijinja::Error> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    engine.add_template("page.html", PAGE)?;
    engine.get_template("page.html")?.render(Serde(page))
}

/// The tables of `cohort.md`.
fn paper_tables(cohort: &Cohort) -> Vec<Table> {
    let tables = tables::tables(cohort).into_iter().enumerate();
    tables
        .map(|(i, (title, grid))| Table::of_grid(&format!("table-{}", i + 1), title, &grid, title == tables::OTHER))
        .collect()
}
