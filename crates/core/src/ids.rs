//! New identifiers and names as an argument: random in the server, counted in tests.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng;

use crate::clock::{Clock as _, SystemClock};

/// First words of a random run name.
const ADJECTIVES: [&str; 40] = [
    "amber", "brave", "breezy", "bright", "calm", "candid", "clever", "coral", "crisp", "curious", "dapper",
    "eager", "early", "fluffy", "gentle", "glad", "golden", "hardy", "humble", "jolly", "keen", "kind",
    "lively", "lucid", "mellow", "merry", "misty", "nimble", "patient", "plucky", "polite", "quiet", "rapid",
    "rustic", "serene", "silver", "sturdy", "sunny", "tidy", "witty",
];

/// Second words of a random run name.
const ANIMALS: [&str; 40] = [
    "badger", "beaver", "bison", "bream", "carp", "cod", "condor", "crane", "dipper", "eel", "egret",
    "ermine", "finch", "gecko", "grebe", "grouse", "gull", "hare", "heron", "ibex", "jay", "kite", "lark",
    "loach", "lynx", "marten", "mink", "moose", "newt", "osprey", "otter", "perch", "pike", "plover",
    "salmon", "swan", "tern", "trout", "vole", "wren",
];

/// Hands out identifiers that nobody has yet.
pub trait Ids: Send + Sync {
    /// 32 lower-case hexadecimal digits (a UUID without hyphens): run ids, dataset and input UUIDs.
    fn hex32(&self) -> String;

    /// A name for a run that was created without one: adjective, animal and a number from 0 to 1000.
    fn run_name(&self) -> String;

    /// 32 bytes that nobody can guess: keys, what they begin with, and chance in general.
    fn secret_bytes(&self) -> [u8; 32];

    /// A UUID with hyphens: webhooks and deliveries.
    fn uuid(&self) -> String {
        let digits = self.hex32();
        let part = |range| digits.get(range).unwrap_or_default();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    /// The id of a logged model: `m-` and 32 hexadecimal digits.
    fn model_id(&self) -> String {
        format!("m-{}", self.hex32())
    }
}

/// Version 7 UUIDs (RFC 9562): 48 bits of time, 74 from the thread's cryptographic random generator.
///
/// The time comes first so that what is made at one time lies side by side in every index: many new runs change a few
/// pages, where random ids would change some for each run.
#[derive(Debug, Clone, Copy)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn hex32(&self) -> String {
        let random = generator().random::<u128>() & ((1 << 80) - 1);
        // Negative never, and no more than 48 bits for the next 8,000 years.
        let time = u128::from(SystemClock.now_ms().unsigned_abs()) << 80;
        let version_7 = (random & !(0xf << 76)) | (0x7 << 76);
        let rfc_variant = (version_7 & !(0x3 << 62)) | (0x2 << 62);
        format!("{:032x}", time | rfc_variant)
    }

    fn secret_bytes(&self) -> [u8; 32] {
        generator().random()
    }

    fn run_name(&self) -> String {
        let mut generator = generator();
        let adjective = ADJECTIVES[generator.random_range(0..ADJECTIVES.len())];
        let animal = ANIMALS[generator.random_range(0..ANIMALS.len())];
        format!("{adjective}-{animal}-{}", generator.random_range(0..=1000))
    }
}

/// A cryptographic one.
fn generator() -> impl Rng {
    #[expect(clippy::disallowed_methods, reason = "this is the Ids that everybody else asks")]
    rand::rng()
}

/// Identifiers counted from 1, for tests.
#[derive(Debug, Default)]
pub struct SequentialIds {
    last: AtomicU64,
}

impl SequentialIds {
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Ids for SequentialIds {
    fn hex32(&self) -> String {
        format!("{:032x}", self.next())
    }

    fn secret_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes
    }

    fn run_name(&self) -> String {
        format!("calm-otter-{}", self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_version_7_uuids() {
        let id = RandomIds.hex32();
        assert_eq!(id.len(), 32);
        assert_eq!(&id[12..13], "7");
        assert!("89ab".contains(&id[16..17]), "{id}");
        assert_ne!(id, RandomIds.hex32());
    }

    #[test]
    fn random_ids_begin_with_the_time() {
        let before = SystemClock.now_ms();
        let time = i64::from_str_radix(&RandomIds.hex32()[..12], 16).unwrap();
        assert!((before..=SystemClock.now_ms()).contains(&time), "{before} {time}");
    }

    #[test]
    fn model_ids_fit_the_column_of_36_characters() {
        let id = RandomIds.model_id();
        assert!(id.starts_with("m-"));
        assert_eq!(id.len(), 34);
    }

    #[test]
    fn run_names_are_two_words_and_a_number() {
        let name = RandomIds.run_name();
        let parts: Vec<&str> = name.split('-').collect();
        assert_eq!(parts.len(), 3, "{name}");
        assert!(parts[2].parse::<u16>().is_ok_and(|number| number <= 1000), "{name}");
        assert!(name.len() <= 20, "{name}");
    }

    #[test]
    fn sequential_ids_count() {
        let ids = SequentialIds::default();
        assert_eq!(ids.hex32(), "00000000000000000000000000000001");
        assert_eq!(ids.run_name(), "calm-otter-2");
        assert_eq!(ids.uuid(), "00000000-0000-0000-0000-000000000003");
        assert_eq!(ids.secret_bytes()[..2], [4, 0]);
    }
}
