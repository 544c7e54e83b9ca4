//! The bytes of a file, as they come.

use crate::error::Error;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _, try_unfold};
use object_store::{GetResult, GetResultPayload};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

/// A file of this machine is read in pieces of so many bytes: each of them is a way to another thread and back.
const PIECE_BYTES: u64 = 256 << 10;

/// The bytes that were asked for, in order. After an error there is nothing more.
pub type Body = BoxStream<'static, Result<Bytes, Error>>;

pub(crate) fn body(got: GetResult) -> Body {
    let range = got.range;
    match got.payload {
        GetResultPayload::File(file, _) => pieces(file, range),
        GetResultPayload::Stream(stream) => whole(stream.map_err(Error::from).boxed(), range.end - range.start),
    }
}

/// An answer that ends early is not taken for the whole.
fn whole(stream: Body, bytes: u64) -> Body {
    try_unfold((stream, bytes), |(mut stream, left)| async move {
        match stream.try_next().await? {
            Some(piece) => {
                let left = left.saturating_sub(piece.len() as u64);
                Ok(Some((piece, (stream, left))))
            }
            None if left > 0 => Err(Error::Failed(format!("{left} bytes are missing"))),
            None => Ok(None),
        }
    })
    .boxed()
}

fn pieces(file: File, range: Range<u64>) -> Body {
    try_unfold((file, range), |(mut file, mut range)| async move {
        if range.start >= range.end {
            return Ok(None);
        }
        let reading = tokio::task::spawn_blocking(move || {
            let bytes = (range.end - range.start).min(PIECE_BYTES);
            file.seek(SeekFrom::Start(range.start))?;
            let mut piece = BytesMut::zeroed(bytes as usize);
            file.read_exact(&mut piece)?;
            range.start += bytes;
            Ok::<_, std::io::Error>((piece.freeze(), (file, range)))
        });
        let read = reading.await.map_err(|_| Error::Failed("reading was broken off".into()))?;
        Ok(Some(read?))
    })
    .boxed()
}
