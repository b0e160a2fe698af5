//! The codes of the audit: what can be done, and to which collection. Whoever writes an entry and whoever looks for entries
//! use these two lists, so no entry has a code that the audit's filters do not know.

use serde::Serialize;
use utoipa::ToSchema;

use super::codes::codes;

/// What an entry of the audit says was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A resource was made, or a session began.
    Created,
    /// A resource was changed.
    Updated,
    /// A resource was deleted.
    Deleted,
    /// A resource is no longer public.
    Unpublished,
    /// A list was imported.
    Imported,
    /// Reference data was loaded.
    Loaded,
    /// A backup was restored.
    Restored,
    /// An account was disabled.
    Disabled,
    /// An account was enabled again.
    Enabled,
    /// An account was given a one-time secret for a new password.
    PasswordOffered,
    /// The password of an account was changed.
    PasswordChanged,
    /// A machine was given another secret.
    SecretRotated,
    /// The former secret of a machine is not good any more.
    FormerSecretDropped,
    /// A session was ended.
    Ended,
    /// A session was ended because a spent refresh token came back.
    Reused,
    /// A refresh token was accepted once more, because its answer was lost.
    Repeated,
    /// An access token was taken back.
    Revoked,
    /// A token was granted.
    Granted,
    /// The personal data of somebody were given out.
    Accessed,
    /// Personal data were erased.
    Erased,
    /// The contact of a contribution was corrected.
    ContactCorrected,
    /// The contact of a contribution was erased.
    ContactErased,
    /// An attempt to prove who one is failed.
    SignInRefused,
    /// A request was refused because of the account's role or member.
    Refused,
    /// Events were counted but not noted, because there were too many.
    LeftOut,
}

codes!(Action {
    Created => "created",
    Updated => "updated",
    Deleted => "deleted",
    Unpublished => "unpublished",
    Imported => "imported",
    Loaded => "loaded",
    Restored => "restored",
    Disabled => "disabled",
    Enabled => "enabled",
    PasswordOffered => "password_offered",
    PasswordChanged => "password_changed",
    SecretRotated => "secret_rotated",
    FormerSecretDropped => "former_secret_dropped",
    Ended => "ended",
    Reused => "reused",
    Repeated => "repeated",
    Revoked => "revoked",
    Granted => "granted",
    Accessed => "accessed",
    Erased => "erased",
    ContactCorrected => "contact_corrected",
    ContactErased => "contact_erased",
    SignInRefused => "sign_in_refused",
    Refused => "refused",
    LeftOut => "left_out",
});

/// The collection of what an entry of the audit or of the change feed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// Accounts of people and machines.
    Accounts,
    /// Open action programmes.
    ActionPrograms,
    /// Assessments of how members keep the charter's commitments.
    Assessments,
    /// The audit itself.
    Audit,
    /// Versions of the charter.
    Charter,
    /// What members do together.
    Collaborations,
    /// Consultations on programmes.
    Consultations,
    /// What the public contributed to consultations.
    Contributions,
    /// Evaluations of programmes.
    Evaluations,
    /// Events that members take part in.
    Events,
    /// Focal points of members.
    FocalPoints,
    /// Reports of imports.
    Imports,
    /// Indicators.
    Indicators,
    /// Values of indicators.
    Measurements,
    /// Members of the network.
    Members,
    /// Milestones of projects.
    Milestones,
    /// The network.
    Network,
    /// Operations that a role allows.
    Permissions,
    /// People of whom personal data are held.
    Persons,
    /// Practices of members.
    Practices,
    /// Projects of programmes.
    Projects,
    /// Sets of reference data.
    Reference,
    /// Reporting periods.
    ReportingPeriods,
    /// Sessions of people.
    Sessions,
    /// Territories.
    Territories,
    /// Access tokens.
    Tokens,
}

codes!(Collection {
    Accounts => "accounts",
    ActionPrograms => "action_programs",
    Assessments => "assessments",
    Audit => "audit",
    Charter => "charter",
    Collaborations => "collaborations",
    Consultations => "consultations",
    Contributions => "contributions",
    Evaluations => "evaluations",
    Events => "events",
    FocalPoints => "focal_points",
    Imports => "imports",
    Indicators => "indicators",
    Measurements => "measurements",
    Members => "members",
    Milestones => "milestones",
    Network => "network",
    Permissions => "permissions",
    Persons => "persons",
    Practices => "practices",
    Projects => "projects",
    Reference => "reference",
    ReportingPeriods => "reporting_periods",
    Sessions => "sessions",
    Territories => "territories",
    Tokens => "tokens",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::assert_codes;

    #[test]
    fn json_spells_the_codes_as_the_databases_do() {
        assert_codes(Action::ALL, Action::as_str);
        assert_codes(Collection::ALL, Collection::as_str);
    }
}
