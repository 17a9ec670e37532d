//! How much of what agents send is kept.
//!
//! Anybody who can publish can claim to be a machine, so everything that is kept is bounded:
//! at these limits the whole fleet takes about 350 MB, and no sender makes it take more.

use std::time::Duration;

/// Machines known at a time. Further ones are refused until some are forgotten.
pub const MACHINES: usize = 7_500;

/// Connections of one address: a whole fleet may be behind one, with pages to look at it.
pub const CONNECTIONS_PER_ADDRESS: usize = 8_000;

/// Sessions that may stand for one machine at a time: usually one, two for a moment
/// when an agent is back before the router noticed that its old connection is dead.
pub const SESSIONS_PER_MACHINE: usize = 4;

/// Sessions remembered as gone, so that what they sent last and what arrives late
/// doesn't bring their machine back.
pub const GONE_SESSIONS: usize = 4_096;

/// How long a sample may be under way after its session has left: such a one, if it doesn't say
/// which session it is of, doesn't bring its machine back.
pub const STRAGGLER: Duration = Duration::from_secs(1);

/// Cores kept of a sample.
pub const CORES: usize = 512;

/// Mounts kept of a sample.
pub const MOUNTS: usize = 32;

/// Bytes (of UTF-8) kept of any other text: a mount's path, an operating system, a processor.
pub const TEXT_BYTES: usize = 128;

/// Characters of a machine's name.
pub const NAME_CHARS: usize = 64;

/// How far back the history goes. At this and the next two, a machine's takes 10.7 KB, and 0.3 KB a core.
pub const HISTORY: Duration = Duration::from_secs(300);

/// The history's step: samples that follow faster are averaged into one point. A little less
/// than a second, so that once a second, give or take, makes one point each.
pub const HISTORY_STEP: Duration = Duration::from_millis(900);

/// Rows kept of a machine's cores over time. Where there are more cores, a row is of several.
pub const HISTORY_CORES: usize = 64;

/// Machines whose history can be asked for in one call: the answer is a message as well.
pub const HISTORY_MACHINES: usize = 200;

/// Intervals without a sample after which a machine without a session counts as offline.
pub const OFFLINE_INTERVALS: f64 = 5.0;

/// The longest message the dashboard's router takes.
///
/// It bounds what comes to the fleet service too: a message of another encoding gets longer on
/// its way there, threefold at worst (`-0,` in JSON is a number of nine bytes in MessagePack), and
/// the service's client ends a session that brings more than 16 MiB.
pub const MESSAGE_BYTES: usize = 5 << 20;

/// How long an event with samples may get. One is told per frame of a screen, so this is also how
/// much of the fleet can be told: samples of 500 bytes of 7,500 machines four times a second. What
/// doesn't fit is told later, and the newest then.
pub const SAMPLES_BYTES: usize = 256 << 10;

/// How long a snapshot may get, which is a message as well. In a fleet whose samples don't fit,
/// the largest are left out; the page has them with the next event.
pub const SNAPSHOT_BYTES: usize = 5_200_000;
