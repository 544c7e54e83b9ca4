//! A machine that breaks, driven like a real one.

use super::super::{Driven, Node, registry::Registry, request::ReplyTo};
use super::*;
use axum::extract::ws::Utf8Bytes;
use hearth_capabilities::{Effect, StoreFailure, Time, WriteId};
use hearth_protocol::ids::{DeviceId, SpaceId, UserId};
use hearth_protocol::space::SpaceEndReason;
use hearth_protocol::{Event, Outcome, ServerFrame};
use std::sync::OnceLock;

/// Attaches whom it is told to, answers `Done`, and panics when asked to.
struct Fragile;

#[derive(Clone)]
enum Poke {
    Attach(ConnectionId, RequestId),
    Break,
    Idle,
    Nothing,
}

impl Machine for Fragile {
    type Id = SpaceId;
    type Record = ();
    type Input = Poke;
    type BlackBox = Vec<&'static str>;

    fn owner(id: &SpaceId) -> Owner {
        Owner::Space(id.clone())
    }
    fn open(_: Time, (): ()) -> (Self, Vec<Effect>) {
        (Self, Vec::new())
    }
    fn handle(&mut self, _: Time, input: Poke) -> Vec<Effect> {
        match input {
            Poke::Attach(connection, request) => {
                vec![Effect::Attach { connection }, Effect::Reply { request, result: Ok(Outcome::Done) }]
            }
            Poke::Break => panic!("broken on purpose"),
            Poke::Idle => vec![Effect::Sleep],
            Poke::Nothing => Vec::new(),
        }
    }
    fn timer(timer: Timer) -> Poke {
        if timer == Timer::Idle { Poke::Idle } else { Poke::Nothing }
    }
    fn stored(_: WriteId, _: Result<u64, StoreFailure>) -> Poke {
        Poke::Nothing
    }
    fn lost(_: ConnectionId) -> Poke {
        Poke::Nothing
    }
    fn epitaph(id: &SpaceId) -> Option<ServerFrame> {
        let event = Event::Ended { reason: SpaceEndReason::Fault };
        Some(ServerFrame::Event { space: id.clone(), seq: 0, event })
    }
    fn black_box(_: Time, (): &()) -> Self::BlackBox {
        vec!["opened"]
    }
    fn note(black_box: &mut Self::BlackBox, _: Time, input: &Poke) {
        black_box.push(match input {
            Poke::Attach(..) => "attach",
            Poke::Break => "break",
            Poke::Idle => "idle",
            Poke::Nothing => "nothing",
        });
    }
    fn scenario(black_box: &Self::BlackBox) -> String {
        black_box.join("\n")
    }
}

impl Driven for Fragile {
    fn registry(_: &Node) -> &Arc<Registry<Self>> {
        static REGISTRY: OnceLock<Arc<Registry<Fragile>>> = OnceLock::new();
        REGISTRY.get_or_init(Arc::default)
    }
    async fn load(_: &Node, _: &SpaceId) -> Result<Option<()>, hearth_store::Error> {
        Ok(Some(()))
    }
}

async fn attach(node: &Arc<Node>, space: &SpaceId) -> Arc<Connection> {
    let id = ConnectionId::parse(&format!("conn_{}", crate::fresh::suffix())).unwrap();
    let connection =
        Arc::new(Connection::new(id.clone(), DeviceId::parse("dev_1").unwrap(), UserId::parse("user_1").unwrap()));
    node.enter(&connection);
    let (reply, answer) = ReplyTo::program();
    node.ask::<Fragile>(space, reply, |request| Poke::Attach(id, request));
    assert_eq!(answer.await.unwrap(), Ok(Outcome::Done));
    connection
}

async fn frames(connection: &Connection) -> Vec<Utf8Bytes> {
    match connection.next().await {
        super::super::connection::Next::Frames(frames) => frames,
        super::super::connection::Next::Close(reason) => panic!("{reason:?}"),
    }
}

#[tokio::test]
async fn a_panic_ends_one_space_says_so_and_is_written_down() {
    let (node, data) = super::super::tests::node().await;
    let [broken, sound] = ["room_broken", "room_sound"].map(|id| SpaceId::parse(id).unwrap());
    let ana = attach(&node, &broken).await;
    let bo = attach(&node, &sound).await;

    let (reply, answer) = ReplyTo::program();
    node.ask::<Fragile>(&broken, reply, |_| Poke::Break);
    assert_eq!(answer.await.unwrap(), Err(Rejection::Fault), "who waits is answered");
    let said = frames(&ana).await;
    assert!(said[0].contains(r#""kind":"ended","reason":"fault""#), "{said:?}");
    assert!(ana.spaces().is_empty());

    let mut reports = std::fs::read_dir(node.crashes()).unwrap();
    let report = std::fs::read_to_string(reports.next().unwrap().unwrap().path()).unwrap();
    assert_eq!(report, "opened\nattach\nbreak");

    // The others talk on, and the broken one opens anew.
    let cy = attach(&node, &sound).await;
    attach(&node, &broken).await;
    assert!(!bo.spaces().is_empty() && !cy.spaces().is_empty());
    let _ = std::fs::remove_dir_all(data);
}

#[tokio::test]
async fn a_machine_for_which_mail_waits_as_it_goes_to_sleep_sleeps_later() {
    let (node, data) = super::super::tests::node().await;
    let space = SpaceId::parse("room_idle").unwrap();
    // Both wait before the machine reads the first.
    for poke in [Poke::Idle, Poke::Nothing] {
        let (reply, _) = ReplyTo::program();
        node.ask::<Fragile>(&space, reply, |_| poke);
    }
    let sleeps = async {
        while Fragile::registry(&node).ids().contains(&space) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), sleeps).await.expect("it sleeps");
    let _ = std::fs::remove_dir_all(data);
}
