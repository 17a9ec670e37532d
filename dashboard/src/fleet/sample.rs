//! What an agent publishes to `clientstats`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize, Serializer};

use super::loose::Loose;
use crate::MachineId;
use crate::settings::Name;

/// One sample, as much of it as makes sense.
///
/// A part that the settings hide is absent, and so is one that can't be understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Sample {
    /// Which machine it is of. Old agents send none: then it is their address.
    pub id: MachineId,
    /// The machine's address, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The machine's host name.
    pub name: Name,
    /// The settings' revision that the agent has applied; old agents don't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// The last sample before silence.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Per cent of each core.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "levels")]
    pub cpus: Option<Box<[f32]>>,
    /// Memory used and there is, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<[u64; 2]>,
    /// Swap used and there is, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<[u64; 2]>,
    /// Space used and there is of each mount, bytes.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_map")]
    pub disks: Option<Box<[Disk]>>,
    /// Received and sent, bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<[u64; 2]>,
    /// Read and written, bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io: Option<[u64; 2]>,
    /// Load of the last 1, 5 and 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "levels")]
    pub load: Option<[f32; 3]>,
    /// Seconds since the machine started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<u64>,
}

/// A mount, and the space used and there is.
pub type Disk = (Box<str>, [u64; 2]);

/// A sample that says neither an id nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sample needs an `id` of 1 to 64 of a-z 0-9 _ -, or else an IP address as `ip`")]
pub struct Anonymous;

impl Sample {
    /// Mean use of the cores, per cent.
    pub fn cpu(&self) -> Option<f32> {
        let cpus = self.cpus.as_deref().filter(|cpus| !cpus.is_empty())?;
        Some(cpus.iter().sum::<f32>() / cpus.len() as f32)
    }

    /// Memory in use, per cent.
    pub fn memory(&self) -> Option<f32> {
        percent(self.mem?)
    }

    /// Swap in use, per cent; where there is none, none is in use.
    pub fn swap(&self) -> Option<f32> {
        self.swap.map(|space| percent(space).unwrap_or(0.0))
    }

    /// Use of the fullest mount, per cent.
    pub fn disk(&self) -> Option<f32> {
        let used = self.disks.as_deref()?.iter().filter_map(|(_, space)| percent(*space));
        used.max_by(f32::total_cmp)
    }
}

impl Sample {
    /// Bytes it takes in a message, at most: numbers are of nine bytes.
    pub(super) fn weight(&self) -> usize {
        let cores = self.cpus.as_deref().map_or(0, |cpus| 9 * cpus.len());
        let mounts = self.disks.as_deref().unwrap_or_default().iter().map(|(mount, _)| mount.len() + 24);
        300 + self.id.as_str().len() + self.name.as_str().len() + cores + mounts.sum::<usize>()
    }
}

fn percent([used, total]: [u64; 2]) -> Option<f32> {
    (total > 0).then(|| (used as f32 / total as f32 * 100.0).min(100.0))
}

fn as_map<S: Serializer>(disks: &Option<Box<[Disk]>>, serializer: S) -> Result<S::Ok, S::Error> {
    let disks = disks.as_deref().unwrap_or_default();
    serializer.collect_map(disks.iter().map(|(mount, space)| (mount, space)))
}

fn levels<S: Serializer>(levels: &Option<impl AsRef<[f32]>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(levels.iter().flat_map(AsRef::as_ref).copied().map(Level))
}

/// Most are whole, as agents round them; so they are sent, for that takes less room and time.
struct Level(f32);

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.fract() == 0.0 {
            true => serializer.serialize_u64(self.0 as u64),
            false => serializer.serialize_f32(self.0),
        }
    }
}

/// A sample as it comes in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    id: Loose,
    ip: Loose,
    name: Loose,
    rev: Loose,
    disabled: Loose,
    cpus: Loose,
    mem: Loose,
    swap: Loose,
    disks: Loose,
    net: Loose,
    io: Loose,
    load: Loose,
    up: Loose,
}

impl TryFrom<Fields> for Sample {
    type Error = Anonymous;

    fn try_from(fields: Fields) -> Result<Self, Anonymous> {
        let ip: Option<IpAddr> = fields.ip.text().and_then(|text| text.parse().ok());
        let id = match &fields.id {
            Loose::Nothing => ip.map(MachineId::from),
            given => given.text().and_then(|text| MachineId::parse(text).ok()),
        };
        Ok(Self {
            id: id.ok_or(Anonymous)?,
            ip,
            name: Name::reported(fields.name.text().unwrap_or_default()),
            rev: fields.rev.amount(),
            disabled: fields.disabled.bool().unwrap_or(false),
            cpus: fields.cpus.list().map(cores),
            mem: fields.mem.amounts(),
            swap: fields.swap.amounts(),
            disks: fields.disks.map().map(mounts),
            net: fields.net.amounts(),
            io: fields.io.amounts(),
            load: load(&fields.load),
            up: fields.up.amount(),
        })
    }
}

/// A core that can't be understood counts as idle: leaving it out would renumber the others.
fn cores(items: &[Loose]) -> Box<[f32]> {
    items.iter().map(|core| core.level().unwrap_or(0.0).min(100.0)).collect()
}

fn mounts(entries: &[(String, Loose)]) -> Box<[Disk]> {
    let disk = |(mount, space): &(String, Loose)| Some((mount.as_str().into(), space.amounts()?));
    entries.iter().filter_map(disk).collect()
}

fn load(field: &Loose) -> Option<[f32; 3]> {
    let levels: Option<Vec<f32>> = field.list()?.iter().map(Loose::level).collect();
    levels?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = concat!(
        r#"{"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","rev":3,"cpus":[3.5,1],"#,
        r#""mem":[1,4],"swap":[0,2],"disks":{"/":[5,10],"/home":[9,10]},"net":[100,200],"#,
        r#""io":[3,4],"load":[0.5,0.25,0.1],"up":86400}"#
    );

    fn read(json: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn is_kept_as_it_was_sent() {
        let sample = read(FULL).unwrap();
        assert_eq!(serde_json::to_string(&sample).unwrap(), FULL);
        assert_eq!((sample.cpu(), sample.memory(), sample.disk()), (Some(2.25), Some(25.0), Some(90.0)));
    }

    #[test]
    fn of_an_old_agent_goes_by_its_address() {
        let sample = read(r#"{"ip":"10.0.0.7","name":"old"}"#).unwrap();
        assert_eq!(sample.id.as_str(), "10.0.0.7");
        assert_eq!(sample.rev, None);
    }

    #[test]
    fn of_nobody_is_refused() {
        for json in [r#"{"ip":"nowhere"}"#, r#"{"id":7}"#, r#"{"id":"A B","ip":"10.0.0.7"}"#, "{}", "[]"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn nonsense_costs_only_its_own_field() {
        let sample = read(
            r#"{"id":"a","cpus":[1e308,-5,"x",50],"mem":[-1,5],"swap":"no","disks":{"/":[1],"/a":[1,2]},
                "load":[1,2],"up":1e300,"net":[1,2],"extra":[[[[1]]]],"name":{"a":1},"rev":-3}"#,
        )
        .unwrap();
        assert_eq!(sample.cpus.as_deref(), Some(&[0.0, 0.0, 0.0, 50.0][..]));
        assert_eq!((sample.mem, sample.swap, sample.load, sample.up), (None, None, None, None));
        assert_eq!(sample.disks.as_deref(), Some(&[("/a".into(), [1, 2])][..]));
        assert_eq!(sample.net, Some([1, 2]));
        assert_eq!((sample.name.as_str(), sample.rev), ("", None));
    }

    #[test]
    fn of_a_machine_without_memory_divides_by_nothing() {
        let sample = read(r#"{"id":"a","mem":[0,0],"disks":{},"cpus":[]}"#).unwrap();
        assert_eq!((sample.cpu(), sample.memory(), sample.disk(), sample.swap()), (None, None, None, None));
        assert_eq!(read(r#"{"id":"a","swap":[0,0]}"#).unwrap().swap(), Some(0.0));
    }

    #[test]
    fn is_the_same_in_every_serializer() {
        use wamp_proto::{Serializer, from_slice, to_vec};
        let sample = read(FULL).unwrap();
        for serializer in Serializer::ALL {
            let bytes = to_vec(serializer, &sample).unwrap();
            assert_eq!(from_slice::<Sample>(serializer, &bytes).unwrap(), sample, "{serializer:?}");
        }
    }

    #[test]
    fn binary_and_other_keys_are_nonsense_too() {
        use wamp_proto::{Serializer, Value, from_slice, to_vec};
        let bin = Value::Bin(vec![0; 100]);
        let sample = Value::Map(vec![
            ("id".into(), Value::Str("a".into())),
            ("cpus".into(), Value::List(vec![bin.clone(), Value::Float(f64::NAN), Value::Uint(u64::MAX)])),
            ("disks".into(), Value::Map(vec![("/".into(), bin.clone())])),
            ("mem".into(), bin),
        ]);
        for serializer in [Serializer::MessagePack, Serializer::Cbor] {
            let bytes = to_vec(serializer, &sample).unwrap();
            let sample: Sample = from_slice(serializer, &bytes).unwrap();
            assert_eq!(sample.cpus.as_deref(), Some(&[0.0; 3][..]), "{serializer:?}");
            assert_eq!((sample.mem, sample.disks.as_deref()), (None, Some(&[][..])), "{serializer:?}");
        }
    }
}
