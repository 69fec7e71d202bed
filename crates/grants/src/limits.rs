use crate::Limits;
use std::time::Duration;

/// Limits as they are asked for: what is `None` keeps its default, that of [`Limits`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Wall-clock time.
    pub timeout: Option<Duration>,
    /// Bytes of the guest's memory.
    pub memory: Option<u64>,
    /// Fuel, roughly instructions.
    pub fuel: Option<u64>,
}

impl LimitSettings {
    /// These; where `over` says something, that.
    #[must_use]
    pub fn extended_by(self, over: Self) -> Self {
        Self {
            timeout: over.timeout.or(self.timeout),
            memory: over.memory.or(self.memory),
            fuel: over.fuel.or(self.fuel),
        }
    }

    /// The limits that they mean.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let bytes = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
        Limits {
            timeout: self.timeout,
            memory_bytes: self.memory.map_or(default.memory_bytes, bytes),
            fuel: self.fuel,
            ..default
        }
    }
}
