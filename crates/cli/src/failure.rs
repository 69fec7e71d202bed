use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use wayleave::system::stdio::printable;

/// Why the command itself has failed, as one line and an exit code: 2 where the command line is
/// wrong, 1 for the rest.
pub(crate) struct Failure {
    message: String,
    code: u8,
    /// Help and version are no failures, but end the command all the same.
    help: Option<clap::Error>,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 2, help: None }
    }

    /// Something could not be done.
    pub(crate) fn other(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 1, help: None }
    }

    /// It is not the command line's, but that of something it names.
    pub(crate) fn of(self, what: impl Display) -> Self {
        Self::other(format!("{what}: {}", self.message))
    }

    /// The same, with what may help.
    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { message: format!("{}; {hint}", self.message), ..self }
    }

    /// Tells it, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self.help {
            // Nobody reads it where it can not be printed.
            Some(help) => drop(help.print()),
            None => drop(writeln!(std::io::stderr(), "wayleave: {}", printable(&self.message))),
        }
        ExitCode::from(self.code)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        if !error.use_stderr() {
            return Self { message: String::new(), code: 0, help: Some(error) };
        }
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self { message: String::new(), code: 2, help: Some(error) };
        }
        // The first paragraph says what is wrong; usage and hints follow, which `--help` has.
        let text = error.to_string();
        let paragraph = text.split("\n\n").next().unwrap_or(&text);
        let line = paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let line = line.strip_prefix("error: ").unwrap_or(&line);
        Self::usage(format!("{line} (see --help)"))
    }
}

/// Writes to standard output. A reader that has gone away (`wayleave man | head`) is no failure.
pub(crate) fn print(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("can not write to standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
