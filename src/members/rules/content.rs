//! What must be right between the parts of what somebody writes about a member. Each rule adds what is wrong to the
//! violations, so that all of them are said at once.

use super::{Adhesion, ExternalId, MemberKind};
use crate::{charter::InForce, kernel::violation::Violations, territories::Seat};

/// The most identifiers of a member.
pub const MOST_IDS: usize = 20;

/// A member has at most one identifier in each scheme, and not too many of them.
pub fn check_schemes(violations: &mut Violations, ids: &[ExternalId]) {
    for (at, id) in ids.iter().enumerate().filter(|(_, id)| id.value.contains(';')) {
        let detail = format!("The identifier of {} has a semicolon, which separates identifiers in lists.", id.scheme);
        violations.add(format!("/external_ids/{at}/value"), "invalid_value", detail);
    }
    if ids.len() > MOST_IDS {
        let detail = format!("A member has at most {MOST_IDS} identifiers.");
        violations.add("/external_ids", "too_many", detail);
    }
    for (at, id) in ids.iter().enumerate() {
        if ids.iter().take(at).any(|other| other.scheme == id.scheme) {
            let detail = format!("A member has one identifier in a scheme, and {} stands here twice.", id.scheme);
            violations.add(format!("/external_ids/{at}/scheme"), "repeated_scheme", detail);
        }
    }
}

/// A member is seated on a territory of a kind that fits its own.
pub fn check_seat(violations: &mut Violations, kind: MemberKind, code: &str, seat: Option<&Seat>) {
    match seat {
        None => violations.add("/territory_code", "unknown_territory", format!("There is no territory {code}.")),
        Some(seat) if !kind.fits(seat.kind) => {
            let (seat, kind) = (seat.kind.as_str(), kind.as_str());
            let detail = format!("The territory {code} is a {seat}, on which no {kind} is seated.");
            violations.add("/territory_code", "unfit_territory", detail);
        }
        Some(_) => {}
    }
}

/// An adhesion is to a version that exists, and not from before it was in force. `version` is what is known of
/// it.
///
/// # Errors
/// Everything that is wrong, with what was wrong before.
pub fn read_adhesion(
    mut violations: Violations,
    adhesion: Adhesion,
    version: Option<InForce>,
) -> Result<Adhesion, Violations> {
    let code = &adhesion.charter_version;
    match version {
        None => {
            let detail = format!("The charter has no version {code}.");
            violations.add("/charter_version", "unknown_charter_version", detail);
        }
        Some(InForce { from: Some(since) }) if adhesion.adhered_on.last_day() < since => {
            let detail = format!("Version {code} of the charter is in force since {since} only.");
            violations.add("/adhered_on", "before_in_force", detail);
        }
        Some(_) => {}
    }
    violations.done()?;
    Ok(adhesion)
}
