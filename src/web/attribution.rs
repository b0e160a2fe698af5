//! The credit that travels with data that is not ours.

use std::sync::LazyLock;

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::language::LanguageMap;

/// Whose data an answer holds and on what terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttributionOut {
    /// The credit to give.
    pub credit: LanguageMap,
    /// Identifier of the licence (SPDX).
    #[schema(example = "CC-BY-4.0")]
    pub licence: &'static str,
    /// The licence's text.
    #[schema(example = "https://creativecommons.org/licenses/by/4.0/", format = "uri")]
    pub licence_url: &'static str,
    /// What was changed with regard to the source, as the licence wants it stated.
    pub changes: LanguageMap,
}

impl AttributionOut {
    /// The census data of the Haut-Commissariat au Plan.
    #[must_use]
    pub fn census() -> &'static Self {
        static CENSUS: LazyLock<AttributionOut> = LazyLock::new(AttributionOut::make_census);
        &CENSUS
    }

    fn make_census() -> Self {
        let map = |ar: &str, fr: &str, en: &str| LanguageMap {
            ar: Some(ar.to_owned()),
            fr: Some(fr.to_owned()),
            en: Some(en.to_owned()),
        };
        Self {
            credit: map(
                "المندوبية السامية للتخطيط، الإحصاء العام للسكان والسكنى 2024 و2014",
                "Haut-Commissariat au Plan, RGPH 2024 et 2014",
                "Haut-Commissariat au Plan (Morocco), general census of population and housing 2024 and 2014",
            ),
            licence: "CC-BY-4.0",
            licence_url: "https://creativecommons.org/licenses/by/4.0/",
            changes: map(
                "جُمعت الجداول في قائمة واحدة وأضيفت نسبة تغير السكان المحسوبة",
                "Tableaux réunis en une liste ; variation de la population calculée",
                "Tables joined into one list; change of the population computed",
            ),
        }
    }
}
