//! What is written in the brackets: `#[register("com.example.add", invoke = "roundrobin")]`.

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, LitInt, LitStr, Result, Token};

use crate::uri;

/// Which of the macros is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Subscribe,
    Register,
    OnJoin,
    OnLeave,
    /// A procedure of an interface.
    Procedure,
    /// A topic of an interface.
    Topic,
}

impl Kind {
    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Register => "register",
            Self::OnJoin => "on_join",
            Self::OnLeave => "on_leave",
            Self::Procedure => "procedure",
            Self::Topic => "topic",
        }
    }

    /// The one of this name that attaches a function.
    pub(crate) fn of_handler(name: &str) -> Option<Self> {
        [Self::Subscribe, Self::Register, Self::OnJoin, Self::OnLeave].into_iter().find(|kind| kind.name() == name)
    }

    /// The one of this name that a function of an interface has.
    pub(crate) fn of_member(name: &str) -> Option<Self> {
        [Self::Procedure, Self::Topic].into_iter().find(|kind| kind.name() == name)
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Subscribe => &["matching", "retained", "history", "concurrency", "queue", "overflow"],
            Self::Register => {
                &["matching", "invoke", "concurrency", "force_reregister", "disclose_caller", "forward_timeout"]
            }
            Self::OnJoin | Self::OnLeave => &[],
            // Both ends know the whole URI, so that there is nothing to be matched.
            Self::Procedure => &Self::Register.options()[1..],
            Self::Topic => &Self::Subscribe.options()[1..],
        }
    }

    /// How it is written.
    fn example(self) -> &'static str {
        match self {
            Self::Subscribe => "#[subscribe(\"com.example.event\")]",
            Self::Register => "#[register(\"com.example.add\")]",
            Self::OnJoin => "#[on_join]",
            Self::OnLeave => "#[on_leave]",
            Self::Procedure => "#[procedure(\"com.example.add\")]",
            Self::Topic => "#[topic(\"com.example.event\")]",
        }
    }
}

/// What the attribute is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Function,
    /// A method of a component, whose fields a URI may name.
    Method,
    /// A function of an interface, both of whose ends are given the parameters of its URIs.
    Interface,
}

/// The attribute, checked.
pub(crate) enum Attributes {
    Subscribe { uri: LitStr, matching: Matching, retained: bool, delivery: Delivery },
    Register { uri: LitStr, matching: Matching, sharing: Sharing },
    OnJoin,
    OnLeave,
}

impl Attributes {
    /// The topic or procedure, as written.
    pub(crate) fn uri(&self) -> Option<&LitStr> {
        match self {
            Self::Subscribe { uri, .. } | Self::Register { uri, .. } => Some(uri),
            Self::OnJoin | Self::OnLeave => None,
        }
    }
}

choices! {
    /// How a URI is compared with topics or procedures.
    Matching { Exact = "exact", Prefix = "prefix", Wildcard = "wildcard" }
}

choices! {
    /// Which of several callees gets a call.
    Invoke { Single = "single", RoundRobin = "roundrobin", Random = "random", First = "first", Last = "last" }
}

choices! {
    /// Which event is dropped when too many wait.
    Overflow { DropNewest = "drop_newest", DropOldest = "drop_oldest" }
}

/// How events come to their handler.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) history: bool,
    pub(crate) concurrency: Option<u32>,
    pub(crate) queue: Option<u32>,
    pub(crate) overflow: Option<Overflow>,
}

/// How a procedure is shared with others.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    pub(crate) invoke: Option<Invoke>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) force_reregister: bool,
    pub(crate) disclose_caller: bool,
    pub(crate) forward_timeout: bool,
}

/// Reads what is in the brackets. `span` is where to point at what is missing.
pub(crate) fn parse(kind: Kind, place: Place, span: Span, arguments: TokenStream) -> Result<Attributes> {
    match kind {
        Kind::OnJoin | Kind::OnLeave => {
            let nothing = |input: ParseStream<'_>| match input.is_empty() {
                true => Ok(()),
                false => Err(input.error(format_args!("`#[{}]` takes nothing in parentheses", kind.name()))),
            };
            nothing.parse2(arguments)?;
            Ok(if kind == Kind::OnJoin { Attributes::OnJoin } else { Attributes::OnLeave })
        }
        _ => attachment(kind, place, span, arguments),
    }
}

fn attachment(kind: Kind, place: Place, span: Span, arguments: TokenStream) -> Result<Attributes> {
    let example = kind.example();
    if arguments.is_empty() {
        return Err(Error::new(span, format_args!("the URI is missing: write `{example}`")));
    }
    let parser = |input: ParseStream<'_>| {
        let uri: LitStr = input
            .parse()
            .map_err(|error| Error::new(error.span(), format_args!("the URI comes first, as a string: `{example}`")))?;
        let mut options = Options::default();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                options.parse_one(kind, input)?;
            }
        }
        Ok((uri, options))
    };
    let (uri, options) = parser.parse2(arguments)?;
    let matching = options.matching.unwrap_or(Matching::Exact);
    uri::check(kind, place, matching, &uri)?;
    Ok(match kind {
        Kind::Subscribe | Kind::Topic => {
            Attributes::Subscribe { uri, matching, retained: options.retained, delivery: options.delivery }
        }
        _ => Attributes::Register { uri, matching, sharing: options.sharing },
    })
}

/// What follows the URI.
#[derive(Debug, Default)]
struct Options {
    seen: Vec<String>,
    matching: Option<Matching>,
    retained: bool,
    delivery: Delivery,
    sharing: Sharing,
}

impl Options {
    fn parse_one(&mut self, kind: Kind, input: ParseStream<'_>) -> Result<()> {
        let key: Ident = input.call(syn::ext::IdentExt::parse_any)?;
        let name = key.to_string();
        if !kind.options().contains(&name.as_str()) {
            return Err(unknown_option(kind, &key));
        }
        if self.seen.contains(&name) {
            return Err(Error::new(key.span(), format_args!("`{name}` is given twice")));
        }
        match name.as_str() {
            "matching" => self.matching = Some(value(&key, input)?),
            "invoke" => self.sharing.invoke = Some(value(&key, input)?),
            "history" => self.delivery.history = flag(&key, input)?,
            "concurrency" if matches!(kind, Kind::Register | Kind::Procedure) => {
                self.sharing.concurrency = Some(number(&key, "calls", input)?)
            }
            "concurrency" => self.delivery.concurrency = Some(number(&key, "events", input)?),
            "queue" => self.delivery.queue = Some(number(&key, "events", input)?),
            "overflow" => self.delivery.overflow = Some(value(&key, input)?),
            "force_reregister" => self.sharing.force_reregister = flag(&key, input)?,
            "disclose_caller" => self.sharing.disclose_caller = flag(&key, input)?,
            "forward_timeout" => self.sharing.forward_timeout = flag(&key, input)?,
            _ => self.retained = flag(&key, input)?,
        }
        self.seen.push(name);
        Ok(())
    }
}

/// `key = "one of a few words"`.
fn value<T: Parse>(key: &Ident, input: ParseStream<'_>) -> Result<T> {
    if !input.peek(Token![=]) {
        return Err(Error::new(key.span(), format_args!("`{key}` needs a value: `{key} = \"…\"`")));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

/// `key = 8`, a number of calls or events.
fn number(key: &Ident, of: &str, input: ParseStream<'_>) -> Result<u32> {
    if !input.peek(Token![=]) {
        return Err(Error::new(key.span(), format_args!("`{key}` needs a value: `{key} = 8`")));
    }
    input.parse::<Token![=]>()?;
    let expected = format!("expected a number of {of}, from 1");
    let number: LitInt = input.parse().map_err(|error| Error::new(error.span(), &expected))?;
    match number.base10_parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(Error::new(number.span(), expected)),
    }
}

/// `key`, which is either there or not.
fn flag(key: &Ident, input: ParseStream<'_>) -> Result<bool> {
    if input.peek(Token![=]) {
        return Err(Error::new(key.span(), format_args!("`{key}` takes no value: it is either written or left out")));
    }
    Ok(true)
}

fn unknown_option(kind: Kind, key: &Ident) -> Error {
    let valid: Vec<String> = kind.options().iter().map(|option| format!("`{option}`")).collect();
    let hint = match key.to_string().as_str() {
        "matching" | "match" if matches!(kind, Kind::Procedure | Kind::Topic) => {
            ": both ends of an interface know its whole URIs"
        }
        "match" | "match_policy" | "policy" => ": did you mean `matching`?",
        "get_retained" | "retain" => ": did you mean `retained`?",
        "recover" | "get_history" => ": did you mean `history`?",
        "force" | "reregister" => ": did you mean `force_reregister`?",
        "disclose" | "disclose_me" => ": did you mean `disclose_caller`?",
        "max_concurrency" | "limit" | "parallel" => ": did you mean `concurrency`?",
        "buffer" | "capacity" | "event_queue" => ": did you mean `queue`?",
        "drop" | "drop_oldest" | "drop_newest" => ": did you mean `overflow`?",
        "timeout" => ": did you mean `forward_timeout`?",
        "invocation" | "invoke_policy" => ": did you mean `invoke`?",
        _ => "",
    };
    let name = kind.name();
    Error::new(key.span(), format_args!("`#[{name}]` has no option `{key}`{hint}\nvalid options: {}", valid.join(", ")))
}

/// An enum of the words an option can have as its value.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl Parse for $name {
            fn parse(input: ParseStream<'_>) -> Result<Self> {
                let words = [$(concat!("\"", $word, "\"")),*].join(", ");
                let literal: LitStr = input
                    .parse()
                    .map_err(|error| Error::new(error.span(), format_args!("expected one of {words}")))?;
                match literal.value().as_str() {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Error::new(literal.span(), format_args!("expected one of {words}"))),
                }
            }
        }

        impl quote::ToTokens for $name {
            fn to_tokens(&self, tokens: &mut TokenStream) {
                let variant = match self { $(Self::$variant => stringify!($variant)),* };
                Ident::new(variant, Span::call_site()).to_tokens(tokens);
            }
        }
    };
}
use choices;
