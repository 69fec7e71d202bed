use crate::ProgramKind;
use std::path::PathBuf;
use wayleave_engine::Stop;

/// Why a program could not be loaded or run. How a program that ran has ended is no error: see
/// [`Outcome`](crate::Outcome).
///
/// Each is one line for people: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("can not {verb} {}: {source}", path.display())]
    File {
        /// What was tried: `read`, `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// What was to be loaded is no WebAssembly.
    #[error("not WebAssembly: {reason}")]
    NotWasm {
        /// What it is instead, as far as can be seen.
        reason: String,
    },
    /// WebAssembly text with a mistake in it.
    #[error("WebAssembly text, {reason}")]
    Text {
        /// Line, column and what is wrong.
        reason: String,
    },
    /// The component is not valid, or what it imports or exports does not fit.
    #[error(transparent)]
    Component(wayleave_component::Error),
    /// The program imports what nothing provides.
    #[error("unknown import {}: {help}", quoted(module, name))]
    UnknownImport {
        /// The import's module or interface.
        module: String,
        /// The import's name; empty for what a component imports without an interface.
        name: String,
        /// What would provide it, or what to do.
        help: String,
    },
    /// There is nothing to run.
    #[error("the {kind} does not export `{wanted}`, so there is no program to run; {exports}")]
    NoStart {
        /// What it is: a module or a component.
        kind: ProgramKind,
        /// What programs of its kind export.
        wanted: &'static str,
        /// What it exports instead.
        exports: String,
    },
    /// Only programs of the other kind can do this.
    #[error("{what} is for a {wanted}, and this is a {kind}")]
    WrongKind {
        /// What was asked for.
        what: &'static str,
        /// The kind that can do it.
        wanted: ProgramKind,
        /// The kind that it is.
        kind: ProgramKind,
    },
    /// There is no export that can be called like this.
    #[error("export `{name}`: {reason}")]
    Export {
        /// The export's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A setting of the [`Builder`](crate::Builder) is missing that a grant needs.
    #[error("{what} needs a runtime built with `{setting}`")]
    Setting {
        /// The grant.
        what: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// The cache folder could not be found out.
    #[error("no cache folder is known: set WAYLEAVE_CACHE_DIR, XDG_CACHE_HOME or HOME")]
    NoCacheDir,
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] wayleave_engine::Error),
    /// Something could not be granted.
    #[error(transparent)]
    Grants(#[from] wayleave_grants::Error),
    /// Something could not be recorded or replayed.
    #[error(transparent)]
    Recording(#[from] wayleave_record::Error),
    /// The guest stopped while it was instantiated or while an export was called.
    #[error("the guest stopped: {0}")]
    Stopped(#[source] Stop),
}

/// A name in a module or interface, or the one name that there is.
fn quoted(module: &str, name: &str) -> String {
    match name {
        "" => format!("`{module}`"),
        name => format!("`{module}` `{name}`"),
    }
}

impl Error {
    /// Whether code that was compiled ahead of time can not be used here: another version, user or
    /// setting made it, or it is damaged.
    pub fn is_compiled_code(&self) -> bool {
        matches!(self, Self::Engine(wayleave_engine::Error::Artifact { .. }))
            || matches!(self, Self::Component(wayleave_component::Error::Plan(_)))
    }

    /// Whether the engine does not take the module: it is malformed, invalid, or needs what this
    /// engine does not have and another may.
    pub fn is_module(&self) -> bool {
        use wayleave_component::Error as Of;
        matches!(
            self,
            Self::Engine(wayleave_engine::Error::Module { .. })
                | Self::Component(
                    Of::Invalid(_) | Of::Engine(wayleave_engine::Error::Module { .. })
                )
        )
    }
}
