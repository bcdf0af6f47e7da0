//! Runs every body on mutated seeds for some seconds: `vivavoce-fuzz [SECONDS] [SEED]`.
//!
//! A plain process without coverage feedback: less clever than libFuzzer, but it runs everywhere.

#![expect(clippy::print_stdout, reason = "a program whose output is its result")]

use std::time::{Duration, Instant};

use vivavoce_fuzz::{BODIES, Seeds, run};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(seconds), Ok(seed)) = (arguments.next().unwrap_or(Ok(30)), arguments.next().unwrap_or(Ok(1))) else {
        println!("usage: vivavoce-fuzz [SECONDS] [SEED]");
        std::process::exit(2);
    };
    let share = Duration::from_secs(seconds) / BODIES.len() as u32;
    for (name, body) in BODIES {
        let seeds = Seeds::of(name);
        let mut random = fastrand::Rng::with_seed(seed);
        let start = Instant::now();
        let mut runs = 0_u64;
        while start.elapsed() < share {
            for _ in 0..64 {
                run(name, *body, &seeds.vary(&mut random));
            }
            runs += 64;
        }
        println!("{name}: {runs} inputs in {:.1} s, seed {seed}", start.elapsed().as_secs_f64());
    }
}
