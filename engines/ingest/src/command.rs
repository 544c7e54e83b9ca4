//! Commands of encoders (RTMP 1.0 section 7.2), and what a server answers.

use bytes::Bytes;

use crate::amf::{self, Value, Writer};
use crate::limits::{COMMAND_BYTES, ENCODER_NAME_CHARS};
use crate::{Error, Metadata, Refusal};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Connect {
        transaction: f64,
        app: String,
        /// The peer wants AMF3 where it can be (`objectEncoding` 3).
        object_encoding: f64,
    },
    /// Announces the name before `publish`; Flash Media Server answers, so some encoders wait for it.
    Prelude {
        transaction: f64,
        name: &'static str,
    },
    CreateStream {
        transaction: f64,
    },
    Publish {
        name: String,
    },
    /// `deleteStream`, `closeStream` or `FCUnpublish`.
    Unpublish,
    Play,
    /// Anything else: of no concern here.
    Other,
}

/// Reads a command in AMF0.
pub(crate) fn read(payload: &[u8]) -> Result<Command, Error> {
    if payload.len() > COMMAND_BYTES {
        return Err(Error::AmfLimit);
    }
    let values = amf::read(payload)?;
    let name = values.first().and_then(Value::string).ok_or(Error::Command)?;
    let transaction = values.get(1).and_then(Value::number).unwrap_or(0.0);
    let argument = |index: usize| values.get(index).and_then(Value::string).unwrap_or_default().to_owned();
    Ok(match name {
        "connect" => {
            let object = values.get(2).ok_or(Error::Command)?;
            let app = object.get("app").and_then(Value::string).unwrap_or_default().to_owned();
            let object_encoding = object.get("objectEncoding").and_then(Value::number).unwrap_or(0.0);
            Command::Connect { transaction, app, object_encoding }
        }
        "releaseStream" => Command::Prelude { transaction, name: "releaseStream" },
        "FCPublish" => Command::Prelude { transaction, name: "FCPublish" },
        "createStream" => Command::CreateStream { transaction },
        "publish" => Command::Publish { name: argument(3) },
        "deleteStream" | "closeStream" | "FCUnpublish" => Command::Unpublish,
        "play" | "play2" => Command::Play,
        _ => Command::Other,
    })
}

pub(crate) fn connected(transaction: f64, object_encoding: f64) -> Bytes {
    let encoding = if object_encoding == 3.0 { 3.0 } else { 0.0 };
    Writer::default()
        .string("_result")
        .number(transaction)
        .object(&[("fmsVer", text("FMS/3,0,1,123")), ("capabilities", Value::Number(31.0))])
        .object(&[
            ("level", text("status")),
            ("code", text("NetConnection.Connect.Success")),
            ("description", text("Connected.")),
            ("objectEncoding", Value::Number(encoding)),
        ])
        .finish()
}

/// A bare success; `value`: the message stream created, if that was asked.
pub(crate) fn result(transaction: f64, value: Option<u32>) -> Bytes {
    let writer = Writer::default().string("_result").number(transaction).null();
    match value {
        Some(value) => writer.number(f64::from(value)),
        None => writer.null(),
    }
    .finish()
}

pub(crate) fn on_fc_publish() -> Bytes {
    Writer::default()
        .string("onFCPublish")
        .number(0.0)
        .null()
        .object(&[("code", text("NetStream.Publish.Start")), ("description", text("Publishing."))])
        .finish()
}

pub(crate) fn published() -> Bytes {
    status("status", "NetStream.Publish.Start", "You are live.")
}

pub(crate) fn unpublished() -> Bytes {
    status("status", "NetStream.Unpublish.Success", "The broadcast has ended.")
}

pub(crate) fn refused(refusal: Refusal) -> Bytes {
    status("error", refusal.code(), &refusal.to_string())
}

fn status(level: &str, code: &str, description: &str) -> Bytes {
    Writer::default()
        .string("onStatus")
        .number(0.0)
        .null()
        .object(&[("level", text(level)), ("code", text(code)), ("description", text(description))])
        .finish()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Reads a data message; `None`: it isn't metadata.
pub(crate) fn metadata(payload: &[u8]) -> Result<Option<Metadata>, Error> {
    if payload.len() > COMMAND_BYTES {
        return Err(Error::AmfLimit);
    }
    let values = amf::read(payload)?;
    let mut values = values.iter().skip_while(|value| value.string() == Some("@setDataFrame"));
    if values.next().and_then(Value::string) != Some("onMetaData") {
        return Ok(None);
    }
    let Some(object) = values.next() else { return Ok(None) };
    let number = |name: &str| object.get(name).and_then(Value::number).filter(|value| *value > 0.0);
    let kilobits = |name: &str| number(name).map(|value| (value * 1_000.0) as u64);
    let encoder = object.get("encoder").and_then(Value::string);
    Ok(Some(Metadata {
        encoder: encoder.map(|name| name.chars().filter(|char| !char.is_control()).take(ENCODER_NAME_CHARS).collect()),
        width: number("width").map(|value| value as u32),
        height: number("height").map(|value| value as u32),
        frames_per_second: number("framerate"),
        video_bps: kilobits("videodatarate"),
        audio_bps: kilobits("audiodatarate"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_an_encoder() {
        let object = [
            ("width", Value::Number(1920.0)),
            ("framerate", Value::Number(29.97)),
            ("videodatarate", Value::Number(6000.0)),
            ("audiodatarate", Value::Number(-1.0)),
            ("encoder", text(&format!("obs\u{7}-output {}", "x".repeat(200)))),
        ];
        let payload = Writer::default().string("@setDataFrame").string("onMetaData").object(&object).finish();
        let metadata = metadata(&payload).unwrap().expect("metadata");
        assert_eq!((metadata.width, metadata.height), (Some(1920), None));
        assert_eq!(metadata.video_bps, Some(6_000_000));
        assert_eq!(metadata.audio_bps, None, "what can't be is left out");
        assert_eq!(metadata.frames_per_second, Some(29.97));
        let encoder = metadata.encoder.expect("a name");
        assert!(encoder.starts_with("obs-output x"));
        assert_eq!(encoder.chars().count(), ENCODER_NAME_CHARS);
    }

    #[test]
    fn other_data_is_no_metadata() {
        assert_eq!(metadata(&Writer::default().string("onTextData").finish()), Ok(None));
        assert_eq!(metadata(&Writer::default().string("@setDataFrame").finish()), Ok(None));
        assert_eq!(metadata(&[]), Ok(None));
    }

    #[test]
    fn a_command_is_no_larger_than_permitted() {
        let mut payload = Writer::default().string("onTextData").finish().to_vec();
        payload.resize(COMMAND_BYTES, 0x11);
        assert_eq!(read(&payload), Ok(Command::Other));
        payload.push(0x11);
        assert_eq!(read(&payload), Err(Error::AmfLimit));
        assert_eq!(metadata(&payload), Err(Error::AmfLimit));
    }
}
