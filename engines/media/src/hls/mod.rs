//! Low-Latency HLS (draft-pantos-hls-rfc8216bis) out of memory.

mod answer;
mod playlist;

pub use answer::{
    ADVANCE_PARTS_MAX, Answer, FILE_READS_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX, READY_WAIT, WAIT_TARGETS,
};
pub(crate) use playlist::{Seconds, date_time};
