//! The comparison with IIS names a test in every row, and every test that it names is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_row_of_the_comparison_with_iis_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    for folder in ["server/src", "server/tests", "smooth/src", "tests/tests"] {
        sources(&root.join(folder), &mut text);
    }
    let page = std::fs::read_to_string(root.join("docs/iis.md")).unwrap();
    let rows =
        page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| IIS") && !l.starts_with("| ---"));
    let mut count = 0;
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let name = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
        let name = name.unwrap_or_else(|| panic!("no test in the row {row}"));
        assert!(text.contains(&format!("fn {name}()")), "no test {name}, named in the row {row}");
        count += 1;
    }
    assert!(count > 40, "{count} rows");
}
