//! Looks up the programmes and projects that the filters of lists name, as far as the caller sees them.

use crate::db::prelude::*;

use super::super::rules::Drafts;
use crate::{
    charter::{look_up_commitments, look_up_principles},
    db::{
        By, Conn, Lookup, ReferenceKind, StoreError,
        schema::{action_program, project},
    },
    kernel::id::{Address, Identifier, Slug},
    members,
    territories::look_up_regions,
};

const PROGRAM: ReferenceKind = ReferenceKind { parameter: "program", code: "unknown_program", noun: "programme" };
const PROJECT: ReferenceKind = ReferenceKind { parameter: "project", code: "unknown_project", noun: "project" };

/// Looks up what the lists of programmes and of projects are both filtered by: members, and the codes of regions, principles
/// and commitments.
///
/// # Errors
/// The database's.
pub(super) fn look_up_alike(
    conn: &mut Conn,
    lookup: &mut Lookup,
    members: &mut [Address<Slug>],
    [regions, principles, commitments]: [&[String]; 3],
) -> Result<(), StoreError> {
    members::look_up(conn, lookup, members)?;
    look_up_regions(conn, lookup, regions)?;
    look_up_principles(conn, lookup, principles)?;
    look_up_commitments(conn, lookup, commitments)
}

/// Looks up programmes by slug or id, and replaces ids by slugs.
///
/// # Errors
/// The database's.
pub fn look_up(
    conn: &mut Conn,
    lookup: &mut Lookup,
    named: &mut [Address<Slug>],
    seen: &Drafts,
) -> Result<(), StoreError> {
    lookup.addresses(PROGRAM, named, |by| {
        let published = action_program::publication.eq("published");
        let mut programs = action_program::table.select((action_program::id, action_program::slug)).into_boxed();
        programs = match seen {
            Drafts::None => programs.filter(published),
            Drafts::Of(member) => programs.filter(published.or(action_program::member_id.eq(member))),
            Drafts::All => programs,
        };
        Ok(match by {
            By::Slugs(slugs) => {
                programs.filter(action_program::slug.eq_any(slugs.iter().map(|slug| slug.as_str()))).load(conn)?
            }
            By::Ids(ids) => programs.filter(action_program::id.eq_any(ids.iter().map(|id| id.as_str()))).load(conn)?,
        })
    })
}

/// Looks up projects by their ids.
///
/// # Errors
/// The database's.
pub fn look_up_projects(
    conn: &mut Conn,
    lookup: &mut Lookup,
    ids: &[Identifier],
    seen: &Drafts,
) -> Result<(), StoreError> {
    lookup.codes(PROJECT, ids, |ids| {
        let mut projects = project::table.select(project::id).into_boxed();
        projects = match seen {
            Drafts::None => projects.filter(project::is_public.eq(true)),
            Drafts::Of(member) => projects.filter(project::is_public.eq(true).or(project::member_id.eq(member))),
            Drafts::All => projects,
        };
        Ok(projects.filter(project::id.eq_any(ids.iter().copied())).load(conn)?)
    })
}

/// Looks up projects of the programme with an id, of which the caller sees everything.
///
/// # Errors
/// The database's.
pub fn look_up_projects_of(
    conn: &mut Conn,
    lookup: &mut Lookup,
    program_id: &Identifier,
    ids: &[Identifier],
) -> Result<(), StoreError> {
    lookup.codes(PROJECT, ids, |ids| {
        let own = project::table.filter(project::program_id.eq(program_id.as_str()));
        Ok(own.filter(project::id.eq_any(ids.iter().copied())).select(project::id).load(conn)?)
    })
}
