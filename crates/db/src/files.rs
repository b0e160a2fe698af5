//! The files of the embedded database: who may read them, whether the file is still the one that was opened, and the
//! lock that tells a serving process from one that would delete everything.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Access for the owner alone, to a file.
const FILE_MODE: u32 = 0o600;
/// Access for the owner alone, to a folder.
const FOLDER_MODE: u32 = 0o700;
/// What has a meaning of its own in the path of an SQLite URI.
const URI_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// The URI under which SQLite opens an existing file and never makes a new one.
pub fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let encoded = utf8_percent_encode(&text, URI_PATH);
    // An absolute path stands behind an empty authority, so that one that begins with two slashes is none.
    if text.starts_with('/') { format!("file://{encoded}?mode=rw") } else { format!("file:{encoded}?mode=rw") }
}

/// Makes a folder that only its owner can enter, with the folders above it, or closes an existing one to others. A
/// folder that several users share (its sticky bit is set) stays as it is.
///
/// # Errors
/// The folder's.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.create(folder)?;
    close(folder, FOLDER_MODE);
    Ok(())
}

/// Makes an empty database file that only its owner can read, unless there is one. SQLite gives its log and its index of
/// the log the same mode.
///
/// # Errors
/// The file's.
pub fn create(path: &Path) -> io::Result<()> {
    private_file().open(path).map(drop)
}

/// Closes what belongs to a database file to everybody but its owner: the file, its log, and whatever else bears its name,
/// like a copy beside it. A failure is for the log: the files may belong to somebody else.
pub fn close_to_others(path: &Path) {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    close(path, FILE_MODE);
    let belonging = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        is_file && entry.file_name().to_str().is_some_and(|other| other.starts_with(name))
    });
    for entry in belonging {
        close(&entry.path(), FILE_MODE);
    }
    for lock in [migration_lock(path), serving_lock(path)] {
        close(&lock, FILE_MODE);
    }
}

/// Takes from others what rights they have to a file or folder beyond `mode`.
#[cfg(unix)]
fn close(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    /// The bit of a folder in which everybody may make files.
    const STICKY: u32 = 0o1000;
    let Ok(metadata) = fs::metadata(path) else { return };
    let mut permissions = metadata.permissions();
    let found = permissions.mode();
    let is_private = found.trailing_zeros() >= 6;
    if is_private || found & STICKY != 0 {
        return;
    }
    permissions.set_mode(mode);
    match fs::set_permissions(path, permissions) {
        Ok(()) => log::info!("{} is now readable by its owner only", path.display()),
        Err(error) => log::warn!("{} is readable by others and can't be closed: {error}", path.display()),
    }
}

#[cfg(not(unix))]
fn close(_path: &Path, _mode: u32) {}

fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
    options
}

fn migration_lock(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

fn serving_lock(path: &Path) -> PathBuf {
    path.with_extension("serving")
}

/// Waits for the lock under which processes migrate a database file one after the other. It ends with the returned file,
/// or with the process.
///
/// # Errors
/// The path of the lock file, and why it can't be used.
pub fn lock_for_migration(path: &Path) -> Result<File, (PathBuf, io::Error)> {
    let lock = migration_lock(path);
    let locked = private_file().open(&lock).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| (lock, error))
}

/// Notes that this process uses a database file, as long as the returned file lives; many processes can at once. Nothing
/// where a process has the file [for itself](lock_for_deletion).
///
/// # Errors
/// The path of the lock file, and why it can't be used.
pub fn lock_for_use(path: &Path) -> Result<Option<File>, (PathBuf, io::Error)> {
    let lock = serving_lock(path);
    let file = private_file().open(&lock).map_err(|error| (lock.clone(), error))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err((lock, error)),
    }
}

/// Takes a database file for this process alone, as long as the returned file lives. Nothing where a process uses it.
///
/// # Errors
/// The path of the lock file, and why it can't be used.
pub fn lock_for_deletion(path: &Path) -> Result<Option<File>, (PathBuf, io::Error)> {
    let lock = serving_lock(path);
    let file = private_file().open(&lock).map_err(|error| (lock.clone(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err((lock, error)),
    }
}

/// A database file, and which one it was when its first connection was opened.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    opened: OnceLock<(u64, u64)>,
}

/// Said of a database file whose path leads elsewhere now.
pub const MOVED: &str = "the database file was renamed, deleted or replaced while it was in use";

impl DatabaseFile {
    /// The file at a path; it may not be there yet.
    pub const fn at(path: PathBuf) -> Self {
        Self { path, opened: OnceLock::new() }
    }

    /// Notes which file the path leads to, the first time.
    pub fn note_opened(&self) {
        if let Some(identity) = identity(&self.path) {
            self.opened.get_or_init(|| identity);
        }
    }

    /// Whether the path no longer leads to the file that was opened: what is written then is lost.
    pub fn is_moved(&self) -> bool {
        self.opened.get().is_some_and(|opened| identity(&self.path).as_ref() != Some(opened))
    }
}

/// What tells one file from another: its device and its number on it.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|_| (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_in_a_uri() {
        assert_eq!(uri(Path::new("/a b/50%?#.db")), "file:///a%20b/50%25%3F%23.db?mode=rw");
        assert_eq!(uri(Path::new("x/y.db")), "file:x/y.db?mode=rw");
        assert_eq!(uri(Path::new("//x/y.db")), "file:////x/y.db?mode=rw");
    }

    #[test]
    fn a_file_that_was_renamed_deleted_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let file = DatabaseFile::at(path.clone());
        file.note_opened();
        assert!(!file.is_moved(), "it was never opened");
        create(&path).unwrap();
        file.note_opened();
        assert!(!file.is_moved());
        let away = folder.path().join("y.db");
        fs::rename(&path, &away).unwrap();
        assert!(file.is_moved());
        create(&path).unwrap();
        assert!(file.is_moved(), "another file at the same path");
        fs::rename(&away, &path).unwrap();
        assert!(!file.is_moved(), "it was put back");
    }

    #[test]
    fn who_uses_a_file_keeps_it_from_being_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (one, other) = (lock_for_use(&path).unwrap().unwrap(), lock_for_use(&path).unwrap().unwrap());
        drop(one);
        assert!(lock_for_deletion(&path).unwrap().is_none());
        drop(other);
        let alone = lock_for_deletion(&path).unwrap().unwrap();
        assert!(lock_for_use(&path).unwrap().is_none());
        drop(alone);
        assert!(lock_for_use(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folders_are_their_owners_alone_and_shared_folders_stay_shared() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let open = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("deep/er");
        make_private_folder(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&root.path().join("deep"))), (0o700, 0o700));
        open(&folder, 0o755);
        make_private_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        open(&folder, 0o1777);
        make_private_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o1777);
        let database = folder.join("x.db");
        create(&database).unwrap();
        assert_eq!(mode(&database), 0o600);
        let files = ["x.db", "x.db-wal", "x.db.bak", "x.lock", "other.txt"].map(|name| folder.join(name));
        for file in &files {
            fs::write(file, "").unwrap();
            open(file, 0o644);
        }
        close_to_others(&database);
        assert_eq!(files.map(|file| mode(&file)), [0o600, 0o600, 0o600, 0o600, 0o644]);
    }
}
