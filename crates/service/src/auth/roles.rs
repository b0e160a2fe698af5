//! Who may do what: the whole table, in one place. Every operation that is not open to everybody names one of these
//! permissions in the type of its extractor; a test walks all operations with all roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::codes::codes;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountRole)]
pub enum Role {
    /// A partner organisation that reads.
    Partner,
    /// An organisation of civil society that assesses and reviews.
    Evaluator,
    /// Who speaks for one member.
    FocalPoint,
    /// A ministry's system that keeps the official lists.
    Registrar,
    /// The network's secretariat.
    Secretariat,
    /// Who runs the service; without judgement on its content.
    Administrator,
}

codes!(Role {
    Partner => "partner",
    Evaluator => "evaluator",
    FocalPoint => "focal_point",
    Registrar => "registrar",
    Secretariat => "secretariat",
    Administrator => "administrator",
});

/// Something that not everybody may do.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    /// Its name in the OpenAPI document: `members:write`.
    pub name: &'static str,
    /// What it allows, in the words of the document.
    pub about: &'static str,
    /// Roles that may do it everywhere.
    pub all: &'static [Role],
    /// Roles that may do it only to what is their own member's.
    pub own: &'static [Role],
}

impl Permission {
    /// Whether a role may do it at all.
    #[must_use]
    pub fn is_given_to(&self, role: Role) -> bool {
        self.all.contains(&role) || self.own.contains(&role)
    }

    /// The roles that may do it at all, in words: `registrar or secretariat`.
    #[must_use]
    pub fn roles(&self) -> String {
        let roles: Vec<&str> = self.all.iter().chain(self.own).map(|role| role.as_str()).collect();
        roles.join(" or ")
    }

    /// Whether who has a role, and speaks for a member if any, may do it to what is that member's.
    #[must_use]
    pub fn covers(&self, role: Role, own_member: Option<&str>, member: &str) -> bool {
        self.all.contains(&role) || (self.own.contains(&role) && own_member == Some(member))
    }
}

/// A permission as a type, so that a handler can't be written without one.
pub trait Needs: 'static {
    /// The permission.
    const PERMISSION: &'static Permission;
}

macro_rules! permissions {
    ($($name:ident = $code:literal, $about:literal, all [$($all:ident)*], own [$($own:ident)*];)*) => {
        $(
            #[doc = $about]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Needs for $name {
                const PERMISSION: &'static Permission =
                    &Permission { name: $code, about: $about, all: &[$(Role::$all),*], own: &[$(Role::$own),*] };
            }
        )*

        /// The whole table.
        pub const PERMISSIONS: &[&Permission] = &[$(<$name as Needs>::PERMISSION),*];
    };
}

permissions! {
    OwnAccount = "account:read", "See one's own account.",
        all [Partner Evaluator FocalPoint Registrar Secretariat Administrator], own [];
    MembersWrite = "members:write", "Add and delete members.",
        all [Registrar Secretariat], own [];
    MembersUpdate = "members:update", "Change what is said of a member; a focal point only its own member's website.",
        all [Registrar Secretariat], own [FocalPoint];
    MembersMove = "members:move", "Change a member's standing in the network, one by one or by a list.",
        all [Registrar Secretariat], own [];
    MembersAdhere = "members:adhere", "Note and take back a member's adhesion to the charter.",
        all [Registrar Secretariat], own [FocalPoint];
    TerritoriesWrite = "territories:write", "Add and change territories, by a list.",
        all [Registrar Secretariat], own [];
    ImportsRun = "imports:run", "Import lists, of what one may also write one by one: a registrar members and territories, a focal point its own member's projects and measurements.",
        all [Registrar Secretariat], own [FocalPoint];
    ImportsRead = "imports:read", "Read the reports of one's own imports; the secretariat and the administrator those of everybody.",
        all [Registrar Secretariat Administrator], own [FocalPoint];
    FocalPointsRead = "focal_points:read", "See whom the network calls about a member.",
        all [Secretariat Administrator], own [FocalPoint];
    FocalPointsWrite = "focal_points:write", "Add, change and delete focal points.",
        all [Secretariat], own [FocalPoint];
    PersonsManage = "persons:manage", "Tell a person all that is held on them, correct it and erase it.",
        all [Administrator], own [];
    ProgramsDraft = "programs:draft", "See action programmes that are not published yet, and what belongs to them.",
        all [Secretariat], own [FocalPoint];
    ProgramsWrite = "programs:write", "Write action programmes, projects, milestones and consultations.",
        all [Secretariat], own [FocalPoint];
    ProgramsMove = "programs:move", "Move action programmes from stage to stage; backwards only the secretariat.",
        all [Secretariat], own [FocalPoint];
    ContributionsModerate = "contributions:moderate", "See what the public contributes before anybody else, and answer it with a decision.",
        all [Secretariat], own [FocalPoint];
    EvaluationsWrite = "evaluations:write", "Evaluate action programmes: members their own, evaluators those of the members that they have been assigned.",
        all [Evaluator Secretariat], own [FocalPoint];
    ExchangeDraft = "exchange:draft", "See practices, collaborations and events that are not published yet.",
        all [Secretariat], own [FocalPoint];
    ExchangeWrite = "exchange:write", "Write practices, collaborations and events; a focal point the practices of its own member, what that leads and what it hosts.",
        all [Secretariat], own [FocalPoint];
    IndicatorsWrite = "indicators:write", "Write indicators with their baselines and targets; the network's own are the secretariat's.",
        all [Secretariat], own [FocalPoint];
    MeasurementsReport = "measurements:report", "Report figures, and see reports that are not approved yet.",
        all [Secretariat], own [FocalPoint];
    MeasurementsReview = "measurements:review", "Approve reports of others or return them; evaluators those of the members that they have been assigned.",
        all [Evaluator Secretariat], own [];
    PeriodsWrite = "periods:write", "Lock reporting periods and open them again.",
        all [Secretariat], own [];
    AssessmentsWrite = "assessments:write", "Assess how members keep the charter's commitments: members themselves, evaluators the members that they have been assigned.",
        all [Evaluator Secretariat], own [FocalPoint];
    AccountsManage = "accounts:manage", "Make accounts, change what they may do, disable them, and hand out secrets.",
        all [Administrator], own [];
    AuditRead = "audit:read", "Read the audit.",
        all [Administrator], own [];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn json_tokens_and_databases_spell_the_roles_alike() {
        assert_codes(Role::ALL, Role::as_str);
    }

    #[test]
    fn who_speaks_for_one_member_has_no_say_over_others() {
        let update = MembersUpdate::PERMISSION;
        assert!(update.covers(Role::FocalPoint, Some("a"), "a"));
        assert!(!update.covers(Role::FocalPoint, Some("a"), "b"));
        assert!(!update.covers(Role::FocalPoint, None, "a"));
        assert!(update.covers(Role::Secretariat, None, "a"));
        assert!(!update.covers(Role::Partner, Some("a"), "a") && !update.is_given_to(Role::Partner));
    }

    #[test]
    fn who_lists_members_may_do_all_of_it_one_by_one() {
        for role in Role::ALL {
            let (writes, moves) =
                (MembersWrite::PERMISSION.is_given_to(*role), MembersMove::PERMISSION.is_given_to(*role));
            assert_eq!(writes, moves, "{role:?}: a list adds members and moves their standing");
        }
    }

    #[test]
    fn the_administrator_has_no_say_over_content_and_names_are_unique() {
        for (at, permission) in PERMISSIONS.iter().enumerate() {
            let about_content = ![
                "account:read",
                "accounts:manage",
                "audit:read",
                "imports:read",
                "persons:manage",
                "focal_points:read",
            ]
            .contains(&permission.name);
            assert!(!about_content || !permission.is_given_to(Role::Administrator), "{}", permission.name);
            assert!(PERMISSIONS[..at].iter().all(|other| other.name != permission.name), "{}", permission.name);
            assert!(permission.own.iter().all(|role| *role == Role::FocalPoint), "{}", permission.name);
        }
    }
}
