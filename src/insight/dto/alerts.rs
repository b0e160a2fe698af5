//! Alerts as the API shows them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::rules::{Alert, Filters, Rule, SortKey, Subject};
use crate::{
    action_programs::Stage,
    kernel::{
        id::Identifier,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::MemberAddress,
    territories::Code,
    web::{
        listing::list_query,
        page::PageOut,
        params::Several,
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of the network's alerts.
    pub struct NetworkAlertQuery of AlertOut {
        /// Only alerts by these rules; several by comma.
        #[example = "milestone_late,evaluation_missing"]
        pub rule: Several<Rule>,
        /// Only alerts of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only alerts of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// The order: `-since` (default), the newest first, or `since`.
        #[example = "-since"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

list_query! {
    /// The parameters of the list of a member's alerts.
    pub struct MemberAlertQuery of AlertOut {
        /// Only alerts by these rules; several by comma.
        #[example = "milestone_late,evaluation_missing"]
        pub rule: Several<Rule>,
        /// The order: `-since` (default), the newest first, or `since`.
        #[example = "-since"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

const NEWEST_FIRST: Order<SortKey> = Order { key: SortKey::Since, direction: Direction::Descending };

impl NetworkAlertQuery {
    /// Which alerts the query asks for, as they stand on a day.
    #[must_use]
    pub fn filters(&self, today: NaiveDate) -> Filters {
        Filters {
            rules: Several::values(self.rule.clone()),
            members: Several::values(self.member.clone()),
            regions: Several::values(self.region.clone()).into_iter().map(Code::into_string).collect(),
            today,
            order: self.sort.unwrap_or(NEWEST_FIRST),
        }
    }
}

impl MemberAlertQuery {
    /// Which alerts of a member the query asks for, as they stand on a day.
    #[must_use]
    pub fn filters(&self, member: MemberAddress, today: NaiveDate) -> Filters {
        Filters {
            rules: Several::values(self.rule.clone()),
            members: vec![member],
            regions: Vec::new(),
            today,
            order: self.sort.unwrap_or(NEWEST_FIRST),
        }
    }
}

/// Something that has not happened although its day has passed. It is computed for today, and stored nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertOut {
    /// Why there is an alert.
    pub rule: Rule,
    /// What the rule says.
    pub rule_description: LanguageMap,
    /// Its first day.
    #[schema(example = "2026-02-01")]
    pub since: NaiveDate,
    /// How many days it has been late, today counted; of a programme that was adopted late, by how many days it was.
    #[schema(example = 12, minimum = 1)]
    pub days: i64,
    /// The day that all of this was computed for.
    #[schema(example = "2026-11-24")]
    pub computed_on: NaiveDate,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the region that the member lies in.
    #[schema(example = "01")]
    pub region_code: String,
    /// Slug of the programme.
    #[schema(example = "commune-larache-cycle-1")]
    pub program: String,
    /// The programme's stage.
    pub stage: Stage,
    /// Identifier of the project; null for what is about no project.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub project_id: Option<String>,
    /// Identifier of the milestone; null for what is about none.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub milestone_id: Option<String>,
    /// Identifier of the consultation that contributions are waiting in; null for what is about none.
    #[schema(example = json!(null), format = "uuid")]
    pub consultation_id: Option<String>,
    /// Identifier of the contribution that waits for an answer; null for what is about none, and where nobody has looked
    /// at the contributions yet.
    #[schema(example = json!(null), format = "uuid")]
    pub contribution_id: Option<String>,
    /// How many things it is about: contributions that nobody has looked at are counted together.
    #[schema(example = 1, minimum = 1)]
    pub count: i64,
    /// The title of the programme, milestone or consultation that it is about; null for a contribution, which has none.
    pub title: Option<LanguageMap>,
    /// What is the matter, in one sentence.
    pub detail: LanguageMap,
    /// Where to go from here.
    pub links: AlertLinksOut,
}

/// Links of an alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertLinksOut {
    /// What it is about.
    #[schema(
        example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/milestones/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    pub subject: String,
    /// The programme.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1")]
    pub program: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertPageOut {
    /// The alerts, in the order that was asked for.
    pub data: Vec<AlertOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// The day that they were computed for.
    #[schema(example = "2026-11-24")]
    pub computed_on: NaiveDate,
}

impl Tabular for AlertOut {
    const COLUMNS: &'static [Column] = &[
        ("rule", "/rule"),
        ("since", "/since"),
        ("days", "/days"),
        ("computed_on", "/computed_on"),
        ("member", "/member"),
        ("region_code", "/region_code"),
        ("program", "/program"),
        ("stage", "/stage"),
        ("project_id", "/project_id"),
        ("milestone_id", "/milestone_id"),
        ("consultation_id", "/consultation_id"),
        ("contribution_id", "/contribution_id"),
        ("count", "/count"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("detail_fr", "/detail/fr"),
        ("detail_ar", "/detail/ar"),
        ("detail_en", "/detail/en"),
        ("subject", "/links/subject"),
    ];
}

impl AlertOut {
    /// An alert as it stands on a day.
    #[must_use]
    pub fn of(alert: Alert, today: NaiveDate) -> Self {
        let links = AlertLinksOut {
            subject: alert.address(),
            program: format!("/api/v1/action-programs/{}", alert.program),
            member: format!("/api/v1/members/{}", alert.member),
        };
        let (since, days, detail) = (alert.since(), alert.days(today), alert.detail());
        let Alert { rule, id, subject, program, stage, member, region_code, .. } = alert;
        let (mut project_id, mut milestone_id, mut consultation_id, mut contribution_id) = (None, None, None, None);
        let (title, count) = match subject {
            Subject::Program { title, .. } => (Some(title), 1),
            Subject::Milestone { project_id: of, title } => {
                (project_id, milestone_id) = (Some(of), Some(id));
                (Some(title), 1)
            }
            Subject::Idea { consultation_id: of } => {
                (consultation_id, contribution_id) = (Some(of), Some(id));
                (None, 1)
            }
            Subject::Ideas { title, count } => {
                consultation_id = Some(id.into_string());
                (Some(title), count)
            }
        };
        Self {
            rule,
            rule_description: rule.description(),
            since,
            days,
            computed_on: today,
            member: member.into_string(),
            region_code,
            program: program.into_string(),
            stage,
            project_id,
            milestone_id: milestone_id.map(Identifier::into_string),
            consultation_id,
            contribution_id: contribution_id.map(Identifier::into_string),
            count,
            title,
            detail,
            links,
        }
    }
}
