//! Arrows point one way: which crate of the workspace may see which other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Who may see whom, tests included. An edge that is not here needs a reason, and a place in `docs/architecture.md`.
const MAY_SEE: [(&str, &[&str]); 10] = [
    ("hearth-protocol", &[]),
    ("hearth-capabilities", &["hearth-protocol"]),
    ("hearth-conversion", &["hearth-protocol"]),
    ("hearth-files", &[]),
    ("hearth-ingest", &["hearth-protocol"]),
    ("hearth-media", &["hearth-protocol"]),
    ("hearth-sfu", &["hearth-protocol"]),
    ("hearth-store", &["hearth-protocol"]),
    (
        "hearth-server",
        &[
            "hearth-protocol",
            "hearth-capabilities",
            "hearth-conversion",
            "hearth-files",
            "hearth-ingest",
            "hearth-media",
            "hearth-sfu",
            "hearth-store",
        ],
    ),
    ("hearth-loadgen", &["hearth-protocol", "hearth-media"]),
];

/// The crates of the workspace that a manifest names as dependencies of any kind.
fn named(manifest: &str) -> BTreeSet<String> {
    let mut depends = false;
    let mut named = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            depends = section.contains("dependencies");
            if let Some(name) = section.split("dependencies.").nth(1) {
                named.insert(name.trim_end_matches(']').to_owned());
            }
        } else if depends {
            named.insert(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
        }
    }
    named.retain(|name| name.starts_with("hearth-"));
    named
}

fn package(manifest: &str) -> Option<String> {
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
    Some(name.trim_end_matches('"').to_owned())
}

fn members(root: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the workspace's manifest");
    let list = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("its members");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn no_crate_sees_what_it_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let permitted: BTreeMap<&str, &[&str]> = MAY_SEE.into_iter().collect();
    let members = members(&root);
    assert_eq!(members.len(), permitted.len(), "a crate came or went: say what it may see");
    for member in members {
        let manifest = std::fs::read_to_string(root.join(&member).join("Cargo.toml")).expect("a manifest");
        let name = package(&manifest).expect("a name");
        let may = permitted.get(name.as_str()).unwrap_or_else(|| panic!("{name} may see nothing yet"));
        for seen in named(&manifest) {
            assert!(may.contains(&seen.as_str()), "{name} may not see {seen}");
        }
    }
}

#[test]
fn every_way_of_naming_a_dependency_is_noticed() {
    let manifest = "[dependencies]\nhearth-a.workspace = true\nserde = \"1\"\n[dev-dependencies.hearth-b]\n\
                    [target.'cfg(unix)'.build-dependencies]\nhearth-c = { path = \"..\" }\n[features]\nhearth-d = []\n";
    assert_eq!(named(manifest), BTreeSet::from(["hearth-a", "hearth-b", "hearth-c"].map(str::to_owned)));
}
