//! Standard output and standard error, without a panic when nobody listens.

use super::{Exit, Failure};
use std::io::{self, ErrorKind, Write};

/// Prints to standard output. A reader that has seen enough (`osteon list measures | head`) is no failure.
///
/// # Errors
/// If standard output cannot be written for another reason.
pub fn print(text: &str) -> Result<(), Failure> {
    print_to(&mut io::stdout().lock(), text)
}

fn print_to(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::of(Exit::Output, format!("standard output cannot be written: {e}")))
        }
        _ => Ok(()),
    }
}

/// Tells the user why the command ended, on standard error.
pub fn complain(message: &str) {
    // If even this cannot be written, the exit code still tells.
    let _ = writeln!(io::stderr().lock(), "error: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_broken_pipe_is_forgiven() {
        print_to(&mut Closed(ErrorKind::BrokenPipe), "x").unwrap();
        assert_eq!(print_to(&mut Closed(ErrorKind::StorageFull), "x").unwrap_err().exit, Exit::Output);
    }
}
