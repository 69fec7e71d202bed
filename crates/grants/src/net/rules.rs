use super::{AddressRule, Block, HostRule, NamePattern, NameRule, Protocol, special};
use crate::Error;
use special::Kind;
use std::net::{IpAddr, SocketAddr};
use wayleave_system::net::{Family, Naming};

/// The name of this machine for itself.
const LOCALHOST: &str = "localhost";

/// What may be reached in a network. By default nothing.
///
/// What is denied is denied, whatever allows it. Of what is allowed, the addresses of the link and
/// those where clouds keep the credentials of their machines (169.254.169.254 and its kin) have to
/// be named: by a rule with that address, or with a block that has no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkRules {
    outbound: Vec<AddressRule>,
    denied: Vec<AddressRule>,
    inbound: Vec<AddressRule>,
    resolve: Vec<NameRule>,
    public_only: bool,
    closed: Option<&'static str>,
}

impl NetworkRules {
    /// Closes the network: nothing can be reached, whatever allows it, and nobody who is asked can
    /// let it be reached. `why` is told with what is refused.
    pub fn close(&mut self, why: &'static str) {
        self.closed = Some(why);
    }

    /// Why the network is [closed](Self::close), if it is.
    pub(super) fn closed(&self) -> Option<&'static str> {
        self.closed
    }

    /// Whether sockets can reach nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let requests = |rule: &AddressRule| rule.protocol.is_http();
        self.outbound.iter().all(requests) && self.inbound.is_empty() && self.resolve.is_empty()
    }

    /// Whether HTTP requests may be sent to anybody.
    #[must_use]
    pub fn has_http(&self) -> bool {
        self.outbound.iter().any(|rule| rule.protocol.is_http())
    }

    /// Allows connecting and sending to addresses. Where a rule has a name, that name may be looked
    /// up, and the addresses that it was then found to have are allowed. Rules for `http` and
    /// `https` are for the requests of `wasi:http`, and nothing else.
    ///
    /// Where several rules are about an address, one that leads elsewhere goes before those that do
    /// not, and of several of those it is the last.
    pub fn allow_outbound(&mut self, rule: AddressRule) {
        self.outbound.push(rule);
    }

    /// Denies connecting and sending to addresses, whatever allows it. A rule for `tcp` is one for
    /// `http` and `https`, too. A name that is denied on all ports can not be looked up; of one that
    /// is denied on some, the addresses are denied on those. `localhost` is also the loopback addresses,
    /// looked up or not.
    ///
    /// # Errors
    /// [`Error::RuleDirection`] when the rule leads elsewhere.
    pub fn deny_outbound(&mut self, rule: AddressRule) -> Result<(), Error> {
        if rule.is_mapping() {
            return Err(bad(&rule, "what is denied leads nowhere"));
        }
        // The rule itself first: that is the one that somebody has written.
        self.denied.push(rule.clone());
        if matches!(&rule.host, HostRule::Name(NamePattern::Name(name)) if name == LOCALHOST) {
            let local = |block| AddressRule { host: HostRule::Block(block), ..rule.clone() };
            let of_its_version =
                |block: &Block| rule.family.is_none_or(|only| only == block.family());
            self.denied.extend(Block::LOOPBACK.into_iter().filter(of_its_version).map(local));
        }
        Ok(())
    }

    /// Allows listening and receiving at addresses of this machine; `localhost` is its loopback
    /// addresses.
    ///
    /// # Errors
    /// [`Error::RuleDirection`] for any other name: what a name means may change; and for `http` and
    /// `https`: who serves those gives the requests.
    pub fn allow_inbound(&mut self, rule: AddressRule) -> Result<(), Error> {
        if rule.protocol.is_http() {
            return Err(bad(&rule, "what is inbound arrives by tcp or udp"));
        }
        let HostRule::Name(name) = &rule.host else {
            self.inbound.push(rule);
            return Ok(());
        };
        if *name == NamePattern::Name(LOCALHOST.to_owned()) {
            let local = |block| AddressRule { host: HostRule::Block(block), ..rule.clone() };
            self.inbound.extend(Block::LOOPBACK.map(local));
            return Ok(());
        }
        Err(bad(&rule, "what is inbound arrives at an address, not at a name"))
    }

    /// Allows looking names up. Connecting to what they mean is another matter.
    pub fn allow_resolve(&mut self, rule: NameRule) {
        self.resolve.push(rule);
    }

    /// Whether all addresses that are not those of somebody in the Internet (of this machine, of
    /// private networks, of many machines, reserved ones) have to be named, as those of the link
    /// always do. `localhost` names loopback addresses.
    pub fn set_public_only(&mut self, public_only: bool) {
        self.public_only = public_only;
    }

    /// Where an address leads that has these names; `None` when it may not be reached. `more` is a
    /// rule as if it were one of these.
    pub(super) fn route_out(
        &self,
        protocol: Protocol,
        asked: SocketAddr,
        names: &[String],
        more: Option<&AddressRule>,
    ) -> Option<SocketAddr> {
        if self.closed.is_some() || self.denies(protocol, asked, names) {
            return None;
        }
        let rules = || self.outbound.iter().chain(more).filter(|rule| rule.protocol == protocol);
        let route = |rule: &AddressRule| {
            let to = rule.outbound(asked, names)?;
            let forbidden = |kind| kind == Kind::Platform || self.public_only;
            let opened = special::of(to.ip())
                .all(|special| !forbidden(special.kind) || rule.names(&special));
            (opened && (to == asked || !self.denies(protocol, to, names))).then_some(to)
        };
        let mapped = rules().filter(|rule| rule.is_mapping()).filter_map(route).next_back();
        mapped.or_else(|| rules().filter(|rule| !rule.is_mapping()).find_map(route))
    }

    fn denies(&self, protocol: Protocol, to: SocketAddr, names: &[String]) -> bool {
        self.denying(protocol, to, names).is_some()
    }

    /// The rule that denies an address that has these names, if one does.
    pub(super) fn denying(
        &self,
        protocol: Protocol,
        to: SocketAddr,
        names: &[String],
    ) -> Option<&AddressRule> {
        let mut rules = self.denied.iter().filter(|rule| applies(rule, protocol));
        rules.find(|rule| rule.denies(to, names))
    }

    /// The rule that denies sockets to look a name up, if one does.
    pub(super) fn denying_name(&self, name: &str) -> Option<&AddressRule> {
        let mut rules = self.denied.iter().filter(|rule| !rule.protocol.is_http());
        rules.find(|rule| denies_name(rule, name, None))
    }

    /// The rule that denies requests to a name, if one does.
    #[cfg(feature = "http")]
    pub(super) fn denying_request(
        &self,
        protocol: Protocol,
        name: &str,
        port: u16,
    ) -> Option<&AddressRule> {
        let mut rules = self.denied.iter().filter(|rule| applies(rule, protocol));
        rules.find(|rule| denies_name(rule, name, Some(port)))
    }

    /// Where an address of this machine leads; `None` when nothing may arrive there.
    pub(super) fn route_in(&self, protocol: Protocol, at: SocketAddr) -> Option<SocketAddr> {
        if self.closed.is_some() {
            return None;
        }
        let rules = || self.inbound.iter().filter(|rule| rule.protocol == protocol);
        let mut mapped =
            rules().filter(|rule| rule.is_mapping()).filter_map(|rule| rule.inbound(at));
        mapped.next_back().or_else(|| rules().find_map(|rule| rule.inbound(at)))
    }

    /// Whether anything may be sent by a protocol.
    pub(super) fn sends(&self, protocol: Protocol) -> bool {
        self.outbound.iter().any(|rule| rule.protocol == protocol)
    }

    /// What becomes of a name that sockets look up.
    pub(super) fn name(&self, name: &str) -> Naming {
        if self.closed.is_some() || self.denying_name(name).is_some() {
            return Naming::Refused;
        }
        let mut known = Vec::new();
        let mut any = false;
        for (to, _) in self.naming(name) {
            any = true;
            known.extend(to);
        }
        match (any, known.is_empty()) {
            (false, _) => Naming::Refused,
            (true, true) => Naming::Ask,
            (true, false) => Naming::Known(known),
        }
    }

    /// Whether an address of a name may be told to sockets.
    pub(super) fn tells(&self, name: &str, address: IpAddr) -> bool {
        let family = Family::of(address);
        let mut rules = self.naming(name).peekable();
        // Who was let through without a rule is told all.
        rules.peek().is_none() || rules.any(|(_, only)| only.is_none_or(|only| only == family))
    }

    /// The rules that let sockets look a name up: its address, if they have one, and what is told.
    fn naming(&self, name: &str) -> impl Iterator<Item = (Option<IpAddr>, Option<Family>)> {
        let sockets = self.outbound.iter().filter(|rule| !rule.protocol.is_http());
        let named = sockets
            .filter(move |rule| matches!(&rule.host, HostRule::Name(of) if of.matches(name)))
            .map(|rule| (rule.to.address, rule.family));
        named.chain(self.resolving(name))
    }

    fn resolving(&self, name: &str) -> impl Iterator<Item = (Option<IpAddr>, Option<Family>)> {
        let rules = self.resolve.iter().filter(move |rule| rule.names.matches(name));
        rules.map(|rule| (rule.to, rule.family))
    }

    /// What becomes of a name that requests are sent to.
    #[cfg(feature = "http")]
    pub(super) fn http_name(&self, protocol: Protocol, name: &str, port: u16) -> Naming {
        if self.closed.is_some() || self.denying_request(protocol, name, port).is_some() {
            return Naming::Refused;
        }
        let (mut any, mut known) = (false, Vec::new());
        let rules = self.outbound.iter().filter(|rule| rule.protocol == protocol);
        for rule in rules.filter(|rule| rule.ports.contains(port)) {
            match &rule.host {
                HostRule::Any => any = true,
                HostRule::Name(of) if of.matches(name) => any = true,
                HostRule::Name(_) => continue,
                // Whether one of its addresses is in the block, only who may look it up finds out.
                HostRule::Block(_) => {
                    any |= self.resolving(name).next().is_some();
                    continue;
                }
            }
            known.extend(rule.to.address);
        }
        if known.is_empty() {
            known.extend(self.resolving(name).filter_map(|(to, _)| to));
        }
        match (any, known.is_empty()) {
            (false, _) => Naming::Refused,
            (true, true) => Naming::Ask,
            (true, false) => Naming::Known(known),
        }
    }
}

/// Whether a rule that denies is about what is sent by a protocol. Requests go by TCP.
pub(super) fn applies(rule: &AddressRule, protocol: Protocol) -> bool {
    let by_tcp = rule.protocol == Protocol::Tcp && protocol != Protocol::Udp;
    rule.protocol == protocol || by_tcp
}

/// Whether a rule denies all that a name could be of use for: on this port, or on any.
fn denies_name(rule: &AddressRule, name: &str, port: Option<u16>) -> bool {
    let ports = port.map_or(rule.ports.is_all(), |port| rule.ports.contains(port));
    let named = matches!(&rule.host, HostRule::Name(of) if of.matches(name));
    named && ports && rule.family.is_none()
}

fn bad(rule: &AddressRule, reason: &str) -> Error {
    Error::RuleDirection { text: rule.to_string(), reason: reason.to_owned() }
}
