//! What `benches/documents.py` measures reads against: handlers written by hand for one answer each, over the table of documents.
//! They use the server's pool, blocking threads and statements, copy the stored bodies into one buffer, and make a tag of their
//! hashes. They have no middlewares, keep no answers, and read nothing from the request.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, http::header::ETAG, web};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{NaiveDateTime, SecondsFormat};
use clap::ValueEnum;
use remacto::{
    db::{
        Conn, Db, DocumentBody, DocumentHash, SequenceColumn, Stamp, StoreError,
        keyset::paged,
        prelude::*,
        schema::{change_entry, member},
    },
    registry::REGISTRY,
};
use sha2::{Digest as _, Sha256};

use crate::target;

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    bind: SocketAddr,
    /// A SQLite file or a PostgreSQL URL.
    #[arg(long)]
    database: String,
    #[arg(long)]
    answer: Answer,
    /// Which one, of an answer with one resource.
    #[arg(long, default_value = "")]
    slug: String,
    /// What every such answer of the server says besides, as properties of JSON.
    #[arg(long, default_value = "")]
    rest: String,
    /// How many connections to the database the server has.
    #[arg(long, default_value_t = 2)]
    connections: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Answer {
    /// One member by its slug.
    Member,
    /// The first page of 50 active or suspended members by name.
    Members,
    /// The first 500 changes of members.
    Changes,
}

impl Answer {
    const fn make(self) -> fn(&mut Conn, &Args) -> Result<Made, StoreError> {
        match self {
            Self::Member => one_member,
            Self::Members => page_of_members,
            Self::Changes => page_of_changes,
        }
    }
}

/// An answer and its tag.
struct Made {
    body: String,
    tag: String,
}

/// How many rows a page of a list has.
const PAGE: u8 = 50;
/// How many entries a page of the feed has.
const CHANGES: i64 = 500;
/// About how many bytes the document of a member has, and an entry of the feed.
const SIZE: usize = 1_600;

/// A document's text and hash.
type Document = (Option<String>, Option<Vec<u8>>);

fn one_member(conn: &mut Conn, Args { slug, rest, .. }: &Args) -> Result<Made, StoreError> {
    let query = member::table.filter(member::slug.eq(slug));
    let (text, hash): Document = query.select((DocumentBody(member::id), DocumentHash(member::id))).first(conn)?;
    let (text, hash) = (text.expect("a document"), hash.expect("its hash"));
    let mut body = String::with_capacity(text.len() + rest.len() + 1);
    body.push_str(text.strip_suffix('}').expect("an object"));
    body.push_str(rest);
    body.push('}');
    Ok(Made { body, tag: tag(&hash) })
}

fn page_of_members(conn: &mut Conn, Args { rest, .. }: &Args) -> Result<Made, StoreError> {
    let query = member::table
        .filter(member::status.eq_any(["active", "suspended"]))
        .order((member::name_fr_folded, member::id))
        .select((
            member::id,
            member::name_fr_folded,
            (DocumentBody(member::id), DocumentHash(member::id)),
            SequenceColumn,
        ));
    let mut rows: Vec<(String, String, Document, i64)> = paged(query, PAGE).load(conn)?;
    let has_more = rows.len() > usize::from(PAGE);
    rows.truncate(usize::from(PAGE));
    let last = rows.last().expect("members");
    let (sequence, cursor) = (last.3, has_more.then(|| cursor(&last.1, &last.0)));
    let (mut body, mut hash) = (String::with_capacity(rows.len() * SIZE), Sha256::new());
    body.push_str("{\"data\":[");
    for (place, (.., (text, digest), _)) in rows.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(text.as_deref().expect("a document"));
        hash.update(digest.as_deref().expect("its hash"));
    }
    let frame = body.len();
    let cursor = cursor.map_or_else(|| "null".to_owned(), |cursor| format!("\"{cursor}\""));
    write!(
        body,
        "],\"page\":{{\"limit\":{PAGE},\"next_cursor\":{cursor},\"total\":null}},\"sequence\":{sequence}{rest}}}"
    )
    .expect("a string takes everything");
    hash.update(&body.as_bytes()[frame..]);
    Ok(Made { body, tag: tag(&hash.finalize()) })
}

fn page_of_changes(conn: &mut Conn, Args { rest, .. }: &Args) -> Result<Made, StoreError> {
    type Entry = (i64, String, String, i64, Stamp);
    let entry = (
        change_entry::sequence,
        change_entry::resource_id,
        change_entry::op,
        change_entry::version,
        change_entry::changed_at,
    );
    let document = (DocumentBody(change_entry::resource_id), DocumentHash(change_entry::resource_id));
    let rows: Vec<(Entry, Document, i64)> = change_entry::table
        .filter(change_entry::sequence.gt(0))
        .filter(change_entry::resource.eq_any(["members"]))
        .order(change_entry::sequence)
        .limit(CHANGES)
        .select((entry, document, SequenceColumn))
        .load(conn)?;
    let ((next_since, ..), _, sequence) = rows.last().expect("changes");
    let has_more = i64::try_from(rows.len()).is_ok_and(|rows| rows == CHANGES);
    let (mut body, mut hash) = (String::with_capacity(rows.len() * SIZE), Sha256::new());
    body.push_str("{\"data\":[");
    for (place, ((number, id, op, version, at), (text, digest), _)) in rows.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let at = NaiveDateTime::from(*at).and_utc().to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(
            body,
            "{comma}{{\"sequence\":{number},\"resource\":\"members\",\"id\":\"{id}\",\"op\":\"{op}\",\
             \"version\":{version},\"at\":\"{at}\",\"data\":"
        )
        .expect("a string takes everything");
        hash.update(number.to_be_bytes());
        body.push_str(text.as_deref().unwrap_or("null"));
        hash.update(digest.as_deref().unwrap_or_default());
        body.push('}');
    }
    let frame = body.len();
    write!(
        body,
        "],\"page\":{{\"limit\":{CHANGES},\"next_since\":{next_since},\"has_more\":{has_more}}},\
         \"sequence\":{sequence}{rest}}}"
    )
    .expect("a string takes everything");
    hash.update(&body.as_bytes()[frame..]);
    Ok(Made { body, tag: tag(&hash.finalize()) })
}

fn tag(hash: &[u8]) -> String {
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

/// Where a page ended.
fn cursor(key: &str, id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::json!([1, key, id]).to_string())
}

/// Serves the answer at every path.
pub fn serve(args: Args) {
    let db = Db::open(&target(&args.database), args.connections, &REGISTRY).expect("the database opens");
    let workers = std::thread::available_parallelism().expect("the number of cores");
    let threads = usize::try_from(args.connections).expect("few connections").div_ceil(workers.get());
    let (bind, args) = (args.bind, Arc::new(args));
    let served = HttpServer::new(move || {
        let (db, args) = (db.clone(), Arc::clone(&args));
        let answer = move || {
            let (db, args) = (db.clone(), Arc::clone(&args));
            async move {
                let made = db.read(move |conn| args.answer.make()(conn, &args)).await.expect("the database answers");
                HttpResponse::Ok().content_type("application/json").insert_header((ETAG, made.tag)).body(made.body)
            }
        };
        App::new().default_service(web::to(answer))
    });
    let served = served.workers(workers.get()).worker_max_blocking_threads(threads);
    actix_web::rt::System::new().block_on(served.bind(bind).expect("the address is free").run()).expect("it serves");
}
