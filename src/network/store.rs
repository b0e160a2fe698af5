//! The network's rows and every query on them.

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};

use super::rules::{CompositionFigure, Facts, Network, NetworkItem, Partner, Programme, Statement};
use crate::{
    db::{
        Conn, StoreError, Tx, json,
        schema::{composition_figure, composition_statement, network, network_item, network_partner},
    },
    kernel::{
        date::{PartialDate, Precision},
        id::{Identifier, new_id},
        kind::Kind,
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = network, treat_none_as_default_value = false)]
struct NetworkRow {
    id: String,
    singleton: i64,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    short_name: String,
    name: String,
    established_on: NaiveDate,
    presentation: String,
    presentation_official: bool,
    programme_short_name: String,
    programme_name: String,
    programme_description: String,
    website: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = network_item, treat_none_as_default_value = false)]
struct ItemRow {
    network_id: String,
    kind: String,
    code: String,
    position: i64,
    item_text: String,
    official: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = network_partner, treat_none_as_default_value = false)]
struct PartnerRow {
    network_id: String,
    code: String,
    position: i64,
    name: String,
    role: String,
    role_label: String,
    description: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = composition_statement, treat_none_as_default_value = false)]
struct StatementRow {
    code: String,
    network_id: String,
    position: i64,
    stated_on: Option<NaiveDate>,
    stated_on_precision: Option<String>,
    source: String,
    source_url: Option<String>,
    note: Option<String>,
    total: Option<i64>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = composition_figure, treat_none_as_default_value = false)]
struct FigureRow {
    statement_code: String,
    position: i64,
    member_count: i64,
    label: String,
    read_as: String,
}

/// Reads the network, with five statements. `None` before the reference data is loaded.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn) -> Result<Option<Network>, StoreError> {
    let Some(row) = network::table.select(NetworkRow::as_select()).first(conn).optional()? else { return Ok(None) };
    let items: Vec<ItemRow> =
        network_item::table.order(network_item::position).select(ItemRow::as_select()).load(conn)?;
    let of_kind = |kind: &str| items.iter().filter(|item| item.kind == kind).map(item).collect::<Result<Vec<_>, _>>();
    let partners: Vec<PartnerRow> =
        network_partner::table.order(network_partner::position).select(PartnerRow::as_select()).load(conn)?;
    let facts = Facts {
        short_name: row.short_name,
        name: json::read(&row.name)?,
        established_on: row.established_on,
        presentation: json::read(&row.presentation)?,
        presentation_official: row.presentation_official,
        programme: Programme {
            short_name: row.programme_short_name,
            name: json::read(&row.programme_name)?,
            description: json::read(&row.programme_description)?,
        },
        website: row.website,
        objectives: of_kind("objective")?,
        outcomes: of_kind("outcome")?,
        partners: partners.into_iter().map(partner).collect::<Result<_, _>>()?,
        composition_statements: statements(conn)?,
    };
    let (created_at, updated_at) = (row.created_at.and_utc(), row.updated_at.and_utc());
    Ok(Some(Network { id: Identifier::stored(row.id), version: row.version, created_at, updated_at, facts }))
}

fn item(row: &ItemRow) -> Result<NetworkItem, StoreError> {
    Ok(NetworkItem { code: row.code.clone(), text: json::read(&row.item_text)?, official: row.official })
}

fn partner(row: PartnerRow) -> Result<Partner, StoreError> {
    Ok(Partner {
        code: row.code,
        name: json::read(&row.name)?,
        role: row.role.parse().map_err(StoreError::corrupt)?,
        role_label: json::read(&row.role_label)?,
        description: json::read(&row.description)?,
    })
}

fn statements(conn: &mut Conn) -> Result<Vec<Statement>, StoreError> {
    let rows: Vec<StatementRow> = composition_statement::table
        .order(composition_statement::position)
        .select(StatementRow::as_select())
        .load(conn)?;
    let figures: Vec<FigureRow> =
        composition_figure::table.order(composition_figure::position).select(FigureRow::as_select()).load(conn)?;
    let figure = |row: &FigureRow| {
        Ok::<_, StoreError>(CompositionFigure {
            count: row.member_count,
            label: json::read(&row.label)?,
            read_as: row.read_as.parse().map_err(StoreError::corrupt)?,
        })
    };
    let statement = |row: StatementRow| {
        let own = figures.iter().filter(|figure| figure.statement_code == row.code);
        Ok(Statement {
            stated_on: PartialDate::from_columns(row.stated_on, row.stated_on_precision.as_deref())
                .map_err(StoreError::corrupt)?,
            source: json::read(&row.source)?,
            source_url: row.source_url,
            note: row.note.as_deref().map(json::read).transpose()?,
            total: row.total,
            figures: own.map(figure).collect::<Result<_, _>>()?,
            code: row.code,
        })
    };
    rows.into_iter().map(statement).collect()
}

/// Makes the stored network that of `facts`, with a change entry if that changes anything. Returns how many
/// resources it touched: one or none.
///
/// # Errors
/// The database's.
pub fn load(tx: &mut Tx<'_>, facts: Facts) -> Result<usize, StoreError> {
    let now = tx.now().naive_utc();
    let former = find(tx.conn)?;
    let (id, version, created_at) = match former {
        Some(same) if same.facts == facts => return Ok(0),
        Some(former) => (former.id, former.version + 1, former.created_at.naive_utc()),
        None => (new_id(), 1, now),
    };
    diesel::delete(network::table).execute(tx.conn)?;
    insert(tx.conn, &id, version, (created_at, now), facts)?;
    tx.touched(Kind::Network, id);
    Ok(1)
}

fn insert(
    conn: &mut Conn,
    id: &Identifier,
    version: i64,
    (created_at, updated_at): (NaiveDateTime, NaiveDateTime),
    facts: Facts,
) -> Result<(), StoreError> {
    let row = NetworkRow {
        id: id.to_string(),
        singleton: 1,
        version,
        created_at,
        updated_at,
        short_name: facts.short_name,
        name: json::write(&facts.name)?,
        established_on: facts.established_on,
        presentation: json::write(&facts.presentation)?,
        presentation_official: facts.presentation_official,
        programme_short_name: facts.programme.short_name,
        programme_name: json::write(&facts.programme.name)?,
        programme_description: json::write(&facts.programme.description)?,
        website: facts.website,
    };
    diesel::insert_into(network::table).values(row).execute(conn)?;
    for (kind, items) in [("objective", facts.objectives), ("outcome", facts.outcomes)] {
        for (position, item) in (1..).zip(items) {
            let item_text = json::write(&item.text)?;
            let (network_id, kind) = (id.to_string(), kind.to_owned());
            let row = ItemRow { network_id, kind, code: item.code, position, item_text, official: item.official };
            diesel::insert_into(network_item::table).values(row).execute(conn)?;
        }
    }
    for (position, partner) in (1..).zip(facts.partners) {
        let row = PartnerRow {
            network_id: id.to_string(),
            code: partner.code,
            position,
            name: json::write(&partner.name)?,
            role: partner.role.as_str().to_owned(),
            role_label: json::write(&partner.role_label)?,
            description: json::write(&partner.description)?,
        };
        diesel::insert_into(network_partner::table).values(row).execute(conn)?;
    }
    for (position, statement) in (1..).zip(facts.composition_statements) {
        insert_statement(conn, id, position, statement)?;
    }
    Ok(())
}

fn insert_statement(
    conn: &mut Conn,
    network_id: &Identifier,
    position: i64,
    statement: Statement,
) -> Result<(), StoreError> {
    let row = StatementRow {
        code: statement.code.clone(),
        network_id: network_id.to_string(),
        position,
        stated_on: statement.stated_on.map(PartialDate::first_day),
        stated_on_precision: statement.stated_on.map(PartialDate::precision).map(Precision::as_str).map(str::to_owned),
        source: json::write(&statement.source)?,
        source_url: statement.source_url,
        note: statement.note.as_ref().map(json::write).transpose()?,
        total: statement.total,
    };
    diesel::insert_into(composition_statement::table).values(row).execute(conn)?;
    for (position, figure) in (1..).zip(statement.figures) {
        let row = FigureRow {
            statement_code: statement.code.clone(),
            position,
            member_count: figure.count,
            label: json::write(&figure.label)?,
            read_as: figure.read_as.as_str().to_owned(),
        };
        diesel::insert_into(composition_figure::table).values(row).execute(conn)?;
    }
    Ok(())
}
