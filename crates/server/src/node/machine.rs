//! What the node needs to know of a machine to drive it; both kinds of machine are driven alike.

use hearth_capabilities::{Effect, Input, PersonInput, RequestId, StoreFailure, Time, Timer, WriteId, person, space};
use hearth_protocol::ids::{ConnectionId, SpaceId, UserId};
use hearth_protocol::space::SpaceEndReason;
use hearth_protocol::{Event, ServerFrame};

use super::request::ReplyTo;

/// Whose effects these are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A space's.
    Space(SpaceId),
    /// A person's.
    Person(UserId),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Owner::Space(id) => id.fmt(f),
            Owner::Person(id) => id.fmt(f),
        }
    }
}

/// An input on its way to a machine, and where the answer goes if it is a request.
pub struct Mail<M: Machine> {
    /// What comes in.
    pub input: M::Input,
    /// Where the answer goes.
    pub reply: Option<(RequestId, ReplyTo)>,
}

impl<M: Machine> Mail<M> {
    /// An input that asks for no answer.
    pub fn notice(input: M::Input) -> Self {
        Self { input, reply: None }
    }
}

/// A state machine of the pure core, as the node drives it.
pub trait Machine: Sized + Send + 'static {
    /// Its name in the node.
    type Id: Clone + Ord + std::hash::Hash + std::fmt::Display + Send + Sync + 'static;
    /// What the store knows of it.
    type Record: Clone + Send + 'static;
    /// What comes in.
    type Input: Clone + Send + 'static;
    /// Keeps the last inputs, so that a crash tells how it came about.
    type BlackBox: Send + 'static;

    /// Whose effects these are.
    fn owner(id: &Self::Id) -> Owner;
    /// The machine as the store knows it.
    fn open(now: Time, record: Self::Record) -> (Self, Vec<Effect>);
    /// Takes an input.
    fn handle(&mut self, now: Time, input: Self::Input) -> Vec<Effect>;
    /// A due timer, as an input.
    fn timer(timer: Timer) -> Self::Input;
    /// A write's end, as an input.
    fn stored(write: WriteId, result: Result<u64, StoreFailure>) -> Self::Input;
    /// A lost connection, as an input.
    fn lost(connection: ConnectionId) -> Self::Input;
    /// What an attached client hears when the machine has crashed.
    fn epitaph(id: &Self::Id) -> Option<ServerFrame>;
    /// An empty black box for a machine that starts as `record` says.
    fn black_box(now: Time, record: &Self::Record) -> Self::BlackBox;
    /// Notes an input.
    fn note(black_box: &mut Self::BlackBox, now: Time, input: &Self::Input);
    /// The scenario that replays what happened.
    fn scenario(black_box: &Self::BlackBox) -> String;
}

impl Machine for space::Space {
    type Id = SpaceId;
    type Record = space::Record;
    type Input = Input;
    type BlackBox = hearth_capabilities::scenario::BlackBox;

    fn owner(id: &SpaceId) -> Owner {
        Owner::Space(id.clone())
    }
    fn open(now: Time, record: space::Record) -> (Self, Vec<Effect>) {
        space::Space::open(now, record)
    }
    fn handle(&mut self, now: Time, input: Input) -> Vec<Effect> {
        space::Space::handle(self, now, input)
    }
    fn timer(timer: Timer) -> Input {
        Input::Timer { timer }
    }
    fn stored(write: WriteId, result: Result<u64, StoreFailure>) -> Input {
        Input::Stored { write, result }
    }
    fn lost(connection: ConnectionId) -> Input {
        Input::ConnectionLost { connection }
    }
    fn epitaph(id: &SpaceId) -> Option<ServerFrame> {
        let event = Event::Ended { reason: SpaceEndReason::Fault };
        Some(ServerFrame::Event { space: id.clone(), seq: 0, event })
    }
    fn black_box(now: Time, record: &space::Record) -> Self::BlackBox {
        Self::BlackBox::new(now, record)
    }
    fn note(black_box: &mut Self::BlackBox, now: Time, input: &Input) {
        black_box.note(now, input);
    }
    fn scenario(black_box: &Self::BlackBox) -> String {
        black_box.scenario()
    }
}

impl Machine for person::Person {
    type Id = UserId;
    type Record = person::Record;
    type Input = PersonInput;
    type BlackBox = ();

    fn owner(id: &UserId) -> Owner {
        Owner::Person(id.clone())
    }
    fn open(now: Time, record: person::Record) -> (Self, Vec<Effect>) {
        person::Person::open(now, record)
    }
    fn handle(&mut self, now: Time, input: PersonInput) -> Vec<Effect> {
        person::Person::handle(self, now, input)
    }
    fn timer(timer: Timer) -> PersonInput {
        PersonInput::Timer { timer }
    }
    fn stored(write: WriteId, result: Result<u64, StoreFailure>) -> PersonInput {
        PersonInput::Stored { write, result }
    }
    fn lost(connection: ConnectionId) -> PersonInput {
        PersonInput::ConnectionLost { connection }
    }
    fn epitaph(_: &UserId) -> Option<ServerFrame> {
        None
    }
    fn black_box(_: Time, _: &person::Record) {}
    fn note((): &mut (), _: Time, _: &PersonInput) {}
    fn scenario((): &()) -> String {
        String::new()
    }
}
