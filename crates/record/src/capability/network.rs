use super::tcp::TapeTcp;
use super::udp::TapeUdp;
use super::{Made, real};
use crate::tape::{Call, Op, Tape};
use std::net::IpAddr;
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::net::{Family, Lookup, Network, TcpSocket, UdpSocket};
use wayleave_system::wait::Readiness;

/// A network, as the guest has it: what its rules refuse is refused before.
pub(crate) struct TapeNetwork {
    tape: Arc<Tape>,
    inner: Option<Arc<dyn Network>>,
}

impl TapeNetwork {
    pub(crate) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Network>>) -> Arc<Self> {
        Arc::new(Self { tape: tape.clone(), inner })
    }
}

impl Network for TapeNetwork {
    fn tcp(&self, family: Family) -> Result<Arc<dyn TcpSocket>> {
        let call = Call::new(Op::Tcp, 0, "").debug(&family);
        let make = || Ok(Made(Some(real(&self.inner)?.tcp(family)?)));
        let Made(inner) = self.tape.call(call, make)?;
        Ok(Arc::new(TapeTcp::new(&self.tape, inner)))
    }

    fn udp(&self, family: Family) -> Result<Arc<dyn UdpSocket>> {
        let call = Call::new(Op::Udp, 0, "").debug(&family);
        let make = || Ok(Made(Some(real(&self.inner)?.udp(family)?)));
        let Made(inner) = self.tape.call(call, make)?;
        Ok(Arc::new(TapeUdp::new(&self.tape, inner)))
    }

    fn resolve(&self, name: &str) -> Result<Arc<dyn Lookup>> {
        let begin = || Ok(Made(Some(real(&self.inner)?.resolve(name)?)));
        let Made(inner) = self.tape.call(Call::new(Op::Resolve, 0, name), begin)?;
        let (tape, handle, name) = (self.tape.clone(), self.tape.new_handle(), name.to_owned());
        Ok(Arc::new(TapeLookup { tape, handle, name, inner }))
    }
}

/// A look-up under way.
struct TapeLookup {
    tape: Arc<Tape>,
    handle: u32,
    name: String,
    inner: Option<Arc<dyn Lookup>>,
}

impl Lookup for TapeLookup {
    fn addresses(&self) -> Result<Vec<IpAddr>> {
        let call = Call::new(Op::Addresses, self.handle, &self.name);
        self.tape.call(call, || real(&self.inner)?.addresses())
    }

    fn readiness(&self) -> Readiness<'_> {
        let call = Call::new(Op::LookupReadiness, self.handle, &self.name);
        self.tape.readiness(call, || match &self.inner {
            Some(inner) => inner.readiness(),
            None => Readiness::Now,
        })
    }
}
