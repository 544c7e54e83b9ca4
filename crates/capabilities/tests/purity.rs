//! Capabilities are pure: what they name, and what they depend on, gives them no clock, randomness, input or output,
//! threads, or unordered iteration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Words that no source of the crate may hold outside of comments.
const BANNED: [&str; 21] = [
    "Instant",
    "SystemTime",
    "thread::",
    "sleep(",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "rand::",
    "getrandom",
    "HashMap",
    "HashSet",
    "RandomState",
    "Mutex",
    "RwLock",
    "Atomic",
    "static mut",
    "unsafe",
    "println!",
    "async ",
];

/// All that the crate may depend on. Add nothing that can look at the world.
const DEPENDENCIES: [&str; 4] = ["hearth-protocol", "icu_segmenter", "serde", "serde_json"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The banned words of a source, each with its line.
fn impurities(source: &str) -> Vec<(usize, &'static str)> {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    let lines = source.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            let code = code(line);
            BANNED.iter().filter(move |word| code.contains(**word)).map(move |word| (number + 1, *word))
        })
        .collect()
}

#[test]
fn no_source_names_what_is_impure() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 15, "the sources are elsewhere");
    for file in files {
        let found = impurities(&std::fs::read_to_string(&file).expect("a readable source"));
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

#[test]
fn an_impure_line_is_noticed() {
    assert_eq!(impurities("let a = 1;\nlet t = Instant::now(); // Instant"), [(2, "Instant")]);
    assert_eq!(impurities("// HashMap is banned"), []);
}

#[test]
fn the_crate_depends_on_nothing_that_looks_at_the_world() {
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let named: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default())
        .collect();
    assert_eq!(named, BTreeSet::from(DEPENDENCIES));
    assert!(!manifest.contains("build-dependencies") && !manifest.contains("[target"), "another way in");
}
