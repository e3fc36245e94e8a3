//! `--junit`, as those see it who read such files.

use std::collections::BTreeMap;
use std::fs;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::files::{FAILS, Folder, PASSES, UNMET, quarantined};

/// An element of the report.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Element>,
    text: String,
}

type Rule =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Of each element: the attributes that it must have, those that it may have, and what may be in it.
/// As in `junit-10.xsd`, by which Jenkins and others validate, with one attribute more: `skipped` of
/// `testsuites`, which writers of today have and readers ignore or count.
const SCHEMA: [Rule; 10] = [
    (
        "testsuites",
        &[],
        &["name", "time", "tests", "failures", "errors", "skipped"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["time", "skipped", "timestamp", "hostname", "id", "package"],
        &["properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &[], &[]),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &[]),
    ("error", &[], &["type", "message"], &[]),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
];

fn parse(text: &str) -> Element {
    let mut reader = Reader::from_str(text);
    reader.config_mut().trim_text(true);
    let mut open = vec![element(&BytesStart::new("file"))];
    loop {
        match reader.read_event().expect("well formed") {
            Event::Start(tag) => open.push(element(&tag)),
            Event::Empty(tag) => open.last_mut().unwrap().children.push(element(&tag)),
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().expect("the file is open").children.push(closed);
            }
            Event::Text(text) => open.last_mut().unwrap().text += &text.decode().unwrap(),
            Event::GeneralRef(_) | Event::CData(_) => open.last_mut().unwrap().text += "?",
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let mut file = open.pop().expect("the file");
    assert!(open.is_empty() && file.children.len() == 1, "one element holds all");
    file.children.remove(0)
}

fn element(tag: &BytesStart<'_>) -> Element {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let attributes = tag.attributes().map(|attribute| {
        let attribute = attribute.expect("well formed");
        (text(attribute.key.as_ref()), text(&attribute.value))
    });
    let attributes = attributes.collect();
    let name = text(tag.name().as_ref());
    Element { name, attributes, children: Vec::new(), text: String::new() }
}

impl Element {
    fn number(&self, attribute: &str) -> usize {
        self.attributes[attribute].parse().expect("a number")
    }

    fn count(&self, name: &str) -> usize {
        let below: usize = self.children.iter().map(|child| child.count(name)).sum();
        below + self.children.iter().filter(|child| child.name == name).count()
    }

    /// That an element is as the schema has it, and counts what is in it.
    fn check(&self) {
        let known = SCHEMA.iter().find(|(name, ..)| *name == self.name);
        let (_, required, optional, children) = known.unwrap_or_else(|| panic!("{}", self.name));
        for name in *required {
            assert!(self.attributes.contains_key(*name), "{} has no {name}", self.name);
        }
        for (name, value) in &self.attributes {
            assert!(required.iter().chain(*optional).any(|known| known == name), "{name}");
            let is_time = |c: char| c.is_ascii_digit() || c == '.';
            assert!(name != "time" || value.chars().all(is_time), "{value}");
        }
        for child in &self.children {
            assert!(children.contains(&child.name.as_str()), "{} in {}", child.name, self.name);
            child.check();
        }
        if self.name.starts_with("testsuite") {
            for (count, of) in [
                ("tests", "testcase"),
                ("failures", "failure"),
                ("errors", "error"),
                ("skipped", "skipped"),
            ] {
                assert_eq!(self.number(count), self.count(of), "{of} in {}", self.name);
            }
        }
        if self.name == "testcase" {
            let ends = ["failure", "error", "skipped"].map(|name| self.count(name));
            assert!(ends.iter().sum::<usize>() <= 1, "a test ends once");
        }
    }
}

fn report(folder: &Folder, words: &str) -> (String, i32) {
    let done = folder.sim(&format!("run --junit junit.xml {words}"));
    let text = fs::read_to_string(folder.path("junit.xml")).expect("it was written");
    (text, done.code)
}

/// The text with all times replaced.
fn without_times(text: &str) -> String {
    let mut parts = text.split(r#" time=""#);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += r#" time="T"#;
        out += &part[part.find('"').expect("a value ends")..];
    }
    // What nodes send is no matter of these tests.
    let lines = out.lines().map(|line| match line.split_once(" (198.18.") {
        Some((line, _)) => format!("{line} [..]\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn the_report_is_as_readers_of_junit_files_take_it() {
    let (known, recovered) = (quarantined(UNMET), quarantined(PASSES));
    let files = [
        ("scenarios/deep/one.toml", PASSES),
        ("scenarios/known.toml", &*known),
        ("scenarios/recovered.toml", &*recovered),
        ("scenarios/worse.toml", FAILS),
    ];
    let (text, code) = report(&Folder::new("junit", &files), "scenarios --seed 4");
    assert_eq!(code, 1);
    let report = parse(&text);
    report.check();
    let suites: Vec<_> = report.children.iter().map(|suite| &*suite.attributes["name"]).collect();
    assert_eq!(suites, ["deep/one", "known", "recovered", "worse"]);
    let case = |suite: usize| {
        let is_case = |child: &&Element| child.name == "testcase";
        report.children[suite].children.iter().find(is_case).expect("a run")
    };
    assert!(case(1).children.iter().any(|child| child.name == "system-out"), "what is known");
    let (_, worse) = text.split_once(r#"<testsuite name="worse""#).expect("it");
    insta::assert_snapshot!(without_times(worse), @r#"
     tests="1" skipped="0" errors="0" failures="1" time="T">
            <properties>
                <property name="title" value="Two nodes start, which is more than is allowed"/>
            </properties>
            <testcase name="worse@4" classname="worse" time="T">
                <failure message="at 0s: the run needs more than 1 event (it got to 0s)" type="stopped">expected  an end within `max_events = 1`
    happened  the run needs more than 1 event (it got to 0s)
    before    at 0s  laptop is switched on
              at 0s  laptop: started
              at 0s  laptop sends datagram 0 [..]
    rerun     cargo sim run scenarios/worse.toml --seed 4</failure>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn runs_that_were_not_made_are_skipped() {
    let folder = Folder::new("junit-not-run", &[("worse.toml", FAILS)]);
    let (text, code) = report(&folder, "worse.toml --fail-fast --jobs 1");
    assert_eq!(code, 1);
    let report = parse(&text);
    report.check();
    assert_eq!((report.number("tests"), report.number("skipped")), (2, 1));
    assert!(text.contains(r#"<skipped message="not run: another run had failed"/>"#), "{text}");
}

#[test]
fn quarantine_turns_nothing_red() {
    let (known, recovered) = (quarantined(UNMET), quarantined(PASSES));
    let files = [("known.toml", &*known), ("recovered.toml", &*recovered)];
    let folder = Folder::new("junit-quarantine", &files);
    let (text, code) = report(&folder, "known.toml recovered.toml --seed 1");
    assert_eq!(code, 0);
    let report = parse(&text);
    report.check();
    assert_eq!((report.number("failures"), report.number("skipped")), (0, 1));
    assert!(text.contains(r#"<skipped message="quarantined: not yet understood"/>"#), "{text}");
    assert!(text.contains("passed unexpectedly; quarantined: not yet understood"), "{text}");
}

#[test]
fn a_report_that_cannot_be_written_is_no_pass() {
    let folder = Folder::new("junit-nowhere", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --junit no/such/folder.xml");
    assert_eq!((done.code, done.last_line()), (3, "3 passed, 0 failed"));
    assert!(done.err.starts_with("error: no/such/folder.xml cannot be written: "), "{}", done.err);
}
