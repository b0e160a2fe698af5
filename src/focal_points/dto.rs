//! Focal points as callers write and see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rules::{Content, Filters, FocalPoint, Period, Phone, SortKey};
use crate::{
    kernel::{
        clock::rfc3339,
        date::Date,
        id::Identifier,
        language::Language,
        paging::{Direction, Order},
        patch::{Patch, replaced},
        text,
        violation::{Violations, email_address, readable, short_line},
    },
    web::{
        listing::list_query,
        page::PageOut,
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of a member's focal points.
    pub struct FocalPointQuery of FocalPointOut {
        /// Only who serves on this day; whose period is unknown or open counts.
        #[example = "2026-01-01"]
        pub as_of: Date,
        /// The order: `created_at` (default), the oldest first, or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl FocalPointQuery {
    /// Which focal points of a member the query asks for.
    #[must_use]
    pub fn filters(&self, member_id: Identifier) -> Filters {
        Filters {
            member_id,
            as_of: self.as_of.map(|day| day.0),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

/// A focal point to be added.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FocalPointIn {
    /// The person's name.
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Amina Alami", max_length = 200)]
    pub full_name: String,
    /// The e-mail address, kept in lower case; a member has one focal point with an address.
    #[validate(custom(function = "email_address"))]
    #[schema(example = "amina@example.org", max_length = 254, format = "email")]
    pub email: String,
    /// The telephone number in the international form; spaces, points and hyphens are not kept.
    #[serde(default)]
    #[validate(custom(function = "readable::<Phone>"))]
    #[schema(example = "+212 537 00 00 00", max_length = 60)]
    pub phone: Option<String>,
    /// The language to write in.
    pub preferred_language: Language,
    /// The first day on which the person serves; null where it is unknown.
    #[serde(default)]
    #[schema(example = "2024-04-01")]
    pub serves_from: Option<Date>,
    /// The last day; null as long as it is open.
    #[serde(default)]
    #[schema(example = "2028-03-31")]
    pub serves_until: Option<Date>,
}

impl FocalPointIn {
    /// What the body says, if nothing is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self) -> Result<Content, Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let period = Period { from: self.serves_from.map(Date::day), until: self.serves_until.map(Date::day) };
        period.check(&mut violations);
        violations.done()?;
        Ok(Content {
            full_name: text::normal(&self.full_name),
            // Both were read just now.
            email: text::parse_email(&self.email).unwrap_or_default(),
            phone: self.phone.and_then(|phone| phone.parse().ok()).map(Phone::into_string),
            preferred_language: self.preferred_language,
            period,
        })
    }
}

/// Changes of a focal point (RFC 7396): what is absent stays, what is null is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FocalPointPatch {
    /// The person's name.
    #[serde(default)]
    #[schema(value_type = String, example = "Amina Alami", max_length = 200, nullable = false)]
    pub full_name: Patch<String>,
    /// The e-mail address.
    #[serde(default)]
    #[schema(value_type = String, example = "amina@example.org", max_length = 254, format = "email", nullable = false)]
    pub email: Patch<String>,
    /// The telephone number in the international form.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+212 537 00 00 00", max_length = 60)]
    pub phone: Patch<String>,
    /// The language to write in.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Language, nullable = false)]
    pub preferred_language: Patch<Language>,
    /// The first day on which the person serves.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2024-04-01")]
    pub serves_from: Patch<Date>,
    /// The last day.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2028-03-31")]
    pub serves_until: Patch<Date>,
}

impl FocalPointPatch {
    /// What would be said of the person, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, content: Content) -> FocalPointIn {
        let Content { full_name, email, phone, preferred_language, period } = content;
        FocalPointIn {
            // A text that must be there and is taken away is empty, and refused as such.
            full_name: self.full_name.onto(Some(full_name)).unwrap_or_default(),
            email: self.email.onto(Some(email)).unwrap_or_default(),
            phone: self.phone.onto(phone),
            preferred_language: self.preferred_language.onto(None).unwrap_or(preferred_language),
            serves_from: self.serves_from.onto(period.from.map(Date)),
            serves_until: self.serves_until.onto(period.until.map(Date)),
        }
    }
}

/// A focal point: somebody whom the network calls about a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct FocalPointOut {
    /// Identifier.
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
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// The person's name.
    #[schema(example = "Amina Alami")]
    pub full_name: String,
    /// The e-mail address.
    #[schema(example = "amina@example.org", format = "email")]
    pub email: String,
    /// The telephone number.
    #[schema(example = "+212537000000", pattern = "^\\+[1-9][0-9]{7,14}$")]
    pub phone: Option<String>,
    /// The language to write in.
    pub preferred_language: Language,
    /// The first day on which the person serves; null where it is unknown.
    #[schema(example = "2024-04-01")]
    pub serves_from: Option<NaiveDate>,
    /// The last day; null as long as it is open.
    #[schema(example = "2028-03-31")]
    pub serves_until: Option<NaiveDate>,
    /// Where to go from here.
    pub links: FocalPointLinksOut,
}

/// Links of a focal point.
#[derive(Debug, Serialize, ToSchema)]
pub struct FocalPointLinksOut {
    /// The focal point.
    #[schema(example = "/api/v1/members/commune-larache/focal-points/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
}

/// A page of a member's focal points.
#[derive(Serialize, ToSchema)]
pub struct FocalPointPageOut {
    /// The focal points, in the order that was asked for.
    pub data: Vec<FocalPointOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; focal points themselves are in no feed.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for FocalPointOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("member", "/member"),
        ("full_name", "/full_name"),
        ("email", "/email"),
        ("phone", "/phone"),
        ("preferred_language", "/preferred_language"),
        ("serves_from", "/serves_from"),
        ("serves_until", "/serves_until"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
        ("version", "/version"),
    ];
}

impl From<FocalPoint> for FocalPointOut {
    fn from(found: FocalPoint) -> Self {
        let links = FocalPointLinksOut { this: found.address(), member: format!("/api/v1/members/{}", found.member) };
        let Content { full_name, email, phone, preferred_language, period } = found.content;
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            member: found.member.into_string(),
            full_name,
            email,
            phone,
            preferred_language,
            serves_from: period.from,
            serves_until: period.until,
            links,
        }
    }
}
