#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| silverlane_smooth_fuzz::protection(data));
