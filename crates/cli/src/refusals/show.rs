use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use wayleave::grants::{Group, group};
use wayleave::system::refusal::Refusal;
use wayleave::system::stdio::printable;

/// Most things that are named of one grant.
const MOST_NAMED: usize = 3;

/// In which calls things were refused, by what was refused.
pub(super) type Calls = HashMap<String, BTreeSet<String>>;

/// Everything that was refused, by the grant that would have allowed it.
pub(super) fn all(refused: &[(Refusal, u64)], calls: &Calls, left_out: u64) {
    let groups = group(refused);
    let mut text = String::new();
    let (helped, hopeless): (Vec<&Group>, Vec<&Group>) =
        groups.iter().partition(|group| group.grant.is_some());
    if !helped.is_empty() {
        text.push_str(
            "wayleave: the program was refused something; these grants would allow it:\n",
        );
    }
    for group in helped {
        if let Some(grant) = &group.grant {
            let _ = writeln!(text, "  {grant}\n      to {}", describe_group(group, calls));
        }
    }
    if !hopeless.is_empty() {
        text.push_str("wayleave: no grant allows the program this:\n");
    }
    for group in hopeless {
        let _ = writeln!(text, "      to {}", describe_group(group, calls));
    }
    if left_out > 0 {
        let _ = writeln!(text, "wayleave: and {left_out} more times, too many to list");
    }
    print(&text);
}

/// A line or two for somebody who has not asked.
pub(super) fn hint(refused: &[(Refusal, u64)]) {
    let helped =
        |(refusal, _): &&(Refusal, u64)| !refusal.grants.is_empty() || refusal.why.is_some();
    let helped: Vec<_> = refused.iter().filter(helped).collect();
    // What was refused last is most likely what the program gave up at; that it looked at something
    // says little.
    let read = helped.iter().rev().find(|(refusal, _)| refusal.tried != "look at");
    let Some((refusal, _)) = read.or(helped.last()) else { return };
    let more = if helped.len() > 1 { "; --explain tells what else it was refused" } else { "" };
    line(&format!("hint: it was refused {}{more}", describe(refusal)));
}

/// `to read /etc/passwd; --file /etc/passwd::ro would allow it`, or why nothing would.
pub(crate) fn describe(refusal: &Refusal) -> String {
    match (refusal.grants.first(), &refusal.why) {
        (Some(grant), _) => format!("to {refusal}; {grant} would allow it"),
        (None, Some(why)) => format!("to {refusal}: {why}"),
        (None, None) => format!("to {refusal}"),
    }
}

/// `read /etc/passwd, /etc/group and 3 more (9 times; in path_open)`.
fn describe_group(group: &Group, calls: &Calls) -> String {
    let mut text = String::new();
    let named = group.refused.iter().take(MOST_NAMED);
    let mut verb = "";
    for (index, refusal) in named.enumerate() {
        let shown = refusal.to_string();
        if refusal.tried == verb {
            let _ = write!(text, ", {}", shown.get(verb.len() + 1..).unwrap_or(&shown));
        } else {
            let _ = write!(text, "{}{shown}", if index == 0 { "" } else { ", to " });
        }
        verb = refusal.tried;
    }
    let more = group.refused.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    let different = u64::try_from(group.refused.len()).unwrap_or(u64::MAX);
    let mut details = Vec::new();
    if group.count > different {
        details.push(format!("{} times", group.count));
    }
    let of = |refusal: &Refusal| calls.get(&refusal.to_string()).into_iter().flatten();
    let calls: BTreeSet<_> = group.refused.iter().flat_map(of).map(String::as_str).collect();
    if !calls.is_empty() {
        details.push(format!("in {}", calls.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if !details.is_empty() {
        let _ = write!(text, " ({})", details.join("; "));
    }
    if let Some(why) = group.refused.first().and_then(|refusal| refusal.why.as_ref()) {
        let _ = write!(text, ": {why}");
    }
    text
}

pub(super) fn line(text: &str) {
    print(&format!("wayleave: {text}\n"));
}

fn print(text: &str) {
    // Where standard error is gone, nobody can be told.
    let _ = std::io::stderr().write_all(printable(text).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave::system::refusal::Grant;

    #[test]
    fn a_group_is_described_in_a_line() {
        let refusal =
            |tried, object: &str| (Refusal::new(tried, object, [Grant::new("dir", "/etc::ro")]), 2);
        let mut calls = Calls::new();
        let described =
            |refused: &[(Refusal, u64)], calls: &Calls| describe_group(&group(refused)[0], calls);
        let once = [(refusal("read", "/etc/a").0, 1)];
        assert_eq!(described(&once, &calls), "read /etc/a");
        assert_eq!(described(&[refusal("read", "/etc/a")], &calls), "read /etc/a (2 times)");
        let several = [
            refusal("read", "/etc/a"),
            refusal("read", "/etc/b"),
            refusal("look at", "/etc/c"),
            refusal("read", "/etc/d"),
            refusal("read", "/etc/e"),
        ];
        let expected = "read /etc/a, /etc/b, to look at /etc/c and 2 more (10 times)";
        assert_eq!(described(&several, &calls), expected);
        for (what, call) in
            [("read /etc/a", "path_open"), ("look at /etc/c", "path_filestat_get"), ("x", "y")]
        {
            calls.entry(what.to_owned()).or_default().insert(call.to_owned());
        }
        assert_eq!(described(&once, &calls), "read /etc/a (in path_open)");
        let expected = "read /etc/a, /etc/b, to look at /etc/c and 2 more \
                        (10 times; in path_filestat_get, path_open)";
        assert_eq!(described(&several, &calls), expected);
    }
}
