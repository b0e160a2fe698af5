//! Members as the API shows them.

mod input;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::input::{AdhesionIn, EvidenceIn, MemberIn, MemberPatch, MemberTransitionIn};
use super::rules::{
    Adhesion, CohortFilter, Confidence, ExternalId, Filters, Include, Member, MemberKind, Period, Provenance, SortKey,
    Status, Undated,
};
use crate::{
    kernel::{
        clock::rfc3339,
        date::{Date, PartialDate, Precision},
        fold::search_words,
        language::LanguageMap,
        paging::{Direction, Order},
        violation::Violation,
    },
    territories::{Code, Kind, Location, TerritoryOut},
    web::{
        attribution::AttributionOut,
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, SearchText, Several, query},
        representation::MapFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of members.
    pub struct MemberQuery of MemberOut {
        /// Only these kinds; several by comma.
        #[example = "municipality,prefecture_or_province"]
        pub kind: Several<MemberKind>,
        /// Only members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only the councils of the prefectures and provinces with these codes and what lies in them; several by
        /// comma.
        #[example = "01.331"]
        pub province: Several<Code>,
        /// Only members with these standings, today or on the day of `as_of`; several by comma. `active,suspended`
        /// are those that count as members.
        #[example = "active,suspended"]
        pub status: Several<Status>,
        /// Only members of these cohorts, or `none` for those without one; several by comma.
        #[example = "2022"]
        pub cohort: Several<CohortFilter>,
        /// Only members known from these: `official`, `press`, `illustrative`, `import:<source>`; several by comma.
        #[example = "official,press"]
        pub provenance: Several<Provenance>,
        /// Only members whose name, in any language, or territory code has all these words or parts of words.
        /// Accents, letter case and the Arabic letters that are written for one another do not matter.
        #[example = "larache"]
        pub q: SearchText,
        /// The members as of this day, from what is known now: who had a standing in the network then, with that
        /// `status`. A date that is known only to the month or the year is read as its first day. Members without
        /// a date of joining are left out; `undated=only` lists them.
        #[example = "2024-06-30"]
        pub as_of: Date,
        /// `only` lists just the members without a date of joining.
        pub undated: One<Undated>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `name_fr` (default), `name_ar` or `joined_on`; descending with a `-` in front. Who has no
        /// name in the language stands at the one that is shown instead, who has no date of joining comes last.
        #[example = "-joined_on"]
        pub sort: Order<SortKey>,
        /// `territory` brings the members' territories along, under `included`; in JSON and GeoJSON.
        #[example = "territory"]
        pub include: Several<Include>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: MapFormat,
    }
}

impl MemberQuery {
    /// Which rows in what order the query asks for.
    #[must_use]
    pub fn filters(&self) -> Filters {
        Filters {
            kinds: Several::values(self.kind.clone()),
            regions: Several::values(self.region.clone()),
            provinces: Several::values(self.province.clone()),
            statuses: Several::values(self.status.clone()),
            cohorts: Several::values(self.cohort.clone()),
            provenances: Several::values(self.provenance.clone()),
            words: self.q.as_ref().map(|q| search_words(&q.0)),
            as_of: self.as_of.map(|day| day.0),
            undated: self.undated.map(|undated| undated.0),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::NameFr, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single member.
    pub struct MemberViewQuery {
        /// `territory` brings the member's territory along, under `included`.
        #[example = "territory"]
        pub include: Several<Include>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// A member of the network.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Short name for addresses; it carries the kind of territory.
    #[schema(example = "commune-larache", pattern = "^[a-z0-9-]{1,100}$")]
    pub slug: String,
    /// The kind of member.
    pub kind: MemberKind,
    /// The name.
    pub name: LanguageMap,
    /// Code of the territory that it is seated on; with the kind it is the member's natural key.
    #[schema(example = "01.331.01.03")]
    pub territory_code: String,
    /// Kind of that territory.
    pub territory_kind: Kind,
    /// Code of the region that it lies in.
    #[schema(example = "01")]
    pub region_code: String,
    /// Code of the prefecture or province that it lies in or is; null for regions.
    #[schema(example = "01.331")]
    pub province_code: Option<String>,
    /// Its standing: today's, or that of the day of `as_of`.
    pub status: Status,
    /// The day on which it first became a member, or the first day of the month or year; null where it is unknown
    /// and for candidates.
    #[schema(example = "2022-10-21")]
    pub joined_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub joined_on_precision: Option<Precision>,
    /// The day on which it left, or the first day of the month or year.
    #[schema(example = "2025-03-01")]
    pub left_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub left_on_precision: Option<Precision>,
    /// The cohort that it joined with: a year, or a month of it.
    #[schema(example = "2022", pattern = "^[0-9]{4}(-[0-9]{2})?$")]
    pub cohort: Option<String>,
    /// Since when it takes part in OGP Local, or the first day of the month or year.
    #[schema(example = "2024-04-01")]
    pub ogp_local_since: Option<NaiveDate>,
    /// How much of that date is known.
    pub ogp_local_since_precision: Option<Precision>,
    /// Its own site.
    #[schema(format = "uri", example = "http://communeessaouira.ma")]
    pub website: Option<String>,
    /// Where the knowledge comes from: `official` pages, the `press`, `illustrative` for what is invented for
    /// demonstration, or `import:<source>` for a list that was pushed.
    #[schema(value_type = String, example = "official", pattern = "^(official|press|illustrative|import:[a-z0-9-]{1,40})$")]
    pub provenance: Provenance,
    /// The sources, in words.
    #[schema(example = "opengovpartnership.org; maroc.ma 2020-10")]
    pub source: String,
    /// How sure the sources are; null where nothing says so.
    pub confidence: Option<Confidence>,
    /// What others call it, in the order of the schemes.
    pub external_ids: Vec<ExternalId>,
    /// To which versions of the charter it adheres, in the order of their codes; empty where nothing is known.
    pub adhesions: Vec<AdhesionOut>,
    /// A point in its territory, from GeoNames; null where no place could be matched.
    pub location: Option<Location>,
    /// Where to go from here.
    pub links: MemberLinksOut,
}

/// A member's adhesion to a version of the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdhesionOut {
    /// Code of the charter's version.
    #[schema(example = "1")]
    pub charter_version: String,
    /// Since when, or the first day of the month or year.
    #[schema(example = "2026-02-05")]
    pub adhered_on: NaiveDate,
    /// How much of that date is known.
    pub adhered_on_precision: Precision,
    /// The decision by which it adhered.
    #[schema(example = "Deliberation 7/2026")]
    pub decision_reference: String,
    /// Where the decision can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/7-2026")]
    pub document_url: Option<String>,
}

/// A member's adhesions.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdhesionPageOut {
    /// The adhesions, in the order of the versions' codes.
    pub data: Vec<AdhesionOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// The steps that a member could take.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberTransitionsOut {
    /// Its standing now.
    pub status: Status,
    /// Every standing, with whether the caller can bring it about today.
    pub data: Vec<MemberTransitionOut>,
}

/// A step that a member could take.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberTransitionOut {
    /// The standing.
    pub to: Status,
    /// Whether nothing stands in the way.
    pub allowed: bool,
    /// What stands in the way.
    pub reasons: Vec<TransitionReasonOut>,
}

/// Something that stands in the way.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransitionReasonOut {
    /// Its stable code.
    #[schema(example = "adhesion_missing")]
    pub code: &'static str,
    /// What it is, in English.
    #[schema(example = "The member has not adhered to the charter: POST …/adhesion notes it.")]
    pub detail: String,
}

/// Links of a member. Where else it leads, the document tells as `links` of the operation `getMember`.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberLinksOut {
    /// This member.
    #[schema(example = "/api/v1/members/commune-larache")]
    #[serde(rename = "self")]
    pub this: String,
}

/// What a page of members brings along.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberIncludedOut {
    /// The territories that the members are seated on, each once, in the order of their codes.
    pub territories: Vec<TerritoryOut>,
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberPageOut {
    /// The members, in the order that was asked for.
    pub data: Vec<MemberOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// The day that the list is about; null for today's standing.
    #[schema(example = "2024-06-30")]
    pub as_of: Option<NaiveDate>,
    /// What `include` asked for; null without it.
    pub included: Option<MemberIncludedOut>,
    /// Others' data in this answer, and on what terms.
    #[schema(value_type = Vec<AttributionOut>)]
    pub attributions: Vec<&'static AttributionOut>,
}

/// What stands beside the rows of a page of members.
#[derive(Debug, Serialize)]
pub struct MembersBeside {
    /// [`MemberPageOut::as_of`].
    pub as_of: Option<NaiveDate>,
    /// [`MemberPageOut::included`].
    pub included: Option<MemberIncludedOut>,
    /// [`MemberPageOut::attributions`].
    pub attributions: Vec<&'static AttributionOut>,
}

/// What stands beside a single member in an answer.
#[derive(Debug, Serialize)]
pub struct MemberBeside {
    /// [`MemberDetailOut::included`].
    pub included: Option<MemberIncludedOut>,
    /// [`MemberDetailOut::attributions`].
    pub attributions: Vec<&'static AttributionOut>,
}

/// A member with what it brings along.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberDetailOut {
    /// The member.
    #[serde(flatten)]
    pub member: MemberOut,
    /// What `include` asked for; null without it.
    pub included: Option<MemberIncludedOut>,
    /// Others' data in this answer, and on what terms.
    #[schema(value_type = Vec<AttributionOut>)]
    pub attributions: Vec<&'static AttributionOut>,
}

/// A page of members as a feature collection (RFC 7946).
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberFeatureCollectionOut {
    /// Always `FeatureCollection`.
    #[schema(pattern = "^FeatureCollection$", example = "FeatureCollection")]
    pub r#type: String,
    /// The members, in the order that was asked for.
    pub features: Vec<MemberFeatureOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// The day that the list is about; null for today's standing.
    #[schema(example = "2024-06-30")]
    pub as_of: Option<NaiveDate>,
    /// What `include` asked for; null without it.
    pub included: Option<MemberIncludedOut>,
    /// Others' data in this answer, and on what terms.
    #[schema(value_type = Vec<AttributionOut>)]
    pub attributions: Vec<&'static AttributionOut>,
}

/// A member as a feature.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberFeatureOut {
    /// Always `Feature`.
    #[schema(pattern = "^Feature$", example = "Feature")]
    pub r#type: String,
    /// Identifier of the member.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// A point in the member's territory; null where none is known.
    pub geometry: Option<PointOut>,
    /// The member.
    pub properties: MemberOut,
}

/// A point (RFC 7946).
#[derive(Debug, Serialize, ToSchema)]
pub struct PointOut {
    /// Always `Point`.
    #[schema(pattern = "^Point$", example = "Point")]
    pub r#type: String,
    /// Longitude and latitude in degrees (WGS 84), in this order.
    #[schema(example = json!([-6.15572, 35.19321]), min_items = 2, max_items = 2)]
    pub coordinates: Vec<f64>,
}

/// The history of a member's standing.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberHistoryPageOut {
    /// The periods, the oldest first.
    pub data: Vec<MemberPeriodOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A span of time during which a member had one standing.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberPeriodOut {
    /// The standing.
    pub status: Status,
    /// Its first day, or the first day of the month or year; null where it is unknown.
    #[schema(example = "2022-10-21")]
    pub from: Option<NaiveDate>,
    /// How much of that date is known.
    pub from_precision: Option<Precision>,
    /// The first day on which it was over; null while it lasts.
    #[schema(example = "2025-03-01")]
    pub until: Option<NaiveDate>,
    /// Why it began, where that is recorded.
    #[schema(example = "Decision of the council")]
    pub reason: Option<String>,
    /// Reference of the decision or document that it rests on.
    #[schema(example = "Deliberation 12/2026")]
    pub evidence_reference: Option<String>,
    /// Where that can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/12-2026")]
    pub evidence_url: Option<String>,
}

impl Tabular for MemberOut {
    const COLUMNS: &'static [Column] = &[
        ("slug", "/slug"),
        ("kind", "/kind"),
        ("name_fr", "/name/fr"),
        ("name_ar", "/name/ar"),
        ("name_en", "/name/en"),
        ("territory_code", "/territory_code"),
        ("territory_kind", "/territory_kind"),
        ("region_code", "/region_code"),
        ("province_code", "/province_code"),
        ("status", "/status"),
        ("joined_on", "/joined_on"),
        ("joined_on_precision", "/joined_on_precision"),
        ("left_on", "/left_on"),
        ("left_on_precision", "/left_on_precision"),
        ("cohort", "/cohort"),
        ("ogp_local_since", "/ogp_local_since"),
        ("ogp_local_since_precision", "/ogp_local_since_precision"),
        ("website", "/website"),
        ("provenance", "/provenance"),
        ("source", "/source"),
        ("confidence", "/confidence"),
        ("external_ids", "/external_ids"),
        ("adhesions", "/adhesions"),
        ("latitude", "/location/latitude"),
        ("longitude", "/location/longitude"),
        ("geonames_id", "/location/geonames_id"),
        ("location_matched_by", "/location/matched_by"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

/// Whose data an answer with members holds, with or without their territories.
#[must_use]
pub fn attributions(included: Option<&MemberIncludedOut>) -> Vec<&'static AttributionOut> {
    if included.is_some() { AttributionOut::of_territories().to_vec() } else { vec![AttributionOut::geonames()] }
}

impl From<Member> for MemberOut {
    fn from(member: Member) -> Self {
        let province_code = member.province_code().map(ToString::to_string);
        let Member { id, version, created_at, updated_at, slug, facts, status, joined_on, left_on, adhesions, seat } =
            member;
        let links = MemberLinksOut { this: format!("/api/v1/members/{slug}") };
        Self {
            id: id.into_string(),
            version,
            created_at,
            updated_at,
            slug: slug.into_string(),
            kind: facts.kind,
            name: facts.name,
            territory_code: facts.territory_code.into_string(),
            territory_kind: seat.kind,
            region_code: seat.region_code.into_string(),
            province_code,
            status,
            joined_on: joined_on.map(PartialDate::first_day),
            joined_on_precision: joined_on.map(PartialDate::precision),
            left_on: left_on.map(PartialDate::first_day),
            left_on_precision: left_on.map(PartialDate::precision),
            cohort: facts.cohort.map(|cohort| cohort.as_str().to_owned()),
            ogp_local_since: facts.ogp_local_since.map(PartialDate::first_day),
            ogp_local_since_precision: facts.ogp_local_since.map(PartialDate::precision),
            website: facts.website,
            provenance: facts.provenance,
            source: facts.source,
            confidence: facts.confidence,
            external_ids: facts.external_ids,
            adhesions: adhesions.into_iter().map(AdhesionOut::from).collect(),
            location: seat.location,
            links,
        }
    }
}

impl From<Adhesion> for AdhesionOut {
    fn from(adhesion: Adhesion) -> Self {
        Self {
            charter_version: adhesion.charter_version,
            adhered_on: adhesion.adhered_on.first_day(),
            adhered_on_precision: adhesion.adhered_on.precision(),
            decision_reference: adhesion.decision_reference,
            document_url: adhesion.document_url,
        }
    }
}

impl From<Violation> for TransitionReasonOut {
    fn from(reason: Violation) -> Self {
        Self { code: reason.code, detail: reason.detail }
    }
}

impl From<Period> for MemberPeriodOut {
    fn from(period: Period) -> Self {
        Self {
            status: period.entry.status,
            from: period.entry.since.map(PartialDate::first_day),
            from_precision: period.entry.since.map(PartialDate::precision),
            until: period.until,
            reason: period.entry.reason,
            evidence_reference: period.entry.evidence.reference,
            evidence_url: period.entry.evidence.url,
        }
    }
}
