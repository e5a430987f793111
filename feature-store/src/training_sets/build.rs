//! The way from a request to a training set.

use std::thread;

use forebay_lake::Lake;

use super::audit::{self, Audit};
use super::blueprint::Blueprint;
use super::budget::{self, Budget};
use super::error::Error;
use super::joined::{Found, Reading};
use super::manifest::{Beginning, Manifest, ServicePin, ViewPin};
use super::plan::{Plan, ViewPlan};
use super::progress::Progress;
pub use super::request::{Request, Room, Spine, Wanted};
pub use super::sink::{Existing, Output, OutputFormat};
use super::sink::{Identity, Sink};
use super::tables::{Moment, Reach, Source};
use super::write::write;
use crate::expectations::finding::Finding;
use crate::model::expectation::Otherwise;

/// Most threads that read a table.
const MAX_THREADS: usize = 16;

/// A training set that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// What it was made from.
    pub manifest: Manifest,
    /// What was seen meanwhile.
    pub audit: Audit,
    /// The version of a Delta table that has its rows.
    pub output_version: Option<u64>,
}

/// What is read, opened.
struct Tables {
    spine: Source,
    views: Vec<Source>,
}

/// What a build may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means {
    pub(crate) budget: Budget,
    /// In how many parts to join at least; none to join in memory if that does.
    pub(crate) n_parts: Option<u32>,
}

/// Makes a training set. It belongs on a thread of its own.
pub fn build(
    lake: &Lake,
    blueprint: &Blueprint,
    request: Request,
    progress: &dyn Progress,
) -> Result<Built, Error> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let (resident_bytes, threads) = (budget::resident_bytes(), u32::try_from(threads).unwrap_or(1));
    let budget = Budget::of(request.memory_bytes, resident_bytes, threads, &request.output)?;
    let means = Means { budget, n_parts: None };
    build_by(means, lake, blueprint, request, progress)
}

/// Makes a training set by these means; which they are makes no difference to it.
pub(crate) fn build_by(
    means: Means,
    lake: &Lake,
    blueprint: &Blueprint,
    request: Request,
    progress: &dyn Progress,
) -> Result<Built, Error> {
    let plan = Plan::of(blueprint)?;
    let begun = Beginning {
        service: ServicePin { name: blueprint.service.name.to_string(), version: blueprint.service_version },
        definitions: &blueprint.definitions,
        event_time: &request.event_time,
    };
    let pin = request.pin.as_ref();
    pin.map_or(Ok(()), |pin| pin.check_start(&begun))?;
    let as_of_us = pin.map_or(request.as_of_us, |pin| pin.as_of_us);
    let tables = Tables::open(lake, &plan, &request, as_of_us)?;
    let mut manifest = begun.manifest(request.now_ms, as_of_us, tables.spine.pin.clone(), tables.pins(&plan));
    let schema = plan.output(tables.spine.schema())?;
    tables.check_apart(lake, &request.output)?;
    let identity = Identity { now_ms: request.now_ms, job_id: request.job_id };
    let mut sink = Sink::start(lake, request.output, &schema, &identity)?;
    let reading = Reading {
        plan: &plan,
        spine: &tables.spine,
        views: &tables.views,
        event_time: &request.event_time,
        progress,
        spill_folder: &request.spill_folder,
    };
    let Found { mut lookup, survey, findings } = reading.join(&means)?;
    let mut warnings = judged(&plan, findings)?;
    let written = write(&reading, lookup.as_mut(), &survey, &schema, &mut sink)?;
    let mut audit = Audit::of(&plan, &survey, &lookup.counts(), &written);
    manifest.n_rows = survey.n_rows;
    (manifest.spine_rows_hash, manifest.rows_hash) = (written.spine_rows_hash, written.rows_hash);
    warnings.extend(pin.map_or(Ok(None), |pin| pin.check_end(&manifest))?);
    tables.all().try_for_each(|source| source.check_unchanged(lake))?;
    if pin.is_some() || as_of_us.is_some() {
        warnings.extend(tables.aged(request.now_ms)?);
    }
    audit.warnings.append(&mut warnings);
    let finished = sink.finish(&manifest.rows_hash)?;
    if let Some(id) = identity.job_id.filter(|_| finished.was_there) {
        audit.warnings.push(format!("the table had the rows of job {id} already; nothing was added"));
    }
    Ok(Built { manifest, audit, output_version: finished.version })
}

/// Lets expectations that must hold end the build; of the others there are warnings.
fn judged(plan: &Plan, findings: Vec<Vec<Finding>>) -> Result<Vec<String>, Error> {
    let of_view = |(plan, findings): (&ViewPlan, Vec<Finding>)| {
        let name = plan.view.name.clone();
        findings
            .into_iter()
            .map(move |finding| (format!("view '{name}': {}", finding.text), finding.otherwise))
    };
    let all = plan.views.iter().zip(findings).flat_map(of_view);
    let (fatal, warned): (Vec<_>, Vec<_>) = all.partition(|(_, otherwise)| *otherwise == Otherwise::Fail);
    let texts = |found: Vec<(String, Otherwise)>| found.into_iter().map(|(text, _)| text).collect::<Vec<_>>();
    if fatal.is_empty() { Ok(texts(warned)) } else { Err(Error::Expectations(texts(fatal))) }
}

impl Tables {
    fn open(lake: &Lake, plan: &Plan, request: &Request, as_of_us: Option<i64>) -> Result<Self, Error> {
        let pin = request.pin.as_ref();
        let reach = Reach { lake, locations: &request.locations };
        let moment = Moment { pin: pin.and_then(|pin| pin.spine.as_ref()), as_of_us };
        let spine = Source::spine(reach, &request.spine, &request.event_time, plan, moment)?;
        let mut views = Vec::new();
        for view in &plan.views {
            let pin = pin.map(|pin| pin.table(view.view.name.as_str())).transpose()?;
            views.push(Source::view(reach, view, &plan.keys[view.keys], Moment { pin, as_of_us })?);
        }
        Ok(Tables { spine, views })
    }

    fn pins(&self, plan: &Plan) -> Vec<ViewPin> {
        let pin = |(plan, source): (&ViewPlan, &Source)| {
            Some(ViewPin { view: plan.view.name.to_string(), table: source.pin.clone()? })
        };
        plan.views.iter().zip(&self.views).filter_map(pin).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.spine).chain(&self.views)
    }

    fn check_apart(&self, lake: &Lake, output: &Output) -> Result<(), Error> {
        let Some(uri) = output.uri().filter(|uri| *uri != "-") else { return Ok(()) };
        self.all().try_for_each(|source| source.check_apart(lake, uri))
    }

    /// Hints of versions whose files may go.
    fn aged(&self, now_ms: i64) -> Result<Vec<String>, Error> {
        let mut hints = Vec::new();
        for source in self.all() {
            let details = source.table.details()?;
            hints.extend(details.and_then(|details| audit::aged(&source.uri, &details, now_ms)));
        }
        Ok(hints)
    }
}
