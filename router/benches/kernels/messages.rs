//! The messages the kernels work on.

use wamp_proto::{Message, Serializer};

/// A message of each type that the hot paths have, with its name; `$` stands for the payload.
pub(crate) const TEMPLATES: [(&str, &str); 6] = [
    ("PUBLISH", r#"[16,239714735,{},"com.example.device.4711.temperature",$]"#),
    ("EVENT", "[36,5512315355,4429313566,{},$]"),
    ("CALL", r#"[48,7814135,{},"com.example.device.4711.measure",$]"#),
    ("INVOCATION", "[68,6131533,9823526,{},$]"),
    ("YIELD", "[70,6131533,{},$]"),
    ("RESULT", "[50,7814135,{},$]"),
];

/// A list of arguments with a string of `bytes` in it.
pub(crate) fn payload(bytes: usize) -> String {
    let text: String = "The quick brown fox jumps over the lazy dog. ".chars().cycle().take(bytes).collect();
    format!(r#"["{text}"]"#)
}

/// What a machine's agent might publish: some of everything.
pub(crate) fn measurements(count: usize) -> String {
    let measurement = |nth: usize| {
        format!(
            r#"{{"host":"machine-{nth}.example.com","load":[0.{nth}5,1.25,{nth}.5],"memory":{{"total":16777216000,"free":{}}},"up":true,"note":null,"name":"line\n{nth} \"quoted\" é"}}"#,
            123_456_789 + 1000 * nth
        )
    };
    let measurements: Vec<String> = (0..count).map(measurement).collect();
    format!("[{}]", measurements.join(","))
}

/// The frame of the message of this type.
pub(crate) fn frame(serializer: Serializer, template: &str, payload: &str) -> Vec<u8> {
    let json = template.replace('$', payload).into_bytes();
    if serializer == Serializer::Json {
        return json;
    }
    let mut frame = Vec::new();
    serializer.encode(&decode(Serializer::Json, &json), &mut frame);
    frame
}

pub(crate) fn decode(serializer: Serializer, frame: &[u8]) -> Message<'_> {
    serializer.decode(frame).expect("the frames of the kernels are well-formed")
}
