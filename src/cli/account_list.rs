//! Lists of accounts on standard output: for people and for scripts, without any secret.

use clap::Args;
use serde::Serialize;

use super::{accounts::open, print};
use crate::{
    auth::{
        accounts::{AccountKind, Filters, SortKey},
        store::management::{self, Managed},
    },
    config::DatabaseArgs,
    kernel::{
        clock,
        paging::{Direction, Listing, Order},
    },
};

/// How many accounts are read at once.
const PAGE: u8 = 200;
/// The names of the columns, in their order.
const COLUMNS: [&str; 7] = ["id", "name", "role", "member", "organisation", "state", "created_at"];

#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Print a JSON array instead of lines with tabs between the columns.
    #[arg(long)]
    json: bool,
}

/// An account in a list.
#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    role: &'static str,
    member: Option<String>,
    organisation: Option<String>,
    state: &'static str,
    created_at: String,
}

impl From<Managed> for Line {
    fn from(Managed { account, .. }: Managed) -> Self {
        Self {
            id: account.id,
            name: account.name,
            role: account.role.as_str(),
            member: account.member_slug,
            organisation: account.organisation,
            state: if account.disabled { "disabled" } else { "enabled" },
            created_at: clock::text(account.created_at),
        }
    }
}

/// Prints all accounts of a kind, the oldest first.
pub(super) fn list(args: &ListArgs, kind: AccountKind) -> Result<(), String> {
    let db = open(&args.database)?;
    let (mut lines, mut after) = (Vec::<Line>::new(), None);
    loop {
        let order = Order { key: SortKey::CreatedAt, direction: Direction::Ascending };
        let filters = Filters { kind, roles: Vec::new(), disabled: None, order };
        let listing = Listing { filters, after, limit: PAGE, count: false };
        let page = db.read_blocking(|conn| management::list(conn, &listing)).map_err(|error| error.to_string())?;
        lines.extend(page.rows.into_iter().map(Line::from));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if args.json {
        return print(&(serde_json::to_string_pretty(&lines).map_err(|error| error.to_string())? + "\n"));
    }
    let mut text = COLUMNS.join("\t") + "\n";
    for line in &lines {
        let (member, organisation) =
            (line.member.as_deref().unwrap_or_default(), line.organisation.as_deref().unwrap_or_default());
        let columns = [&line.id, &line.name, line.role, member, organisation, line.state, &line.created_at];
        text += &(columns.map(one_line).join("\t") + "\n");
    }
    print(&text)
}

/// A value that does not break its line into others.
fn one_line(value: &str) -> String {
    value.replace(['\t', '\r', '\n'], " ")
}
