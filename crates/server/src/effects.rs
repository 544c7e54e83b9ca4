//! The one place that does what a machine wants done.

use hearth_capabilities::{Effect, Input, MediaOrder, Payload, StoreFailure, To};
use hearth_protocol::ServerFrame;

use crate::broadcast::announce::announce;
use crate::node::Driven;
use crate::node::connection::encode;
use crate::node::machine::{Mail, Owner};
use crate::node::request::Greeting;
use crate::node::task::Awake;
use crate::node::writes;

impl<M: Driven> Awake<M> {
    /// Does all of it, in order; says whether the machine may sleep afterwards.
    pub(crate) fn interpret_all(&mut self, effects: Vec<Effect>) -> bool {
        let mut may_sleep = false;
        for effect in effects {
            may_sleep |= self.interpret(effect);
        }
        may_sleep
    }

    fn interpret(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Reply { request, result } => {
                if let Some(request) = self.requests.remove(&request) {
                    request.answer(result);
                }
            }
            Effect::Welcome { request, me, stream, resumed } => {
                if let Some(request) = self.requests.remove(&request) {
                    request.greet(Greeting { me, person: stream, resumed });
                }
            }
            Effect::Attach { connection } => {
                self.flush();
                if let Some(connection) = self.node.connection(&connection) {
                    if let Owner::Space(space) = &self.owner {
                        connection.spaces().insert(space.clone());
                    }
                    self.attached.insert(connection.id.clone(), connection);
                }
                // Its socket may have gone before it was attached, or just now.
                if self.node.connection(&connection).is_none() {
                    self.attached.remove(&connection);
                    M::registry(&self.node).deliver_if_awake(&self.id, Mail::notice(M::lost(connection)));
                }
            }
            Effect::Detach { connection } => {
                self.flush();
                if let (Some(connection), Owner::Space(space)) = (self.attached.remove(&connection), &self.owner) {
                    connection.spaces().remove(space);
                }
            }
            Effect::Send { to, seq, event } => self.send(&to, seq, event),
            Effect::Store { write, what } => {
                let stored = writes::submit(&self.node, &self.owner, self.life, write, what);
                if stored.is_err() {
                    let failed = M::stored(write, Err(StoreFailure::Unavailable));
                    M::registry(&self.node).deliver_if_awake(&self.id, Mail::notice(failed));
                }
            }
            Effect::Media { leg, order } => {
                if let Owner::Space(space) = &self.owner {
                    if order == MediaOrder::Close {
                        self.node.broadcasts().feeds().closed(&leg);
                    }
                    self.node.media().order(space, leg, order);
                }
            }
            Effect::SetTimer { timer, at } => self.timers.set(timer, at),
            Effect::CancelTimer { timer } => self.timers.cancel(&timer),
            Effect::Tell { user, what } => self.node.tell(&user, what),
            Effect::TellSpace { space, what } => {
                if let Owner::Space(by) = &self.owner {
                    self.node.tell_space(&space, Input::Told { by: by.clone(), tell: what });
                }
            }
            Effect::List { listing } => {
                if let Owner::Space(space) = &self.owner {
                    self.node.directory().set(space, listing);
                }
            }
            Effect::Package { what, .. } => {
                if let Owner::Space(space) = &self.owner {
                    self.node.broadcasts().package(&self.node, space, what);
                }
            }
            Effect::Announce { host, about, since } => {
                if let Owner::Space(space) = &self.owner {
                    announce(&self.node, space.clone(), host, about, since);
                }
            }
            Effect::Sleep => return true,
        }
        false
    }

    fn send(&mut self, to: &To, seq: u64, event: Payload) {
        let frame = encode(&match (event, &self.owner) {
            (Payload::Space(event), Owner::Space(space)) => ServerFrame::Event { space: space.clone(), seq, event },
            (Payload::Person(event), Owner::Person(user)) => ServerFrame::Person { user: user.clone(), seq, event },
            (event, owner) => unreachable!("{owner} sends an event of the other kind: {event:?}"),
        });
        match to {
            To::Everyone => self.broadcast(frame),
            To::Connections(connections) => {
                self.flush();
                for connection in connections {
                    if let Some(connection) = self.attached.get(connection) {
                        connection.push(std::slice::from_ref(&frame));
                    }
                }
            }
        }
    }
}
