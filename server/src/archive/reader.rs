//! Reading a journal up to its end, or to where it is torn.

use std::io::{self, BufReader, ErrorKind, Read};

use super::hash;
use super::journal::{FRAME, MAGIC, MAX_RECORD, Record};

/// Reads the records of a journal one by one.
pub(super) struct Reader<R> {
    input: BufReader<R>,
    /// Bytes up to the end of the last whole record.
    valid: u64,
    payload: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads from the start of a journal.
    ///
    /// # Errors
    ///
    /// It is none; or the storage failed.
    pub(super) fn new(input: R) -> io::Result<Self> {
        let mut reader = Self::resume(input, MAGIC.len() as u64);
        let mut magic = [0; MAGIC.len()];
        reader.input.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(io::Error::new(ErrorKind::InvalidData, "no journal of an archive"));
        }
        Ok(reader)
    }

    /// Reads on at byte `at`, where `input` stands and a record begins.
    pub(super) fn resume(input: R, at: u64) -> Self {
        Self { input: BufReader::new(input), valid: at, payload: Vec::new() }
    }

    /// The next record; `None` at the end, or where a record is not whole.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let mut frame = [0; FRAME];
        if !fill(&mut self.input, &mut frame)? {
            return Ok(None);
        }
        let [a, b, c, d, sum @ ..] = frame;
        let (len, sum) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(sum));
        if len > MAX_RECORD {
            return Ok(None);
        }
        self.payload.clear();
        // Grows with what is there, whatever the length says.
        (&mut self.input).take(len.into()).read_to_end(&mut self.payload)?;
        if self.payload.len() != len as usize || hash(&self.payload) != sum {
            return Ok(None);
        }
        let record = Record::read(&self.payload);
        if record.is_some() {
            self.valid += (FRAME + self.payload.len()) as u64;
        }
        Ok(record)
    }

    /// Bytes up to the end of the last record that [`next`](Self::next) gave.
    pub(super) const fn valid(&self) -> u64 {
        self.valid
    }
}

/// Whether `bytes` could be filled.
fn fill(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}
