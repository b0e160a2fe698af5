//! What data sets there are and how they are described: for people in three languages, and for machines as a
//! Frictionless data package and as DCAT-AP. Pure.

mod catalog;
mod package;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::{codes::codes, language::LanguageMap};

pub use self::{catalog::catalog, package::data_package};

/// A data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportName)]
pub enum Name {
    /// The members of the network.
    Members,
    /// Morocco's territorial units.
    Territories,
    /// What the charter says.
    Charter,
    /// Open action programmes.
    ActionPrograms,
    /// Projects of programmes.
    Projects,
    /// Milestones of projects.
    Milestones,
    /// Consultations on programmes.
    Consultations,
    /// What the public contributed to them.
    Contributions,
    /// Evaluations of programmes.
    Evaluations,
    /// Practices of members.
    Practices,
    /// What members do together.
    Collaborations,
    /// Events that members take part in.
    Events,
    /// Assessments of how members keep the charter's commitments.
    Assessments,
}

codes!(Name {
    Members => "members",
    Territories => "territories",
    Charter => "charter",
    ActionPrograms => "action_programs",
    Projects => "projects",
    Milestones => "milestones",
    Consultations => "consultations",
    Contributions => "contributions",
    Evaluations => "evaluations",
    Practices => "practices",
    Collaborations => "collaborations",
    Events => "events",
    Assessments => "assessments",
});

impl Name {
    /// What it is called.
    #[must_use]
    pub fn title(self) -> LanguageMap {
        match self {
            Self::Members => texts("أعضاء الشبكة", "Membres du réseau", "Members of the network"),
            Self::Territories => {
                texts("الوحدات الترابية للمغرب", "Unités territoriales du Maroc", "Morocco's territorial units")
            }
            Self::Charter => texts("ميثاق الشبكة", "Charte du réseau", "Charter of the network"),
            Self::ActionPrograms => {
                texts("برامج عمل الانفتاح", "Programmes d'action d'ouverture", "Open action programmes")
            }
            Self::Projects => texts("مشاريع البرامج", "Projets des programmes", "Projects of the programmes"),
            Self::Milestones => texts("مراحل المشاريع", "Jalons des projets", "Milestones of the projects"),
            Self::Consultations => texts("استشارات العموم", "Consultations du public", "Consultations of the public"),
            Self::Contributions => texts("مساهمات العموم", "Contributions du public", "Contributions of the public"),
            Self::Evaluations => {
                texts("تقييمات البرامج", "Évaluations des programmes", "Evaluations of the programmes")
            }
            Self::Practices => texts("تجارب الأعضاء", "Pratiques des membres", "Practices of the members"),
            Self::Collaborations => {
                texts("أشكال التعاون بين الأعضاء", "Collaborations des membres", "Collaborations of the members")
            }
            Self::Events => texts("التظاهرات", "Événements", "Events"),
            Self::Assessments => texts(
                "تقييم التزامات الميثاق",
                "Évaluations des engagements de la charte",
                "Assessments of the charter's commitments",
            ),
        }
    }

    /// What it holds.
    #[must_use]
    pub fn description(self) -> LanguageMap {
        match self {
            Self::Members => texts(
                "المجالس والمؤسسات الأعضاء في الشبكة المغربية للجماعات الترابية المنفتحة، مع وضعيتها وتواريخ انضمامها ومصدر المعلومة",
                "Les conseils et institutions membres du Réseau Marocain des Collectivités Territoriales Ouvertes, avec leur statut, leurs dates et la source",
                "The councils and institutions that belong to the Moroccan Network of Open Local Governments, with their standing, dates and source",
            ),
            Self::Territories => texts(
                "الجهات والعمالات والأقاليم والجماعات والمقاطعات برموز المندوبية السامية للتخطيط وأرقام إحصاءي 2014 و2024",
                "Régions, préfectures, provinces, communes et arrondissements, avec les codes du Haut-Commissariat au Plan et les chiffres des recensements de 2014 et 2024",
                "Regions, prefectures, provinces, communes and arrondissements with the codes of the Haut-Commissariat au Plan and the figures of the censuses of 2014 and 2024",
            ),
            Self::Charter => texts(
                "مبادئ الميثاق وقيمه وأهدافه والتزاماته الخمسة، بصياغتنا ما لم يُذكر أنها رسمية",
                "Principes, valeurs, objectifs et les cinq engagements de la charte, dans nos mots sauf mention contraire",
                "Principles, values, objectives and the five commitments of the charter, in our words unless stated otherwise",
            ),
            Self::ActionPrograms => texts(
                "البرامج المنشورة للأعضاء: المراحل والتواريخ والمحاور والوثائق، مع مصدر المعلومة",
                "Les programmes publiés des membres : étapes, dates, axes et documents, avec la source",
                "The published programmes of the members: stages, dates, axes and documents, with the source",
            ),
            Self::Projects => texts(
                "مشاريع البرامج المنشورة: الإشكال والحل والنتائج المنتظرة والميزانية والآجال",
                "Les projets des programmes publiés : problème, solution, résultats attendus, budget et dates",
                "The projects of the published programmes: problem, solution, expected results, budget and dates",
            ),
            Self::Milestones => texts(
                "مراحل مشاريع البرامج المنشورة بتواريخ استحقاقها وإنجازها وما يثبته",
                "Les jalons des projets des programmes publiés, avec échéance, réalisation et preuve",
                "The milestones of the projects of the published programmes, with due date, completion and evidence",
            ),
            Self::Consultations => texts(
                "جولات الاستشارة حول البرامج المنشورة: الكيفية والتواريخ والمشاركون حسب الجنس والفئة العمرية والجمعيات والتقرير",
                "Les consultations sur les programmes publiés : forme, dates, participants par sexe, âge et association, compte rendu",
                "The consultations on the published programmes: how, when, participants by sex, age and association, report",
            ),
            Self::Contributions => texts(
                "المساهمات المنشورة في الاستشارات مع القرار المعلل والمشروع الذي آلت إليه، دون هوية أصحابها",
                "Les contributions publiées, avec la décision motivée et le projet qu'elles sont devenues, sans l'identité de leurs auteurs",
                "The published contributions with the reasoned decision and the project that they became, without who sent them",
            ),
            Self::Evaluations => texts(
                "ما يقوله العضو والمجتمع المدني وكتابة الشبكة عن البرامج المنشورة: الإنجاز والانفتاح والأجوبة وما يثبتها",
                "Ce que le membre, la société civile et le secrétariat disent des programmes publiés : réalisation, ouverture, réponses et preuves",
                "What the member, civil society and the secretariat say of the published programmes: completion, openness, answers and evidence",
            ),
            Self::Practices => texts(
                "ما جربه الأعضاء ويحكونه لغيرهم: القصة والمبادئ والمكان والوثائق، مع مصدر المعلومة",
                "Ce que les membres ont essayé et racontent aux autres : récit, principes, territoire et documents, avec la source",
                "What members have tried and tell others: story, principles, territory and documents, with the source",
            ),
            Self::Collaborations => texts(
                "ما يقوم به الأعضاء معا: النوع والغاية والمشاركون والتواريخ والاتفاقية، مع مصدر المعلومة",
                "Ce que les membres font ensemble : forme, but, participants, dates et convention, avec la source",
                "What members do together: kind, purpose, who takes part, dates and agreement, with the source",
            ),
            Self::Events => texts(
                "التظاهرات الوطنية والقارية والدولية: المكان والتواريخ والأعضاء المشاركون، مع مصدر المعلومة",
                "Événements nationaux, continentaux et internationaux : lieu, dates et membres participants, avec la source",
                "National, continental and international events: place, dates and members taking part, with the source",
            ),
            Self::Assessments => texts(
                "كيف يحترم كل عضو التزامات الميثاق كل سنة على سلم واحد من 0 إلى 4، حسب العضو والمجتمع المدني وكتابة الشبكة، مع التعليل وما يثبته",
                "Comment chaque membre tient les engagements de la charte, par an, sur une échelle de 0 à 4, selon le membre, la société civile et le secrétariat, avec explication et preuves",
                "How each member keeps the charter's commitments, by year, on one scale from 0 to 4, as the member, civil society and the secretariat find it, with explanation and evidence",
            ),
        }
    }

    /// The collection of which a change changes it: members change with their territories.
    #[must_use]
    pub const fn collection(self) -> &'static str {
        self.as_str()
    }
}

fn texts(ar: &str, fr: &str, en: &str) -> LanguageMap {
    LanguageMap { ar: Some(ar.to_owned()), fr: Some(fr.to_owned()), en: Some(en.to_owned()) }
}

/// How a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// A table (RFC 4180).
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON object with the rows under `data`.
    Json,
}

codes!(Format { Csv => "csv", Ndjson => "ndjson", Json => "json" });

impl Format {
    /// The media type without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
        }
    }

    /// The media type as a header says it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// Its name in the file type authority of the Publications Office of the European Union.
    const fn authority(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Ndjson => "JSONL",
            Self::Json => "JSON",
        }
    }
}

/// The name of a file: of a data set in a format.
#[must_use]
pub fn file_name(name: Name, format: Format) -> String {
    format!("{}.{}", name.as_str(), format.as_str())
}

/// The data set and format of a file's name.
#[must_use]
pub fn parse_file_name(file: &str) -> Option<(Name, Format)> {
    let (name, format) = file.split_once('.')?;
    Some((name.parse().ok()?, format.parse().ok()?))
}

/// Where the files are, below the descriptions of them.
pub const FILES: &str = "exports";

/// A column of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ExportField)]
pub struct Field {
    /// Its name in CSV.
    #[schema(example = "joined_on")]
    pub name: String,
    /// Where its value stands in a row of NDJSON and JSON, as a JSON pointer.
    #[schema(example = "/joined_on")]
    pub pointer: String,
    /// Its type, in the words of Table Schema: `string`, `integer`, `number`, `boolean`, `date`, `datetime`, `array`.
    #[schema(example = "date")]
    pub r#type: String,
    /// What it says, in English.
    #[schema(example = "The day on which it first became a member.")]
    pub description: String,
    /// Whether every row has a value.
    pub required: bool,
    /// The values that it can have, where they are few; else null.
    #[schema(example = json!(["day", "month", "year"]))]
    pub values: Option<Vec<String>>,
    /// The form of its values, as a regular expression; else null.
    #[schema(example = "^[a-z0-9-]{1,100}$")]
    pub pattern: Option<String>,
}

/// A file of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// How it is written.
    pub format: Format,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// A data set at one state of its collection.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Which one.
    pub name: Name,
    /// The number of the last change that it holds.
    pub sequence: i64,
    /// When that was.
    pub modified: DateTime<Utc>,
    /// How many rows it has.
    pub rows: u64,
    /// Its files.
    pub files: Vec<File>,
}

/// A licence for data.
#[derive(Debug, Clone, Copy)]
pub struct Licence {
    /// SPDX identifier.
    pub code: &'static str,
    /// Its text.
    pub url: &'static str,
}

/// A data set with everything that is said of it.
#[derive(Debug)]
pub struct Described {
    /// The data set.
    pub edition: Arc<Edition>,
    /// Its columns.
    pub fields: Vec<Field>,
    /// On what terms it can be used.
    pub licence: Licence,
    /// Whose data is in it, in words that give credit.
    pub credits: Vec<LanguageMap>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn file_names_are_read_as_they_are_written() {
        assert_codes(Name::ALL, Name::as_str);
        assert_codes(Format::ALL, Format::as_str);
        for name in Name::ALL {
            for format in Format::ALL {
                assert_eq!(parse_file_name(&file_name(*name, *format)), Some((*name, *format)));
            }
        }
        for nothing in ["members", "members.", ".csv", "members.csv.csv", "members.xml", "../members.csv"] {
            assert_eq!(parse_file_name(nothing), None, "{nothing}");
        }
    }
}
