//! `wasi:cli`: arguments, variables, exit, standard streams, terminals.

use super::Host;
use super::bindings::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use super::streams::{InputStream, OutputStream};
use std::sync::Arc;
use wayleave_component::Own;
use wayleave_engine::{Exit, Stop};
use wayleave_system::fs::{File, FileKind};

/// A terminal that is read from. There is nothing to know about one yet.
pub(crate) enum TerminalInput {}

/// A terminal that is written to.
pub(crate) enum TerminalOutput {}

impl environment::Host for Host {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>, Stop> {
        Ok(self.grants.env.clone())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>, Stop> {
        Ok(self.grants.args.clone())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>, Stop> {
        Ok(None)
    }
}

impl exit::Host for Host {
    fn exit(&mut self, status: Result<(), ()>) -> Result<(), Stop> {
        Err(Exit(status.is_err().into()).into())
    }

    fn exit_with_code(&mut self, status_code: u8) -> Result<(), Stop> {
        Err(Exit(status_code.into()).into())
    }
}

impl stdin::Host for Host {
    fn get_stdin(&mut self) -> Result<Own<InputStream>, Stop> {
        let file = self.grants.stdin.clone();
        self.inputs.add_or_trap(InputStream::Stream(file))
    }
}

impl stdout::Host for Host {
    fn get_stdout(&mut self) -> Result<Own<OutputStream>, Stop> {
        let file = self.grants.stdout.clone();
        self.outputs.add_or_trap(OutputStream::Stream(file))
    }
}

impl stderr::Host for Host {
    fn get_stderr(&mut self) -> Result<Own<OutputStream>, Stop> {
        let file = self.grants.stderr.clone();
        self.outputs.add_or_trap(OutputStream::Stream(file))
    }
}

/// Whether a stream is a terminal, as C libraries find out: a character device that can not seek.
fn is_terminal(file: &Arc<dyn File>) -> bool {
    matches!(file.kind(), Ok(FileKind::CharacterDevice))
        && file.seek(std::io::SeekFrom::Current(0)).is_err()
}

impl terminal_stdin::Host for Host {
    fn get_terminal_stdin(&mut self) -> Result<Option<Own<TerminalInput>>, Stop> {
        Ok(is_terminal(&self.grants.stdin).then(|| Own::new(0)))
    }
}

impl terminal_stdout::Host for Host {
    fn get_terminal_stdout(&mut self) -> Result<Option<Own<TerminalOutput>>, Stop> {
        Ok(is_terminal(&self.grants.stdout).then(|| Own::new(0)))
    }
}

impl terminal_stderr::Host for Host {
    fn get_terminal_stderr(&mut self) -> Result<Option<Own<TerminalOutput>>, Stop> {
        Ok(is_terminal(&self.grants.stderr).then(|| Own::new(0)))
    }
}

impl terminal_input::Host for Host {
    fn terminal_input_drop(&mut self, _: Own<TerminalInput>) -> Result<(), Stop> {
        Ok(())
    }
}

impl terminal_output::Host for Host {
    fn terminal_output_drop(&mut self, _: Own<TerminalOutput>) -> Result<(), Stop> {
        Ok(())
    }
}
