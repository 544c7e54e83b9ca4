//! The proof of what a visit saves: while it lasts one publisher is left, and its one stream goes to both audiences. Counted
//! by the media engine, with real WebRTC peers.

use crate::peers::{Line, Peers, until};
use crate::support::{Client, Server};
use crate::visiting::{Room, begin, broadcast, ended, join, saving, under_way};
use hearth_protocol::Command;
use hearth_protocol::host_visits::{Command as Wants, EndReason, Saving, Way};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::live_rooms::Broadcast;
use std::time::{Duration, Instant};

/// Who watches each of the two rooms.
const AUDIENCE: usize = 50;
/// For how long is counted.
const COUNTED: Duration = Duration::from_secs(4);

/// What the media engine of the whole server counted, a second.
#[derive(Debug)]
struct Counted {
    publishers: u64,
    watching: u64,
    packets_in: u64,
    forwarded: u64,
    in_kbps: u64,
    out_kbps: u64,
    /// CPU time of the media thread, in milliseconds.
    cpu_ms: u64,
}

async fn count(server: &Server) -> Counted {
    let stats = || server.running().node.media().sfu().stats();
    let (before, began) = (stats(), Instant::now());
    tokio::time::sleep(COUNTED).await;
    let (now, took_ms) = (stats(), began.elapsed().as_millis() as u64);
    let a_second = |now: u64, before: u64| (now - before) * 1_000 / took_ms;
    Counted {
        publishers: now.legs_publishing,
        watching: now.legs_subscribing,
        packets_in: a_second(now.packets_in, before.packets_in),
        forwarded: a_second(now.packets_forwarded, before.packets_forwarded),
        in_kbps: a_second(now.bytes_in, before.bytes_in) * 8 / 1_000,
        out_kbps: a_second(now.bytes_out, before.bytes_out) * 8 / 1_000,
        cpu_ms: a_second(now.cpu_us, before.cpu_us) / 1_000,
    }
}

/// Whether a part of something is that share of it, in percent, give or take a fifth of the whole: on a busy machine
/// publishers send less in one interval than in another.
fn is_share(part: u64, whole: u64, percent: u64) -> bool {
    part.abs_diff(whole * percent / 100) <= whole / 5
}

/// Waits until every one of these lines got more of a publisher's than it had.
async fn all_get(what: &str, lines: &[&Line], publisher: &Line) {
    let had: Vec<u64> = lines.iter().map(|line| line.packets_of(publisher)).collect();
    until(what, || lines.iter().zip(&had).all(|(line, had)| line.packets_of(publisher) > had + 20)).await;
}

/// Watches there, and no longer at home.
async fn goes_over(peers: &Peers, client: &mut Client, home: &SpaceId, there: &SpaceId) -> Line {
    under_way(client).await;
    join(client, there).await;
    client.command(home, Command::Unwatch).await.unwrap();
    peers.watch(client, there).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rooms_of_fifty_are_fed_by_one_publisher_while_a_visit_lasts() {
    let began = Instant::now();
    let server = Server::start().await;
    let peers = Peers::new();
    let (mut ana, mut bo) =
        tokio::join!(Room::live(&server, &peers, "ana", AUDIENCE), Room::live(&server, &peers, "bo", AUDIENCE));
    let (of_ana, of_bo) = (ana.line.take().unwrap(), bo.line.take().unwrap());
    for (room, line) in [(&ana, &of_ana), (&bo, &of_bo)] {
        let audience: Vec<&Line> = room.audience.iter().map(|(_, line)| line).collect();
        all_get("everybody is fed at home", &audience, line).await;
    }
    let both = 2 * AUDIENCE as u64;
    let before = count(&server).await;
    let tell = |what: &str, counted: &Counted| {
        let Counted { publishers, watching, packets_in, forwarded, in_kbps, out_kbps, cpu_ms } = counted;
        println!(
            "{what}: {publishers} publishers, {watching} viewers; {packets_in} packets/s in, {forwarded} forwarded; \
             {in_kbps} kbit/s in, {out_kbps} out; {cpu_ms} ms CPU/s; {:.0?} after the start",
            began.elapsed()
        );
    };
    tell("before", &before);
    assert_eq!((before.publishers, before.watching), (2, both));

    let visit = begin(&mut ana, &mut bo, Way::Watching).await;
    broadcast(&mut bo.host, "bo's broadcast pauses", |one| matches!(one, Broadcast::Paused { .. })).await;
    drop(of_bo);
    let (home, there) = (bo.somebody.room.clone(), ana.somebody.room.clone());
    for (client, line) in &mut bo.audience {
        *line = goes_over(&peers, client, &home, &there).await;
    }
    let everybody: Vec<&Line> = ana.audience.iter().chain(&bo.audience).map(|(_, line)| line).collect();
    all_get("Ana's stream feeds both audiences", &everybody, &of_ana).await;
    until("one publisher is over", || server.running().node.media().sfu().stats().legs_publishing == 1).await;
    let during = count(&server).await;
    tell("during", &during);
    assert_eq!((during.publishers, during.watching), (1, both), "one publisher is over, and nobody is lost");
    assert!(is_share(during.packets_in, before.packets_in, 50), "{before:?} {during:?}");
    assert!(is_share(during.forwarded, before.forwarded, 100), "each is sent one stream, as before");

    // Both hosts are told just that.
    for host in [&mut ana.host, &mut bo.host] {
        let Saving { before, now } = saving(host, |saving| u64::from(saving.now.viewers) == both).await;
        assert_eq!((before.publishers, u64::from(before.viewers)), (2, both));
        assert_eq!((now.publishers, u64::from(now.viewers)), (1, both));
    }
    for host in [&mut ana.host, &mut bo.host] {
        // The next ones are of an interval in which nobody was on the way any more.
        host.forget();
        let told = saving(host, |saving| u64::from(saving.now.viewers) == both).await;
        println!("told: {told:?}");
        let [of_two, of_one] = [told.before.in_bps / 1_000, told.now.in_bps / 1_000];
        assert!(is_share(of_one, of_two, 50), "{told:?}");
        assert!(is_share(told.now.out_bps / 1_000, during.out_kbps, 100), "{told:?} {during:?}");
    }

    // Over: everybody watches at home, and Bo sends again.
    bo.want(Wants::End { visit }).await.unwrap();
    broadcast(&mut bo.host, "bo is waited for", |one| matches!(one, Broadcast::Interrupted { .. })).await;
    let again = peers.go_live(&mut bo.host, &home).await;
    for (client, line) in &mut bo.audience {
        assert_eq!(ended(client).await, EndReason::Host);
        *line = peers.watch(client, &home).await;
    }
    for (room, line) in [(&ana, &of_ana), (&bo, &again)] {
        let audience: Vec<&Line> = room.audience.iter().map(|(_, line)| line).collect();
        all_get("everybody is fed at home again", &audience, line).await;
    }
    assert!(bo.audience.iter().all(|(_, line)| line.packets_of(&of_ana) == 0), "nothing of Ana's comes to Bo's room");
    let after = count(&server).await;
    tell("after", &after);
    assert_eq!((after.publishers, after.watching), (2, both));
    assert!(is_share(after.packets_in, before.packets_in, 100), "{before:?} {after:?}");
}
