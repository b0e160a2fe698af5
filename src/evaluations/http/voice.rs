//! As whom somebody speaks about a member. It follows from the account, never from the body: a focal point is the member
//! itself, an evaluator the organisation that has been assigned the member, the secretariat itself. Whoever lets voices
//! speak asks here.

use super::super::rules::{Author, Voice};
use crate::{
    auth::{
        self,
        principal::{Caller, Principal},
        roles::{Needs, Role},
    },
    db::{Author as _, Conn, StoreError},
    kernel::{id::Slug, language::Language},
    members::{self, MemberAddress},
    web::problem::{NOT_YOUR_MEMBER, NOT_YOUR_VOICE, Problem},
};

/// As whom a principal speaks about the member with an id; nobody, where it is another's.
///
/// # Errors
/// The database's.
pub fn author<P: Needs>(conn: &mut Conn, principal: &Principal, member_id: &str) -> Result<Option<Author>, StoreError> {
    let claims = principal.claims();
    let organisation = |conn: &mut Conn| Ok::<_, StoreError>(auth::store::own(conn, claims)?.organisation);
    let (voice, organisation) = match claims.role {
        Role::FocalPoint if principal.covers::<P>(member_id) => {
            let member = member_id.parse().ok().map(|id| members::find(conn, &MemberAddress::Id(id))).transpose()?;
            (Voice::Member, member.flatten().map(|member| member.facts.name.read(Language::Fr).to_owned()))
        }
        Role::Evaluator => (Voice::CivilSociety, organisation(conn)?),
        Role::Secretariat => {
            let named = organisation(conn)?;
            (Voice::Secretariat, Some(named.unwrap_or_else(|| Role::Secretariat.as_str().to_owned())))
        }
        _ => return Ok(None),
    };
    Ok(organisation.map(|organisation| Author { voice, organisation }))
}

/// The same of somebody whose account is asked whether it still is in order.
///
/// # Errors
/// [`StoreError::NotAdmitted`], or the database's.
pub fn admitted<P: Needs>(
    conn: &mut Conn,
    principal: &Principal,
    member_id: &str,
) -> Result<Option<Author>, StoreError> {
    principal.admit(conn)?;
    author::<P>(conn, principal, member_id)
}

/// Whether the caller speaks about a member as who has said something, and still may.
///
/// # Errors
/// [`StoreError::NotAdmitted`], or the database's.
pub fn is_own<P: Needs>(
    conn: &mut Conn,
    caller: &Caller,
    member_id: &str,
    said_by: &Author,
) -> Result<bool, StoreError> {
    let Some(principal) = caller.0.as_ref().filter(|_| caller.require::<P>().is_ok()) else {
        return Ok(false);
    };
    Ok(admitted::<P>(conn, principal, member_id)?.is_some_and(|author| author.is_same_as(said_by)))
}

/// As whom the principal may speak about a member.
///
/// # Errors
/// 403 for a focal point of another member, and an evaluator who has not been assigned this one.
pub fn speaking<P: Needs>(
    conn: &mut Conn,
    principal: &Principal,
    (member_id, slug): (&str, &Slug),
) -> Result<Author, Problem> {
    principal.may_touch::<P>(member_id)?;
    let claims = principal.claims();
    if claims.role == Role::Evaluator && !auth::store::is_assigned(conn, &claims.sub, member_id)? {
        let detail = format!("This account has not been assigned the member {slug}.");
        return Err(Problem::new(&NOT_YOUR_MEMBER, detail));
    }
    let author = author::<P>(conn, principal, member_id)?;
    author.ok_or_else(|| Problem::internal("an account that may speak and has no organisation"))
}

/// The refusal of a change of what another voice has said.
#[must_use]
pub fn another_voice(said_by: &Author) -> Problem {
    let (voice, organisation) = (said_by.voice.as_str(), &said_by.organisation);
    Problem::new(&NOT_YOUR_VOICE, format!("It is said by {organisation} ({voice})."))
}
