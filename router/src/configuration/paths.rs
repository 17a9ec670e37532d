//! What is served at the paths of a web transport.
//!
//! A service is one line in each of the three lists here, and a module that reads its settings.

use super::section::Section;

/// A service at a path.
#[derive(Debug)]
pub(crate) enum Service {}

/// Reads the settings of a service. The key `type` has been read.
type Reader = fn(Section<'_>) -> Option<Service>;

/// The services, by the `type` that asks for them.
const READERS: &[(&str, Reader)] = &[];

/// Services of Crossbar.io that there are not, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[];

/// Reads a service.
pub(crate) fn read(section: Section<'_>) -> Option<Service> {
    let kind = section.required_text("type");
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(name, _)| Some(*name) == kind) {
        section.unsupported("type", instead);
        section.abandon();
        return None;
    }
    let reader = kind.and_then(|_| section.choice("type", READERS));
    match reader {
        Some(reader) => reader(section),
        None => {
            section.abandon();
            None
        }
    }
}
