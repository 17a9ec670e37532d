use std::fmt;

/// Why a frame, or a value in it, could not be decoded: what was wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Problem>);

/// Boxed: results are passed on at every step of decoding, and hardly any has one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    kind: DecodeErrorKind,
    offset: usize,
    message: Option<&'static str>,
    element: Option<&'static str>,
    key: Option<&'static str>,
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes ended inside a value.
    #[error("the frame ends inside a value")]
    UnexpectedEnd,
    /// Bytes are left after the value.
    #[error("bytes are left after the end of the value")]
    TrailingBytes,
    /// Lists and dictionaries nest deeper than [`MAX_DEPTH`](crate::codec::MAX_DEPTH).
    #[error("lists and dictionaries nest deeper than {}", super::MAX_DEPTH)]
    TooDeep,
    /// A declared length is more than the frame can hold.
    #[error("a length of {declared} is declared where {available} bytes are left")]
    LengthBeyondFrame {
        /// The length the frame claims.
        declared: u64,
        /// The bytes that are left in the frame.
        available: usize,
    },
    /// A string is not UTF-8.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
    /// The bytes do not follow the format's grammar.
    #[error("{0}")]
    Syntax(&'static str),
    /// A value of one type stands where another is due.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What is due there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// An id outside 0..=2^53.
    #[error("{0} is no id: ids are integers from 1 to 2^53")]
    IdOutOfRange(u64),
    /// A message type that WAMP does not define.
    #[error("{0} is no WAMP message type")]
    UnknownMessageType(u64),
    /// The message's list ends before this element.
    #[error("the element is missing")]
    MissingElement,
    /// The message's list goes on after its last element.
    #[error("the message has more elements than its type defines")]
    TooManyElements,
    /// A value does not fit the type it is decoded into.
    #[error("{0}")]
    Mismatch(String),
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Problem { kind, offset, message: None, element: None, key: None }))
    }

    #[cold]
    pub(crate) fn in_key(mut self, key: &'static str) -> Self {
        self.0.key.get_or_insert(key);
        self
    }

    #[cold]
    pub(crate) fn in_element(mut self, message: &'static str, element: &'static str) -> Self {
        self.0.message.get_or_insert(message);
        self.0.element.get_or_insert(element);
        self
    }

    #[cold]
    pub(crate) fn at(mut self, offset: usize) -> Self {
        if self.0.offset == usize::MAX {
            self.0.offset = offset;
        }
        self
    }

    /// What was wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The byte of the frame (or of the payload) at which it was found.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, separator) in [(self.0.message, ""), (self.0.element, "."), (self.0.key, ".")] {
            if let Some(part) = part {
                write!(f, "{separator}{part}")?;
            }
        }
        if self.0.message.is_some() || self.0.key.is_some() {
            f.write_str(": ")?;
        }
        write!(f, "{}", self.0.kind)?;
        if self.0.offset != usize::MAX {
            write!(f, " (at byte {})", self.0.offset)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(DecodeErrorKind::Mismatch(message.to_string()), usize::MAX)
    }
}
