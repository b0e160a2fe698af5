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

/// The licence of both sources.
const CC_BY_4: (&str, &str) = ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/");

impl AttributionOut {
    /// The census data of the Haut-Commissariat au Plan.
    #[must_use]
    pub fn census() -> &'static Self {
        static CENSUS: LazyLock<AttributionOut> = LazyLock::new(|| {
            AttributionOut::new(
                [
                    "المندوبية السامية للتخطيط، الإحصاء العام للسكان والسكنى 2024 و2014",
                    "Haut-Commissariat au Plan, RGPH 2024 et 2014",
                    "Haut-Commissariat au Plan (Morocco), general census of population and housing 2024 and 2014",
                ],
                [
                    "جُمعت الجداول في قائمة واحدة وأضيفت نسبة تغير السكان المحسوبة",
                    "Tableaux réunis en une liste ; variation de la population calculée",
                    "Tables joined into one list; change of the population computed",
                ],
            )
        });
        &CENSUS
    }

    /// The points of places of GeoNames.
    #[must_use]
    pub fn geonames() -> &'static Self {
        static GEONAMES: LazyLock<AttributionOut> = LazyLock::new(|| {
            AttributionOut::new(
                [
                    "GeoNames (geonames.org)، نقط الأماكن",
                    "GeoNames (geonames.org), points des lieux",
                    "GeoNames (geonames.org), points of places",
                ],
                [
                    "طوبقت الأماكن مع الجماعات بالاسم داخل الجهة نفسها",
                    "Lieux rapprochés des communes par le nom, au sein de la même région",
                    "Places matched with communes by name, within the same region",
                ],
            )
        });
        &GEONAMES
    }

    /// What territories are made of: the census and the points.
    #[must_use]
    pub fn of_territories() -> [&'static Self; 2] {
        [Self::census(), Self::geonames()]
    }

    fn new(credit: [&str; 3], changes: [&str; 3]) -> Self {
        let map = |[ar, fr, en]: [&str; 3]| LanguageMap {
            ar: Some(ar.to_owned()),
            fr: Some(fr.to_owned()),
            en: Some(en.to_owned()),
        };
        let (licence, licence_url) = CC_BY_4;
        Self { credit: map(credit), licence, licence_url, changes: map(changes) }
    }
}
