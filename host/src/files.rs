//! Files that only their owner may read.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::{Zeroize, Zeroizing};

/// Readable and writable by the owner, and nothing else.
const PRIVATE: u32 = 0o600;
/// No secret's file is longer.
const SECRET_FILE_LEN_MAX: u64 = 4096;

/// Why a secret's file is not used.
#[derive(Debug)]
pub struct SecretFileError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub kind: SecretFileErrorKind,
}

/// Why a secret's file is not used.
#[derive(Debug)]
pub enum SecretFileErrorKind {
    /// The system says so.
    Io(io::Error),
    /// Others may read or write it.
    Mode(u32),
    /// It belongs to somebody else.
    Owner,
    /// Another process uses it.
    InUse,
    /// It is not 64 hexadecimal digits.
    Form,
}

/// A secret, with its file. While this exists nobody else gets it by [`open_secret_locked`].
pub(crate) struct LockedSecret {
    pub(crate) secret: Zeroizing<[u8; 32]>,
    /// Keeps the lock.
    pub(crate) lock: File,
}

/// Makes a file that was not there, for the owner alone.
///
/// # Errors
/// If it is there, or cannot be made.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path)
}

/// Writes a secret as a line of hexadecimal digits into a file of its own.
///
/// # Errors
/// If it is there, or cannot be made.
pub(crate) fn create_secret(path: &Path, secret: &[u8; 32]) -> io::Result<()> {
    let mut text = Zeroizing::new(data_encoding::HEXLOWER.encode(secret));
    text.push('\n');
    let mut file = create_private(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads a secret.
///
/// # Errors
/// If anybody but the owner may read the file, or there is no secret in it.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, SecretFileError> {
    open_secret(path).and_then(|mut file| parse(path, &mut file))
}

/// The same, and nobody else may use it meanwhile.
///
/// # Errors
/// As [`read_secret`], and if another process uses it.
pub(crate) fn open_secret_locked(path: &Path) -> Result<LockedSecret, SecretFileError> {
    let mut lock = open_secret(path)?;
    lock.try_lock().map_err(|error| {
        error_of(
            path,
            match error {
                TryLockError::WouldBlock => SecretFileErrorKind::InUse,
                TryLockError::Error(error) => SecretFileErrorKind::Io(error),
            },
        )
    })?;
    let secret = parse(path, &mut lock)?;
    Ok(LockedSecret { secret, lock })
}

fn open_secret(path: &Path) -> Result<File, SecretFileError> {
    let io_error = |error| error_of(path, SecretFileErrorKind::Io(error));
    let file = File::open(path).map_err(io_error)?;
    // Of the file that was opened: the one of that name may be another by now.
    let metadata = file.metadata().map_err(io_error)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(error_of(path, SecretFileErrorKind::Mode(mode)));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(error_of(path, SecretFileErrorKind::Owner));
    }
    Ok(file)
}

fn parse(path: &Path, file: &mut File) -> Result<Zeroizing<[u8; 32]>, SecretFileError> {
    let mut text = Zeroizing::new(String::new());
    let read = file.take(SECRET_FILE_LEN_MAX).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => error_of(path, SecretFileErrorKind::Form),
        _ => error_of(path, SecretFileErrorKind::Io(error)),
    })?;
    let form = || error_of(path, SecretFileErrorKind::Form);
    let mut bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| form())?;
    let secret = <[u8; 32]>::try_from(&bytes[..]).map(Zeroizing::new).map_err(|_| form());
    bytes.zeroize();
    secret
}

fn error_of(path: &Path, kind: SecretFileErrorKind) -> SecretFileError {
    SecretFileError { path: path.to_owned(), kind }
}

impl SecretFileError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let path = self.path.display();
        match &self.kind {
            SecretFileErrorKind::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("`underpass init` makes it".into())
            }
            SecretFileErrorKind::Io(_) => None,
            SecretFileErrorKind::Mode(_) => {
                Some(format!("if nobody has read it, `chmod 600 {path}`; otherwise make a new one"))
            }
            SecretFileErrorKind::Owner => Some("run the program as its owner".into()),
            SecretFileErrorKind::InUse => Some(
                "one identity is in one place at a time: stop the other daemon, or make another \
                 identity with `underpass init`"
                    .into(),
            ),
            SecretFileErrorKind::Form => {
                Some("it holds 64 hexadecimal digits; was it copied whole?".into())
            }
        }
    }
}

impl fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            SecretFileErrorKind::Io(error) => write!(f, "{path} cannot be read: {error}"),
            SecretFileErrorKind::Mode(mode) => {
                write!(f, "{path} has mode {mode:04o}: others may read a secret")
            }
            SecretFileErrorKind::Owner => write!(f, "{path} belongs to another user"),
            SecretFileErrorKind::InUse => write!(f, "{path} is in use by another daemon"),
            SecretFileErrorKind::Form => write!(f, "{path} holds no secret"),
        }
    }
}

impl std::error::Error for SecretFileError {}
