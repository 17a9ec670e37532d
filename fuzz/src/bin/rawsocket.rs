#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wamp_fuzz::framing::check_rawsocket(input));
