//! The operation on digests.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use quick_cache::sync::Cache;

use super::super::{
    dto::{DigestOut, DigestQuery, RegionDigestOut},
    rules::{Canonical, Mirror, Name, Profile, Register, Resource, State},
    store,
};
use crate::{
    db::{Conn, Importable, StoreError, json, snapshot},
    kernel::{canonical::property, register::Column},
    members::{self, MemberList, Provenance, Status},
    publishing,
    state::AppState,
    territories::{self, TerritoryList},
    web::{
        params::Several,
        problem::{INVALID_PARAMETER, Problem},
        query::Query,
        representation::View,
    },
};

/// How many digests a process remembers.
const REMEMBERED: usize = 200;
/// How many resources are read at once.
const CHUNK: usize = 1_000;

/// Digests that can be told again as long as their collection stays as it is.
pub struct Digests(Cache<(Asked, State), Known>);

impl Default for Digests {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    resource: Resource,
    profile: Profile,
    by_region: bool,
    columns: Vec<usize>,
    statuses: Vec<Status>,
    provenances: Vec<Provenance>,
}

/// What it is.
#[derive(Debug, Clone)]
struct Known {
    count: u64,
    sha256: String,
    by_region: Option<Vec<RegionDigestOut>>,
}

/// Get a digest
///
/// Of a collection, so that two copies are proved equal without sending either: of a mirror of the feed, or of the
/// register from which a list was imported. Nothing that is computed is in it.
#[utoipa::path(
    tag = "changes",
    operation_id = "getDigest",
    params(DigestQuery),
    responses((status = 200, description = "The digest.", body = DigestOut))
)]
#[get("/changes/digest")]
pub async fn get_digest(
    req: HttpRequest,
    state: Data<AppState>,
    digests: Data<Digests>,
    Query(query): Query<DigestQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.unkept();
    let asked = Asked::of(query)?;
    let name = asked.resource.as_str();
    let now = state.db.read(move |conn| store::state(conn, name)).await?;
    let (seen, known) = if let Some(known) = digests.0.get(&(asked.clone(), now.of_collection())) {
        (now, known)
    } else {
        let wanted = asked.clone();
        let read = move |conn: &mut Conn| {
            snapshot(conn, |conn| Ok((store::state(conn, wanted.resource.as_str())?, digest(conn, &wanted)?)))
        };
        let (seen, known) = state.db.read(read).await?;
        digests.0.insert((asked.clone(), seen.of_collection()), known.clone());
        (seen, known)
    };
    let (resource, profile, columns) = (asked.resource, asked.profile, asked.names());
    let (State { generation, sequence, .. }, Known { count, sha256, by_region }) = (seen, known);
    view.respond(
        &req,
        sequence,
        &DigestOut { generation, sequence, resource, profile, count, sha256, columns, by_region },
        None,
    )
}

impl Asked {
    fn of(query: DigestQuery) -> Result<Self, Problem> {
        let refuse = |name: &'static str, why: &str| Problem::parameter(&INVALID_PARAMETER, name, why);
        let resource = query.resource.ok_or_else(|| Problem::missing_parameter("resource"))?.0;
        let profile = query.profile.map_or(Profile::Mirror, |profile| profile.0);
        let columns = columns(resource);
        if profile == Profile::Register && columns.is_none() {
            return Err(refuse("profile", "can't be register here: only members and territories are imported"));
        }
        if query.by.is_some() && columns.is_none() {
            return Err(refuse("by", "is for members and territories, which lie in regions"));
        }
        let of_register = [
            ("fields", query.fields.is_some(), true),
            ("status", query.status.is_some(), resource == Resource::Members),
            ("provenance", query.provenance.is_some(), resource == Resource::Members),
        ];
        let mut unfit =
            of_register.iter().filter(|(_, given, fits)| *given && !(*fits && profile == Profile::Register));
        if let Some((name, ..)) = unfit.next() {
            return Err(refuse(name, "is for profile=register, status and provenance for that of members"));
        }
        let columns = columns.filter(|_| profile == Profile::Register).unwrap_or_default();
        let place = |Name(name): Name| {
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            let known = names.iter().position(|known| *known == name);
            known.ok_or_else(|| refuse("fields", &format!("names an unknown column; known are {}", names.join(", "))))
        };
        let chosen = match query.fields {
            Some(Several(fields)) => fields.into_iter().map(place).collect::<Result<_, _>>()?,
            None => (0..columns.len()).collect(),
        };
        Ok(Self {
            resource,
            profile,
            by_region: query.by.is_some(),
            columns: chosen,
            statuses: Several::values(query.status),
            provenances: Several::values(query.provenance),
        })
    }

    /// The names of the columns of a register.
    fn names(&self) -> Option<Vec<&'static str>> {
        let columns = columns(self.resource).filter(|_| self.profile == Profile::Register)?;
        Some(self.columns.iter().filter_map(|at| Some(columns.get(*at)?.name)).collect())
    }
}

/// The columns of a collection's register, if it has one.
const fn columns(resource: Resource) -> Option<&'static [Column]> {
    match resource {
        Resource::Members => Some(MemberList::COLUMNS),
        Resource::Territories => Some(TerritoryList::COLUMNS),
        Resource::Network
        | Resource::Charter
        | Resource::ActionPrograms
        | Resource::Projects
        | Resource::Milestones
        | Resource::Consultations
        | Resource::Contributions
        | Resource::Evaluations
        | Resource::Practices
        | Resource::Collaborations
        | Resource::Events
        | Resource::Assessments
        | Resource::Indicators
        | Resource::Measurements => None,
    }
}

fn digest(conn: &mut Conn, asked: &Asked) -> Result<Known, StoreError> {
    match asked.profile {
        Profile::Mirror => mirror(conn, asked.resource, asked.by_region).map(|mirror| known(mirror, asked.by_region)),
        Profile::Register => register(conn, asked).map(|register| known(register, asked.by_region)),
    }
}

fn known(canonical: impl Canonical, by_region: bool) -> Known {
    let (all, regions) = canonical.digests();
    let by_region = by_region.then(|| regions.into_iter().map(RegionDigestOut::from).collect());
    Known { count: all.count, sha256: all.sha256, by_region }
}

fn mirror(conn: &mut Conn, resource: Resource, by_region: bool) -> Result<Mirror, StoreError> {
    let mut mirror = Mirror::default();
    let walk = |conn: &mut Conn, after: Option<&str>| publishing::walk(conn, resource, after, CHUNK);
    let region = |document: &str| -> Result<String, StoreError> {
        json::read(property(document, "region_code").unwrap_or_default())
    };
    let take = |(_, document): (String, String)| {
        let region = by_region.then(|| region(&document)).transpose()?;
        mirror.take(&document, region.as_deref());
        Ok(())
    };
    each(conn, walk, |(id, _)| id.clone(), take)?;
    Ok(mirror)
}

fn register(conn: &mut Conn, asked: &Asked) -> Result<Register, StoreError> {
    let mut register = Register::of(asked.columns.clone());
    if asked.resource == Resource::Territories {
        let walk = |conn: &mut Conn, after: Option<&str>| territories::walk_register(conn, after, CHUNK);
        each(
            conn,
            walk,
            |(id, ..)| id.to_string(),
            |(_, region, cells)| {
                register.take(&cells, &region);
                Ok(())
            },
        )?;
        return Ok(register);
    }
    let is_wanted = |row: &members::RegisterRow| {
        (asked.statuses.is_empty() || asked.statuses.contains(&row.status))
            && (asked.provenances.is_empty() || asked.provenances.contains(&row.provenance))
    };
    let walk = |conn: &mut Conn, after: Option<&str>| members::walk_register(conn, after, CHUNK);
    each(
        conn,
        walk,
        |row| row.id.to_string(),
        |row| {
            if is_wanted(&row) {
                register.take(&row.cells, &row.region_code);
            }
            Ok(())
        },
    )?;
    Ok(register)
}

/// Takes every resource of a walk.
fn each<T>(
    conn: &mut Conn,
    mut walk: impl FnMut(&mut Conn, Option<&str>) -> Result<Vec<T>, StoreError>,
    id: impl Fn(&T) -> String,
    mut take: impl FnMut(T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut last: Option<String> = None;
    loop {
        let rows = walk(conn, last.as_deref())?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = Some(id(end));
        rows.into_iter().try_for_each(&mut take)?;
    }
}
