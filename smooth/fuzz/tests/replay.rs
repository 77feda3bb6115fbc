//! Runs every file of the corpus, and every cut of it, through its target.

use std::{fs, path::Path};

use silverlane_smooth_fuzz::TARGETS;

#[test]
fn the_corpus_harms_nobody() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for &(name, target) in TARGETS {
        let mut files = 0;
        for entry in fs::read_dir(corpus.join(name)).expect("every target has a corpus") {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            println!("{}", path.display());
            target(&bytes);
            // A stream may end anywhere. Long files are cut in a hundred places.
            for end in (0..bytes.len()).step_by(bytes.len() / 100 + 1) {
                target(&bytes[..end]);
            }
            for at in (0..bytes.len()).step_by(bytes.len() / 100 + 1) {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                target(&changed);
            }
            files += 1;
        }
        assert!(files > 0, "{name} has seeds");
    }
    for entry in fs::read_dir(&corpus).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(TARGETS.iter().any(|&(target, _)| name == *target), "{name:?} is replayed");
    }
}
