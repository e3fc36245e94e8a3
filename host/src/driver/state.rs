//! What outlives a restart: what the node saves, in an embedded store.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableDefinition};

const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("underpass");
/// What [`underpass_core::Node::save`] wrote.
const NODE: &str = "node";
/// Whom the configuration asked for then: who is not asked for any more is not to be dialled again.
const ASKED: &str = "asked";

/// A few megabytes are plenty for a few hundred kilobytes.
const CACHE_LEN: usize = 4 * 1024 * 1024;

/// The store, shared with the thread that writes.
#[derive(Clone)]
pub(super) struct State {
    database: Arc<Database>,
}

/// What was saved.
pub(super) struct Saved {
    pub(super) node: Vec<u8>,
    pub(super) asked: Vec<u8>,
}

impl State {
    /// # Errors
    /// If the file cannot be made or read, or another process has it.
    pub(super) fn open(path: &Path) -> Result<Self, redb::Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(DatabaseError::from)?;
        let database = Builder::new().set_cache_size(CACHE_LEN).create_file(file)?;
        Ok(Self { database: Arc::new(database) })
    }

    /// # Errors
    /// If the store is damaged.
    pub(super) fn read(&self) -> Result<Option<Saved>, redb::Error> {
        let table = match self.database.begin_read()?.open_table(TABLE) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (node, asked) = (table.get(NODE)?, table.get(ASKED)?);
        let (Some(node), Some(asked)) = (node, asked) else { return Ok(None) };
        Ok(Some(Saved { node: node.value().into(), asked: asked.value().into() }))
    }

    /// As long as this is there, nothing is written.
    #[cfg(test)]
    pub(super) fn hang(&self) -> redb::WriteTransaction {
        self.database.begin_write().expect("nobody writes")
    }

    /// # Errors
    /// If it cannot be written; what was there before is there.
    pub(super) fn write(&self, saved: &Saved) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            table.insert(NODE, &*saved.node)?;
            table.insert(ASKED, &*saved.asked)?;
        }
        transaction.commit()?;
        Ok(())
    }
}
