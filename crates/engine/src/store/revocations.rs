//! Whose tokens were revoked: a restart must not make them good again.

use qahm_event::SiteId;
use rusqlite::params;

use super::{Result, Store};

impl Store {
    /// Stores a revocation at once, at a Unix second.
    pub fn revoke(&mut self, site: SiteId, user: u64, unix: i64) -> Result<()> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO revocations (site, user, unix) VALUES (?1, ?2, ?3)")?
            .execute(params![site.0 as i64, user as i64, unix])?;
        Ok(())
    }

    /// Every revocation that is stored: site, user, Unix second.
    pub fn revocations(&self) -> Result<Vec<(SiteId, u64, i64)>> {
        let mut query = self.db.prepare("SELECT site, user, unix FROM revocations")?;
        let rows = query.query_map([], |row| {
            Ok((SiteId(row.get::<_, i64>(0)? as u64), row.get::<_, i64>(1)? as u64, row.get(2)?))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Deletes those that are further than `kept` seconds from now.
    pub fn expire_revocations(&mut self, unix: i64, kept: i64) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM revocations WHERE abs(unix - ?1) > ?2")?
            .execute(params![unix, kept])?;
        Ok(())
    }
}
