//! The files of the data sets: written once for each state of a collection, by whoever asks first, and kept on disk, so
//! that a large set needs no more memory than a small one.

use std::{
    collections::HashMap,
    fs::File as DiskFile,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
};

use actix_web::web::block;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::Mutex as Turn;

use super::super::{
    rules::{Edition, File, Format, Name, file_name},
    store,
};
use crate::{
    action_programs::{MilestoneOut, ProgramOut, ProjectOut},
    assessments::AssessmentOut,
    changes::State,
    charter::CharterLineOut,
    consultations::{ConsultationOut, ContributionOut},
    db::{Conn, Db, StoreError, make_private_folder, snapshot},
    evaluations::EvaluationOut,
    exchange::{CollaborationOut, EventOut, PracticeOut},
    indicators::{IndicatorOut, MeasurementOut},
    members::MemberOut,
    territories::TerritoryOut,
    web::{
        problem::Problem,
        tabular::{Column, Tabular, write_documents},
    },
};

/// The files of a process, in a folder that goes with it.
pub struct Artefacts {
    folder: TempDir,
    kept: Mutex<HashMap<Name, (State, Arc<Artefact>)>>,
    /// One of each set is written at a time.
    turns: HashMap<Name, Turn<()>>,
}

/// The files of an edition. They are on disk as long as somebody holds this: who has been told of a file can open it,
/// also when a newer edition takes its place meanwhile.
pub struct Artefact {
    /// What is said of them.
    pub edition: Arc<Edition>,
    folder: TempDir,
}

impl Artefact {
    /// Where the file in a format is.
    #[must_use]
    pub fn path(&self, format: Format) -> PathBuf {
        self.folder.path().join(file_name(self.edition.name, format))
    }
}

impl Artefact {
    /// Whether all files are still on disk: who cleans up temporary files may have taken them.
    fn is_there(&self) -> bool {
        Format::ALL.iter().all(|format| self.path(*format).is_file())
    }
}

impl Artefacts {
    /// No files yet, in a new folder below this one or where the system keeps temporary files.
    ///
    /// # Errors
    /// The folder's.
    pub fn new(below: Option<&Path>) -> io::Result<Self> {
        let mut folder = tempfile::Builder::new();
        folder.prefix("remacto-exports-");
        let folder = match below {
            Some(below) => {
                std::fs::create_dir_all(below)?;
                folder.tempdir_in(below)?
            }
            None => folder.tempdir()?,
        };
        let turns = Name::ALL.iter().map(|name| (*name, Turn::new(()))).collect();
        Ok(Self { folder, kept: Mutex::default(), turns })
    }

    /// A data set as it is now, written if it has to be.
    ///
    /// # Errors
    /// The database's or the disk's.
    pub async fn current(self: &Arc<Self>, db: &Db, name: Name) -> Result<Arc<Artefact>, Problem> {
        let now = db.read(move |conn| store::state(conn, name)).await?.of_collection();
        if let Some(known) = self.known(name, now) {
            return Ok(known);
        }
        let turn = self.turns.get(&name).ok_or_else(|| Problem::internal("a data set without a turn"))?;
        let _turn = turn.lock().await;
        // Who has waited looks again: meanwhile somebody else has made it, perhaps of a later state.
        let now = db.read(move |conn| store::state(conn, name)).await?.of_collection();
        if let Some(known) = self.known(name, now) {
            return Ok(known);
        }
        let (artefacts, db) = (Arc::clone(self), db.clone());
        let written = block(move || artefacts.renew(&db, name)).await.map_err(Problem::internal)?;
        Ok(written?)
    }

    fn known(&self, name: Name, state: State) -> Option<Arc<Artefact>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(&name).filter(|(known, artefact)| *known == state && artefact.is_there());
        known.map(|(_, artefact)| Arc::clone(artefact))
    }

    fn renew(&self, db: &Db, name: Name) -> Result<Arc<Artefact>, StoreError> {
        // Who cleans up temporary files may have taken the folder.
        make_private_folder(self.folder.path())?;
        let folder = TempDir::new_in(self.folder.path())?;
        let (state, edition) = write(db, name, folder.path())?;
        let artefact = Arc::new(Artefact { edition: Arc::new(edition), folder });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(name, (state, Arc::clone(&artefact)));
        Ok(artefact)
    }
}

/// Writes the files of a data set into a folder, under their plain names, from one state of the data.
///
/// # Errors
/// The database's or the disk's.
pub fn write(db: &Db, name: Name, folder: &Path) -> Result<(State, Edition), StoreError> {
    let columns = match name {
        Name::Members => MemberOut::COLUMNS,
        Name::Territories => TerritoryOut::COLUMNS,
        Name::Charter => CharterLineOut::COLUMNS,
        Name::ActionPrograms => ProgramOut::COLUMNS,
        Name::Projects => ProjectOut::COLUMNS,
        Name::Milestones => MilestoneOut::COLUMNS,
        Name::Consultations => ConsultationOut::COLUMNS,
        Name::Contributions => ContributionOut::COLUMNS,
        Name::Evaluations => EvaluationOut::COLUMNS,
        Name::Practices => PracticeOut::COLUMNS,
        Name::Collaborations => CollaborationOut::COLUMNS,
        Name::Events => EventOut::COLUMNS,
        Name::Assessments => AssessmentOut::COLUMNS,
        Name::Indicators => IndicatorOut::COLUMNS,
        Name::Measurements => MeasurementOut::COLUMNS,
    };
    db.read_blocking(|conn| {
        snapshot(conn, |conn| {
            let state = store::state(conn, name)?.of_collection();
            Ok((state, write_files(conn, (name, columns), state, folder)?))
        })
    })
}

/// How many pieces that were read wait to be written.
const AHEAD: usize = 2;

fn write_files(
    conn: &mut Conn,
    (name, columns): (Name, &[Column]),
    state: State,
    folder: &Path,
) -> Result<Edition, StoreError> {
    let files = Files::create((name, columns), state.own, folder)?;
    // Rows are read while others are written: both take as long.
    let (send, receive) = sync_channel::<Vec<String>>(AHEAD);
    let (read, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || files.write_all(columns, receive));
        // Who writes and has failed takes no more, and says why itself.
        let read = store::each_rows(conn, name, |rows| send.send(rows).map_err(|_gone| StoreError::Aborted));
        drop(send);
        (read, writer.join())
    });
    let (rows, files) = written.map_err(|_panic| StoreError::Aborted)??;
    read?;
    Ok(Edition { name, sequence: state.own, modified: state.at.and_utc(), rows, files })
}

/// The files of a data set while they are written.
struct Files {
    table: csv::Writer<Hashed>,
    lines: Hashed,
    whole: Hashed,
}

impl Files {
    fn create((name, columns): (Name, &[Column]), sequence: i64, folder: &Path) -> io::Result<Self> {
        let open = |format| Hashed::create(&folder.join(file_name(name, format)));
        let terminator = csv::Terminator::CRLF;
        let mut table = csv::WriterBuilder::new().terminator(terminator).from_writer(open(Format::Csv)?);
        table.write_record(columns.iter().map(|(name, _)| name)).map_err(cause)?;
        let (lines, mut whole) = (open(Format::Ndjson)?, open(Format::Json)?);
        let head = json!({"name": name, "sequence": sequence}).to_string();
        write!(whole, "{},\"data\":[", head.trim_end_matches('}'))?;
        Ok(Self { table, lines, whole })
    }

    /// Writes all rows that come, and ends the files. Returns how many rows.
    fn write_all(mut self, columns: &[Column], rows: Receiver<Vec<String>>) -> io::Result<(u64, Vec<File>)> {
        let mut count: u64 = 0;
        for rows in rows {
            write_documents(&mut self.table, columns, &rows).map_err(cause)?;
            for row in &rows {
                write_json(&mut self.lines, &mut self.whole, row, count == 0)?;
                count += 1;
            }
        }
        self.whole.write_all(b"\n]}\n")?;
        let table = self.table.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let files = [(Format::Csv, table), (Format::Ndjson, self.lines), (Format::Json, self.whole)];
        let files = files.into_iter().map(|(format, file)| file.finish(format)).collect::<io::Result<_>>()?;
        Ok((count, files))
    }
}

/// What has failed below a table's writer: a full disk is to be told from others.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn write_json(lines: &mut Hashed, whole: &mut Hashed, row: &str, first: bool) -> io::Result<()> {
    lines.write_all(row.as_bytes())?;
    lines.write_all(b"\n")?;
    whole.write_all(if first { b"\n" } else { b",\n" })?;
    whole.write_all(row.as_bytes())
}

/// A file on disk whose length and digest are known when it is written.
struct Hashed {
    file: BufWriter<DiskFile>,
    bytes: u64,
    hash: Sha256,
}

impl Hashed {
    fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, DiskFile::create(path)?);
        Ok(Self { file, bytes: 0, hash: Sha256::new() })
    }

    fn finish(mut self, format: Format) -> io::Result<File> {
        self.file.flush()?;
        Ok(File { format, bytes: self.bytes, sha256: self.hash.finalize().into() })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(written) = bytes.get(..written) {
            self.hash.update(written);
        }
        self.bytes += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
