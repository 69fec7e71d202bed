//! The guest: a module that imports every function with the specification's type, and exports each
//! under its own name.

use std::fmt::Write;

/// A version of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 0.1.
    Snapshot1,
    /// 0.0.
    Unstable,
}

/// Each function of 0.1 with its parameters: `i` is an `i32`, `I` an `i64`. All return an `i32`
/// but `proc_exit`, which returns nothing. 0.0 has all but `sock_accept`.
pub(crate) const FUNCTIONS: [(&str, &str); 46] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("sched_yield", ""),
    ("random_get", "ii"),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

impl Version {
    /// The module that guests import.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Snapshot1 => "wasi_snapshot_preview1",
            Self::Unstable => "wasi_unstable",
        }
    }

    /// Its functions, with their parameters.
    pub(crate) fn functions(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        FUNCTIONS
            .into_iter()
            .filter(move |(name, _)| self == Self::Snapshot1 || *name != "sock_accept")
    }

    /// The guest that uses them all: a memory of two pages that can grow, and `grow`.
    pub(crate) fn guest(self) -> Vec<u8> {
        let mut imports = String::new();
        let mut exports = String::new();
        for (name, params) in self.functions() {
            let module = self.module();
            let ty = text_type(name, params);
            writeln!(imports, r#"(import "{module}" "{name}" (func ${name} {ty}))"#).unwrap();
            writeln!(exports, r#"(func (export "{name}") {ty}"#).unwrap();
            for index in 0..params.len() {
                writeln!(exports, "local.get {index}").unwrap();
            }
            writeln!(exports, "call ${name})").unwrap();
        }
        wat::parse_str(format!(
            r#"(module
                {imports}
                (memory (export "memory") 2)
                {exports}
                (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#
        ))
        .unwrap()
    }
}

fn text_type(name: &str, params: &str) -> String {
    let result = if name == "proc_exit" { "" } else { "(result i32)" };
    let params: String = params.chars().map(|ty| if ty == 'I' { " i64" } else { " i32" }).collect();
    format!("(param{params}) {result}")
}
