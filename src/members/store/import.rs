//! Lists of members that others push: what each row comes to, and carrying it out.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::NaiveDate;

use super::{
    super::rules::{
        COLUMNS, ExternalId, Facts, History, Line, Member, MemberKind, Provenance, Record, Status, Wanted, cells,
        check_seat, vanishing,
    },
    complete, histories, owners,
    write::{add, rewrite},
};
use crate::{
    db::{
        Conn, Importable, Keeper, StoreError, Turn, Tx, in_pieces,
        schema::{member, territory},
    },
    kernel::{
        fold::compact,
        id::{Identifier, Slug},
        language::Language,
        register::{
            Action, At, Column, Difference, Entry, Fault, Ledger, Likeness, RowReader, Source, differences, each_once,
        },
        violation::Violations,
    },
    territories::{Code, Kind, Seat, seats},
};

/// Lists of members. A member that a row is about belongs to that list from then on; one of another list is left alone.
pub struct MemberList;

/// What is known beforehand, and what the rows have said so far.
pub struct Context {
    source: Source,
    today: NaiveDate,
    seats: HashMap<Code, Seat>,
    named: HashSet<Key>,
    claims: Vec<Claim>,
    released: HashSet<ExternalId>,
    names: HashMap<(MemberKind, Option<Code>, String), String>,
}

type Key = (MemberKind, Code);

/// An identifier that a row gives a member who did not have it.
struct Claim {
    id: ExternalId,
    key: Key,
    at: At,
}

/// What a row makes of the store.
pub enum Write {
    /// A new member.
    Add(At, Box<(Record, Slug, Kind)>),
    /// A member as it was, and with what it becomes.
    Change(Box<Rewrite>),
}

/// A member that changes.
pub struct Rewrite {
    /// As it was.
    pub before: Member,
    /// As it is then.
    pub after: Member,
    /// Its history, where that changes.
    pub history: Option<History>,
}

impl Importable for MemberList {
    type Row = Line;
    type Context = Context;
    type Write = Write;

    const COLUMNS: &'static [Column] = COLUMNS;
    const HAS_SOURCES: bool = true;

    fn read(row: RowReader<'_>, today: NaiveDate) -> Result<Line, Vec<Fault>> {
        Line::read(row, today)
    }

    fn prepare(
        tx: &mut Tx<'_>,
        keeper: &Keeper,
        rows: &mut Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Context, StoreError> {
        tx.take_turns(Turn::Members)?;
        recognise(tx.conn, rows, ledger)?;
        rows.retain(|line| line.key.is_some());
        let name = |line: &Line| line.key.as_ref().map(|key| format!("the {}", text(key))).unwrap_or_default();
        each_once(rows, ledger, |line| (order(line), line.at), ("territory_code", name));
        let named: HashSet<Key> = rows.iter().filter_map(|line| line.key.clone()).collect();
        let codes: HashSet<&Code> = named.iter().map(|(_, code)| code).collect();
        let codes: Vec<&Code> = codes.into_iter().collect();
        Ok(Context {
            source: keeper.source.clone(),
            today: tx.today(),
            seats: seats(tx.conn, &codes)?,
            named,
            claims: Vec::new(),
            released: HashSet::new(),
            names: HashMap::new(),
        })
    }

    fn plan(
        tx: &mut Tx<'_>,
        context: &mut Context,
        rows: Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Vec<Write>, StoreError> {
        let codes: Vec<&str> = rows.iter().filter_map(|line| Some(line.key.as_ref()?.1.as_str())).collect();
        let mut stored = stored_at(tx.conn, &codes)?;
        let mut writes = Vec::new();
        for line in rows {
            let Some(key) = line.key.clone() else { continue };
            let planned = match stored.remove(&key) {
                Some((member, history)) => context.change(line, member, &history, ledger),
                None => context.create(line, &key, ledger),
            };
            match planned {
                Ok(write) => writes.extend(write),
                Err(faults) => ledger.refuse_all(faults),
            }
        }
        suspect(tx.conn, context, &writes, ledger)?;
        Ok(writes)
    }

    fn conclude(
        tx: &mut Tx<'_>,
        context: Context,
        replaces: bool,
        writes: &mut Vec<Write>,
        ledger: &mut Ledger,
    ) -> Result<usize, StoreError> {
        context.check_claims(tx.conn, ledger)?;
        let own = Provenance::Import(context.source.clone()).to_string();
        let in_force: Vec<(String, String, String)> = member::table
            .filter(member::provenance.eq(own.as_str()).and(member::status.ne("withdrawn")))
            .order((member::kind, member::territory_code))
            .select((member::kind, member::territory_code, member::id))
            .load(tx.conn)?;
        if replaces {
            let is_named = |kind: &str, code: &str| -> Result<bool, StoreError> {
                let kind = kind.parse().map_err(StoreError::corrupt)?;
                let code = code.parse().map_err(StoreError::corrupt)?;
                Ok(context.named.contains(&(kind, code)))
            };
            let mut vanished = Vec::new();
            for (kind, code, id) in &in_force {
                if !is_named(kind, code)? {
                    vanished.push(Identifier::stored(id.clone()));
                }
            }
            for ids in vanished.chunks(crate::db::CHUNK) {
                writes.extend(context.withdraw(tx.conn, &ids.iter().collect::<Vec<_>>(), ledger)?);
            }
        }
        Ok(in_force.len())
    }

    fn apply(tx: &mut Tx<'_>, _source: &Source, writes: Vec<Write>) -> Result<(), StoreError> {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for write in writes {
            match write {
                Write::Add(_, member) => new.push(*member),
                Write::Change(member) => changed.push(*member),
            }
        }
        // Known members first: new ones may take identifiers that they give up.
        rewrite(tx, changed)?;
        add(tx, new)
    }
}

impl Context {
    fn create(&mut self, line: Line, key: &Key, ledger: &mut Ledger) -> Result<Option<Write>, Vec<Fault>> {
        let at = line.at;
        let ids: Vec<ExternalId> = line.identifiers().cloned().collect();
        let mut violations = Violations::default();
        let seat = self.seats.get(&key.1);
        check_seat(&mut violations, key.0, key.1.as_str(), seat);
        let mut faults: Vec<Fault> =
            violations.into_iter().map(|v| Fault::of(at, "territory_code", v.code, v.detail)).collect();
        let wanted = match line.create(key.clone(), &self.source, self.today) {
            Ok(wanted) if faults.is_empty() => wanted,
            Ok(_) => return Err(faults),
            Err(more) => {
                faults.extend(more);
                return Err(faults);
            }
        };
        let Some(seat) = seat else { return Err(faults) };
        let after = wanted.cells();
        let record = Record { facts: wanted.facts, history: wanted.history, adhesions: Vec::new() };
        let slug =
            record.slug(seat).map_err(|why| vec![Fault::of(at, "name_fr", "no_slug", format!("The name {why}."))])?;
        self.claims.extend(ids.into_iter().map(|id| Claim { id, key: key.clone(), at }));
        let entry = Entry {
            at: Some(at),
            action: Action::Created,
            key: text(key),
            id: None,
            differences: differences(COLUMNS, None, &after),
        };
        let (parent, seat) = (seat.parent_code.clone(), seat.kind);
        self.compare(at, &record.facts, parent, ledger);
        ledger.note(entry, 0, &after);
        Ok(Some(Write::Add(at, Box::new((record, slug, seat)))))
    }

    /// Notes a new member that has the name of another new one beside it.
    fn compare(&mut self, at: At, facts: &Facts, parent: Option<Code>, ledger: &mut Ledger) {
        let key = text(&(facts.kind, facts.territory_code.clone()));
        let place = (facts.kind, parent, compact(facts.name.read(Language::Fr)));
        if let Some(like) = self.names.insert(place, key.clone()) {
            ledger.suspect(Likeness { at, key, like, name: facts.name.read(Language::Fr).to_owned() });
        }
    }

    fn change(
        &mut self,
        line: Line,
        before: Member,
        history: &History,
        ledger: &mut Ledger,
    ) -> Result<Option<Write>, Vec<Fault>> {
        let at = line.at;
        let names_identifiers = line.names_identifiers();
        let was = (cells_of(&before, history), before.facts.provenance.clone());
        let Wanted { facts, history: after_history } =
            line.update(&before, history.clone(), &self.source, self.today)?;
        let key = (facts.kind, facts.territory_code.clone());
        if facts == before.facts && after_history == *history {
            ledger.unchanged(&text(&key), before.version);
            return Ok(None);
        }
        if names_identifiers {
            let (old, new) = (&before.facts.external_ids, &facts.external_ids);
            self.released.extend(old.iter().filter(|id| !new.contains(id)).cloned());
            let claims = new.iter().filter(|id| !old.contains(id)).cloned();
            self.claims.extend(claims.map(|id| Claim { id, key: key.clone(), at }));
        }
        let after = Member { facts, ..before.clone() }.standing(&after_history);
        let now = cells_of(&after, &after_history);
        let mut changed = differences(COLUMNS, Some(&was.0), &now);
        if was.1 != after.facts.provenance {
            changed.push(Difference::of_provenance(&was.1, &after.facts.provenance));
        }
        let id = Some(before.id.clone());
        let entry = Entry { at: Some(at), action: Action::Updated, key: text(&key), id, differences: changed };
        ledger.note(entry, before.version, &now);
        let history = (after_history != *history).then_some(after_history);
        Ok(Some(Write::Change(Box::new(Rewrite { before, after, history }))))
    }

    /// Ends the membership of those that the list no longer names.
    fn withdraw(&self, conn: &mut Conn, ids: &[&Identifier], ledger: &mut Ledger) -> Result<Vec<Write>, StoreError> {
        if let Conn::Postgres(conn) = conn {
            let rows = member::table.filter(member::id.eq_any(ids.iter().map(|id| id.as_str())));
            let _locked: Vec<String> = rows.order(member::id).select(member::id).for_update().load(conn)?;
        }
        let mut members = super::find_by_ids(conn, ids)?;
        // Before they were locked, somebody may have ended a membership or taken a member off the list.
        let own = Provenance::Import(self.source.clone());
        members.retain(|member| member.facts.provenance == own && member.status != Status::Withdrawn);
        members.sort_by_key(|member| (member.facts.kind.as_str(), member.facts.territory_code.clone()));
        let mut histories = histories(conn, ids)?;
        let mut writes = Vec::new();
        for before in members {
            let history =
                histories.remove(before.id.as_str()).ok_or_else(|| StoreError::corrupt("a member without history"))?;
            let was = cells_of(&before, &history);
            match vanishing(&self.source, self.today).take(&before, history) {
                Err(reasons) => {
                    for reason in reasons {
                        let detail = format!("{} can't be withdrawn: {}", before.slug, reason.detail);
                        let code = std::borrow::Cow::Borrowed(reason.code);
                        ledger.refuse(Fault { at: None, column: None, code, detail });
                    }
                }
                Ok((after, history)) => {
                    let now = cells_of(&after, &history);
                    let key = text(&(before.facts.kind, before.facts.territory_code.clone()));
                    let differences = differences(COLUMNS, Some(&was), &now);
                    let id = Some(before.id.clone());
                    ledger.note(
                        Entry { at: None, action: Action::Withdrawn, key, id, differences },
                        before.version,
                        &now,
                    );
                    writes.push(Write::Change(Box::new(Rewrite { before, after, history: Some(history) })));
                }
            }
        }
        Ok(writes)
    }

    /// An identifier belongs to one member, when all rows are taken together.
    fn check_claims(&self, conn: &mut Conn, ledger: &mut Ledger) -> Result<(), StoreError> {
        let mut claimed: HashMap<&ExternalId, &Claim> = HashMap::with_capacity(self.claims.len());
        for claim in &self.claims {
            if let Some(other) = claimed.insert(&claim.id, claim) {
                let Claim { id, at, .. } = claim;
                let detail = format!("Row {} has {}={}, too.", other.at.row, id.scheme, id.value);
                ledger.refuse(Fault::of(*at, "external_ids", "repeated_identifier", detail));
            }
        }
        let ids: Vec<&ExternalId> = claimed.keys().copied().collect();
        for (id, owner) in owners(conn, &ids)? {
            if let Some(claim) = claimed.get(&id).filter(|claim| claim.key != owner && !self.released.contains(&id)) {
                let detail = format!("{}={} is the identifier of the {}.", id.scheme, id.value, text(&owner));
                ledger.refuse(Fault::of(claim.at, "external_ids", "already_exists", detail));
            }
        }
        Ok(())
    }
}

/// A natural key as reports write it.
fn text((kind, code): &Key) -> String {
    format!("{} {code}", kind.as_str())
}

fn order(line: &Line) -> Option<(&'static str, Code)> {
    line.key.clone().map(|(kind, code)| (kind.as_str(), code))
}

fn cells_of(member: &Member, history: &History) -> Vec<Option<String>> {
    cells(&member.facts, history.since(), member.status, member.joined_on)
}

/// Gives rows without kind and territory those of the member that has one of their identifiers: in another row, which
/// may come later, or here.
fn recognise(conn: &mut Conn, rows: &mut [Line], ledger: &mut Ledger) -> Result<(), StoreError> {
    let nameless = |line: &&Line| line.key.is_none();
    let sought: HashSet<ExternalId> = rows.iter().filter(nameless).flat_map(Line::identifiers).cloned().collect();
    if sought.is_empty() {
        return Ok(());
    }
    let ids: Vec<&ExternalId> = sought.iter().collect();
    let mut known: HashMap<ExternalId, Key> = owners(conn, &ids)?.into_iter().collect();
    for line in rows.iter() {
        if let Some(key) = &line.key {
            let own = line.identifiers().filter(|id| sought.contains(*id));
            known.extend(own.map(|id| (id.clone(), key.clone())));
        }
    }
    for line in rows.iter_mut().filter(|line| line.key.is_none()) {
        let key = line.identifiers().find_map(|id| known.get(id).cloned());
        line.key = key;
        if line.key.is_none() {
            let detail = "No member has one of these identifiers; a new member needs kind and territory_code.";
            ledger.refuse(Fault::of(line.at, "external_ids", "unknown_member", detail));
        }
    }
    Ok(())
}

/// The members seated at these codes with their histories, which no other transaction changes before this one ends.
fn stored_at(conn: &mut Conn, codes: &[&str]) -> Result<HashMap<Key, (Member, History)>, StoreError> {
    if let Conn::Postgres(conn) = conn {
        let rows = member::table.filter(member::territory_code.eq_any(codes.iter().copied()));
        let _locked: Vec<String> = rows.order(member::id).select(member::id).for_update().load(conn)?;
    }
    let rows = super::seated().select(super::columns());
    let rows: Vec<(super::MemberRow, super::SeatRow)> =
        rows.filter(member::territory_code.eq_any(codes.iter().copied())).load(conn)?;
    let mut members = rows.into_iter().map(super::member).collect::<Result<Vec<_>, _>>()?;
    complete(conn, &mut members)?;
    let ids: Vec<&Identifier> = members.iter().map(|member| &member.id).collect();
    let mut histories = histories(conn, &ids)?;
    let known = members.into_iter().map(|member| {
        let history =
            histories.remove(member.id.as_str()).ok_or_else(|| StoreError::corrupt("a member without history"))?;
        Ok(((member.facts.kind, member.facts.territory_code.clone()), (member, history)))
    });
    known.collect()
}

/// Notes new members that have the name of one that is here, beside it.
fn suspect(conn: &mut Conn, context: &Context, writes: &[Write], ledger: &mut Ledger) -> Result<(), StoreError> {
    let new = || {
        writes.iter().filter_map(|write| if let Write::Add(at, new) = write { Some((*at, &new.0.facts)) } else { None })
    };
    let parent_of = |facts: &Facts| context.seats.get(&facts.territory_code).and_then(|seat| seat.parent_code.as_ref());
    let parents: HashSet<&str> = new().filter_map(|(_, facts)| Some(parent_of(facts)?.as_str())).collect();
    let parents: Vec<&str> = parents.into_iter().collect();
    let others = || {
        let seated = member::table.inner_join(territory::table.on(member::territory_code.eq(territory::code)));
        seated.select((member::name_fr_folded, member::kind, territory::parent_code, member::territory_code))
    };
    let mut found: Vec<(String, String, Option<String>, String)> = in_pieces(conn, &parents, |conn, parents| {
        Ok(others().filter(territory::parent_code.eq_any(parents.iter().copied())).load(conn)?)
    })?;
    if new().any(|(_, facts)| parent_of(facts).is_none()) {
        let regions: Vec<_> = others().filter(territory::parent_code.is_null()).load(conn)?;
        found.extend(regions);
    }
    // A folded name without its spaces is the compact one.
    let others: HashMap<(String, String, Option<String>), String> =
        found.into_iter().map(|(name, kind, parent, code)| ((name.replace(' ', ""), kind, parent), code)).collect();
    for (at, facts) in new() {
        let name = compact(facts.name.read(Language::Fr));
        let place = (name, facts.kind.as_str().to_owned(), parent_of(facts).map(ToString::to_string));
        if let Some(code) = others.get(&place) {
            let like = format!("{} {code}", facts.kind.as_str());
            let key = text(&(facts.kind, facts.territory_code.clone()));
            ledger.suspect(Likeness { at, key, like, name: facts.name.read(Language::Fr).to_owned() });
        }
    }
    Ok(())
}
