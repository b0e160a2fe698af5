//! Who may do what: every operation of the OpenAPI document with every role, and the order of refusals.

use std::collections::BTreeMap;

use remacto::auth::{roles::Role, store};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    accounts::{Account, OPERATOR},
    on_both,
};
use crate::tags::version_in;

/// Who may do an operation.
#[derive(Clone, Copy)]
enum May {
    /// Everybody.
    All,
    /// Who has one of these roles.
    Only(&'static [Role]),
    /// Who has one of these roles, and a focal point for its own member.
    OnlyAndOwn(&'static [Role]),
    /// The secretariat, a focal point of its own member's, and evaluators of the members that they have been assigned: those
    /// of the matrix have none.
    Voices,
    /// It has its own way to find out who asks.
    SignIn,
}

/// Who evaluates; whose evaluation it is is asked of what is there.
const VOICES: &[Role] = &[Role::Evaluator, Role::FocalPoint, Role::Secretariat];
const KEEPERS: &[Role] = &[Role::Registrar, Role::Secretariat];
/// Who writes programmes; whose they are is asked of what is there.
const PLANNERS: &[Role] = &[Role::Secretariat, Role::FocalPoint];
const LISTERS: &[Role] = &[Role::Registrar, Role::Secretariat, Role::FocalPoint];
const REPORT_READERS: &[Role] = &[Role::Registrar, Role::Secretariat, Role::FocalPoint, Role::Administrator];

/// Who may, of any member for the secretariat and of its own for a focal point; whose it is follows from what is stored.
const OF_MEMBERS: &[Role] = &[Role::FocalPoint, Role::Secretariat];

/// The whole table, written down a second time: what the product promises, not what the code does.
fn table() -> BTreeMap<&'static str, May> {
    let mut table = BTreeMap::from([
        ("getHome", May::All),
        ("getStyle", May::All),
        ("getOpenApi", May::All),
        ("getLiveness", May::All),
        ("getReadiness", May::All),
        ("listProblems", May::All),
        ("getProblemPage", May::All),
        ("getAuthorizationServer", May::All),
        ("getKeySet", May::All),
        ("getIndex", May::All),
        ("getNetwork", May::All),
        ("getNetworkStatistics", May::All),
        ("getCharter", May::All),
        ("listCommitments", May::All),
        ("getCommitment", May::All),
        ("listTerritories", May::All),
        ("getTerritory", May::All),
        ("listTerritoryChildren", May::All),
        ("listChanges", May::All),
        ("getLatestChange", May::All),
        ("listMembers", May::All),
        ("getMember", May::All),
        ("getMemberHistory", May::All),
        ("listMemberTransitions", May::All),
        ("getMemberAdhesion", May::All),
        ("createToken", May::SignIn),
        ("revokeToken", May::SignIn),
        ("createSession", May::SignIn),
        ("setPassword", May::All),
        ("changePassword", May::Only(Role::ALL)),
        ("listSessions", May::Only(Role::ALL)),
        ("endSession", May::Only(Role::ALL)),
        ("getOwnAccount", May::Only(Role::ALL)),
        ("createMember", May::Only(KEEPERS)),
        ("updateMember", May::OnlyAndOwn(KEEPERS)),
        ("deleteMember", May::Only(KEEPERS)),
        ("createMemberTransition", May::Only(KEEPERS)),
        ("createMemberAdhesion", May::OnlyAndOwn(KEEPERS)),
        ("deleteMemberAdhesion", May::OnlyAndOwn(KEEPERS)),
        ("listNetworkAlerts", May::All),
        ("listMemberAlerts", May::All),
        ("getMemberScorecard", May::All),
        ("getNetworkScorecard", May::All),
        ("listNetworkIndicators", May::All),
        ("getNetworkIndicator", May::All),
        ("listFocalPoints", May::OnlyAndOwn(&[Role::Secretariat, Role::Administrator])),
        ("getFocalPoint", May::OnlyAndOwn(&[Role::Secretariat, Role::Administrator])),
        ("createFocalPoint", May::OnlyAndOwn(&[Role::Secretariat])),
        ("updateFocalPoint", May::OnlyAndOwn(&[Role::Secretariat])),
        ("deleteFocalPoint", May::OnlyAndOwn(&[Role::Secretariat])),
        ("accessPerson", May::Only(&[Role::Administrator])),
        ("rectifyPerson", May::Only(&[Role::Administrator])),
        ("erasePerson", May::Only(&[Role::Administrator])),
        ("listConsultations", May::All),
        ("getConsultation", May::All),
        ("createConsultation", May::Only(OF_MEMBERS)),
        ("updateConsultation", May::Only(OF_MEMBERS)),
        ("deleteConsultation", May::Only(OF_MEMBERS)),
        ("listContributions", May::All),
        ("createContribution", May::All),
        ("getContribution", May::All),
        ("moderateContribution", May::Only(OF_MEMBERS)),
        ("decideContribution", May::Only(OF_MEMBERS)),
        ("getContributionStatus", May::All),
        ("eraseContributionContact", May::All),
        ("getDigest", May::All),
        ("listExports", May::All),
        ("getExport", May::All),
        ("getDataPackage", May::All),
        ("getCatalog", May::All),
        ("getImportTemplate", May::All),
        ("listActionPrograms", May::All),
        ("getActionProgram", May::All),
        ("getActionProgramHistory", May::All),
        ("listActionProgramTransitions", May::All),
        ("listProjects", May::All),
        ("getProject", May::All),
        ("listMilestones", May::All),
        ("getMilestone", May::All),
        ("createActionProgram", May::Only(PLANNERS)),
        ("updateActionProgram", May::OnlyAndOwn(&[Role::Secretariat])),
        ("deleteActionProgram", May::OnlyAndOwn(&[Role::Secretariat])),
        ("createActionProgramTransition", May::OnlyAndOwn(&[Role::Secretariat])),
        ("createProject", May::Only(PLANNERS)),
        ("updateProject", May::Only(PLANNERS)),
        ("deleteProject", May::Only(PLANNERS)),
        ("createMilestone", May::Only(PLANNERS)),
        ("updateMilestone", May::Only(PLANNERS)),
        ("deleteMilestone", May::Only(PLANNERS)),
        ("createImport", May::Only(LISTERS)),
        ("listImports", May::Only(REPORT_READERS)),
        ("getImport", May::Only(REPORT_READERS)),
        ("listImportRows", May::Only(REPORT_READERS)),
    ]);
    table.extend(of_what_members_share());
    table.extend(of_what_is_measured());
    table.extend(of_voices());
    table.extend(of_those_who_run_the_service());
    table
}

/// The part of the table about practices, collaborations and events.
fn of_what_members_share() -> [(&'static str, May); 19] {
    [
        ("listPractices", May::All),
        ("getPractice", May::All),
        ("createPractice", May::Only(PLANNERS)),
        ("updatePractice", May::Only(PLANNERS)),
        ("deletePractice", May::Only(PLANNERS)),
        ("listCollaborations", May::All),
        ("getCollaboration", May::All),
        ("createCollaboration", May::Only(PLANNERS)),
        ("updateCollaboration", May::Only(PLANNERS)),
        ("deleteCollaboration", May::Only(PLANNERS)),
        ("listEvents", May::All),
        ("getEvent", May::All),
        ("createEvent", May::Only(PLANNERS)),
        ("updateEvent", May::Only(PLANNERS)),
        ("deleteEvent", May::Only(PLANNERS)),
        ("confirmCollaborationMember", May::Only(PLANNERS)),
        ("removeCollaborationMember", May::Only(PLANNERS)),
        ("confirmEventMember", May::Only(PLANNERS)),
        ("removeEventMember", May::Only(PLANNERS)),
    ]
}

/// The part of the table about indicators and their measurements.
fn of_what_is_measured() -> [(&'static str, May); 17] {
    [
        ("listIndicators", May::All),
        ("getIndicator", May::All),
        ("createIndicator", May::Only(PLANNERS)),
        ("updateIndicator", May::Only(PLANNERS)),
        ("deleteIndicator", May::Only(PLANNERS)),
        ("getIndicatorSeries", May::All),
        ("getIndicatorChart", May::All),
        ("listMeasurements", May::All),
        ("getMeasurement", May::All),
        ("createMeasurement", May::Only(PLANNERS)),
        ("updateMeasurement", May::Only(PLANNERS)),
        ("deleteMeasurement", May::Only(PLANNERS)),
        ("reviewMeasurement", May::Only(&[Role::Evaluator, Role::Secretariat])),
        ("listMeasurementRevisions", May::All),
        ("listReportingPeriods", May::All),
        ("getReportingPeriod", May::All),
        ("updateReportingPeriod", May::Only(&[Role::Secretariat])),
    ]
}

/// The part of the table about what voices say.
fn of_voices() -> [(&'static str, May); 12] {
    [
        ("listEvaluations", May::All),
        ("getEvaluation", May::All),
        ("createEvaluation", May::Voices),
        ("updateEvaluation", May::Only(VOICES)),
        ("deleteEvaluation", May::Only(VOICES)),
        ("getAssessmentScale", May::All),
        ("listAssessments", May::All),
        ("listMemberAssessments", May::All),
        ("getAssessment", May::All),
        ("createAssessment", May::Voices),
        ("updateAssessment", May::Only(VOICES)),
        ("deleteAssessment", May::Only(VOICES)),
    ]
}

/// The part of the table about accounts and the audit.
fn of_those_who_run_the_service() -> [(&'static str, May); 12] {
    [
        ("listUsers", May::Only(&[Role::Administrator])),
        ("createUser", May::Only(&[Role::Administrator])),
        ("getUser", May::Only(&[Role::Administrator])),
        ("updateUser", May::Only(&[Role::Administrator])),
        ("offerPassword", May::Only(&[Role::Administrator])),
        ("listClients", May::Only(&[Role::Administrator])),
        ("createClient", May::Only(&[Role::Administrator])),
        ("getClient", May::Only(&[Role::Administrator])),
        ("updateClient", May::Only(&[Role::Administrator])),
        ("rotateClientSecret", May::Only(&[Role::Administrator])),
        ("dropFormerClientSecret", May::Only(&[Role::Administrator])),
        ("listAudit", May::Only(&[Role::Administrator])),
    ]
}

/// Somebody who asks.
struct Caller {
    what: String,
    authorization: Option<String>,
    role: Option<Role>,
    /// Whether the token is to be believed.
    good: bool,
    /// Whether the account is as the token says.
    in_order: bool,
    /// Whether it speaks for the member that is asked about.
    own: bool,
}

fn callers(server: &TestServer) -> Vec<Caller> {
    let caller = |what: &str, authorization: Option<String>, role, good, in_order, own| Caller {
        what: what.to_owned(),
        authorization,
        role,
        good,
        in_order,
        own,
    };
    let mut all = vec![caller("anonymous", None, None, true, true, false)];
    for role in Role::ALL {
        let account = server.account(*role);
        let own = *role == Role::FocalPoint;
        all.push(caller(role.as_str(), Some(account.bearer.clone()), Some(*role), true, true, own));
        let expired = account.with(|claims| claims.exp -= 2_000);
        all.push(caller(&format!("expired {}", role.as_str()), Some(expired), Some(*role), false, true, own));
        let elsewhere = account.with(|claims| "https://elsewhere.example".clone_into(&mut claims.aud));
        all.push(caller(&format!("{} of elsewhere", role.as_str()), Some(elsewhere), Some(*role), false, true, own));
        let disabled = server.account(*role);
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &disabled.id, true)).unwrap();
        all.push(caller(&format!("disabled {}", role.as_str()), Some(disabled.bearer), Some(*role), true, false, own));
    }
    let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
    all.push(caller("another member's focal_point", Some(other.bearer), Some(Role::FocalPoint), true, true, false));
    all
}

/// What a caller is answered: a refusal's status, or nothing when the operation itself answers.
fn expected(may: May, caller: &Caller, is_data: bool, path: &str) -> Option<u16> {
    let refused = |roles: &[Role], with_own: bool| match caller.role {
        None => Some(401),
        _ if !caller.good => Some(401),
        Some(role) if roles.contains(&role) => (!caller.in_order).then_some(401),
        Some(Role::FocalPoint) if with_own && !caller.in_order => Some(401),
        Some(Role::FocalPoint) if with_own => (!caller.own).then_some(403),
        Some(_) => Some(403),
    };
    match may {
        May::All => (is_data && !caller.good).then_some(401),
        // Without credentials of its own kind nobody signs in; a bearer token may take itself back.
        May::SignIn
            if path.ends_with("/revoke") && caller.authorization.is_some() && caller.good && caller.in_order =>
        {
            None
        }
        May::SignIn if path.ends_with("/sessions") => None,
        May::SignIn => Some(401),
        May::Voices if caller.role == Some(Role::Evaluator) && caller.good => {
            Some(if caller.in_order { 403 } else { 401 })
        }
        May::Voices => refused(&[Role::Secretariat], true),
        May::Only(roles) => refused(roles, false),
        May::OnlyAndOwn(roles) => refused(roles, true),
    }
}

on_both! {
    fn every_operation_answers_every_role_as_the_table_says(server) {
        let (document, mut table, callers) = (remacto::openapi::document().unwrap(), table(), callers(server));
        let (who, programme) = (server.account(Role::Secretariat), crate::action_programs::programme(1, "published"));
        assert_eq!(server.json("POST", "/api/v1/action-programs", &[who.header()], &programme).status, 201);
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                let may = table.remove(id).unwrap_or_else(|| panic!("{id} is missing from the table"));
                let is_open = operation["security"].as_array().unwrap().is_empty();
                let open = matches!(may, May::All) || id == "createSession";
                assert_eq!(is_open, open, "{id}: the document says something else");
                let mut target = path.clone();
                for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path") {
                    let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str().unwrap());
                    target = target.replace(&format!("{{{name}}}"), example);
                }
                for caller in &callers {
                    let authorization = caller.authorization.iter().map(|value| ("Authorization", value.as_str()));
                    let form = [("Content-Type", "application/x-www-form-urlencoded")];
                    let is_form = ["/api/v1/auth/token", "/api/v1/auth/revoke"].contains(&path.as_str());
                    let typed = form.into_iter().filter(|_| is_form && method == "post");
                    let json = [("Content-Type", "application/json")].into_iter().filter(|_| !is_form && method != "get");
                    let headers: Vec<(&str, &str)> = authorization.chain(typed).chain(json).collect();
                    let body = match method.as_str() {
                        "get" | "delete" => "",
                        _ if is_form => "grant_type=client_credentials",
                        _ => "{}",
                    };
                    let body = if path.ends_with("/revoke") { "token=x" } else { body };
                    let answer = server.send_body(&method.to_uppercase(), &target, &headers, body);
                    let at = format!("{} at {method} {target}: {}", caller.what, answer.status);
                    match expected(may, caller, path.starts_with("/api/"), path) {
                        Some(status) => assert_eq!(answer.status, status, "{at} {}", answer.text()),
                        None => assert!(![401, 403, 500].contains(&answer.status), "{at} {}", answer.text()),
                    }
                }
            }
        }
        assert!(table.is_empty(), "operations that are not there any more: {:?}", table.keys());
    }

    fn refusals_come_in_their_order(server) {
        let (secretary, partner) = (server.account(Role::Secretariat), server.account(Role::Partner));
        let focal = server.account(Role::FocalPoint);
        let (own, other, nobody) =
            ("/api/v1/members/commune-larache", "/api/v1/members/commune-martil", "/api/v1/members/commune-nowhere");
        let broken = "{\"website\": ";
        let patch = |path: &str, who: &Account, kind: &str, body: &str, version: &str| {
            let mut headers = vec![who.header(), ("Content-Type", kind)];
            if !version.is_empty() {
                headers.push(("If-Match", version));
            }
            server.send_body("PATCH", path, &headers, body)
        };
        let (json, xml) = ("application/merge-patch+json", "text/xml");
        server.send_body("PATCH", nobody, &[("Content-Type", xml)], broken).problem(401, "unauthenticated");
        patch(nobody, &partner, xml, broken, "").problem(403, "forbidden");
        patch(nobody, &focal, xml, broken, "").problem(404, "not_found");
        patch(other, &focal, xml, broken, "").problem(403, "not_your_member");
        patch(own, &focal, xml, broken, "").problem(415, "unsupported_media_type");
        patch(own, &focal, json, broken, "").problem(400, "invalid_body");
        patch(own, &focal, json, r#"{"sorce": "x"}"#, "").problem(400, "unknown_property");
        let foreign = patch(own, &focal, json, r#"{"source": "", "website": "x"}"#, "").problem(403, "not_your_property");
        assert_eq!(foreign["errors"], json!([{"pointer": "/source", "code": "not_your_property", "detail": "source is for the secretariat and the registrar to say."}]));
        patch(own, &focal, json, r#"{"website": "x"}"#, "").problem(428, "precondition_required");
        let stale = patch(own, &focal, json, r#"{"website": "x"}"#, "\"7-json\"");
        stale.problem(412, "precondition_failed");
        assert_eq!(version_in(&stale), version_in(&server.get(own)));
        patch(own, &focal, json, r#"{"website": "x"}"#, "\"1-json\"").problem(422, "invalid_content");
        assert_eq!(patch(own, &focal, json, r#"{"website": "https://www.larache.ma"}"#, "\"1-json\"").ok()["version"], 2);
        let taken = json!({"external_ids": [{"scheme": "s", "value": "1"}]}).to_string();
        assert_eq!(patch(own, &secretary, json, &taken, "\"2-json\"").status, 200);
        patch(other, &secretary, json, &taken, "\"9-json\"").problem(412, "precondition_failed");
        patch(other, &secretary, json, &taken.replace("[{", "[{\"value\":\"1\",\"scheme\":\"S\"},{"), "\"1-json\"").problem(422, "invalid_content");
        let conflict = patch(other, &secretary, json, &taken, "\"1-json\"").problem(409, "already_exists");
        assert!(conflict["detail"].as_str().unwrap().contains("commune-larache"), "{conflict}");
        // Who may not do it is refused before the body is read, however large it says it is.
        let raw = format!("POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\nAuthorization: {}\r\nConnection: close\r\n\r\n", partner.bearer);
        assert!(server.raw(raw.as_bytes()).starts_with("HTTP/1.1 403 "));
    }

    fn whatever_a_focal_point_sends_it_writes_its_own_members_only(server) {
        let focal = server.account(Role::FocalPoint);
        let martil = server.get("/api/v1/members/commune-martil").ok();
        let id = martil["id"].as_str().unwrap();
        let adhesion = json!({"charter_version": "1", "adhered_on": "2024-05-01", "decision_reference": "7/2024"});
        for path in ["commune-martil", id] {
            let path = format!("/api/v1/members/{path}/adhesion");
            server.json("POST", &path, &[focal.header()], &adhesion).problem(403, "not_your_member");
            let path = format!("{path}/1");
            server.send("DELETE", &path, &[focal.header(), ("If-Match", "*")]).problem(403, "not_your_member");
        }
        let path = "/api/v1/members/commune-larache";
        for body in [json!({"id": id}), json!({"slug": "commune-martil"}), json!({"territory_code": "01.573.01.03"}), json!({"status": "withdrawn"})] {
            server.json("PATCH", path, &[focal.header(), ("If-Match", "*")], &body).problem(400, "unknown_property");
        }
        assert_eq!(server.get("/api/v1/members/commune-martil").ok(), martil);
        let own = server.json("POST", &format!("{path}/adhesion"), &[focal.header()], &adhesion);
        assert_eq!((own.status, &own.json()["version"]), (201, &json!(2)));
    }

    fn a_changed_account_is_asked_to_sign_in_again(server) {
        let account = server.account(Role::Registrar);
        let promoted = account.with(|claims| claims.role = Role::Secretariat);
        let step = json!({"to": "withdrawn", "on": "2026-01-01", "reason": "x"});
        let moved = server.json("POST", "/api/v1/members/commune-larache/transitions", &[("Authorization", &promoted)], &step);
        moved.problem(401, "invalid_token");
        let focal = server.account(Role::FocalPoint);
        let martil = server.get("/api/v1/members/commune-martil").ok()["id"].as_str().unwrap().to_owned();
        let moved = focal.with(|claims| claims.member = Some(martil));
        server.json("PATCH", "/api/v1/members/commune-martil", &[("Authorization", &moved), ("If-Match", "*")], &json!({"website": null}))
            .problem(401, "invalid_token");
        assert_eq!(server.get("/api/v1/members/commune-larache").ok()["status"], "active");
    }
}

#[test]
fn the_document_says_the_same_of_roles_as_the_code() {
    let document = remacto::openapi::document().unwrap();
    let about = document["components"]["securitySchemes"]["token"]["description"].as_str().unwrap();
    for permission in remacto::auth::roles::PERMISSIONS {
        assert!(about.contains(permission.name) && about.contains(permission.about), "{}", permission.name);
    }
    let text = document.to_string();
    let known = |name: &Value| remacto::auth::roles::PERMISSIONS.iter().any(|p| name == p.name);
    for (_, item) in document["paths"].as_object().unwrap() {
        for (_, operation) in item.as_object().unwrap() {
            let scopes = operation["security"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|s| s["token"].as_array().into_iter().flatten());
            assert!(scopes.into_iter().all(known), "{operation}");
        }
    }
    assert!(text.contains("members:write"));
}
