//! Open action programmes: what the members do for openness in cycles of two years, with their projects and milestones. A
//! programme goes through stages; what a stage needs is asked before it is reached and kept afterwards. What is late is
//! never stored: it is computed from facts for a day.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{StoreError, Tx},
    kernel::id::Slug,
    publishing::published,
};

pub use self::{
    dto::{DocumentIn, MilestoneOut, ProgramOut, ProjectOut, stated},
    http::{
        admit, as_published, check_open, locked_member, may_write, may_write_of, named, with_drafts, with_drafts_of,
    },
    rules::{
        Address as ProgramAddress, Deadline, Document, DocumentKind, Drafts, Implementation, Owner, Program, Project,
        Provenance, Publication, PublicationFilter, Seed, Stage, Texts, check_codes, check_year, named_axis,
        parse_texts, searchable, sort_title,
    },
    store::{
        ProgramHooks, ProjectList, axes_of, find, find_project, lock, look_up, look_up_projects, look_up_projects_of,
        milestones_of, note_region, owners, projects_of, published_of, refold, seed, take_turn,
    },
};

pub(crate) use self::store::{copy_region, seen};

/// Mounts the operations on programmes, projects and milestones.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_programs)
        .service(http::create_program)
        .service(http::get_program)
        .service(http::update_program)
        .service(http::delete_program)
        .service(http::get_program_history)
        .service(http::list_program_transitions)
        .service(http::create_program_transition)
        .service(http::list_projects)
        .service(http::create_project)
        .service(http::get_project)
        .service(http::update_project)
        .service(http::delete_project)
        .service(http::list_milestones)
        .service(http::create_milestone)
        .service(http::get_milestone)
        .service(http::update_milestone)
        .service(http::delete_milestone);
}

/// The programmes that official pages name.
const NAMED: &str = include_str!("../../data/action_programs/named.json");

/// The texts from which programmes are invented for demonstration, so that all states can be seen.
pub const ILLUSTRATIVE: &str = include_str!("../../data/action_programs/illustrative.json");

/// The files of both.
pub const FILES: &[&str] = &[NAMED, ILLUSTRATIVE];

/// Adds the programmes that official pages name, and two invented cycles of every third member beside them. What is there
/// is left alone.
///
/// # Errors
/// The database's, or the place of a fault in the files.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let owners = store::owners(tx.conn)?;
    let find = |slug: &Slug| owners.iter().find(|owner| owner.slug == *slug).cloned();
    let mut seeds = rules::parse_named(NAMED, find).map_err(StoreError::Corrupt)?;
    let texts = parse_texts(ILLUSTRATIVE).map_err(StoreError::Corrupt)?;
    let is_named = |owner: &Owner| seeds.iter().any(|seed| seed.owner == *owner);
    let others = owners.iter().filter(|owner| !is_named(owner)).step_by(3).cloned();
    let invented = texts.illustrate(&others.collect::<Vec<_>>(), None);
    seeds.extend(invented);
    store::seed(tx, seeds)
}

published! {
    ProgramOut {
        kind: ActionPrograms,
        table: "action_program",
        representation: 2,
        find: store::find_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}

published! {
    ProjectOut {
        kind: Projects,
        table: "project",
        representation: 2,
        find: store::find_projects_by_ids,
        read: |found| (found.is_public, Self::of(found, None)),
        overlay: computed,
    }
}

published! {
    MilestoneOut {
        kind: Milestones,
        table: "milestone",
        representation: 2,
        find: store::find_milestones_by_ids,
        read: |found| (found.is_public, Self::of(found, None)),
        overlay: computed,
    }
}
