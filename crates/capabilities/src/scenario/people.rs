//! Short words for people.

use hearth_protocol::ids::{ConnectionId, DeviceId, UserId};
use hearth_protocol::people::Profile;
use serde_json::Value;

use crate::input::{Caller, Standing};

fn display_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn profile(word: &str) -> Option<Profile> {
    let (guest, name) = word.strip_prefix("guest:").map_or((false, word), |name| (true, name));
    let id = UserId::parse(&format!("user_{name}")).ok()?;
    Some(Profile { id, name: (!guest).then(|| name.to_owned()), display_name: display_name(name) })
}

fn word_of(profile_given: &Profile) -> Option<String> {
    let name = profile_given.id.as_str().strip_prefix("user_")?;
    let word = if profile_given.name.is_none() { format!("guest:{name}") } else { name.to_owned() };
    (profile(&word).as_ref() == Some(profile_given)).then_some(word)
}

/// The caller that a word stands for.
pub fn caller(word: &str) -> Option<Caller> {
    let (kind, rest) = word.split_once(':').unwrap_or(("", word));
    let (name, device) = rest.split_once('@').unwrap_or((rest, ""));
    let tail = if device.is_empty() { name.to_owned() } else { format!("{name}_{device}") };
    let connection = ConnectionId::parse(&format!("conn_{tail}")).ok()?;
    let (standing, guest) = match kind {
        "" | "program" => (Standing::Account, false),
        "admin" => (Standing::Administrator, false),
        "guest" => (Standing::Guest, true),
        "invited" => (Standing::InvitedGuest, true),
        _ => return None,
    };
    let profile = profile(&if guest { format!("guest:{name}") } else { name.to_owned() })?;
    let device = DeviceId::parse(&format!("dev_{tail}")).ok()?;
    Some(Caller { connection: (kind != "program").then_some(connection), device, profile, standing })
}

/// The word that stands for a caller, if there is one.
pub fn word_of_caller(given: &Caller) -> Option<String> {
    let name = given.profile.id.as_str().strip_prefix("user_")?;
    let tail = given.device.as_str().strip_prefix("dev_")?;
    let kind = match (given.standing, &given.connection) {
        (Standing::Account, None) => "program:",
        (Standing::Account, Some(_)) => "",
        (Standing::Administrator, _) => "admin:",
        (Standing::Guest, _) => "guest:",
        (Standing::InvitedGuest, _) => "invited:",
    };
    let word = match tail.strip_prefix(name) {
        Some("") => format!("{kind}{name}"),
        Some(device) => format!("{kind}{name}@{}", device.strip_prefix('_')?),
        None => return None,
    };
    (caller(&word).as_ref() == Some(given)).then_some(word)
}

/// Replaces profiles by their words, wherever they are.
pub fn shorten(value: &mut Value) {
    if let Ok(profile) = serde_json::from_value::<Profile>(value.clone())
        && value.as_object().is_some_and(|fields| fields.len() == 3)
        && let Some(word) = word_of(&profile)
    {
        *value = Value::String(format!("~{word}"));
        return;
    }
    match value {
        // A text that only looks like a word.
        Value::String(text) if text.starts_with('~') => text.insert(0, '~'),
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Replaces words by the profiles that they stand for.
pub fn lengthen(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.starts_with("~~") {
                text.remove(0);
            } else if let Some(profile) = text.strip_prefix('~').and_then(profile) {
                *value = serde_json::to_value(profile).unwrap_or_default();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lengthen),
        Value::Object(fields) => fields.values_mut().for_each(lengthen),
        _ => {}
    }
}
