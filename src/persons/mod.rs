//! The rights of a person under law 09-08: to be told all that is held on them, to have it put right, and to have it
//! erased. A person is named by an e-mail address, in a body and never in an address, so that no log of a proxy has it.
//! What is held lies with several resources; here it is put together, so that nothing is overlooked.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use self::rules::{Held, Receipt};
use crate::{
    action_programs, audit,
    auth::{
        accounts::Account,
        store::{find_user, management},
    },
    consultations,
    db::{Conn, StoreError, Tx, WriteError, forget_answers_to},
    focal_points::{self, Correction},
    imports,
    kernel::{
        id::Identifier,
        violation::{Violation, Violations},
    },
};

/// Mounts the operations on persons.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::access_person).service(http::rectify_person).service(http::erase_person);
}

/// All that is held on the person with an e-mail address; nothing where that is nothing.
///
/// # Errors
/// The database's.
fn held(conn: &mut Conn, email: &str) -> Result<Option<Held>, StoreError> {
    let focal_points = focal_points::of_person(conn, email)?;
    let account = find_user(conn, email)?;
    let account = account.map(|account| store::held_account(conn, &id_of(&account)?)).transpose()?.flatten();
    let contributions = consultations::of_person(conn, email)?;
    let held = Held { email: email.to_owned(), focal_points, account, contributions };
    Ok(Some(held).filter(Held::is_something))
}

/// The id of a stored account.
fn id_of(account: &Account) -> Result<Identifier, StoreError> {
    account.id.parse().map_err(StoreError::corrupt)
}

/// Keeps everybody else from writing accounts, focal points and contributions, always in this order.
fn take_turns(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    management::take_turn(tx)?;
    focal_points::take_turn(tx)?;
    action_programs::take_turn(tx)
}

/// Puts right what is wrong about a person, wherever it stands, and returns the e-mail address that the person has then.
/// The turns must have been taken.
///
/// # Errors
/// [`WriteError::Invalid`] for what has no place to stand, [`WriteError::Taken`] for an address that another account has,
/// or another focal point of the same member.
fn rectify(tx: &mut Tx<'_>, held: &Held, correction: &Correction) -> Result<String, WriteError> {
    rules::check_places(held, correction).map_err(WriteError::Invalid)?;
    let email = correction.email.as_deref().unwrap_or(&held.email);
    // Whoever it is, a person of their own: to put two together could not be taken back.
    if email != held.email && self::held(tx.conn, email)?.is_some() {
        let violation =
            Violation::new("/changes/email", "already_exists", "Something is held under this address already.");
        return Err(WriteError::Taken(violation.into()));
    }
    if let Some(account) = find_user(tx.conn, &held.email)? {
        management::rename(tx, &account, email)?;
    }
    for point in &held.focal_points {
        focal_points::correct(tx, point, correction).map_err(below_changes)?;
    }
    for contribution in &held.contributions {
        let contact = rules::corrected(&contribution.content.contact, correction);
        consultations::correct_contact(tx, contribution, &contact)?;
    }
    Ok(email.to_owned())
}

/// The same refusal, at its place in the body of a rectification.
fn below_changes(error: WriteError) -> WriteError {
    let WriteError::Taken(violations) = error else { return error };
    let mut below = Violations::default();
    for violation in violations {
        below.add(format!("/changes{}", violation.pointer), violation.code, violation.detail);
    }
    below.done().map_or_else(WriteError::Taken, |()| WriteError::Taken(Violations::default()))
}

/// Erases all that is held on a person. The turns must have been taken.
///
/// # Errors
/// [`WriteError::NotNow`] for the last administrator, or the database's.
fn erase(tx: &mut Tx<'_>, held: &Held) -> Result<Receipt, WriteError> {
    let mut receipt = match find_user(tx.conn, &held.email)? {
        Some(account) => erase_account(tx, &account)?,
        None => Receipt::default(),
    };
    for point in &held.focal_points {
        receipt.kept_answers += focal_points::erase(tx, point)?;
        receipt.focal_points += 1;
    }
    for contribution in &held.contributions {
        receipt.contribution_contacts += usize::from(consultations::erase_contact(tx, contribution)?);
    }
    Ok(receipt)
}

/// Erases an account with all that was made for it or by it: sessions, one-time secrets, reports of imports, answers that
/// were kept, and addresses in the audit. The audit keeps what it did, by its id. The turn of accounts must have been taken.
///
/// # Errors
/// [`WriteError::NotNow`] for the last administrator, or the database's.
pub fn erase_account(tx: &mut Tx<'_>, account: &Account) -> Result<Receipt, WriteError> {
    let sessions = management::erase(tx, account)?;
    let import_reports = imports::erase_within(tx, &id_of(account)?)?;
    // What makes accounts keeps no answer.
    let kept_answers = forget_answers_to(tx, &account.id)?;
    let addresses = audit::erase_addresses(tx, &account.id)?;
    Ok(Receipt { accounts: 1, sessions, import_reports, kept_answers, addresses, ..Receipt::default() })
}
