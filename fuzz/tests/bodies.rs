//! Every body on its seeds and on some thousand inputs made of them.

use vivavoce_fuzz::{BODIES, Seeds, run};

#[test]
fn every_body_stands_its_seeds() {
    for (name, body) in BODIES {
        Seeds::of(name).iter().for_each(|seed| run(name, *body, seed));
    }
}

#[test]
fn every_body_stands_varied_seeds_and_noise() {
    for (name, body) in BODIES {
        let seeds = Seeds::of(name);
        let mut random = fastrand::Rng::with_seed(7);
        // A play is some dozen frames.
        let inputs = if matches!(*name, "session" | "server") { 1000 } else { 4000 };
        for _ in 0..inputs {
            run(name, *body, &seeds.vary(&mut random));
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let inputs = || {
        let (seeds, mut random) = (Seeds::of("decode"), fastrand::Rng::with_seed(3));
        (0..100).map(|_| seeds.vary(&mut random)).collect::<Vec<_>>()
    };
    assert_eq!(inputs(), inputs());
}

#[test]
fn every_body_has_a_target() {
    for (name, _) in BODIES {
        let target = format!("{}/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&target).expect("a target for every body");
        assert!(text.contains(&format!("vivavoce_fuzz::{name}(data)")), "{target} calls another body");
    }
}
