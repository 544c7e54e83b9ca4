//! The engine with real WebRTC clients in virtual time: on one thread, and the
//! same with publishers, viewers and datagrams spread over three.

mod camera;
mod client;
mod scalable_camera;
mod sealed;
mod workers;
mod world;

macro_rules! tests {
    ($($name:ident $path:literal)+) => { $(#[path = $path] mod $name;)+ };
}

macro_rules! with_workers {
    ($name:ident $workers:literal $(and $more:ident $path:literal)?) => {
        // The same tests twice is what is meant.
        #[allow(clippy::duplicate_mod)]
        #[path = "."]
        mod $name {
            mod world {
                pub(super) use super::super::world::*;

                pub(super) type World = WorldOf<$workers>;
            }
            use super::{camera, scalable_camera};
            tests! {
                feeds "feeds.rs"
                hostility "hostility.rs"
                muting "muting.rs"
                players "players.rs"
                refusals "refusals.rs"
                scalable "scalable.rs"
                sending "sending.rs"
                streams "streams.rs"
                tapping "tapping.rs"
                traffic "traffic.rs"
            }
            $(#[path = $path] mod $more;)?
        }
    };
}

with_workers!(alone 1);
with_workers!(spread 3 and spreading "spreading.rs");
