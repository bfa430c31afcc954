//! `osteon completions` and `osteon man`, both printed from the command line's own definition.

use super::{Cli, Exit, Failure, output};
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io;

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
pub struct ManArgs {}

/// `osteon completions SHELL`
///
/// # Errors
/// If standard output cannot be written.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "osteon", &mut text);
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

/// `osteon man`
///
/// # Errors
/// If standard output cannot be written.
pub fn man(_: &ManArgs) -> Result<Exit, Failure> {
    let page = page().map_err(|e| Failure::of(Exit::Output, e))?;
    output::print(&page)?;
    Ok(Exit::Done)
}

/// One page: the program, then each command as a section of its own.
fn page() -> io::Result<String> {
    // The version line of the program has two lines; a page's title has room for one.
    let mut program = Cli::command().version(env!("CARGO_PKG_VERSION"));
    program.build();
    let mut page = Vec::new();
    Man::new(program.clone()).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for command in program.get_subcommands().filter(|c| c.get_name() != "help") {
        page.push_str(&section(command)?);
    }
    Ok(page)
}

fn section(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut body = Vec::new();
    man.render_description_section(&mut body)?;
    man.render_synopsis_section(&mut body)?;
    man.render_options_section(&mut body)?;
    let body = String::from_utf8_lossy(&body).replace(".SH ", ".SS ");
    Ok(format!(".SH \"OSTEON {}\"\n{body}", command.get_name().to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_and_its_options() {
        let page = page().unwrap();
        for command in Cli::command().get_subcommands() {
            assert!(page.contains(&format!(".SH \"OSTEON {}\"", command.get_name().to_uppercase())));
        }
        assert!(page.contains("json"), "{page}");
        assert!(page.lines().next().is_some_and(|l| !l.contains("medical")), "{page}");
    }

    #[test]
    fn every_shell_gets_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "osteon", &mut text);
            assert!(String::from_utf8(text).unwrap().contains("completions"));
        }
    }
}
