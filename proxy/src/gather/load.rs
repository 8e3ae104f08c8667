//! provisional
use crate::backend::pool::Pooled;
use crate::error::SqlError;
pub struct Load<'l> {
    pub connection: &'l mut Pooled,
    pub table: String,
    pub text: String,
    pub rows: u64,
    pub bytes: u64,
}
pub struct Loaded {
    pub rows: u64,
    pub bytes: u64,
}
impl Load<'_> {
    pub fn row<'v>(&mut self, values: impl Iterator<Item = Option<&'v [u8]>>) {
        self.text.push_str(if self.text.is_empty() { "" } else { "," });
        self.text.push('(');
        for (i, v) in values.enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            match v {
                None => self.text.push_str("NULL"),
                Some(b) => {
                    self.text.push('\'');
                    self.text.push_str(&String::from_utf8_lossy(b).replace('\\', "\\\\").replace('\'', "''"));
                    self.text.push('\'');
                    self.bytes += b.len() as u64;
                }
            }
        }
        self.text.push(')');
        self.rows += 1;
    }
    pub async fn flush_if_full(&mut self) -> Result<(), SqlError> {
        if self.text.len() > 200_000 { self.flush().await } else { Ok(()) }
    }
    async fn flush(&mut self) -> Result<(), SqlError> {
        if self.text.is_empty() {
            return Ok(());
        }
        let sql = format!("INSERT INTO {} VALUES {}", self.table, std::mem::take(&mut self.text));
        self.connection.query(&sql).await.map(|_| ())
    }
    pub async fn end(mut self) -> Result<Loaded, SqlError> {
        self.flush().await?;
        Ok(Loaded { rows: self.rows, bytes: self.bytes })
    }
}
