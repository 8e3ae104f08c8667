//! Rows kept in memory, within a limit.

/// Bytes of one piece of memory.
const CHUNK: usize = 1 << 20;

/// Payloads of rows, in the order in which they came.
#[derive(Debug)]
pub struct Kept {
    chunks: Vec<Vec<u8>>,
    /// Chunk, start and end of each row.
    rows: Vec<(usize, usize, usize)>,
    bytes: usize,
    limit: usize,
}

impl Kept {
    /// `limit`: bytes that it may hold.
    pub fn new(limit: usize) -> Self {
        Self { chunks: Vec::new(), rows: Vec::new(), bytes: 0, limit }
    }

    pub fn limit_to(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn clear(&mut self) {
        self.chunks.clear();
        self.rows.clear();
        self.bytes = 0;
    }

    /// The payload of a row; empty where there is none.
    pub fn row(&self, index: usize) -> &[u8] {
        self.rows
            .get(index)
            .and_then(|(chunk, start, end)| self.chunks.get(*chunk)?.get(*start..*end))
            .unwrap_or_default()
    }

    /// Takes a row; false when there is no room for it.
    #[must_use]
    pub fn push(&mut self, row: &[u8]) -> bool {
        self.bytes += row.len() + size_of::<(usize, usize, usize)>();
        if self.bytes > self.limit {
            return false;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() + row.len() > chunk.capacity()) {
            let first = if self.chunks.is_empty() { CHUNK >> 8 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(first.max(row.len())));
        }
        let at = self.chunks.len() - 1;
        if let Some(chunk) = self.chunks.last_mut() {
            let start = chunk.len();
            chunk.extend_from_slice(row);
            self.rows.push((at, start, chunk.len()));
        }
        true
    }
}
