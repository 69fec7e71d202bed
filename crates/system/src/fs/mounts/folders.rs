//! Which folders a guest finds open.

use super::spot::Spot;
use super::tree::{GuestRoute, Node, Sapling};
use super::{Mounted, Point};
use crate::fs::Dir;
use std::sync::Arc;

pub(super) fn folders(points: &[Point]) -> Vec<(String, Arc<dyn Dir>)> {
    if !is_nested(points) {
        return points.iter().filter_map(plain).collect();
    }
    let homes: Vec<Option<GuestRoute>> = points.iter().map(|point| home(points, point)).collect();
    let roots = Roots::new(points, &homes);
    let mut found = Vec::new();
    // The folders that are there for single files alone.
    let mut made: Vec<GuestRoute> = outermost(points, &homes);
    for (point, route) in points.iter().zip(&homes) {
        match (&point.mounted, route) {
            (Mounted::Dir(_), None) => found.extend(plain(point)),
            (Mounted::Dir(_), Some(route)) => {
                found.extend(roots.folder(route).map(|dir| (point.guest.clone(), dir)));
            }
            (Mounted::File(_), route) => {
                let holds = |folder: &GuestRoute| {
                    route.as_ref().is_some_and(|route| route.is_below(folder))
                };
                let Some(at) = made.iter().position(holds) else { continue };
                let folder = made.remove(at);
                found.extend(roots.folder(&folder).map(|dir| (folder.text(), dir)));
            }
        }
    }
    found
}

/// The trees of all mount points: of the absolute paths and of the others.
struct Roots {
    absolute: Arc<Node>,
    relative: Arc<Node>,
}

impl Roots {
    fn new(points: &[Point], homes: &[Option<GuestRoute>]) -> Self {
        let (mut absolute, mut relative) = (Sapling::default(), Sapling::default());
        for (point, route) in points.iter().zip(homes) {
            let Some(route) = route else { continue };
            let tree = if route.absolute { &mut absolute } else { &mut relative };
            tree.mount(&route.names, point.mounted.clone());
        }
        Self { absolute: absolute.grow(), relative: relative.grow() }
    }

    fn folder(&self, route: &GuestRoute) -> Option<Arc<dyn Dir>> {
        let tree = if route.absolute { &self.absolute } else { &self.relative };
        Spot::of(&tree.find(&route.names)?, None).map(Spot::into_dir)
    }
}

fn is_nested(points: &[Point]) -> bool {
    let is_below = |one: &Point, two: &Point| match (&one.route, &two.route) {
        (Some(one), Some(two)) => one.is_below(two),
        _ => false,
    };
    let is_file = |point: &Point| matches!(point.mounted, Mounted::File(_));
    points.iter().any(|one| is_file(one) || points.iter().any(|two| is_below(one, two)))
}

fn plain(point: &Point) -> Option<(String, Arc<dyn Dir>)> {
    match &point.mounted {
        Mounted::Dir(dir) => Some((point.guest.clone(), Arc::clone(dir))),
        Mounted::File(_) => None,
    }
}

/// Where a point lies. A folder lies where it says. So does a file in a folder that is mounted;
/// libraries of guests know no difference between `etc` and `/etc`, and so another file lies in
/// the folder of either name, or else at its absolute path: two folders of one name would hide
/// each other.
fn home(points: &[Point], point: &Point) -> Option<GuestRoute> {
    let route = point.route.clone()?;
    if matches!(point.mounted, Mounted::Dir(_)) {
        return Some(route);
    }
    let dirs = || {
        let dirs = points.iter().filter(|other| matches!(other.mounted, Mounted::Dir(_)));
        dirs.filter_map(|dir| dir.route.as_ref())
    };
    if dirs().any(|dir| route.is_below(dir)) {
        return Some(route);
    }
    let other = GuestRoute { absolute: !route.absolute, ..route.clone() };
    if dirs().any(|dir| *dir == other.parent()) {
        return Some(other);
    }
    Some(GuestRoute { absolute: true, ..route })
}

/// The folders to be made for files that lie in no mounted one, without those that lie in others.
fn outermost(points: &[Point], homes: &[Option<GuestRoute>]) -> Vec<GuestRoute> {
    let routes = |file: bool| {
        let all = points.iter().zip(homes);
        all.filter(move |(point, _)| matches!(point.mounted, Mounted::File(_)) == file)
            .filter_map(|(_, route)| route.as_ref())
    };
    let homeless = routes(true).filter(|file| !routes(false).any(|dir| file.is_below(dir)));
    let parents: Vec<GuestRoute> = homeless.map(GuestRoute::parent).collect();
    let mut outermost: Vec<GuestRoute> = Vec::new();
    for parent in &parents {
        let inner = parents.iter().any(|other| parent.is_below(other));
        if !inner && !outermost.contains(parent) {
            outermost.push(parent.clone());
        }
    }
    outermost
}
