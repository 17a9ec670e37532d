#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wamp_fuzz::codec::check(wamp_proto::Serializer::Cbor, input));
