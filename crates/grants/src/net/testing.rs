//! What the tests of the rules share.

use super::{NetworkPolicy, NetworkRules};
use std::sync::{Arc, Mutex};
use wayleave_system::net::{Policy, Use};
use wayleave_system::refusal::{Answer, Refusal, Refusals};

/// The rules that allow what is outbound, and the others: `deny RULE`, `in RULE`, `resolve RULE`,
/// `public`.
pub(super) fn rules(outbound: &[&str], others: &[&str]) -> NetworkRules {
    let mut rules = NetworkRules::default();
    outbound.iter().for_each(|rule| rules.allow_outbound(rule.parse().unwrap()));
    for other in others {
        match other.split_once(' ') {
            Some(("deny", rule)) => rules.deny_outbound(rule.parse().unwrap()).unwrap(),
            Some(("in", rule)) => rules.allow_inbound(rule.parse().unwrap()).unwrap(),
            Some(("resolve", rule)) => rules.allow_resolve(rule.parse().unwrap()),
            _ => rules.set_public_only(*other == "public"),
        }
    }
    rules
}

pub(super) fn policy(outbound: &[&str], others: &[&str]) -> NetworkPolicy {
    NetworkPolicy::new(rules(outbound, others))
}

pub(super) fn routes(policy: &NetworkPolicy, how: Use, address: &str) -> bool {
    policy.route(how, address.parse().unwrap()).is_some()
}

/// Remembers what it is told, and answers always the same.
pub(super) struct Told {
    pub(super) refusals: Mutex<Vec<Refusal>>,
    pub(super) answer: Answer,
}

impl Told {
    pub(super) fn new(answer: Answer) -> Arc<Self> {
        Arc::new(Self { refusals: Mutex::default(), answer })
    }

    /// What it was told last, and the grants that would have allowed it.
    pub(super) fn last(&self) -> (String, Vec<String>) {
        let last = self.refusals.lock().unwrap().pop().unwrap();
        (last.to_string(), last.grants.iter().map(ToString::to_string).collect())
    }
}

impl Refusals for Told {
    fn refused(&self, refusal: Refusal) -> Answer {
        self.refusals.lock().unwrap().push(refusal);
        self.answer
    }
}
