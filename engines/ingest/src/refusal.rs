//! Three kinds of no: a refusal is told to the encoder, an unsupported format says what to choose
//! instead, and an error is a broken protocol after which nothing can be said.

/// Why a publisher is not taken, or not any longer. The words are for the person at the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This stream key isn't known here. Make a new one in your room: Go live, With an encoder.")]
    WrongKey,
    #[error("This room is live already from another encoder.")]
    AlreadyLive,
    /// A newer connection with the same key.
    #[error("Another encoder took over with the same stream key.")]
    TakenOver,
    #[error("The host ended this broadcast.")]
    EndedByHost,
    #[error("The server can't take another broadcast now. Try again later.")]
    Busy,
    #[error("The server is being stopped.")]
    Stopping,
    #[error("{0}")]
    Unsupported(#[from] Unsupported),
    #[error("Your encoder sends more than {0} Mbit/s: choose a lower bit rate.")]
    BitRate(u64),
    #[error("Your encoder sends faster than time passes: send at the speed of playback (ffmpeg: -re).")]
    AheadOfTime,
    #[error("The time stamps of your encoder keep jumping: restart it.")]
    Timestamps,
    #[error("Your encoder sends frames that can't be read: restart it, or choose H.264 and AAC anew.")]
    Malformed,
}

impl Refusal {
    /// The code of the status message. `BadName` is what encoders take for a wrong key;
    /// on `Failed` librtmp closes by itself.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Refusal::WrongKey | Refusal::AlreadyLive | Refusal::Busy => "NetStream.Publish.BadName",
            Refusal::Unsupported(Unsupported::Playback) => "NetStream.Play.Failed",
            _ => "NetStream.Failed",
        }
    }
}

/// What browsers could not play, or this server does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    #[error("HEVC can't be played by browsers here: choose H.264 in your encoder.")]
    Hevc,
    #[error("AV1 can't be taken over RTMP here: choose H.264 in your encoder.")]
    Av1,
    #[error("VP9 can't be taken over RTMP here: choose H.264 in your encoder.")]
    Vp9,
    #[error("This video codec can't be played by browsers here: choose H.264 in your encoder.")]
    Video,
    #[error("H.264 with 10 bits, 4:2:2 or 4:4:4 can't be played by browsers: choose NV12 (8 bits, 4:2:0).")]
    H264Format,
    #[error("MP3 can't be taken here: choose AAC in your encoder.")]
    Mp3,
    #[error("Speex can't be taken here: choose AAC in your encoder.")]
    Speex,
    #[error("This audio codec can't be taken here: choose AAC in your encoder.")]
    Audio,
    #[error("RTMP is only for sending here: watch in a browser, or over HLS or WHEP.")]
    Playback,
}

/// A broken rule, a limit passed or a time run out: the connection is closed without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("what came is not RTMP")]
    NotRtmp,
    #[error("no handshake in time")]
    NoHandshake,
    #[error("nothing was published in time")]
    NoPublish,
    #[error("no frame came for a long time")]
    Silent,
    #[error("a chunk does not follow from those before it")]
    Chunk,
    #[error("more chunk streams than permitted")]
    ChunkStreams,
    #[error("a chunk size that is not permitted")]
    ChunkBytes,
    #[error("a message is larger than permitted")]
    MessageBytes,
    #[error("too much unfinished at once")]
    BufferedBytes,
    #[error("a control message that can't be read")]
    Control,
    #[error("a command that can't be read")]
    Amf,
    #[error("a command larger, deeper or longer than permitted")]
    AmfLimit,
    #[error("a command out of order")]
    Command,
    #[error("more commands than permitted")]
    Commands,
    #[error("an address longer than permitted")]
    Address,
}
