//! The name that was probably meant.

/// The candidate closest to `name`, if one is close enough to be what was meant: at most a third
/// of its letters differ (one in a short name), counting a swap of two neighbours as one.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
    let limit = (name.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// No name that people type is longer; a file may hold anything.
const LONGEST: usize = 64;

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other
/// (optimal string alignment).
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let substituted = above[j] + usize::from(a != b);
            let mut best = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

/// ``did you mean `x`?`` if there is a close one, otherwise all of them after `what`.
pub fn suggest<'a>(
    name: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(name, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut all: Vec<String> =
        candidates.into_iter().take(LISTED + 1).map(|name| format!("`{name}`")).collect();
    match all.len() {
        0 => return format!("there are no {what}"),
        1..=LISTED => {}
        _ => all[LISTED] = "and others".into(),
    }
    format!("the {what} are {}", all.join(", "))
}

/// More are not worth reading.
const LISTED: usize = 20;

#[cfg(test)]
mod tests;
