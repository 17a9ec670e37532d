//! The samples that the pages have not been told yet.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use super::machine::Machine;
use super::{Moment, Sample};
use crate::{MachineId, limits};

/// How long samples are gathered for watchers after the last sign of one.
const LEASE: Duration = Duration::from_secs(5);

/// The machines whose newest sample is still to be told, each once, so it can't outgrow the
/// fleet: when more comes than can be told, who is told late is told the newest.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// In the order in which the first of what wasn't told came.
    machines: VecDeque<MachineId>,
    /// Until when somebody is taken to watch. For nobody, nothing is gathered.
    watched: Option<Instant>,
}

/// Samples as `fleet.samples` tells them, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples(Vec<Arc<Sample>>);

impl Untold {
    /// Somebody watches.
    pub(super) fn watch(&mut self, now: Moment) {
        self.watched = Some(now.instant + LEASE);
    }

    /// A machine has a new sample.
    pub(super) fn push(&mut self, now: Moment, id: &MachineId, machine: &mut Machine) {
        if !machine.untold && self.watched.is_some_and(|until| now.instant < until) {
            machine.untold = true;
            self.machines.push_back(id.clone());
        }
    }

    /// Takes as many as one event may hold.
    pub(super) fn take(&mut self, machines: &mut BTreeMap<MachineId, Machine>) -> Samples {
        let mut samples = Vec::new();
        let mut room = limits::SAMPLES_BYTES;
        while let Some(id) = self.machines.front() {
            // One that was forgotten has none any more, nor has it if it has come back.
            if let Some(machine) = machines.get_mut(id).filter(|machine| machine.untold)
                && let Some(sample) = &machine.sample
            {
                match room.checked_sub(sample.weight()) {
                    Some(rest) => room = rest,
                    None if samples.is_empty() => room = 0,
                    None => break,
                }
                samples.push(Arc::clone(sample));
                machine.untold = false;
            }
            self.machines.pop_front();
        }
        Samples(samples)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }
}

impl Samples {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Arc::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::fleet::Fleet;
    use crate::settings::Name;

    /// A fleet of machines `a`, `b` and `c`, and a clock.
    struct Scene {
        fleet: Fleet,
        now: Moment,
    }

    impl Scene {
        fn new() -> Self {
            let (mut fleet, now) = (Fleet::default(), Moment::now());
            for name in ["a", "b", "c"] {
                fleet.configured(now, Settings::new(id(name), String::new(), Name::default()));
            }
            Self { fleet, now }
        }

        fn watched() -> Self {
            let mut scene = Self::new();
            scene.fleet.watch(scene.now);
            scene
        }

        fn publish(&mut self, name: &str, up: u64) {
            let sample = serde_json::from_value(serde_json::json!({"id": name, "up": up})).unwrap();
            self.fleet.sampled(self.now, None, sample).unwrap();
        }

        /// The next event, as pairs of id and uptime.
        fn told(&mut self) -> Vec<(String, u64)> {
            let Samples(samples) = self.fleet.next_samples();
            samples.iter().map(|sample| (sample.id.to_string(), sample.up.unwrap())).collect()
        }
    }

    fn id(name: &str) -> MachineId {
        MachineId::parse(name).unwrap()
    }

    fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(id, up)| ((*id).to_owned(), *up)).collect()
    }

    #[test]
    fn samples_are_told_once_in_the_order_they_came() {
        let mut scene = Scene::watched();
        for (name, up) in [("b", 1), ("a", 2), ("c", 3)] {
            scene.publish(name, up);
        }
        assert!(scene.fleet.has_samples());
        assert_eq!(scene.told(), pairs(&[("b", 1), ("a", 2), ("c", 3)]));
        assert!(!scene.fleet.has_samples());
        assert_eq!(scene.told(), []);
        scene.publish("a", 4);
        assert_eq!(scene.told(), pairs(&[("a", 4)]));
    }

    #[test]
    fn of_several_samples_of_one_machine_the_newest_is_told() {
        let mut scene = Scene::watched();
        for up in 1..1000 {
            scene.publish("a", up);
            scene.publish("b", up);
        }
        assert_eq!(scene.told(), pairs(&[("a", 999), ("b", 999)]));
    }

    #[test]
    fn for_nobody_nothing_is_gathered() {
        let mut scene = Scene::new();
        scene.publish("a", 1);
        assert!(!scene.fleet.has_samples());
        scene.fleet.watch(scene.now);
        assert_eq!(scene.told(), [], "what came before is in the snapshot");
        scene.publish("a", 2);
        assert_eq!(scene.told(), pairs(&[("a", 2)]));
        scene.now.instant += LEASE;
        scene.publish("a", 3);
        assert!(!scene.fleet.has_samples());
    }

    #[test]
    fn what_is_not_kept_is_not_told() {
        let mut scene = Scene::watched();
        scene.fleet.sampled(scene.now, None, serde_json::from_str(r#"{"id":"stranger"}"#).unwrap()).unwrap_err();
        scene.publish("a", 1);
        scene.publish("b", 1);
        scene.fleet.forget(&id("a"));
        assert_eq!(scene.told(), pairs(&[("b", 1)]));
        // And one that comes back is told once.
        scene.publish("b", 2);
        scene.fleet.forget(&id("b"));
        scene.fleet.configured(scene.now, Settings::new(id("b"), String::new(), Name::default()));
        scene.publish("b", 3);
        assert_eq!(scene.told(), pairs(&[("b", 3)]));
        assert_eq!(scene.told(), []);
    }

    #[test]
    fn an_event_is_never_too_long() {
        use wamp_proto::{Serializer, to_vec};
        let mut scene = Scene::watched();
        let bulk = |id: MachineId| {
            let mount = |number: usize| (format!("{number:0128}"), serde_json::json!([1u64 << 53, 1u64 << 53]));
            let disks: serde_json::Map<_, _> = (0..limits::MOUNTS).map(mount).collect();
            let cpus = vec![33.3; limits::CORES];
            let sample = serde_json::json!({"id": id, "name": "n".repeat(64), "cpus": cpus, "disks": disks});
            serde_json::from_value::<Sample>(sample).unwrap()
        };
        let ids: Vec<_> = (0..100).map(|number| id(&format!("{number:064}"))).collect();
        for id in &ids {
            scene.fleet.configured(scene.now, Settings::new(id.clone(), String::new(), Name::default()));
            scene.fleet.sampled(scene.now, None, bulk(id.clone())).unwrap();
        }
        let mut told = Vec::new();
        while scene.fleet.has_samples() {
            let samples = scene.fleet.next_samples();
            let length = to_vec(Serializer::MessagePack, &samples).unwrap().len();
            assert!(!samples.is_empty() && length <= limits::SAMPLES_BYTES, "{length}");
            told.extend(samples.0.iter().map(|sample| sample.id.clone()));
        }
        assert_eq!(told, ids);
    }
}
