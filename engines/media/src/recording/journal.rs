//! The journal: what was written, in the order it was.

use super::RecordingError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// Name of the journal in a recording's folder.
pub const JOURNAL_FILE: &str = "journal.jsonl";
/// Longest journal read, in bytes: more than a week of parts.
pub const JOURNAL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    File(Begun),
    Part(Written),
    End,
}

/// A file was begun with an init segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub name: String,
    /// Of the init segment.
    pub bytes: u64,
    pub codecs: String,
    pub width: Option<u16>,
    pub height: Option<u16>,
}

/// A part was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub offset: u64,
    pub bytes: u64,
    pub start_us: u64,
    pub duration_us: u64,
    /// Of its start, milliseconds since the Unix epoch.
    pub wall_ms: u64,
    /// The first of its segment.
    pub starts: bool,
    pub independent: bool,
    pub discontinuity: bool,
}

/// A file with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub begun: Begun,
    pub parts: Vec<Written>,
}

impl Recording {
    /// Bytes of the file that are told by the journal.
    pub fn bytes(&self) -> u64 {
        self.parts.last().map_or(self.begun.bytes, |part| part.offset + part.bytes)
    }
}

/// Reads what is whole in a folder, and cuts off what isn't: half a line, and parts that are not in their file.
pub fn mend(folder: &Path) -> Result<Vec<Recording>, RecordingError> {
    let path = folder.join(JOURNAL_FILE);
    let journal = OpenOptions::new().read(true).write(true).open(&path)?;
    if journal.metadata()?.len() > JOURNAL_BYTES_MAX {
        return Err(RecordingError::Journal("it is too long"));
    }
    let mut files: Vec<Recording> = Vec::new();
    let mut on_disk = 0;
    let (mut reader, mut whole, mut line) = (BufReader::new(&journal), 0u64, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || !line.ends_with(b"\n") {
            break;
        }
        let Ok(said) = serde_json::from_slice(&line) else { break };
        match (said, files.last_mut()) {
            (Line::File(begun), _) => {
                if begun.name != format!("{}.mp4", files.len()) {
                    return Err(RecordingError::Journal("a file has a strange name"));
                }
                on_disk = std::fs::metadata(folder.join(&begun.name)).map_or(0, |metadata| metadata.len());
                if begun.bytes > on_disk {
                    break;
                }
                files.push(Recording { begun, parts: Vec::new() });
            }
            (Line::Part(part), Some(file)) => {
                let follows = part.offset == file.bytes();
                if !follows || part.offset.checked_add(part.bytes).is_none_or(|end| end > on_disk) {
                    break;
                }
                file.parts.push(part);
            }
            (Line::Part(_), None) => return Err(RecordingError::Journal("a part comes before its file")),
            (Line::End, _) => {}
        }
        whole += read as u64;
    }
    journal.set_len(whole)?;
    for file in &files {
        let data = OpenOptions::new().write(true).open(folder.join(&file.begun.name))?;
        if data.metadata()?.len() > file.bytes() {
            data.set_len(file.bytes())?;
        }
    }
    files.retain(|file| !file.parts.is_empty());
    if files.is_empty() { Err(RecordingError::Empty) } else { Ok(files) }
}

/// Notes the end, once.
pub fn end(folder: &Path) -> Result<(), RecordingError> {
    use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
    let mut last = serde_json::to_vec(&Line::End).map_err(|error| RecordingError::Io(error.to_string()))?;
    last.push(b'\n');
    let mut journal = File::options().read(true).append(true).open(folder.join(JOURNAL_FILE))?;
    let mut tail = Vec::new();
    let from = journal.metadata()?.len().saturating_sub(last.len() as u64);
    journal.seek(SeekFrom::Start(from))?;
    journal.read_to_end(&mut tail)?;
    if tail != last {
        journal.write_all(&last)?;
        journal.sync_all()?;
    }
    Ok(())
}
