//! Accounts from the command line: the first ones can't be made by somebody who signs in.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, IsTerminal as _},
};

use clap::{Args, Subcommand};

use super::{
    COMMAND_CONNECTIONS,
    account_list::{ListArgs, list},
    print,
};
use crate::{
    auth::{
        accounts::{Account, AccountKind, NewAccount, SecretHash, Terms},
        keys,
        passwords::{ContextWords, check_strength, hash_password, hash_secret, new_secret, random},
        roles::Role,
        store::{self, management},
    },
    config::DatabaseArgs,
    db::{self, Actor, Conn, Db, StoreError, WriteError},
    kernel::{clock, id::Slug, text::parse_email},
    publishing,
    registry::REGISTRY,
};

/// Who makes and disables accounts here.
pub(super) const OPERATOR: Actor = Actor::System("command line");

#[derive(Subcommand)]
pub(super) enum ClientCommand {
    /// Make an account for a machine. Prints its id and its secret; the secret is never shown again.
    Create(CreateClient),
    /// Let a machine get no tokens any more; tokens that it has stop at its next write or private read.
    Disable(OneClient),
    /// Let a disabled machine get tokens again.
    Enable(OneClient),
    /// Print all machines, the oldest first.
    List(ListArgs),
    /// Give a machine a new secret and print it; it is never shown again. The secret before it stays good beside it.
    Rotate(OneClient),
}

#[derive(Args)]
pub(super) struct CreateClient {
    #[command(flatten)]
    database: DatabaseArgs,
    /// A name by which people know it; no two clients have the same.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    standing: StandingArgs,
}

#[derive(Args)]
pub(super) struct OneClient {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The client's id.
    #[arg(long)]
    id: String,
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Make an account for a person. Asks for a password of 12 to 200 characters that are hard to guess.
    Create(CreateUser),
    /// Let a person sign in no more; tokens that they have stop at their next write or private read.
    Disable(OneUser),
    /// Let a disabled person sign in again.
    Enable(OneUser),
    /// Print a one-time secret with which a person sets a new password within a day (POST /api/v1/auth/password-reset).
    Reset(OneUser),
    /// Print all people with accounts, the oldest first.
    List(ListArgs),
}

#[derive(Args)]
pub(super) struct CreateUser {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The e-mail address that the person signs in with.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    standing: StandingArgs,
    /// Read the password from the first line of standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
pub(super) struct OneUser {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The person's e-mail address.
    #[arg(long)]
    email: String,
}

#[derive(Args)]
struct StandingArgs {
    /// What the account is for: partner, evaluator, focal_point, registrar, secretariat or administrator.
    #[arg(long)]
    role: Role,
    /// For focal points: the member that they speak for, by its slug.
    #[arg(long, value_name = "SLUG")]
    member: Option<Slug>,
    /// The organisation that the account belongs to; evaluators must have one.
    #[arg(long)]
    organisation: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Print a new private key for REMACTO_SIGNING_KEYS, as PEM.
    Create,
}

pub(super) fn client(command: ClientCommand) -> Result<(), String> {
    match command {
        ClientCommand::Create(args) => {
            let secret = new_secret()?;
            let id = create(&args.database, AccountKind::Client, args.name, args.standing, hash_secret(&secret))?;
            print(&format!("client_id={id}\nclient_secret={secret}\n"))
        }
        ClientCommand::Disable(args) => set_disabled(&open(&args.database)?, &args.id, true),
        ClientCommand::Enable(args) => set_disabled(&open(&args.database)?, &args.id, false),
        ClientCommand::List(args) => list(&args, AccountKind::Client),
        ClientCommand::Rotate(args) => rotate(&args),
    }
}

pub(super) fn user(command: UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Create(args) => {
            let password = if args.password_stdin { first_line()? } else { ask()? };
            let StandingArgs { organisation, member, .. } = &args.standing;
            let texts = [Some(args.email.as_str()), organisation.as_deref(), member.as_ref().map(Slug::as_str)];
            let hash = hash_new(&password, &ContextWords::of(texts.into_iter().flatten()))?;
            let id = create(&args.database, AccountKind::User, args.email, args.standing, hash)?;
            print(&format!("id={id}\n"))
        }
        UserCommand::Disable(args) => set_user_disabled(&args, true),
        UserCommand::Enable(args) => set_user_disabled(&args, false),
        UserCommand::Reset(args) => offer_password(&args),
        UserCommand::List(args) => list(&args, AccountKind::User),
    }
}

pub(super) fn key(command: &KeyCommand) -> Result<(), String> {
    match command {
        KeyCommand::Create => print(&keys::generate()?),
    }
}

/// [`open`], of a database whose public documents are those of this binary: for what reads or writes them.
pub(super) fn open_complete(args: &DatabaseArgs) -> Result<Db, String> {
    let db = open(args)?;
    let is_complete = publishing::is_complete(&db, &REGISTRY).map_err(|error| error.to_string())?;
    if is_complete { Ok(db) } else { Err(StoreError::Incomplete.to_string()) }
}

/// A database that is there and at the schema of this binary, whatever it was made for. None is made or migrated here:
/// a wrong path must not answer with an empty database, and a server of another version may be running.
pub(super) fn open(args: &DatabaseArgs) -> Result<Db, String> {
    let target = args.existing()?;
    if !db::has_schema(&target).map_err(|error| error.to_string())? {
        return Err(format!("{target} is empty: remacto migrate makes its tables, remacto seed fills them"));
    }
    let db = Db::open(&target, COMMAND_CONNECTIONS, &REGISTRY).map_err(|error| error.to_string())?;
    let status = db.read_blocking(db::migration_status).map_err(|error| error.to_string())?;
    match (status.pending, status.unknown.first()) {
        (0, None) => Ok(db),
        (_, Some(unknown)) => Err(format!("{target} was migrated by a newer binary ({unknown}): use that one")),
        (pending, None) => Err(format!("{pending} migrations have not run in {target}: remacto migrate runs them")),
    }
}

fn rotate(args: &OneClient) -> Result<(), String> {
    let secret = new_secret()?;
    let rotated = open(&args.database)?.write_blocking(&OPERATOR, |tx| {
        management::take_turn(tx)?;
        let found = management::find(tx.conn, AccountKind::Client, &args.id)?;
        found.map(|found| management::rotate_secret(tx, &found.account, &secret)).transpose()
    });
    match rotated.map_err(|error: StoreError| error.to_string())? {
        Some(()) => print(&format!("client_id={}\nclient_secret={secret}\n", args.id)),
        None => Err("There is no client with this id.".to_owned()),
    }
}

fn create(
    database: &DatabaseArgs,
    kind: AccountKind,
    name: String,
    standing: StandingArgs,
    secret_hash: String,
) -> Result<String, String> {
    let StandingArgs { role, member, organisation } = standing;
    let terms = Terms::new(role, member, organisation);
    let new = NewAccount { kind, name, terms, secret_hash: SecretHash(secret_hash) };
    let new = new.check().map_err(|violations| sentence(WriteError::Invalid(violations)))?;
    open(database)?.write_blocking(&OPERATOR, |tx| store::create(tx, new)).map_err(sentence)
}

fn sentence(error: WriteError) -> String {
    match error {
        WriteError::Invalid(violations) | WriteError::Taken(violations) | WriteError::NotNow(violations) => {
            violations.into_iter().map(|violation| violation.detail).collect::<Vec<_>>().join(" ")
        }
        WriteError::Store(error) => error.to_string(),
    }
}

fn set_user_disabled(args: &OneUser, disabled: bool) -> Result<(), String> {
    let (db, id) = one(args)?;
    set_disabled(&db, &id, disabled)
}

/// The database, and the id of a person's account in it.
fn one(args: &OneUser) -> Result<(Db, String), String> {
    let (db, address) =
        (open(&args.database)?, parse_email(&args.email).map_err(|why| format!("The e-mail address {why}."))?);
    let found = |conn: &mut Conn| store::find_user(conn, &address);
    let user = db.read_blocking(found).map_err(|error| error.to_string())?;
    Ok((db, user.ok_or("There is no account with this e-mail address.")?.id))
}

fn offer_password(args: &OneUser) -> Result<(), String> {
    let ((db, id), secret) = (one(args)?, new_secret()?);
    let offered = db.write_blocking(&OPERATOR, |tx| store::sessions::offer_password(tx, &id, &secret));
    let expires_at = offered.map_err(|error: StoreError| error.to_string())?;
    print(&format!("secret={secret}\nexpires_at={}\n", clock::text(expires_at)))
}

/// The invented members that the evaluator of a demonstration has been assigned.
const EVALUATED: [&str; 3] = ["commune-berkane", "commune-imzouren", "commune-outat-el-haj"];

/// Makes the accounts of a demonstration, one for each role, or gives them new passwords, and prints them. They are told
/// to who started it, and not to the log.
pub(super) fn demonstrate(db: &Db) -> Result<(), String> {
    let mut told = "Demonstration accounts, whose passwords are new at every start:\n".to_owned();
    for role in Role::ALL {
        let (address, password) = (format!("{}@demo.example", role.as_str().replace('_', "-")), random()?);
        let hash = hash_new(&password, &ContextWords::of([address.as_str()]))?;
        let known = db.read_blocking(|conn| store::find_user(conn, &address)).map_err(|error| error.to_string())?;
        let written = db.write_blocking(&OPERATOR, |tx| match &known {
            Some(account) => Ok(store::sessions::set_password(tx, &account.id, &hash, None)?),
            None => store::create(tx, demonstration(*role, &address, hash)?).map(drop),
        });
        written.map_err(sentence)?;
        writeln!(told, "  {:14} {address:30} {password}", role.as_str()).map_err(|error| error.to_string())?;
    }
    print(&told)
}

fn demonstration(role: Role, address: &str, hash: String) -> Result<NewAccount, WriteError> {
    let member = (role == Role::FocalPoint).then(|| "commune-larache".parse()).transpose();
    let member = member.map_err(StoreError::corrupt)?;
    let organisation = (role == Role::Evaluator).then(|| "Demonstration".to_owned());
    let mut terms = Terms::new(role, member, organisation);
    if role == Role::Evaluator {
        let assigned: Result<_, _> = EVALUATED.iter().map(|slug| slug.parse()).collect();
        terms.assigned_members = assigned.map_err(StoreError::corrupt)?;
    }
    let (kind, name) = (AccountKind::User, address.to_owned());
    let new = NewAccount { kind, name, terms, secret_hash: SecretHash(hash) };
    new.check().map_err(WriteError::Invalid)
}

fn set_disabled(db: &Db, id: &str, disabled: bool) -> Result<(), String> {
    let outcome = db.write_blocking(&OPERATOR, |tx| {
        let account: Option<Account> = store::find(tx.conn, id)?;
        account.map(|_| store::set_disabled(tx, id, disabled)).transpose()
    });
    let word = if disabled { "disabled" } else { "enabled" };
    match outcome.map_err(sentence)? {
        None => Err("There is no account with this id.".to_owned()),
        Some(true) => print(&format!("{word}\n")),
        Some(false) => print(&format!("was {word} already\n")),
    }
}

/// The hash of a new password that is hard to guess.
fn hash_new(password: &str, words: &ContextWords) -> Result<String, String> {
    check_strength(password, words).and_then(|()| hash_password(password)).map_err(|why| format!("The password {why}."))
}

fn first_line() -> Result<String, String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| format!("standard input can't be read: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask() -> Result<String, String> {
    if !io::stdin().is_terminal() {
        return Err("There is no terminal to ask for a password at: use --password-stdin.".to_owned());
    }
    let prompt = |text: &str| rpassword::prompt_password(text).map_err(|error| format!("no password: {error}"));
    let password = prompt("Password: ")?;
    if prompt("Once more: ")? == password { Ok(password) } else { Err("The two passwords differ.".to_owned()) }
}
