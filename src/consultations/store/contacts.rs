//! How those who contributed can be reached: told, corrected, erased and forgotten. A contact is no part of a contribution's
//! version, since the public sees nothing of it; the audit says that it changed.

use crate::db::prelude::*;
use chrono::NaiveDate;

use super::{
    super::rules::{Contact, Contribution},
    CONTRIBUTIONS, contributions,
};
use crate::{
    action_programs::take_turn,
    db::{Conn, Deed, StoreError, Tx, schema::contribution},
    kernel::{audit::Action, id::Identifier},
};

/// Every contribution whose sender left an e-mail address.
///
/// # Errors
/// The database's.
pub fn of_person(conn: &mut Conn, email: &str) -> Result<Vec<Contribution>, StoreError> {
    contributions::with_email(conn, email)
}

/// Puts right how the sender of a contribution can be reached. The turn of programmes must have been taken.
///
/// # Errors
/// The database's.
pub fn correct_contact(tx: &mut Tx<'_>, before: &Contribution, contact: &Contact) -> Result<(), StoreError> {
    if before.content.contact == *contact {
        return Ok(());
    }
    write(tx, before, contact, Action::ContactCorrected)
}

/// Erases how the sender of a contribution can be reached; what was contributed stays. Says whether anything was there. The
/// turn of programmes must have been taken.
///
/// # Errors
/// The database's.
pub fn erase_contact(tx: &mut Tx<'_>, before: &Contribution) -> Result<bool, StoreError> {
    if !before.content.contact.is_known() {
        return Ok(false);
    }
    write(tx, before, &Contact::default(), Action::ContactErased)?;
    Ok(true)
}

/// Erases the contacts of contributions to rounds that closed before a day, at most so many, and returns how many.
///
/// # Errors
/// The database's.
pub fn forget_contacts(tx: &mut Tx<'_>, before: NaiveDate, most: i64) -> Result<usize, StoreError> {
    take_turn(tx)?;
    let found = contributions::with_contact(tx.conn, before, most)?;
    for old in &found {
        erase_contact(tx, old)?;
    }
    Ok(found.len())
}

fn write(tx: &mut Tx<'_>, found: &Contribution, contact: &Contact, action: Action) -> Result<(), StoreError> {
    tx.note_erasure();
    diesel::update(contribution::table.filter(contribution::id.eq(found.id.as_str())))
        .set((contribution::contact_name.eq(&contact.name), contribution::contact_email.eq(&contact.email)))
        .execute(tx.conn)?;
    let (id, version) = (Some(found.id.clone()), Some(found.version));
    tx.audit(Deed {
        action,
        resource: CONTRIBUTIONS.into(),
        id: id.map(Identifier::into_string),
        version,
        before: None,
        after: None,
    });
    Ok(())
}
