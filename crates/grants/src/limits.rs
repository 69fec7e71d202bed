use crate::{Limits, NetworkLimits};
use std::time::Duration;

/// Limits as they are asked for: what is `None` keeps its default, that of [`Limits`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Wall-clock time.
    pub timeout: Option<Duration>,
    /// Bytes of the guest's memories.
    pub memory: Option<u64>,
    /// Elements of its tables.
    pub table_elements: Option<u64>,
    /// Its instances.
    pub instances: Option<u64>,
    /// Fuel, roughly instructions.
    pub fuel: Option<u64>,
    /// Descriptors and other handles.
    pub handles: Option<u64>,
    /// Bytes that the host holds for one call.
    pub buffers: Option<u64>,
    /// Connections open at once.
    pub connections: Option<u64>,
    /// Bytes that are received.
    pub bytes_in: Option<u64>,
    /// Bytes that are sent.
    pub bytes_out: Option<u64>,
}

impl LimitSettings {
    /// These; where `over` says something, that.
    #[must_use]
    pub fn extended_by(self, over: Self) -> Self {
        Self {
            timeout: over.timeout.or(self.timeout),
            memory: over.memory.or(self.memory),
            table_elements: over.table_elements.or(self.table_elements),
            instances: over.instances.or(self.instances),
            fuel: over.fuel.or(self.fuel),
            handles: over.handles.or(self.handles),
            buffers: over.buffers.or(self.buffers),
            connections: over.connections.or(self.connections),
            bytes_in: over.bytes_in.or(self.bytes_in),
            bytes_out: over.bytes_out.or(self.bytes_out),
        }
    }

    /// The limits that they mean.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let number = |asked: Option<u64>, default: usize| {
            asked.map_or(default, |number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        Limits {
            timeout: self.timeout,
            memory_bytes: number(self.memory, default.memory_bytes),
            table_elements: number(self.table_elements, default.table_elements),
            instances: number(self.instances, default.instances),
            fuel: self.fuel,
            descriptors: number(self.handles, default.descriptors),
            buffer_bytes: number(self.buffers, default.buffer_bytes),
            network: NetworkLimits {
                connections: number(self.connections, default.network.connections),
                bytes_in: self.bytes_in,
                bytes_out: self.bytes_out,
            },
        }
    }
}
