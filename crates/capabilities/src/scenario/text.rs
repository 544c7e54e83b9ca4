//! Reading and writing scenarios.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

use super::people;
use crate::effect::Effect;
use crate::input::{Fresh, Input, Time};
use crate::space::Record;

/// A scenario: what the store knew, and what happened then.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What the store knew.
    pub record: Record,
    /// When the space was opened: the record's field `opened` (milliseconds), or the time of the first input.
    pub opened: Time,
    /// What the machine wanted done when it was opened, as lines without their mark.
    pub at_opening: Vec<String>,
    /// What came in, and what the machine wanted done.
    pub steps: Vec<Step>,
    /// The lines around it (comments, blank lines), each with the number of steps before it.
    pub prose: Vec<(usize, String)>,
}

/// One input.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What.
    pub input: Input,
    /// The input's line, as it was written.
    pub line: String,
    /// What the machine wants done, as lines without their mark.
    pub expected: Vec<String>,
}

/// A line that is none of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

type Fields = Map<String, Value>;

/// A room of Ana's in which nothing has happened yet.
///
/// # Panics
/// Never: it is read from what stands here.
pub fn usual_record() -> Record {
    read_record("").expect("the usual record is one").0
}

fn usual_fields() -> Value {
    json!({
        "id": "room_ana", "epoch": "e1", "host": "~ana",
        "about": {"title": "", "category": "", "language": "", "tags": [], "rules": "", "entry": "open"},
        "moderators": [], "sanctions": [], "slow_mode_s": 0, "last_position": 0, "broadcasts": 0,
        "messages": [], "more_messages": false
    })
}

/// Reads a scenario.
///
/// Errors: the first line that can't be read, or that there is none.
pub fn parse(text: &str) -> Result<Scenario, ParseError> {
    let mut record = None;
    let mut opened = None;
    let mut steps: Vec<Step> = Vec::new();
    let mut at_opening = Vec::new();
    let mut prose = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let failed = |reason: String| ParseError { line: index + 1, reason };
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            prose.push((steps.len() + usize::from(record.is_some()), line.to_owned()));
        } else if let Some(fields) = line.strip_prefix("record") {
            let (read, at) = read_record(fields).map_err(failed)?;
            record = Some(read);
            opened = at;
        } else if let Some(effect) = line.strip_prefix("> ") {
            steps.last_mut().map_or(&mut at_opening, |step| &mut step.expected).push(effect.to_owned());
        } else if let Some(input) = line.strip_prefix('@') {
            let (at, input) = read_input(input).map_err(failed)?;
            steps.push(Step { at, input, line: line.to_owned(), expected: Vec::new() });
        } else {
            return Err(failed("neither record, nor @input, nor > effect".to_owned()));
        }
    }
    let record = record.ok_or(ParseError { line: 1, reason: "there is no record".to_owned() })?;
    let opened = opened.or(steps.first().map(|step| step.at)).unwrap_or_default();
    Ok(Scenario { record, opened, at_opening, steps, prose })
}

fn read_record(text: &str) -> Result<(Record, Option<Time>), String> {
    let mut record = usual_fields();
    let mut fields = read_fields(text)?;
    let opened = fields.remove("opened").map(serde_json::from_value).transpose().map_err(|error| error.to_string())?;
    for (name, value) in fields {
        record[name] = value;
    }
    people::lengthen(&mut record);
    let record = serde_json::from_value(record).map_err(|error| error.to_string())?;
    Ok((record, opened))
}

fn read_time(text: &str) -> Result<Time, String> {
    let wrong = || format!("{text:?} is no time");
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().map(Time).map_err(|_| wrong());
    }
    let seconds = text.strip_suffix('s').ok_or_else(wrong)?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction: u64 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    if fraction > 999 { Err(wrong()) } else { Ok(Time(whole.saturating_mul(1_000).saturating_add(fraction))) }
}

fn write_time(time: Time) -> String {
    match (time.0 / 1_000, time.0 % 1_000) {
        (whole, 0) => format!("{whole}s"),
        (0, ms) => format!("{ms}ms"),
        (whole, ms) => format!("{whole}.{ms:03}s"),
    }
}

/// Reads `name=JSON` after `name=JSON`.
fn read_fields(text: &str) -> Result<Fields, String> {
    let mut fields = Fields::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').ok_or_else(|| format!("{rest:?} is no field"))?;
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
        let read = values.next().ok_or_else(|| format!("{name} has no value"))?.map_err(|error| error.to_string())?;
        fields.insert(name.to_owned(), read);
        rest = value[values.byte_offset()..].trim_start();
    }
    Ok(fields)
}

fn write_fields(text: &mut String, fields: &Fields) {
    for (name, value) in fields {
        let _ = write!(text, " {name}={value}");
    }
}

fn read_input(text: &str) -> Result<(Time, Input), String> {
    let (time, rest) = text.split_once(' ').ok_or("an input has a time and a name")?;
    let at = read_time(time)?;
    let (first, fields) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut input = match first.strip_suffix(':') {
        Some(caller) => read_command(caller, fields)?,
        None => {
            let fields = read_fields(fields)?;
            if fields.is_empty() { json!(first) } else { json!({ first: fields }) }
        }
    };
    people::lengthen(&mut input);
    let input = serde_json::from_value(input).map_err(|error| error.to_string())?;
    Ok((at, input))
}

fn read_command(caller: &str, text: &str) -> Result<Value, String> {
    let (word, request) = caller.split_once('#').ok_or("a caller has a request number: ana#1")?;
    let request: u64 = request.parse().map_err(|_| format!("{request:?} is no request number"))?;
    let from = people::caller(word).ok_or_else(|| format!("{word:?} is nobody"))?;
    let (kind, fields) = text.split_once(' ').unwrap_or((text, ""));
    let mut command = read_fields(fields)?;
    let fresh = command.remove("fresh").unwrap_or(json!([0, request]));
    let lookup = command.remove("lookup").unwrap_or(json!({}));
    command.insert("kind".to_owned(), json!(kind));
    Ok(json!({"command": {"from": from, "request": request, "command": command, "fresh": fresh, "lookup": lookup}}))
}

fn value_of(thing: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(thing).unwrap_or_default();
    people::shorten(&mut value);
    value
}

/// A record's line.
pub fn write_record(record: &Record) -> String {
    let mut text = "record".to_owned();
    let usual = usual_fields();
    if let Value::Object(fields) = value_of(record) {
        let unusual = fields.into_iter().filter(|(name, value)| usual[name] != *value).collect();
        write_fields(&mut text, &unusual);
    }
    text
}

/// An input's line.
pub fn write_input(at: Time, input: &Input) -> String {
    let mut text = format!("@{} ", write_time(at));
    if let Input::Command { from, request, command, fresh, lookup } = input
        && let Some(word) = people::word_of_caller(from)
        && let Value::Object(mut fields) = value_of(command)
    {
        let kind = fields.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        let _ = write!(text, "{word}#{}: {kind}", request.0);
        if *fresh != Fresh(0, request.0) {
            fields.insert("fresh".to_owned(), value_of(fresh));
        }
        if *lookup != crate::Lookup::default() {
            fields.insert("lookup".to_owned(), value_of(lookup));
        }
        write_fields(&mut text, &fields);
        return text;
    }
    write_tagged(&mut text, &value_of(input));
    text
}

/// `name` or `name field=JSON…`, from serde's external tagging.
fn write_tagged(text: &mut String, value: &Value) {
    match value {
        Value::Object(outer) if outer.len() == 1 => {
            for (name, inner) in outer {
                text.push_str(name);
                match inner {
                    Value::Object(fields) => write_fields(text, fields),
                    other => {
                        let _ = write!(text, " {other}");
                    }
                }
            }
        }
        Value::String(name) => text.push_str(name),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// `kind field=JSON…`, from serde's internal tagging.
fn write_kind(text: &mut String, value: Value) {
    if let Value::Object(mut fields) = value {
        let kind = fields.remove("kind");
        text.push_str(kind.as_ref().and_then(Value::as_str).unwrap_or_default());
        write_fields(text, &fields);
    }
}

/// An effect's line, without its mark.
pub fn write_effect(effect: &Effect) -> String {
    let mut text = String::new();
    match effect {
        Effect::Reply { request, result } => {
            let _ = write!(text, "reply {} {} ", request.0, if result.is_ok() { "ok" } else { "no" });
            match result {
                Ok(outcome) => write_kind(&mut text, value_of(outcome)),
                Err(rejection) => write_kind(&mut text, value_of(rejection)),
            }
        }
        Effect::Send { to, seq, event } => {
            let to = match to {
                crate::To::Everyone => "everyone".to_owned(),
                crate::To::Connections(connections) => {
                    let names: Vec<&str> = connections.iter().map(hearth_protocol::ids::ConnectionId::as_str).collect();
                    names.join(",")
                }
            };
            let _ = write!(text, "send {to} {seq} ");
            match event {
                crate::Payload::Space(event) => write_kind(&mut text, value_of(event)),
                crate::Payload::Person(event) => write_kind(&mut text, value_of(event)),
            }
        }
        other => write_tagged(&mut text, &value_of(other)),
    }
    text
}
