/// Features of components that are not in the standard yet: what this runtime can run of them, if
/// the embedder wants it. All are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Features {
    /// Lists whose length is part of their type: `list<u8, 16>`.
    pub fixed_length_lists: bool,
    /// Maps: `map<string, u32>`.
    pub maps: bool,
    /// Imports and exports under a plain name that say which interface they are
    /// (`implements`).
    pub implements: bool,
}
