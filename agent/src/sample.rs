//! What goes out: one dictionary per sample, kept short.

use serde::{Serialize, Serializer};

use crate::{Figures, Load, Percent, Space};

/// The dictionary published to `clientstats`.
///
/// It stands for itself: whoever reads it needs no earlier one. Numbers are numbers, sizes are in bytes,
/// rates in bytes per second. A part that the settings hide, or that could not be measured, is absent.
///
/// ```text
/// {"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","rev":3,
///  "cpus":[3,1,…],"mem":[used,total],"swap":[used,total],"disks":{"/":[used,total],…},
///  "net":[received,sent],"io":[read,written],"load":[0.5,0.6,0.7],"up":seconds}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Sample<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    name: &'a str,
    /// The revision of the settings this sample was made under.
    rev: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<&'a [Percent]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mem: Option<Space>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap: Option<Space>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disks: Option<Disks<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    io: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<[Load; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    up: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
}

impl<'a> Sample<'a> {
    /// What was measured.
    pub fn new(sender: Sender<'a>, rev: u64, figures: &'a Figures) -> Self {
        Self {
            cpus: figures.cpus.as_deref(),
            mem: figures.memory,
            swap: figures.swap,
            disks: figures.disks.as_deref().map(Disks),
            net: figures.net,
            io: figures.io,
            load: figures.load,
            up: figures.uptime,
            ..Self::empty(sender, rev)
        }
    }

    /// The last word of an agent that was told to be silent.
    pub fn disabled(sender: Sender<'a>, rev: u64) -> Self {
        Self { disabled: Some(true), ..Self::empty(sender, rev) }
    }

    fn empty(Sender { id, ip, name }: Sender<'a>, rev: u64) -> Self {
        Self {
            id,
            ip,
            name,
            rev,
            cpus: None,
            mem: None,
            swap: None,
            disks: None,
            net: None,
            io: None,
            load: None,
            up: None,
            disabled: None,
        }
    }
}

/// Whose sample it is.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The [`MachineId`](crate::MachineId).
    pub id: &'a str,
    /// The address from which the machine reaches the router, if it is known.
    pub ip: Option<&'a str>,
    /// What the machine calls itself.
    pub name: &'a str,
}

/// Written as a dictionary by mount point.
#[derive(Clone, Copy, Debug)]
struct Disks<'a>(&'a [(String, Space)]);

impl Serialize for Disks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(mount, space)| (mount, space)))
    }
}

impl Serialize for Space {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.used, self.total].serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Sender<'_> = Sender { id: "9f3a61c2b7", ip: Some("10.0.0.12"), name: "web-1" };

    /// A machine at work: 8 cores, 3 mounts, 16 GiB, some traffic.
    fn figures() -> Figures {
        let space = |used, total| Space { used, total };
        let disk = |mount: &str, used, total| (mount.to_owned(), space(used, total));
        Figures {
            cpus: Some([3.0, 1.0, 0.0, 12.0, 45.0, 3.0, 100.0, 7.0].map(Percent::new).to_vec()),
            memory: Some(space(8_123_456_512, 16_777_216_000)),
            swap: Some(space(52_428_800, 2_147_479_552)),
            disks: Some(vec![
                disk("/", 12_413_231_104, 97_572_749_312),
                disk("/home", 198_402_711_552, 502_468_108_288),
                disk("/var", 21_003_567_104, 52_571_410_432),
            ]),
            net: Some([12_345, 123_456]),
            io: Some([4096, 1_234_567]),
            load: Some([0.52, 0.58, 0.59].map(Load::new)),
            uptime: Some(1_234_567),
        }
    }

    #[test]
    fn a_sample_is_one_flat_dictionary() {
        let json = serde_json::to_string(&Sample::new(SENDER, 3, &figures())).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","rev":3,"cpus":[3,1,0,12,45,3,100,7],"#,
                r#""mem":[8123456512,16777216000],"swap":[52428800,2147479552],"#,
                r#""disks":{"/":[12413231104,97572749312],"/home":[198402711552,502468108288],"/var":[21003567104,52571410432]},"#,
                r#""net":[12345,123456],"io":[4096,1234567],"load":[0.52,0.58,0.59],"up":1234567}"#,
            )
        );
    }

    #[test]
    fn what_is_not_there_is_absent() {
        let figures = Figures { net: Some([1, 2]), ..Figures::default() };
        assert_eq!(
            serde_json::to_string(&Sample::new(SENDER, 0, &figures)).unwrap(),
            r#"{"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","rev":0,"net":[1,2]}"#
        );
        let nowhere = Sender { ip: None, ..SENDER };
        assert_eq!(
            serde_json::to_string(&Sample::disabled(nowhere, 4)).unwrap(),
            r#"{"id":"9f3a61c2b7","name":"web-1","rev":4,"disabled":true}"#
        );
        assert_eq!(
            serde_json::to_string(&Sample::disabled(SENDER, 4)).unwrap(),
            r#"{"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","rev":4,"disabled":true}"#
        );
    }
}
