//! A recording of the node, for `underpass-sim replay`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use underpass_core::Log;

use crate::files;

/// A file that every call of the node is written to. It holds the node's secrets.
pub(super) struct Tape {
    file: BufWriter<File>,
    is_broken: bool,
}

impl Tape {
    /// # Errors
    /// If the file is there already, or cannot be made.
    pub(super) fn create(path: &Path) -> std::io::Result<Self> {
        let file = files::create_private(path)?;
        Ok(Self { file: BufWriter::new(file), is_broken: false })
    }
}

impl Log for Tape {
    fn append(&mut self, bytes: &[u8]) {
        if self.is_broken {
            return;
        }
        if let Err(error) = self.file.write_all(bytes) {
            tracing::error!(%error, "the recording ends here: it cannot be written");
            self.is_broken = true;
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        if let Err(error) = self.file.flush() {
            tracing::error!(%error, "the end of the recording is lost");
        }
    }
}
