//! The fuzz corpus, replayed on the stable toolchain: each seed unchanged, cut off at every length, and with each of
//! its bytes changed.

#[path = "../fuzz/attacks/mod.rs"]
mod attacks;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use attacks::Outcome;

/// The seeds of a target, with their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect()
}

/// Names the seed when the two readings differ.
fn run(attack: fn(&[u8]) -> Outcome, name: &str, input: &[u8]) -> Outcome {
    let input_shown = || String::from_utf8_lossy(input).into_owned();
    catch_unwind(|| attack(input)).unwrap_or_else(|_| panic!("{name}, as\n{}", input_shown()))
}

#[test]
fn the_naive_reading_agrees_and_every_target_has_both_outcomes() {
    for (target, attack) in attacks::ALL {
        let outcomes: Vec<_> = seeds(target)
            .iter()
            .map(|(name, seed)| run(attack, name, seed))
            .collect();
        assert!(outcomes.contains(&Outcome::Accepted), "{target}");
        assert!(outcomes.contains(&Outcome::Refused), "{target}");
    }
}

#[test]
fn the_naive_reading_agrees_with_seeds_cut_off_or_changed_in_one_byte() {
    for (target, attack) in attacks::ALL {
        for (name, seed) in seeds(target) {
            for length in 0..seed.len() {
                run(attack, &name, &seed[..length]);
            }
            for at in 0..seed.len() {
                let mut changed = seed.clone();
                changed[at] ^= [0x01, 0x20, 0x80][at % 3];
                run(attack, &name, &changed);
            }
        }
    }
}

#[test]
fn every_target_of_the_fuzzer_is_replayed_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let mut targets = attacks::ALL.map(|(name, _)| name.to_owned()).to_vec();
    files.sort();
    targets.sort();
    assert_eq!(files, targets);
}
