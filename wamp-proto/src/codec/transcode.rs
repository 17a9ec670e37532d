use super::{DecodeError, Items, Read, Token, Write};

/// Copies one value from one format into another. Integers stay integers and binary stays binary.
///
/// Where the target knows only strings as keys, integer, float and bool keys become their decimal text.
pub(crate) fn transcode<'a>(from: &mut impl Read<'a>, to: &mut impl Write) -> Result<(), DecodeError> {
    let token = from.token()?;
    value(token, from, to)
}

fn value<'a, W: Write>(token: Token<'a>, from: &mut impl Read<'a>, to: &mut W) -> Result<(), DecodeError> {
    match token {
        Token::Array(mut items) => {
            let open = to.array(items.left);
            let mut count = 0;
            while from.more(&mut items)? {
                transcode(from, to)?;
                count += 1;
            }
            to.close(open, count);
        }
        Token::Map(items) => entries(items, from, to)?,
        scalar => write_scalar(&scalar, to),
    }
    Ok(())
}

fn entries<'a, W: Write>(mut items: Items, from: &mut impl Read<'a>, to: &mut W) -> Result<(), DecodeError> {
    let open = to.map(items.left);
    let mut count = 0;
    while from.more(&mut items)? {
        match from.key()? {
            Token::Str(key) => to.key(&key),
            key if W::STRING_KEYS => to.key(&key_text(&key)),
            key => write_scalar(&key, to),
        }
        transcode(from, to)?;
        count += 1;
    }
    to.close(open, count);
    Ok(())
}

fn write_scalar(token: &Token<'_>, to: &mut impl Write) {
    match token {
        Token::Null => to.null(),
        Token::Bool(value) => to.bool(*value),
        Token::Uint(value) => to.uint(*value),
        Token::Int(value) => to.int(*value),
        Token::Float(value) => to.float(*value),
        Token::Str(value) => to.str(value),
        Token::Bin(value) => to.bytes(value),
        Token::Array(_) | Token::Map(_) => {
            unreachable!("containers are no scalars, and readers refuse them as keys")
        }
    }
}

/// The string that stands for a key which is none.
pub(crate) fn key_text(key: &Token<'_>) -> String {
    match key {
        Token::Null => "null".to_owned(),
        Token::Bool(value) => value.to_string(),
        Token::Uint(value) => value.to_string(),
        Token::Int(value) => value.to_string(),
        Token::Float(value) => value.to_string(),
        Token::Str(value) => value.clone().into_owned(),
        Token::Bin(value) => String::from_utf8_lossy(value).into_owned(),
        Token::Array(_) | Token::Map(_) => unreachable!("readers refuse containers as keys"),
    }
}
