use std::collections::BTreeMap;

use ::serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    unit: (),
    flag: bool,
    small: i8,
    large: u64,
    negative: i64,
    float: f32,
    letter: char,
    text: String,
    absent: Option<String>,
    present: Option<u8>,
    list: Vec<i32>,
    tuple: (u8, String),
    map: BTreeMap<String, f64>,
    numbered: BTreeMap<i32, bool>,
    #[serde(with = "bytes_as_binary")]
    binary: Vec<u8>,
    shapes: Vec<Shape>,
    wrapped: Wrapped,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Dot,
    Circle(f64),
    Line(i32, i32),
    Box { width: u8, height: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

mod bytes_as_binary {
    use crate::Value;
    use ::serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bin(bytes) => Ok(bytes),
            other => panic!("binary came back as {other:?}"),
        }
    }
}

fn everything() -> Everything {
    Everything {
        unit: (),
        flag: true,
        small: -128,
        large: u64::MAX,
        negative: i64::MIN,
        float: 0.1,
        letter: 'é',
        text: "line\n\"quoted\" \u{1} 😀".to_owned(),
        absent: None,
        present: Some(7),
        list: vec![-40, 0, 300, 70_000],
        tuple: (1, "two".to_owned()),
        map: BTreeMap::from([("half".to_owned(), 0.5), ("huge".to_owned(), 1e300)]),
        numbered: BTreeMap::from([(-1, true), (2, false)]),
        binary: vec![0, 255, 1],
        shapes: vec![Shape::Dot, Shape::Circle(1.5), Shape::Line(1, -1), Shape::Box { width: 2, height: 3 }],
        wrapped: Wrapped(9),
    }
}

#[test]
fn every_kind_of_type_goes_through_each_serializer() {
    for serializer in Serializer::ALL {
        let bytes = to_vec(serializer, &everything()).expect("it can be encoded");
        let back: Everything = from_slice(serializer, &bytes).expect("what was encoded");
        assert_eq!(back, everything(), "{serializer}");
    }
}

/// Advanced profile, "Binary support in JSON": the example of the chapter.
#[test]
fn binary_in_json_is_a_null_character_and_base64() {
    let bytes = [0x10, 0xe3, 0xff, 0x90, 0x53, 0x07, 0x5c, 0x52, 0x6f, 0x5f, 0xc0, 0x6d, 0x4f, 0xe3, 0x7c, 0xdb];
    let encoded = to_vec(Serializer::Json, &crate::Value::Bin(bytes.to_vec())).expect("binary");
    assert_eq!(encoded, br#""\u0000EOP/kFMHXFJvX8BtT+N82w==""#);
    assert_eq!(from_slice::<crate::Value>(Serializer::Json, &encoded).ok(), Some(crate::Value::Bin(bytes.to_vec())));
    assert_eq!(from_slice::<Vec<u8>>(Serializer::Json, &encoded).ok(), Some(bytes.to_vec()));
}

#[test]
fn a_string_is_borrowed_where_it_has_no_escapes() {
    let text: &str = from_slice(Serializer::Json, b"\"plain\"").expect("a string");
    assert_eq!(text, "plain");
    assert_eq!(
        from_slice::<String>(Serializer::Json, br#""\u00e9\ud83d\ude00\ud83d\n""#).ok().as_deref(),
        Some("é😀\u{fffd}\n")
    );
}

#[test]
fn integers_may_come_as_whole_floats() {
    assert_eq!(from_slice::<i64>(Serializer::Json, b"3.0").ok(), Some(3));
    assert_eq!(from_slice::<u64>(Serializer::Json, b"9007199254740992.0").ok(), Some(1 << 53));
    assert!(from_slice::<i64>(Serializer::Json, b"3.5").is_err());
    assert_eq!(from_slice::<f64>(Serializer::Json, b"3").ok(), Some(3.0));
}

#[test]
fn an_error_tells_what_was_expected_and_found() {
    let error = from_slice::<i64>(Serializer::Json, b"\"x\"").expect_err("a string");
    assert_eq!(error.to_string(), "invalid type: string \"x\", expected i64 (at byte 3)");
    let error = from_slice::<(u8, u8)>(Serializer::Json, b"[1,2,3]").expect_err("three");
    assert!(error.to_string().contains("the list has 1 items more than expected"), "{error}");
    assert!(from_slice::<u8>(Serializer::Json, b"300").expect_err("too large").to_string().contains("300"));
}

#[test]
fn what_has_no_encoding_is_refused_and_leaves_nothing_behind() {
    let mut out = b"before".to_vec();
    let keys_are_lists = BTreeMap::from([(vec![1], 2)]);
    assert_eq!(write_to(Serializer::Json, &keys_are_lists, &mut out), Err(SerError::CompoundKey));
    assert_eq!(
        write_to(Serializer::Cbor, &[1, i128::MAX], &mut out),
        Err(SerError::IntegerTooLarge(i128::MAX.to_string()))
    );
    assert_eq!(out, b"before");
}

#[test]
fn containers_of_every_size_class() {
    for serializer in Serializer::ALL {
        for length in [0, 1, 15, 16, 23, 24, 255, 256, 65_535, 65_536] {
            let list: Vec<u8> = (0..length).map(|n: u32| n as u8).collect();
            let bytes = to_vec(serializer, &list).expect("a list");
            assert_eq!(from_slice::<Vec<u8>>(serializer, &bytes).as_ref(), Ok(&list), "{serializer} {length}");
            let nested = (list.clone(), "after".to_owned());
            let bytes = to_vec(serializer, &nested).expect("a list");
            assert_eq!(from_slice(serializer, &bytes).as_ref(), Ok(&nested), "{serializer} {length}");
        }
    }
}

#[test]
fn what_looks_like_binary_in_json_is_text_where_text_is_due() {
    let text = "\0AAEC".to_owned();
    let json = to_vec(Serializer::Json, &text).unwrap();
    assert_eq!(from_slice::<String>(Serializer::Json, &json).unwrap(), text);
    assert_eq!(from_slice::<crate::Value>(Serializer::Json, &json).unwrap(), crate::Value::Bin(vec![0, 1, 2]));

    let frame = br#"[32,1,{"match":"\u0000"},"\u0000AAEC"]"#;
    let crate::Message::Subscribe(subscribe) = Serializer::Json.decode(frame).unwrap() else { panic!("no SUBSCRIBE") };
    assert_eq!((subscribe.options.matching.as_deref(), &*subscribe.topic), (Some("\0"), "\0AAEC"));
}
