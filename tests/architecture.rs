//! The rules of the house, read from the sources: who may use whom, and names that must not stand twice.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const RESOURCES: [&str; 17] = [
    "territories",
    "charter",
    "members",
    "focal_points",
    "network",
    "action_programs",
    "evaluations",
    "consultations",
    "indicators",
    "exchange",
    "assessments",
    "changes",
    "imports",
    "exports",
    "audit",
    "persons",
    "insight",
];

struct Source {
    path: String,
    code: String,
}

impl Source {
    /// The name of the file without its ending.
    fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap()
    }

    /// The room of a resource that the file belongs to: a file, or a folder of the same name.
    fn room(&self) -> &str {
        let below = self.path.split_once('/').map_or(self.path.as_str(), |(_, below)| below);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn is_below(&self, folder: &str) -> bool {
        self.path.starts_with(&format!("{folder}/"))
    }

    /// Whether a path (`crate::web`) is named, also within a braced import.
    fn names(&self, module: &str) -> bool {
        let inner = module.strip_prefix("crate::");
        self.code.contains(&format!("{module}::"))
            || inner.is_some_and(|inner| self.crate_imports().iter().any(|import| import == inner))
    }

    /// The first segments of everything that is imported from the crate.
    fn crate_imports(&self) -> Vec<String> {
        let first_segment = |path: &str| path.trim().split("::").next().unwrap_or_default().to_owned();
        let mut found = Vec::new();
        for import in self.code.split("use crate::").skip(1) {
            let import = import.split(';').next().unwrap_or_default();
            let Some(group) = import.strip_prefix('{').and_then(|group| group.strip_suffix('}')) else {
                found.push(first_segment(import));
                continue;
            };
            let (mut depth, mut start) = (0, 0);
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.push(first_segment(&group[start..at]));
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            found.push(first_segment(&group[start..]));
        }
        found.retain(|segment| !segment.is_empty());
        found
    }
}

/// The crates beside this one, each with the folder that it is here.
const CRATES: [(&str, &str); 4] =
    [("src", ""), ("crates/service/src", ""), ("crates/kernel/src", "kernel/"), ("crates/db/src", "db/")];

/// Every source of the house, without its unit tests.
fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    let mut sources = Vec::new();
    for (root, folder) in CRATES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
        let mut paths = Vec::new();
        collect(&root, &mut paths);
        sources.extend(paths.into_iter().map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            Source { path: format!("{folder}{}", path.strip_prefix(&root).unwrap().to_str().unwrap()), code }
        }));
    }
    sources
}

#[track_caller]
fn only(what: &str, is_named: impl Fn(&Source) -> bool, may: impl Fn(&Source) -> bool) {
    let offenders: Vec<String> =
        sources().into_iter().filter(|source| is_named(source) && !may(source)).map(|source| source.path).collect();
    assert!(offenders.is_empty(), "{what} is used in {offenders:?}");
}

#[test]
fn diesel_is_named_only_in_db_and_stores() {
    only(
        "diesel",
        |s| s.code.contains("diesel::") || s.code.contains("diesel_migrations::"),
        |s| s.is_below("db") || s.room() == "store",
    );
}

/// The fields of all structs that are read from what callers send.
fn fields_of_bodies(source: &Source) -> Vec<String> {
    let mut fields = Vec::new();
    for item in source.code.split("#[derive(").skip(1) {
        let (derived, rest) = item.split_once(")]").unwrap();
        let is_read = derived.split(',').any(|name| name.trim() == "Deserialize");
        let Some((head, body)) = rest.split_once('{').filter(|_| is_read) else { continue };
        if head.contains("pub struct ") {
            let body = body.split("\n}").next().unwrap_or_default();
            fields.extend(body.lines().map(str::trim).filter(|line| line.starts_with("pub ")).map(str::to_owned));
        }
    }
    fields
}

#[test]
fn what_callers_send_reads_dates_in_one_way() {
    let sources = sources();
    let of_dtos = sources.iter().filter(|source| source.path.contains("/dto"));
    let fields: Vec<(&str, String)> = of_dtos
        .flat_map(|source| fields_of_bodies(source).into_iter().map(|field| (source.path.as_str(), field)))
        .collect();
    assert!(fields.len() > 200 && fields.iter().any(|(_, field)| field.contains("Patch<Date>")), "{}", fields.len());
    for (path, field) in fields {
        let lenient = ["NaiveDate", "DateTime", "NaiveTime"].iter().any(|name| field.contains(name));
        assert!(
            !lenient,
            "{path}: {field} is read by chrono, which takes more than one form; kernel::date::Date is not"
        );
    }
    only(
        "chrono's reader of dates",
        |s| s.code.contains("parse_from_rfc3339") || s.code.contains("parse_from_str"),
        |s| ["kernel/date.rs", "insight/rules/order.rs"].contains(&s.path.as_str()),
    );
}

#[test]
fn no_handler_reads_a_path_as_a_raw_text() {
    only(
        "a raw segment of a path",
        |s| s.code.contains("web::Path") || s.code.contains("match_info") || s.code.contains("Path<String>"),
        |s| s.path == "web/path.rs",
    );
}

#[test]
fn actix_is_named_only_where_http_is_spoken() {
    let may = |s: &Source| {
        ["web", "auth", "observe"].iter().any(|folder| s.is_below(folder))
            || ["app.rs", "openapi/mod.rs", "index.rs", "cli/mod.rs"].contains(&s.path.as_str())
            || ["http", "mod"].contains(&s.room())
    };
    only("actix_web", |s| s.code.contains("actix_web::"), may);
}

#[test]
fn the_environment_is_read_only_in_config() {
    only("std::env", |s| s.code.contains("std::env") || s.code.contains("env = \""), |s| s.path == "config.rs");
}

#[test]
fn the_clock_is_asked_only_in_one_place() {
    only(
        "Utc::now",
        |s| s.code.contains("Utc::now") || s.code.contains("SystemTime::now"),
        |s| s.path == "kernel/clock.rs",
    );
}

/// A day is one of Morocco's: no other source turns a moment into a day or a day into a moment, or has a zone. A day that is
/// compared with the present comes from the clock that its server was given, which tests set; only access tokens are dated by
/// the machine's own.
#[test]
fn days_and_moments_are_turned_into_each_other_in_one_place() {
    let words =
        ["date_naive(", "Local::", "with_timezone(", "chrono_tz", "and_time(", "and_hms_opt(", "NaiveTime", ".date()"];
    only(
        "a day of a moment",
        |s| words.iter().any(|word| s.code.contains(word)),
        |s| ["kernel/clock.rs", "config.rs"].contains(&s.path.as_str()),
    );
    only(
        "the machine's clock",
        |s| s.code.contains("clock::now("),
        |s| s.is_below("auth") || ["kernel/clock.rs", "logging.rs"].contains(&s.path.as_str()),
    );
    let databases = ["current_date", "current_timestamp", "now()", "'now'", "localtime"];
    only(
        "the clock of a database",
        |s| {
            s.room() == "store"
                && databases.iter().any(|word| s.code.to_lowercase().replace("tx.now()", "").contains(word))
        },
        |_| false,
    );
}

#[test]
fn every_crate_is_read_here_and_built_in_the_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dockerfile = std::fs::read_to_string(root.join("Dockerfile")).unwrap();
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(CRATES.iter().any(|(folder, _)| *folder == format!("crates/{name}/src")), "{name} is not read");
        for part in
            [format!("crates/{name}/Cargo.toml"), format!("crates/{name}/src/lib.rs"), format!("remacto-{name}")]
        {
            assert!(dockerfile.contains(&part), "the Dockerfile does not know {part}");
        }
    }
}

#[test]
fn rooms_of_other_crates_are_named_as_if_they_were_here() {
    let names = ["service::", "remacto_kernel::", "remacto_db::"];
    only("a crate by its own name", |s| names.iter().any(|name| s.code.contains(name)), |s| s.path == "lib.rs");
}

/// Diesel's own way from a query to the databases is compiled for each query; see `db::statement`.
#[test]
fn statements_are_run_by_the_prelude_of_db() {
    only(
        "Diesel's RunQueryDsl",
        |s| s.code.contains("diesel::prelude") || s.code.contains("diesel::RunQueryDsl"),
        |s| s.is_below("db"),
    );
}

/// What each crate beside this one may depend on; that the house is not among it, cargo sees to.
#[test]
fn the_kernel_knows_neither_http_nor_the_database_and_the_database_no_http() {
    let depends = |name: &str| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        manifest.lines().map(|line| line.split(['.', ' ']).next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let (http, database) = (["actix-web", "utoipa-actix-web"], ["diesel", "libsqlite3-sys", "pq-sys", "db"]);
    let (kernel, db) = (depends("kernel"), depends("db"));
    assert!(kernel.contains(&"serde".to_owned()) && db.contains(&"diesel".to_owned()), "{kernel:?} {db:?}");
    assert!(!kernel.iter().any(|name| http.iter().chain(&database).any(|other| other == name)), "{kernel:?}");
    assert!(!db.iter().any(|name| http.iter().any(|other| other == name)), "{db:?}");
}

#[test]
fn rules_use_only_the_kernel_and_stores_only_rules_publishing_db_and_kernel() {
    for (stem, allowed) in [
        ("rules", &["kernel"][..]),
        ("store", &["kernel", "db", "publishing"][..]),
        ("dto", &["kernel", "web", "publishing"][..]),
    ] {
        // What an earlier resource re-exports may be used too; another test sees to the order.
        let may = |used: &str| allowed.contains(&used) || RESOURCES.contains(&used);
        let beyond = |s: &Source| s.room() == stem && s.crate_imports().iter().any(|used| !may(used));
        only(&format!("more than {allowed:?}"), beyond, |_| false);
    }
    only(
        "its dto or http",
        |s| s.room() == "store" && (s.code.contains("super::dto") || s.code.contains("super::http")),
        |_| false,
    );
    only(
        "more than rules",
        |s| s.room() == "rules" && (s.code.contains("super::store") || s.code.contains("super::dto")),
        |_| false,
    );
}

#[test]
fn a_resource_sees_only_those_before_it() {
    for (at, name) in RESOURCES.iter().enumerate() {
        let later = |s: &Source| {
            s.is_below(name) && RESOURCES[at + 1..].iter().any(|later| s.names(&format!("crate::{later}")))
        };
        only("a later resource", later, |_| false);
    }
    only(
        "a resource",
        |s| RESOURCES.iter().any(|name| s.names(&format!("crate::{name}"))),
        |s| {
            RESOURCES.iter().any(|name| s.is_below(name))
                || ["app.rs", "reference.rs", "registry.rs", "retention.rs", "cli/exchange.rs", "cli/restored.rs"]
                    .contains(&s.path.as_str())
                || s.is_below("portal")
        },
    );
}

/// The tables of the resources' rooms. All others belong to crates below them.
const TABLES: [(&str, &[&str]); 14] = [
    ("territories", &["territory"]),
    ("charter", &["charter_item", "charter_version"]),
    ("members", &["member", "member_adhesion", "member_external_id", "member_status"]),
    ("focal_points", &["focal_point"]),
    ("network", &["composition_figure", "composition_statement", "network", "network_item", "network_partner"]),
    (
        "action_programs",
        &[
            "action_program",
            "action_program_axis",
            "action_program_axis_principle",
            "action_program_commitment",
            "action_program_deadline",
            "action_program_move",
            "milestone",
            "project",
        ],
    ),
    ("evaluations", &["evaluation"]),
    ("consultations", &["consultation", "contribution"]),
    ("indicators", &["indicator", "indicator_definition", "measurement", "measurement_revision", "reporting_period"]),
    ("exchange", &["collaboration", "collaboration_member", "event", "event_member", "practice", "practice_principle"]),
    ("assessments", &["assessment"]),
    ("changes", &["change_entry"]),
    ("imports", &["import_report", "import_row"]),
    ("audit", &["audit_entry"]),
];

const TABLES_BELOW: [&str; 12] = [
    "account",
    "account_member",
    "document",
    "idempotency_answer",
    "password_reset",
    "published_kind",
    "reference_load",
    "revoked_token",
    "sequence_counter",
    "session",
    "withdrawn",
    "write_probe",
];

#[test]
fn a_table_belongs_to_one_room_and_no_store_names_one_of_a_later_room() {
    let schema = std::fs::read_to_string("crates/db/src/schema.rs").unwrap();
    let tables = schema.split("table! {").skip(1).filter_map(|table| table.split('(').next());
    let mut declared: Vec<&str> = tables.map(str::trim).collect();
    declared.sort_unstable();
    let mut owned: Vec<&str> = TABLES.iter().flat_map(|(_, tables)| *tables).chain(&TABLES_BELOW).copied().collect();
    owned.sort_unstable();
    assert_eq!(declared, owned, "each table has one owner");
    let names_table = |s: &Source, table: &str| {
        let is_apart = |(at, _): (usize, &str)| !s.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        s.code.match_indices(&format!("{table}::")).any(is_apart)
    };
    let stores: Vec<Source> = sources().into_iter().filter(|s| s.room() == "store").collect();
    for (at, room) in RESOURCES.iter().enumerate() {
        let is_later = |owner: &&str| RESOURCES[at + 1..].contains(owner);
        let later = TABLES.iter().filter(|(owner, _)| is_later(owner)).flat_map(|(_, tables)| *tables);
        for table in later {
            let mut own = stores.iter().filter(|s| s.is_below(room));
            let found = own.find(|s| names_table(s, table)).map(|s| &s.path);
            assert_eq!(found, None, "{table} belongs to a later room than {room}");
        }
    }
}

/// Documents are written by the write door alone: whatever else wrote them could show what the rows do not say.
#[test]
fn only_publishing_knows_the_table_of_documents() {
    only(
        "the table of documents",
        |s| s.code.contains("document::table") || s.code.contains("published_kind::"),
        |s| s.path == "publishing/store.rs",
    );
    only(
        "a document's columns as they are stored",
        |s| s.code.contains("schema::document") || s.code.contains("schema::published_kind"),
        |_| false,
    );
    let above =
        |s: &Source| s.is_below("publishing") && RESOURCES.iter().any(|name| s.names(&format!("crate::{name}")));
    only("a resource", above, |_| false);
}

#[test]
fn every_resource_has_the_same_five_rooms() {
    for name in RESOURCES {
        let mut rooms: Vec<String> =
            sources().into_iter().filter(|s| s.is_below(name)).map(|s| s.room().to_owned()).collect();
        rooms.sort();
        rooms.dedup();
        assert_eq!(rooms, ["dto", "http", "mod", "rules", "store"], "{name}");
    }
}

#[test]
fn schema_names_are_unique() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for derived in source.code.split("#[derive(").skip(1) {
            let (derives, rest) = derived.split_once(")]").unwrap();
            if !derives.contains("ToSchema") {
                continue;
            }
            let item = rest
                .split_once("pub struct ")
                .into_iter()
                .chain(rest.split_once("pub enum "))
                .min_by_key(|(before, _)| before.len());
            let (attributes, item) = item.unwrap();
            let name = item.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let public = attributes.split("schema(as = ").nth(1);
            let name = public.map_or(name, |named| named.split(|c: char| !c.is_alphanumeric()).next().unwrap());
            places.entry(name.to_owned()).or_default().push(source.path.clone());
        }
    }
    assert!(places.len() > 20, "{places:?}");
    let twice: Vec<_> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "one silently replaces the other: {twice:?}");
}

#[test]
fn handlers_are_short() {
    for source in sources().into_iter().filter(|source| source.room() == "http") {
        let routes = ["\n#[get(", "\n#[post(", "\n#[patch(", "\n#[delete("];
        for handler in routes.iter().flat_map(|route| source.code.split(route).skip(1)) {
            let lines = handler.split("\n}").next().unwrap().lines().count();
            assert!(lines <= 25 + 6, "{}: a handler of {lines} lines", source.path);
        }
    }
}

#[test]
fn there_are_no_drawers_without_a_name() {
    only("a drawer", |s| ["utils", "util", "helpers", "common", "misc"].contains(&s.stem()), |_| false);
}

/// Splits the parameters at the beginning of a text at the commas outside brackets. Returns them and the rest of the text.
fn parameters(head: &str) -> (Vec<&str>, &str) {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in head.char_indices() {
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !head[..at].ends_with('-') => depth -= 1,
            ',' if depth == 0 => {
                found.push(head[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        if depth < 0 {
            found.push(head[start..at].trim());
            found.retain(|parameter| !parameter.is_empty());
            return (found, &head[at + 1..]);
        }
    }
    (found, "")
}

/// The functions that other rooms see, with their parameters.
fn visible_functions(source: &Source) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("fn ") {
        let before = source.code[..at].rsplit('\n').next().unwrap_or_default();
        let rest = &source.code[at + 3..];
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next().unwrap();
        if before.trim_start().starts_with("pub") {
            let head = &rest[name.len()..];
            // Behind the type parameters, which may have parentheses of their own.
            let head = head.strip_prefix('<').map_or(head, |types| parameters(types).1);
            found.push((name, parameters(head.strip_prefix('(').unwrap()).0));
        }
    }
    found
}

/// Whether a parameter is an id, or several, as a text that nobody has parsed, or a tuple with such a one.
fn is_a_raw_id(parameter: &str) -> bool {
    let Some((name, kind)) = parameter.split_once(':') else { return false };
    if let (Some(names), Some(kinds)) = (name.strip_prefix('('), kind.trim().strip_prefix('(')) {
        let parts = parameters(names).0.into_iter().zip(parameters(kinds).0);
        return parts.into_iter().any(|(name, kind)| is_a_raw_id(&format!("{name}: {kind}")));
    }
    let is_id = |name: &str| name == "id" || name == "ids" || name.ends_with("_id") || name.ends_with("_ids");
    let mut words = kind.split(|c: char| !c.is_alphanumeric());
    is_id(name.trim().trim_start_matches("mut ")) && words.any(|word| word == "str" || word == "String")
}

/// The stores take ids only as what the parser has read, and so do the functions of a resource that hand them on. Accounts,
/// sessions and what the audit says of them are not converted yet.
#[test]
fn no_raw_text_reaches_a_store_as_an_id() {
    let sources = sources();
    let handing_on =
        |s: &&Source| s.room() == "store" || (s.room() == "mod" && RESOURCES.iter().any(|r| s.is_below(r)));
    let mut seen = 0;
    for source in sources.iter().filter(handing_on).filter(|s| !s.is_below("auth") && !s.is_below("audit")) {
        for (name, parameters) in visible_functions(source) {
            seen += parameters.iter().filter(|parameter| parameter.contains("Identifier")).count();
            let raw: Vec<_> = parameters.into_iter().filter(|parameter| is_a_raw_id(parameter)).collect();
            assert!(raw.is_empty(), "{}: {name} takes {raw:?}; an id is a kernel::id::Identifier", source.path);
        }
    }
    assert!(seen > 60, "only {seen} parameters are identifiers: the test reads the sources wrongly");
    only(
        "the way around the parser of identifiers",
        |s| s.code.contains("Identifier::stored"),
        // Documents and their ids are what the database keeps.
        |s| s.room() == "store" || s.is_below("db") || s.is_below("publishing") || s.path == "kernel/id.rs",
    );
}

#[test]
fn raw_ids_are_told_from_parsed_ones() {
    let raw = ["id: &str", "mut id: String", "member_id: Option<&'a str>", "ids: &[&str]", "project_ids: Vec<String>"];
    assert!(raw.into_iter().all(is_a_raw_id));
    assert!(is_a_raw_id("(first, id): (u8, &str)") && !is_a_raw_id("(text, id): (&str, &Identifier)"));
    let parsed = ["id: &Identifier", "ids: &[&Identifier]", "idea: &str", "named: &[String]", "self"];
    assert!(!parsed.into_iter().any(is_a_raw_id));
    let code = "pub fn one<T: Fn(&str) -> u8>(\n    conn: &mut Conn,\n    (id, kind): (&str, u8),\n    ids: &[&str],\n) -> u8 {";
    let source = Source { path: "x/store.rs".to_owned(), code: code.to_owned() };
    let [(name, parameters)] = &visible_functions(&source)[..] else { panic!("{:?}", visible_functions(&source)) };
    assert_eq!((*name, &parameters[..]), ("one", &["conn: &mut Conn", "(id, kind): (&str, u8)", "ids: &[&str]"][..]));
}
