//! Runs of chat: fills rooms with guests, lets them talk, and says what that cost.

use super::crowd::{Crowd, Pace, Ran};
use super::member::Member;
use crate::failure::{Failure, Result};
use crate::figures::process::Usage;
use crate::figures::report::Figures;
use crate::hearth::api::Api;
use crate::hearth::connection::Connection;
use crate::hearth::target::Target;
use crate::media_runs::HearthServer;
use hearth_protocol::Rejection;
use hearth_protocol::ids::SpaceId;

/// The most members of all rooms together: each has a socket.
pub const MEMBERS_MAX: usize = 10_000;
/// The most rooms.
pub const ROOMS_MAX: usize = 1_000;
/// How many members come in at the same time.
const ENTERING_TOGETHER: usize = 8;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Rooms; with more than one, accounts are made to own them.
    pub rooms: usize,
    /// Members of each room.
    pub members: usize,
    /// How many of all members talk.
    pub talkers: usize,
    /// How they talk.
    pub pace: Pace,
    /// Characters of a message.
    pub text_chars: usize,
}

/// What a run gave.
pub struct Outcome {
    /// The figures.
    pub figures: Figures,
    /// Whether all that was accepted came to everybody once, and something was accepted.
    pub good: bool,
    /// What went wrong, for people.
    pub remarks: Vec<String>,
}

/// Runs the load against `server`.
pub async fn run(server: &HearthServer, load: Load) -> Result<Outcome> {
    let mut api = Api::connect(server.target).await?;
    let rooms = rooms(&mut api, server, load.rooms).await?;
    // The first one in wakes the room: what the room itself needs isn't counted as a member's.
    let first: Vec<_> = enter(server.target, &rooms, rooms.len()).await?;
    let before = Usage::of(server.process)?;
    let mut members = first;
    members.extend(enter(server.target, &rooms, load.rooms * (load.members - 1)).await?);
    let after = Usage::of(server.process)?;
    let joined = (load.rooms * (load.members - 1)) as f64;
    let memory_kib = after.kib_since(&before).filter(|_| joined > 0.0).map(|kib| kib / joined);
    let crowd = Crowd { rooms, members, talkers: load.talkers, text_chars: load.text_chars };
    let (pace, process) = (load.pace, server.process);
    let ran = tokio::task::spawn_blocking(move || crowd.run(pace, process))
        .await
        .map_err(|error| Failure::Usage(format!("the thread that reads failed: {error}")))??;
    Ok(outcome(&ran, memory_kib))
}

async fn rooms(api: &mut Api, server: &HearthServer, count: usize) -> Result<Vec<SpaceId>> {
    let (token, name) = api.sign_in(&server.credentials).await?;
    let mut rooms = vec![match &server.room {
        Some(room) => room.clone(),
        None => api.room_of(&name, &token).await?,
    }];
    while rooms.len() < count {
        let owner = format!("loadgen-{}", rooms.len());
        match api.make_account(&token, &owner, &fresh_password()).await {
            // An earlier run has made it, and its room is as good.
            Ok(()) | Err(Failure::Declined { rejection: Rejection::NameTaken, .. }) => {}
            Err(failure) => return Err(failure),
        }
        rooms.push(api.room_of(&owner, &token).await?);
    }
    Ok(rooms)
}

/// A password that nobody knows: nobody signs in as the owner of such a room.
fn fresh_password() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Brings `count` guests into the rooms, one room after another in turn.
async fn enter(target: Target, rooms: &[SpaceId], count: usize) -> Result<Vec<(Member, usize)>> {
    let tasks: Vec<_> = (0..ENTERING_TOGETHER)
        .map(|lane| {
            let rooms = rooms.to_vec();
            tokio::task::spawn_local(async move {
                let mut api = Api::connect(target).await?;
                let mut entered = Vec::new();
                for index in (lane..count).step_by(ENTERING_TOGETHER) {
                    let room = index % rooms.len();
                    let token = api.guest(format!("Member {index}"), &rooms[room]).await?;
                    let mut connection = Connection::open(target, &token).await?;
                    connection.join(&rooms[room]).await?;
                    let (socket, partial) = connection.into_socket().await?;
                    entered.push((Member::new(socket, partial)?, room));
                }
                Ok::<_, Failure>(entered)
            })
        })
        .collect();
    let mut members = Vec::new();
    for task in tasks {
        members.extend(task.await.map_err(|error| Failure::Usage(format!("entering failed: {error}")))??);
    }
    Ok(members)
}

fn outcome(ran: &Ran, memory_kib: Option<f64>) -> Outcome {
    let totals = &ran.totals;
    let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
    let cpu_per = |count: f64| ran.cpu_us.and_then(|us| ratio(us, count));
    let mut f = Figures::default();
    f.add("deliveries_per_second", "deliveries a second", "", 0, ratio(totals.deliveries as f64, ran.seconds));
    f.add("cpu_us_per_delivery", "server CPU a delivery", "µs", 2, cpu_per(totals.deliveries as f64));
    f.add("stored_per_second", "messages stored a second", "", 0, ratio(totals.stored as f64, ran.answered_seconds));
    f.add("cpu_us_per_message", "server CPU a stored message", "µs", 1, cpu_per(totals.stored as f64));
    f.add("cpu_percent", "server CPU, of one core", "%", 1, cpu_per(ran.seconds * 1e4));
    let ack =
        [("ack_p50_ms", "acknowledged p50"), ("ack_p95_ms", "acknowledged p95"), ("ack_p99_ms", "acknowledged p99")];
    f.add_percentiles(ack, &totals.ack_us);
    let delivery = [
        ("delivery_p50_ms", "delivered p50"),
        ("delivery_p95_ms", "delivered p95"),
        ("delivery_p99_ms", "delivered p99"),
    ];
    f.add_percentiles(delivery, &totals.delivery_us);
    f.add("memory_kib_per_member", "server memory a member", "KiB", 1, memory_kib);
    f.add("sent_messages", "messages sent", "", 0, Some(totals.sent as f64));
    f.add("stored_messages", "messages stored", "", 0, Some(totals.stored as f64));
    f.add("refused_messages", "messages declined", "", 0, Some(totals.refused as f64));
    f.add("unanswered_messages", "messages never answered", "", 0, Some(totals.unanswered as f64));
    f.add("lost_deliveries", "lost deliveries", "", 0, Some(totals.lost as f64));
    f.add("doubled_deliveries", "doubled deliveries", "", 0, Some(totals.doubled as f64));
    f.add("dropped_members", "connections dropped", "", 0, Some(ran.dropped.len() as f64));
    let good = totals.lost == 0
        && totals.doubled == 0
        && totals.unanswered == 0
        && totals.refused == 0
        && totals.stored > 0
        && ran.dropped.is_empty();
    let said = |what: &str, reasons: &[String]| {
        let reasons: Vec<&str> = reasons.iter().filter(|reason| !reason.is_empty()).map(String::as_str).collect();
        (!reasons.is_empty()).then(|| format!("{what}: {}", reasons.join("; ")))
    };
    let remarks = [said("declined", &ran.refusals), said("dropped", &ran.dropped)].into_iter().flatten().collect();
    Outcome { figures: f, good, remarks }
}
