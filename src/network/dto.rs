//! The network as the API shows it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rules::{CompositionFigure, Network, NetworkItem, Partner, Programme, Statement};
use crate::{
    kernel::{
        clock::rfc3339,
        date::{PartialDate, Precision},
        language::LanguageMap,
    },
    web::params::Lang,
};

/// The parameters of the network.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NetworkQuery {
    /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
    #[param(value_type = crate::kernel::language::Language, required = false, example = "ar")]
    pub lang: Option<Lang>,
}

/// The network.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkOut {
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
    /// The short name.
    #[schema(example = "REMACTO")]
    pub short_name: String,
    /// The official names.
    pub name: LanguageMap,
    /// The day it was established.
    #[schema(example = "2022-10-21")]
    pub established_on: NaiveDate,
    /// What it is.
    pub presentation: LanguageMap,
    /// Whether the presentation is the network's official wording; otherwise it is ours.
    pub presentation_official: bool,
    /// The programme it belongs to.
    pub programme: Programme,
    /// The network's own site.
    #[schema(format = "uri", example = "https://ctouvertes.collectivites-territoriales.gov.ma/")]
    pub website: String,
    /// The programme's objectives.
    pub objectives: Vec<NetworkItem>,
    /// The outcomes that the programme aims at.
    pub outcomes: Vec<NetworkItem>,
    /// Who oversees the programme and who carries it out.
    pub partners: Vec<Partner>,
    /// The network's composition.
    pub composition: CompositionOut,
    /// Where to go from here.
    pub links: NetworkLinksOut,
}

/// The composition of the network.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompositionOut {
    /// What has been published about it, statement by statement. None of them is corrected here: each says
    /// what its source says.
    pub published: Vec<CompositionStatementOut>,
}

/// A published statement about the composition.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompositionStatementOut {
    /// Stable code.
    #[schema(example = "december-2024")]
    pub code: String,
    /// The date that it speaks about, or its first day where only month or year are known; null for an undated page.
    #[schema(example = "2024-12-01")]
    pub stated_on: Option<NaiveDate>,
    /// How much of the date is known.
    pub stated_on_precision: Option<Precision>,
    /// Who says it.
    pub source: LanguageMap,
    /// Where it says it; null where no page is known.
    #[schema(format = "uri")]
    pub source_url: Option<String>,
    /// What a reader should know about it.
    pub note: Option<LanguageMap>,
    /// The total, where the source states one itself.
    #[schema(example = 228, minimum = 0)]
    pub total: Option<i64>,
    /// Its figures, in its own words.
    pub figures: Vec<CompositionFigure>,
}

/// Links of the network.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkLinksOut {
    /// The network.
    #[schema(example = "/api/v1/network")]
    #[serde(rename = "self")]
    pub this: &'static str,
    /// Its charter.
    #[schema(example = "/api/v1/charter")]
    pub charter: &'static str,
}

impl From<Statement> for CompositionStatementOut {
    fn from(statement: Statement) -> Self {
        Self {
            code: statement.code,
            stated_on: statement.stated_on.map(PartialDate::first_day),
            stated_on_precision: statement.stated_on.map(PartialDate::precision),
            source: statement.source,
            source_url: statement.source_url,
            note: statement.note,
            total: statement.total,
            figures: statement.figures,
        }
    }
}

impl From<Network> for NetworkOut {
    fn from(network: Network) -> Self {
        let Network { id, version, created_at, updated_at, facts } = network;
        let published = facts.composition_statements.into_iter().map(CompositionStatementOut::from).collect();
        Self {
            id,
            version,
            created_at,
            updated_at,
            short_name: facts.short_name,
            name: facts.name,
            established_on: facts.established_on,
            presentation: facts.presentation,
            presentation_official: facts.presentation_official,
            programme: facts.programme,
            website: facts.website,
            objectives: facts.objectives,
            outcomes: facts.outcomes,
            partners: facts.partners,
            composition: CompositionOut { published },
            links: NetworkLinksOut { this: "/api/v1/network", charter: "/api/v1/charter" },
        }
    }
}
