//! The feed as the API shows it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::rules::{ByRegion, Digested, Entry, Generation, Name, Op, Profile, Resource, Wait};
use crate::{
    action_programs::{MilestoneOut, ProgramOut, ProjectOut},
    assessments::AssessmentOut,
    charter::CharterRecordOut,
    consultations::{ConsultationOut, ContributionOut},
    evaluations::EvaluationOut,
    exchange::{CollaborationOut, EventOut, PracticeOut},
    indicators::{IndicatorOut, MeasurementOut},
    kernel::{clock::rfc3339, id::Identifier},
    members::{MemberOut, Provenance, Status},
    network::NetworkRecordOut,
    territories::TerritoryOut,
    web::params::{FeedLimit, Must, One, Sequence, Several, query},
};

query! {
    /// The parameters of the feed.
    pub struct ChangeQuery {
        /// The number of the last change that the caller has seen: `sequence` of a list that was copied, or
        /// `page.next_since` of the page before. Without it, from the beginning.
        #[example = 0]
        pub since: Sequence,
        /// `generation` of the page before or of the list that was copied. Another one than the database's is a 409: it was
        /// restored from a backup, or is another database, and numbers of changes mean something else there.
        pub generation: One<Generation>,
        /// Only changes of these collections; several by comma.
        #[example = "members,territories"]
        pub resource: Several<Resource>,
        /// The most changes of a page, 1 to 1,000; 500 unless said otherwise.
        #[example = 500]
        pub limit: FeedLimit,
        /// How many seconds to wait for a change where there is none yet, 0 to 25; 0 unless said otherwise.
        #[example = "0"]
        pub wait: One<Wait>,
    }
}

query! {
    /// The parameters of a digest.
    pub struct DigestQuery {
        /// The collection. Must be given.
        #[example = "members"]
        pub resource: Must<Resource>,
        /// `mirror` (default): of each resource, in the order of the ids, its `data` in the feed as canonical JSON
        /// (RFC 8785), each followed by a line feed. `register`, for members and territories: of each resource, the
        /// cells of the import template's columns joined by tabs, each line followed by a line feed, the lines in the
        /// order of their bytes (`LC_ALL=C sort`). The digest is the SHA-256 of that text in UTF-8.
        #[example = "mirror"]
        pub profile: One<Profile>,
        /// `region` adds the digest of each region's, for members and territories.
        #[example = "region"]
        pub by: One<ByRegion>,
        /// With `profile=register`: only these columns, by comma, in this order, for a register that has no others.
        pub fields: Several<Name>,
        /// With `profile=register` of members: only those with these standings; several by comma.
        pub status: Several<Status>,
        /// With `profile=register` of members: only those known from these, like `import:<source>`; several by comma.
        pub provenance: Several<Provenance>,
    }
}

/// A change of a published resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeOut {
    /// Its number: changes are numbered without gap in the order in which they became visible.
    #[schema(example = 1679, minimum = 1)]
    pub sequence: i64,
    /// The collection.
    pub resource: Resource,
    /// The resource's id.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// What happened.
    pub op: Op,
    /// The resource's version after it.
    #[schema(example = 2, minimum = 1)]
    pub version: i64,
    /// When it was written.
    #[serde(serialize_with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// The resource as it is now, without what is computed; null when it is no longer public.
    #[schema(value_type = Option<ChangedOut>)]
    pub data: Option<Value>,
}

/// A changed resource as it is now, by collection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what the resources represent themselves as")]
pub enum ChangedOut {
    /// A territory.
    Territory(Box<TerritoryOut>),
    /// A member.
    Member(Box<MemberOut>),
    /// The network.
    Network(Box<NetworkRecordOut>),
    /// A version of the charter.
    Charter(Box<CharterRecordOut>),
    /// An open action programme.
    Program(Box<ProgramOut>),
    /// A project.
    Project(Box<ProjectOut>),
    /// A milestone.
    Milestone(Box<MilestoneOut>),
    /// A consultation.
    Consultation(Box<ConsultationOut>),
    /// A contribution.
    Contribution(Box<ContributionOut>),
    /// An evaluation of a programme or project.
    Evaluation(Box<EvaluationOut>),
    /// A practice.
    Practice(Box<PracticeOut>),
    /// A collaboration.
    Collaboration(Box<CollaborationOut>),
    /// An event.
    Event(Box<EventOut>),
    /// An assessment of a commitment of the charter.
    Assessment(Box<AssessmentOut>),
    /// An indicator.
    Indicator(Box<IndicatorOut>),
    /// A measurement.
    Measurement(Box<MeasurementOut>),
}

/// Where a page of the feed stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedPageOut {
    /// The most changes that a page has.
    #[schema(example = 500, minimum = 1, maximum = 1000)]
    pub limit: u16,
    /// The `since` of the next page.
    #[schema(example = 1679, minimum = 0)]
    pub next_since: i64,
    /// Whether there are more changes already.
    pub has_more: bool,
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangePageOut {
    /// The changes, the oldest first.
    pub data: Vec<ChangeOut>,
    /// Where this page stands.
    pub page: FeedPageOut,
    /// Which database it is: after a backup was restored there is another one, and copies are made anew.
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "5e8ff9bf55ba3508199d22e984129be6")]
    pub generation: Generation,
    /// The number of the last change of any collection, read before the page.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// Changes up to this number are no longer kept: a smaller `since` is refused.
    #[schema(example = 0, minimum = 0)]
    pub forgotten: i64,
}

/// How far the feed reaches.
#[derive(Debug, Serialize, ToSchema)]
pub struct LatestChangeOut {
    /// Which database it is: after a backup was restored there is another one, and copies are made anew.
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "5e8ff9bf55ba3508199d22e984129be6")]
    pub generation: Generation,
    /// The number of the last change of any collection; 0 before the first.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// When it was written; null when no change is kept.
    #[schema(example = "2026-11-23T18:29:35.060480Z")]
    pub at: Option<DateTime<Utc>>,
    /// Changes up to this number are no longer kept.
    #[schema(example = 0, minimum = 0)]
    pub forgotten: i64,
}

/// The digest of a collection.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestOut {
    /// Which database it is: after a backup was restored there is another one, and copies are made anew.
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "5e8ff9bf55ba3508199d22e984129be6")]
    pub generation: Generation,
    /// The number of the last change of any collection that the digest has seen: a copy must stand there to be compared.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// The collection.
    pub resource: Resource,
    /// The canonical form.
    pub profile: Profile,
    /// How many resources.
    #[schema(example = 38, minimum = 0)]
    pub count: u64,
    /// SHA-256 of the canonical text.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// The columns of the register, in their order; null for a mirror.
    #[schema(example = json!(["kind", "territory_code", "name_fr"]))]
    pub columns: Option<Vec<&'static str>>,
    /// The digests of the regions, in the order of their codes; null unless they are asked for.
    pub by_region: Option<Vec<RegionDigestOut>>,
}

/// The digest of what lies in a region.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionDigestOut {
    /// The region's code.
    #[schema(example = "01")]
    pub region_code: String,
    /// How many resources.
    #[schema(example = 12, minimum = 0)]
    pub count: u64,
    /// SHA-256 of their canonical text.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

impl From<(String, Digested)> for RegionDigestOut {
    fn from((region_code, Digested { count, sha256 }): (String, Digested)) -> Self {
        Self { region_code, count, sha256 }
    }
}

/// An entry of the feed without its resource.
#[derive(Debug, Serialize)]
pub struct ChangeHead {
    sequence: i64,
    resource: Resource,
    id: Identifier,
    op: Op,
    version: i64,
    #[serde(serialize_with = "rfc3339")]
    at: DateTime<Utc>,
}

impl From<Entry> for ChangeHead {
    fn from(entry: Entry) -> Self {
        let Entry { sequence, resource, id, op, version, at } = entry;
        Self { sequence, resource, id, op, version, at }
    }
}

/// What stands beside the entries of a page of the feed.
#[derive(Debug, Serialize)]
pub struct ChangeFrame {
    /// [`ChangePageOut::page`].
    pub page: FeedPageOut,
    /// [`ChangePageOut::generation`].
    pub generation: Generation,
    /// [`ChangePageOut::sequence`].
    pub sequence: i64,
    /// [`ChangePageOut::forgotten`].
    pub forgotten: i64,
}
