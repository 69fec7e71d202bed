//! The command line of a benchmark: what stands after `cargo bench --bench NAME --`.

use super::Result;

/// Options, as far as they were given.
#[derive(Default)]
pub(crate) struct Options {
    /// `--rounds N`
    pub(crate) rounds: Option<usize>,
    /// `--ops A,B`
    pub(crate) ops: Option<Vec<String>>,
    /// `--runners A,B`
    pub(crate) runners: Option<Vec<String>>,
}

impl Options {
    /// Reads the command line of this process.
    ///
    /// # Errors
    /// On an option it does not know or a value it can not read.
    pub(crate) fn from_args() -> Result<Self> {
        let mut options = Self::default();
        let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench"); // cargo's own
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--rounds" => options.rounds = Some(value()?.parse::<usize>()?.max(1)),
                "--ops" => options.ops = Some(list(&value()?)),
                "--runners" => options.runners = Some(list(&value()?)),
                _ => return Err(format!("unknown option {arg}").into()),
            }
        }
        Ok(options)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).collect()
}
