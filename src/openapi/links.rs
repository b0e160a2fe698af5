//! Where a resource leads, as far as a rule derives it from what the resource says: told once here, as `links` of the operations
//! that get one, and not in every representation.

use serde_json::{Map, Value, json};

/// Where a resource leads.
struct Link {
    name: &'static str,
    /// The operation that answers there.
    operation: &'static str,
    /// Its parameter, and the property of the resource that is the value of it.
    parameter: (&'static str, &'static str),
    description: &'static str,
}

const fn link(
    name: &'static str,
    operation: &'static str,
    parameter: (&'static str, &'static str),
    description: &'static str,
) -> Link {
    Link { name, operation, parameter, description }
}

/// The operations that get a resource, with where it leads.
const LINKS: &[(&str, &[Link])] = &[
    (
        "getMember",
        &[
            link("history", "getMemberHistory", ("id", "slug"), "Its standing over time."),
            link("transitions", "listMemberTransitions", ("id", "slug"), "What its standing can become."),
            link("adhesion", "getMemberAdhesion", ("id", "slug"), "Its adhesion to the charter."),
            link("action_programs", "listActionPrograms", ("member", "slug"), "Its action programmes."),
            link("alerts", "listMemberAlerts", ("id", "slug"), "What is late or missing."),
            link("scorecard", "getMemberScorecard", ("id", "slug"), "How it keeps the charter's commitments."),
            link("assessments", "listMemberAssessments", ("id", "slug"), "What voices say of that, year by year."),
            link("practices", "listPractices", ("member", "slug"), "The practices that it tells of."),
            link(
                "collaborations",
                "listCollaborations",
                ("member", "slug"),
                "The collaborations that it takes part in.",
            ),
            link("events", "listEvents", ("member", "slug"), "The events that it takes part in."),
            link("indicators", "listIndicators", ("member", "slug"), "What it is measured by."),
            link("territory", "getTerritory", ("code", "territory_code"), "The territory that it is seated on."),
        ],
    ),
    (
        "getTerritory",
        &[
            link(
                "parent",
                "getTerritory",
                ("code", "parent_code"),
                "The unit that it is a part of; regions have none.",
            ),
            link("children", "listTerritoryChildren", ("code", "code"), "The units that are a part of it."),
        ],
    ),
];

/// The links of an operation's answer; none where nothing follows from it.
pub(super) fn of(operation: &str) -> Option<Value> {
    let (_, links) = LINKS.iter().find(|(from, _)| *from == operation)?;
    let described = links.iter().map(|Link { name, operation, parameter: (parameter, property), description }| {
        let parameters = json!({*parameter: format!("$response.body#/{property}")});
        ((*name).to_owned(), json!({"operationId": operation, "parameters": parameters, "description": description}))
    });
    Some(Value::Object(described.collect::<Map<String, Value>>()))
}
