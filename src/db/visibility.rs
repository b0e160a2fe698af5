//! Who may see what: every column of every table, in one place. A test compares it with the live schema of both
//! databases, another one puts markers into everything that is not public and looks for them wherever the public reads.

use Visibility::{Internal, Personal, Public};

/// Who may see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody: answers, exports and the feed may show it as soon as its resource is published.
    Public,
    /// The program and those who work with it: answers to them may show it.
    Internal,
    /// Who it is about, and who must know: besides, never in reports, logs, and of a change only that it happened.
    Personal,
}

/// A table with its columns.
type Table = (&'static str, &'static [(&'static str, Visibility)]);

/// The whole table.
pub const TABLES: &[Table] = &[
    ("sequence_counter", &[("id", Internal), ("value", Public), ("forgotten", Public)]),
    (
        "change_entry",
        &[
            ("sequence", Public),
            ("resource", Public),
            ("resource_id", Public),
            ("op", Public),
            ("version", Public),
            ("changed_at", Public),
        ],
    ),
    ("reference_load", &[("name", Internal), ("sha256", Internal), ("loaded_at", Internal)]),
    (
        "territory",
        &[
            ("id", Public),
            ("version", Public),
            ("created_at", Public),
            ("updated_at", Public),
            ("code", Public),
            ("kind", Public),
            ("area_type", Public),
            ("parent_code", Public),
            ("region_code", Public),
            ("name_fr", Public),
            ("name_ar", Public),
            ("name_fr_folded", Internal),
            ("name_ar_folded", Internal),
            ("search_text", Internal),
            ("population_2024", Public),
            ("households_2024", Public),
            ("population_2014", Public),
            ("latitude", Public),
            ("longitude", Public),
            ("geonames_id", Public),
            ("location_matched_by", Public),
            ("provenance", Public),
        ],
    ),
    (
        "network",
        &[
            ("id", Public),
            ("singleton", Internal),
            ("version", Public),
            ("created_at", Public),
            ("updated_at", Public),
            ("short_name", Public),
            ("name", Public),
            ("established_on", Public),
            ("presentation", Public),
            ("presentation_official", Public),
            ("programme_short_name", Public),
            ("programme_name", Public),
            ("programme_description", Public),
            ("website", Public),
        ],
    ),
    (
        "network_item",
        &[
            ("network_id", Internal),
            ("kind", Public),
            ("code", Public),
            ("position", Public),
            ("item_text", Public),
            ("official", Public),
        ],
    ),
    (
        "network_partner",
        &[
            ("network_id", Internal),
            ("code", Public),
            ("position", Public),
            ("name", Public),
            ("role", Public),
            ("role_label", Public),
            ("description", Public),
        ],
    ),
    (
        "composition_statement",
        &[
            ("code", Public),
            ("network_id", Internal),
            ("position", Public),
            ("stated_on", Public),
            ("stated_on_precision", Public),
            ("source", Public),
            ("source_url", Public),
            ("note", Public),
            ("total", Public),
        ],
    ),
    (
        "composition_figure",
        &[
            ("statement_code", Public),
            ("position", Public),
            ("member_count", Public),
            ("label", Public),
            ("read_as", Public),
        ],
    ),
    (
        "charter_version",
        &[
            ("id", Public),
            ("version", Public),
            ("created_at", Public),
            ("updated_at", Public),
            ("code", Public),
            ("is_current", Public),
            ("in_force_from", Public),
            ("in_force_from_precision", Public),
            ("title", Public),
            ("summary", Public),
            ("official", Public),
            ("full_text_url", Public),
        ],
    ),
    (
        "charter_item",
        &[
            ("id", Public),
            ("charter_version_id", Public),
            ("kind", Public),
            ("code", Public),
            ("position", Public),
            ("title", Public),
            ("item_text", Public),
            ("official", Public),
        ],
    ),
    (
        "member",
        &[
            ("id", Public),
            ("version", Public),
            ("created_at", Public),
            ("updated_at", Public),
            ("slug", Public),
            ("kind", Public),
            ("territory_code", Public),
            ("territory_kind", Public),
            ("name_fr", Public),
            ("name_ar", Public),
            ("name_en", Public),
            ("name_fr_folded", Internal),
            ("name_ar_folded", Internal),
            ("search_text", Internal),
            ("status", Public),
            ("joined_on", Public),
            ("joined_on_precision", Public),
            ("joined_on_key", Internal),
            ("left_on", Public),
            ("left_on_precision", Public),
            ("cohort", Public),
            ("ogp_local_since", Public),
            ("ogp_local_since_precision", Public),
            ("website", Public),
            ("provenance", Public),
            ("source", Public),
            ("confidence", Public),
        ],
    ),
    (
        "member_status",
        &[
            ("member_id", Public),
            ("position", Public),
            ("status", Public),
            ("from_on", Public),
            ("from_on_precision", Public),
            ("until_on", Public),
            ("reason", Public),
            ("evidence_reference", Public),
            ("evidence_url", Public),
        ],
    ),
    ("member_external_id", &[("member_id", Public), ("scheme", Public), ("value", Public)]),
    (
        "member_adhesion",
        &[
            ("member_id", Public),
            ("charter_version", Public),
            ("adhered_on", Public),
            ("adhered_on_precision", Public),
            ("decision_reference", Public),
            ("document_url", Public),
        ],
    ),
    (
        "focal_point",
        &[
            ("id", Internal),
            ("version", Internal),
            ("created_at", Internal),
            ("updated_at", Internal),
            ("member_id", Internal),
            ("full_name", Personal),
            ("email", Personal),
            ("phone", Personal),
            ("preferred_language", Personal),
            ("serves_from", Personal),
            ("serves_until", Personal),
        ],
    ),
    (
        "account",
        &[
            ("id", Internal),
            ("version", Internal),
            ("created_at", Internal),
            ("updated_at", Internal),
            ("kind", Internal),
            ("role", Internal),
            ("client_name", Internal),
            ("email", Personal),
            ("secret_hash", Personal),
            ("member_id", Internal),
            ("organisation", Internal),
            ("disabled_at", Internal),
            ("former_secret_hash", Personal),
        ],
    ),
    ("account_member", &[("account_id", Internal), ("member_id", Internal)]),
    (
        "session",
        &[
            ("id", Internal),
            ("account_id", Internal),
            ("created_at", Internal),
            ("used_at", Internal),
            ("expires_at", Internal),
            ("refresh_sha256", Personal),
            ("user_agent", Personal),
            ("ended_at", Internal),
        ],
    ),
    (
        "password_reset",
        &[("secret_sha256", Personal), ("account_id", Internal), ("created_at", Internal), ("expires_at", Internal)],
    ),
    ("revoked_token", &[("jti", Internal), ("expires_at", Internal)]),
    (
        "idempotency_answer",
        &[
            ("account_id", Internal),
            ("operation", Internal),
            ("idempotency_key", Internal),
            ("request_sha256", Internal),
            ("answer", Internal),
            ("created_at", Internal),
        ],
    ),
    (
        "audit_entry",
        &[
            ("id", Internal),
            ("occurred_at", Internal),
            ("actor", Internal),
            ("account_id", Internal),
            ("role", Internal),
            ("task", Internal),
            ("request_id", Internal),
            ("action", Internal),
            ("resource", Internal),
            ("resource_id", Internal),
            ("version", Internal),
            ("before_values", Internal),
            ("after_values", Internal),
        ],
    ),
    (
        "import_report",
        &[
            ("id", Internal),
            ("created_at", Internal),
            ("account_id", Internal),
            ("resource", Internal),
            ("outcome", Internal),
            ("report", Internal),
        ],
    ),
    (
        "import_row",
        &[
            ("import_id", Internal),
            ("position", Internal),
            ("row_number", Internal),
            ("line_number", Internal),
            ("action", Internal),
            ("natural_key", Internal),
            ("resource_id", Internal),
            ("differences", Internal),
        ],
    ),
];

/// Whether a column with this name, of whichever table, is personal: of its changes the audit says only that they
/// happened.
#[must_use]
pub fn is_personal(column: &str) -> bool {
    let mut columns = TABLES.iter().flat_map(|(_, columns)| columns.iter());
    columns.any(|(name, visibility)| *name == column && *visibility == Personal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_personal_is_so_in_every_table() {
        assert!(is_personal("email") && is_personal("secret_hash") && !is_personal("name_fr"));
        for (table, columns) in TABLES {
            for (column, visibility) in *columns {
                assert_eq!(*visibility == Personal, is_personal(column), "{table}.{column}");
            }
        }
    }
}
