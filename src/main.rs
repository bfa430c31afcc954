//! The `osteon` program.

fn main() -> std::process::ExitCode {
    osteon::cli::main()
}
