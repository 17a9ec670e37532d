//! The time of day, for people in their own zone and for programs in UTC.

use time::{OffsetDateTime, UtcOffset};

/// Tells the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    offset: UtcOffset,
}

impl Clock {
    /// In the zone of this machine; in UTC where that can't be found out.
    pub(crate) fn local() -> Self {
        Self { offset: UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC) }
    }

    /// `14:05:09.123`
    pub(crate) fn time_of_day(self) -> String {
        let now = OffsetDateTime::now_utc().to_offset(self.offset);
        format!("{:02}:{:02}:{:02}.{:03}", now.hour(), now.minute(), now.second(), now.millisecond())
    }
}

/// `2026-11-21T13:05:09.123Z`, in the form that routers write too.
pub(crate) fn timestamp() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, month) = (now.date(), u8::from(now.month()));
    format!("{:04}-{month:02}-{:02}T{}", date.year(), date.day(), Clock { offset: UtcOffset::UTC }.time_of_day()) + "Z"
}
