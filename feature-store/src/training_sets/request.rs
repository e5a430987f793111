//! What a training set is made for: what somebody asks for, and where they leave something out, what the manifest or a default
//! says.

use std::fmt;
use std::path::PathBuf;

use forebay_core::job_id::JobId;

use super::manifest::Manifest;
use super::sink::Output;
use crate::locations::Locations;

/// The column of the time where nobody names another, as Feast has it.
const EVENT_TIME: &str = "event_timestamp";

/// What a training set is made for.
pub struct Request {
    /// The rows that get features.
    pub spine: Spine,
    /// Their column with the time of each.
    pub event_time: String,
    /// Where the rows go.
    pub output: Output,
    /// Delta tables as they were at this time, in microseconds since the epoch; those of features have to be some.
    pub as_of_us: Option<i64>,
    /// Where the tables are that may be read.
    pub locations: Locations,
    /// Bytes that the whole process may have.
    pub memory_bytes: u64,
    /// Where intermediate files are, for as long as the build takes.
    pub spill_folder: PathBuf,
    /// What must come out again.
    pub pin: Option<Manifest>,
    /// A Delta table gets the rows of a job once, however often it is begun.
    pub job_id: Option<JobId>,
    /// The time, in milliseconds since the epoch.
    pub now_ms: i64,
}

/// The rows that get features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spine {
    /// Those of a table, by its address.
    Table(String),
    /// Those that a caller sent, in a file of ours: it is told to nobody, may be read, and is pinned by its rows alone.
    Sent(PathBuf),
}

impl fmt::Display for Spine {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Spine::Table(uri) => formatter.write_str(uri),
            Spine::Sent(_) => formatter.write_str("the rows that were sent"),
        }
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// That of the manifest without this.
    pub spine: Option<Spine>,
    /// That of the manifest, or `event_timestamp`, without this.
    pub event_time: Option<String>,
    /// Milliseconds since the epoch.
    pub as_of_ms: Option<i64>,
    /// What must come out again.
    pub pin: Option<Manifest>,
    /// Whose rows a Delta table gets once.
    pub job_id: Option<JobId>,
}

/// What whoever builds gives to it.
#[derive(Debug, Clone)]
pub struct Room {
    /// Where the tables are that may be read.
    pub locations: Locations,
    /// Bytes that the whole process may have.
    pub memory_bytes: u64,
    /// Where intermediate files are, for as long as the build takes.
    pub spill_folder: PathBuf,
    /// The time, in milliseconds since the epoch.
    pub now_ms: i64,
}

impl Request {
    /// All that is asked for; none where nobody says which rows get features.
    pub fn of(wanted: Wanted, output: Output, room: Room) -> Option<Self> {
        let Wanted { spine, event_time, as_of_ms, pin, job_id } = wanted;
        let pinned = pin.as_ref().and_then(|pin| pin.spine.as_ref());
        let spine = spine.or_else(|| Some(Spine::Table(pinned?.uri.clone())))?;
        let event_time = event_time.or_else(|| Some(pin.as_ref()?.event_time.clone()));
        let Room { locations, memory_bytes, spill_folder, now_ms } = room;
        Some(Request {
            spine,
            event_time: event_time.unwrap_or_else(|| EVENT_TIME.to_owned()),
            output,
            as_of_us: as_of_ms.map(|time_ms| time_ms.saturating_mul(1_000)),
            locations,
            memory_bytes,
            spill_folder,
            pin,
            job_id,
            now_ms,
        })
    }
}
