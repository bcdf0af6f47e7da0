#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vivavoce_fuzz::session(data));
