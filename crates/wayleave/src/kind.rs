use std::fmt;

/// What a program is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    /// A core module: WASI 0.0 and 0.1.
    Module,
    /// A component: WASI 0.2 and later.
    Component,
}

impl fmt::Display for ProgramKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module => "module",
            Self::Component => "component",
        })
    }
}

/// The functions that something exports, as an error tells them.
pub(crate) fn describe_exports(functions: &[String]) -> String {
    const SHOWN: usize = 8;
    let quoted: Vec<_> = functions.iter().map(|name| format!("`{name}`")).collect();
    match quoted.len() {
        0 => "it exports no function at all".to_owned(),
        count if count > SHOWN => {
            format!("it exports {} and {} more", quoted[..SHOWN].join(", "), count - SHOWN)
        }
        _ => format!("it exports {}", quoted.join(", ")),
    }
}
