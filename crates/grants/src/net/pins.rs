use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Which addresses names were found to have. A name keeps what it was first found to have: who
/// answers otherwise later can lead nobody elsewhere.
#[derive(Default)]
pub(super) struct Pins {
    addresses: HashMap<String, Vec<IpAddr>>,
    names: HashMap<IpAddr, Vec<String>>,
    /// The names, the oldest first.
    order: VecDeque<String>,
}

/// Most names that are remembered; the oldest are forgotten first.
pub(super) const MOST_PINS: usize = 4096;

/// Most addresses of one name that are remembered, and told.
const MOST_ADDRESSES: usize = 64;

impl Pins {
    /// The addresses of a name, if it was looked up.
    pub(super) fn addresses(&self, name: &str) -> Option<&[IpAddr]> {
        self.addresses.get(name).map(Vec::as_slice)
    }

    /// The names that were found to have an address.
    pub(super) fn names(&self, address: IpAddr) -> &[String] {
        self.names.get(&address.to_canonical()).map_or(&[], Vec::as_slice)
    }

    /// Remembers what a name was found to have, unless it was found to have something before. What
    /// it has now.
    pub(super) fn pin(&mut self, name: &str, addresses: &[IpAddr]) -> &[IpAddr] {
        if !self.addresses.contains_key(name) {
            if self.order.len() >= MOST_PINS
                && let Some(oldest) = self.order.pop_front()
            {
                self.forget(&oldest);
            }
            self.order.push_back(name.to_owned());
            let mut pinned: Vec<IpAddr> = Vec::new();
            for address in addresses.iter().map(IpAddr::to_canonical).take(MOST_ADDRESSES) {
                if !pinned.contains(&address) {
                    pinned.push(address);
                    self.names.entry(address).or_default().push(name.to_owned());
                }
            }
            self.addresses.insert(name.to_owned(), pinned);
        }
        self.addresses(name).unwrap_or_default()
    }

    fn forget(&mut self, name: &str) {
        for address in self.addresses.remove(name).unwrap_or_default() {
            if let Some(names) = self.names.get_mut(&address) {
                names.retain(|one| one != name);
                if names.is_empty() {
                    self.names.remove(&address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut pins = Pins::default();
        let first = [address("10.0.0.1"), address("::ffff:10.0.0.1"), address("fd00::1")];
        assert_eq!(pins.pin("a", &first), [first[0], first[2]]);
        assert_eq!(pins.pin("a", &[address("10.0.0.2")]), [first[0], first[2]]);
        pins.pin("b", &first[..1]);
        assert_eq!(pins.names(address("::ffff:10.0.0.1")), ["a", "b"]);
        assert_eq!(pins.names(address("10.0.0.2")), [""; 0]);
        assert_eq!(pins.addresses("c"), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pins = Pins::default();
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..=MOST_PINS {
            pins.pin(&format!("{number}.example"), &[address(number), address(1 << 20)]);
        }
        assert_eq!((pins.order.len(), pins.addresses.len()), (MOST_PINS, MOST_PINS));
        assert_eq!(pins.names.len(), MOST_PINS + 1);
        assert_eq!(pins.addresses("0.example"), None);
        assert_eq!(pins.names(address(0)), [""; 0]);
        assert_eq!(pins.names(address(MOST_PINS)).len(), 1);
        let many: Vec<_> = (0..1000).map(address).collect();
        assert_eq!(pins.pin("many", &many).len(), MOST_ADDRESSES);
    }
}
