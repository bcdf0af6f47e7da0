//! The table of the docs names tests that exist.
#![expect(clippy::disallowed_methods, reason = "reads the sources of the tests")]

use std::path::Path;

#[test]
fn every_test_the_table_names_exists() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut named = 0;
    let mut source = String::new();
    for line in include_str!("../CONFORMANCE.md").lines().filter(|line| line.starts_with("| ")) {
        // What the row is about comes first; then files, each with its tests.
        let cell = line.rsplit(" | ").next().unwrap_or_default();
        for name in cell.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                source = std::fs::read_to_string(tests.join(name)).unwrap_or_else(|_| panic!("no file {name}"));
            } else if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
                assert!(source.contains(&format!("fn {name}()")), "no test {name} where the table looks for it");
                named += 1;
            }
        }
    }
    assert!(named > 80, "only {named} tests are named");
}
