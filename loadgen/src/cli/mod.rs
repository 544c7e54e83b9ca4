//! What can be asked for on the command line.

mod cameras;
mod others;

use crate::chat::crowd::Pace;
use crate::chat::mark::TEXT_MIN_CHARS;
use crate::chat::run::{self as chat, MEMBERS_MAX, ROOMS_MAX};
use crate::chat::tally::MESSAGES_MAX;
use crate::failure::{Failure, Result};
use crate::figures::process::Process;
use crate::figures::report::{Figures, table};
use crate::hearth::api::Credentials;
use crate::hearth::target::Target;
use crate::hls;
use crate::media::load::{Load, SECONDS_MAX, VIEWERS_MAX};
use crate::media::packetiser::{FRAME_RATE, Layer, PACKETS_PER_SECOND_MAX, PAYLOAD_MAX_BYTES, PAYLOAD_MIN_BYTES};
use crate::media::publishing::{LAYERS_MAX, Plan};
use crate::media_runs::{self, HearthServer, Runs};
use cameras::CamerasArguments;
use clap::{Args, Parser, Subcommand};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::MESSAGE_MAX_CHARS;
use others::{MediasoupArguments, Other};
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};

/// The most runs of which the median is taken.
const RUNS_MAX: usize = 99;
/// The height of the one picture of a single publisher, in pixels.
const HEIGHT_PX: u16 = 720;
/// The most messages a second.
const RATE_MAX: f64 = 100_000.0;

/// Loads a Hearth server the way people do, and says what that costs it.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// One publisher, many viewers, through Hearth.
    Media {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        media: MediaArguments,
    },
    /// Many cameras in simulcast, each watched by all the others, in a discussion group.
    Cameras {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        cameras: CamerasArguments,
    },
    /// Players of Low-Latency HLS, of whatever is live at an address.
    Hls(HlsArguments),
    /// Chat: deliveries to a room full of people.
    Chat {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        chat: ChatArguments,
    },
    /// Chat: messages stored a second.
    Messages {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        messages: MessagesArguments,
    },
    /// The same media through Debian's Janus, which is started for it.
    Janus {
        #[command(flatten)]
        media: MediaArguments,
        #[command(flatten)]
        janus: JanusArguments,
    },
    /// The same media through a mediasoup worker, which is started for it.
    Mediasoup {
        #[command(flatten)]
        media: MediaArguments,
        #[command(flatten)]
        mediasoup: MediasoupArguments,
    },
    /// Hearth and other servers in turn, side by side.
    Compare {
        #[command(flatten)]
        server: ServerArguments,
        #[command(flatten)]
        media: MediaArguments,
        /// The others.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "janus")]
        against: Vec<Other>,
        #[command(flatten)]
        janus: JanusArguments,
        #[command(flatten)]
        mediasoup: MediasoupArguments,
    },
}

/// Players of Low-Latency HLS.
#[derive(Args, Clone)]
struct HlsArguments {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The multivariant playlist, as `GET /api/rooms/{room}/watch` says it.
    #[arg(long)]
    path: String,
    /// Players.
    #[arg(long, default_value_t = 100)]
    players: usize,
    /// Seconds measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Ask as fast as it is answered.
    #[arg(long)]
    flood: bool,
    /// The server's process; found by its port where left out.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Load a server on another machine (its CPU and memory can't be read then).
    #[arg(long)]
    i_own_this_server: bool,
}

/// A room full of people, some of whom talk.
#[derive(Args, Clone)]
struct ChatArguments {
    /// Members of the room.
    #[arg(long, default_value_t = 1_000)]
    room_members: usize,
    /// How many of them talk, in turn; all where left out.
    #[arg(long)]
    chatters: Option<usize>,
    /// Messages a second of all together.
    #[arg(long, default_value_t = 80.0)]
    rate: f64,
    /// Seconds of talking.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Send this many messages as fast as possible instead.
    #[arg(long, value_name = "MESSAGES")]
    burst: Option<usize>,
    /// Characters of a message.
    #[arg(long, default_value_t = 80)]
    text: usize,
    /// Runs; the medians are printed.
    #[arg(long, default_value_t = 1)]
    runs: usize,
}

/// Many rooms, and everybody talks at once.
#[derive(Args, Clone)]
struct MessagesArguments {
    /// Rooms; accounts are made to own all but the first.
    #[arg(long, default_value_t = 200)]
    rooms: usize,
    /// Members of each room; all of them talk.
    #[arg(long, default_value_t = 10)]
    senders: usize,
    /// Messages of each, sent as fast as possible.
    #[arg(long, default_value_t = 5)]
    each: usize,
    /// Characters of a message.
    #[arg(long, default_value_t = 80)]
    text: usize,
    /// Runs; the medians are printed.
    #[arg(long, default_value_t = 1)]
    runs: usize,
}

#[derive(Args)]
struct JanusArguments {
    /// The program.
    #[arg(long = "janus", default_value = "janus")]
    program: String,
}

/// Which Hearth, and as whom.
#[derive(Args)]
struct ServerArguments {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The host of the room: NAME:PASSWORD.
    #[arg(long, env = "LOADGEN_ADMIN", hide_env_values = true, value_parser = Credentials::parse, required_unless_present = "token")]
    admin: Option<Credentials>,
    /// The host of the room: a bearer token instead.
    #[arg(long, env = "LOADGEN_TOKEN", hide_env_values = true, conflicts_with = "admin")]
    token: Option<String>,
    /// The room; the host's own where left out.
    #[arg(long, value_parser = parse_room)]
    room: Option<SpaceId>,
    /// The server's process; found by its port where left out.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Load a server on another machine (its CPU and memory can't be read then).
    #[arg(long)]
    i_own_this_server: bool,
}

/// What media.
#[derive(Args, Clone)]
struct MediaArguments {
    /// Viewers.
    #[arg(long, default_value_t = 200)]
    viewers: usize,
    /// Video packets a second (30 frames a second).
    #[arg(long, default_value_t = 300)]
    pps: u32,
    /// Bytes of a video packet's RTP payload.
    #[arg(long, default_value_t = 1_100)]
    size: usize,
    #[command(flatten)]
    measured: MeasuredArguments,
    /// Sound (50 packets a second) beside the picture.
    #[arg(long)]
    with_audio: bool,
    /// Sound only.
    #[arg(long)]
    audio_only: bool,
    /// How many viewers join at the same time, after the first eight that join alone.
    #[arg(long, default_value_t = 4)]
    join_together: usize,
}

/// What is measured of media.
#[derive(Args, Clone)]
struct MeasuredArguments {
    /// Seconds measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds of media before that, once everybody is given what they show.
    #[arg(long, default_value_t = 3)]
    warmup: u64,
    /// Send no transport-wide feedback: the server can't estimate bandwidth.
    #[arg(long)]
    no_bwe: bool,
    /// Runs; the medians are printed.
    #[arg(long, default_value_t = 1)]
    runs: usize,
}

impl MeasuredArguments {
    fn check(&self) -> Result<()> {
        check("seconds", self.seconds, 1, SECONDS_MAX)?;
        check("warmup", self.warmup, 0, SECONDS_MAX)?;
        check("runs", self.runs as u64, 1, RUNS_MAX as u64)
    }
}

fn parse_room(text: &str) -> std::result::Result<SpaceId, String> {
    SpaceId::parse(text).map_err(|error| error.to_string())
}

fn check(name: &str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Failure::Usage(format!("--{name} is {value}, but can be {least} to {most}")))
}

impl MediaArguments {
    fn load(&self) -> Result<Load> {
        check("viewers", self.viewers as u64, 1, VIEWERS_MAX as u64)?;
        check("pps", self.pps.into(), 30, PACKETS_PER_SECOND_MAX.into())?;
        check("size", self.size as u64, PAYLOAD_MIN_BYTES as u64, PAYLOAD_MAX_BYTES as u64)?;
        self.measured.check()?;
        check("join-together", self.join_together as u64, 1, VIEWERS_MAX as u64)?;
        let mut layers = [Layer::default(); LAYERS_MAX];
        if !self.audio_only {
            layers[0] = Layer { packets_per_second: self.pps, payload_bytes: self.size, height_px: HEIGHT_PX };
        }
        let sound = self.with_audio || self.audio_only;
        let plan = Plan { publisher: 0, layers, frame_rate: FRAME_RATE, swing_percent: 0, sound };
        Ok(Load {
            plan,
            viewers: self.viewers,
            join_together: self.join_together,
            seconds: self.measured.seconds,
            warm_up_seconds: self.measured.warmup,
            feedback: !self.measured.no_bwe,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        })
    }
}

impl ChatArguments {
    fn load(&self) -> Result<chat::Load> {
        check("room-members", self.room_members as u64, 1, MEMBERS_MAX as u64)?;
        let talkers = self.chatters.unwrap_or(self.room_members);
        check("chatters", talkers as u64, 1, self.room_members as u64)?;
        check("seconds", self.seconds, 1, SECONDS_MAX)?;
        check("burst", self.burst.unwrap_or(1) as u64, 1, MESSAGES_MAX as u64)?;
        check("text", self.text as u64, TEXT_MIN_CHARS as u64, MESSAGE_MAX_CHARS as u64)?;
        check("runs", self.runs as u64, 1, RUNS_MAX as u64)?;
        if !(0.1..=RATE_MAX).contains(&self.rate) {
            return Err(Failure::Usage(format!("--rate is {}, but can be 0.1 to {RATE_MAX}", self.rate)));
        }
        let pace = match self.burst {
            Some(messages) => Pace::Burst { messages },
            None => Pace::Rate { per_second: self.rate, seconds: self.seconds },
        };
        Ok(chat::Load { rooms: 1, members: self.room_members, talkers, pace, text_chars: self.text })
    }
}

impl MessagesArguments {
    fn load(&self) -> Result<chat::Load> {
        check("rooms", self.rooms as u64, 1, ROOMS_MAX as u64)?;
        check("senders", self.senders as u64, 1, (MEMBERS_MAX / self.rooms) as u64)?;
        check("each", self.each as u64, 1, (MESSAGES_MAX / (self.rooms * self.senders)) as u64)?;
        check("text", self.text as u64, TEXT_MIN_CHARS as u64, MESSAGE_MAX_CHARS as u64)?;
        check("runs", self.runs as u64, 1, RUNS_MAX as u64)?;
        let pace = Pace::Burst { messages: self.rooms * self.senders * self.each };
        let talkers = self.rooms * self.senders;
        Ok(chat::Load { rooms: self.rooms, members: self.senders, talkers, pace, text_chars: self.text })
    }
}

impl HlsArguments {
    fn load(&self) -> Result<hls::Load> {
        check("players", self.players as u64, 1, hls::PLAYERS_MAX as u64)?;
        check("seconds", self.seconds, 1, SECONDS_MAX)?;
        Ok(hls::Load { path: self.path.clone(), players: self.players, seconds: self.seconds, flood: self.flood })
    }
}

/// The server's process, by its id or by its port; nothing of one on another machine.
fn process_of(id: Option<u32>, target: Target) -> Result<Option<Process>> {
    match id {
        Some(id) => Process::new(id).map(Some),
        None if target.is_this_machine() => Process::listening_on(target.address).map(Some),
        None => Ok(None),
    }
}

impl ServerArguments {
    fn find(&self) -> Result<HearthServer> {
        let target = Target::parse(&self.url, self.i_own_this_server)?;
        let credentials = match (&self.admin, &self.token) {
            (Some(credentials), _) => credentials.clone(),
            (None, Some(token)) => Credentials::Token(token.clone()),
            (None, None) => return Err(Failure::Usage("give --admin NAME:PASSWORD or --token".to_owned())),
        };
        let process = process_of(self.server_pid, target)?;
        Ok(HearthServer { target, credentials, room: self.room.clone(), process })
    }
}

/// Does what was asked for; whether the server delivered what it must.
pub async fn run(arguments: Arguments) -> Result<bool> {
    match &arguments.what {
        What::Media { server, media } => {
            let (server, load) = (server.find()?, media.load()?);
            let mut runs = Runs::new();
            for _ in 0..media.measured.runs {
                runs.add(media_runs::hearth(&server, load).await?);
            }
            print(arguments.json, &[("hearth", &runs.figures())]);
            Ok(runs.good())
        }
        What::Cameras { server, cameras } => {
            let (server, load) = (server.find()?, cameras.load()?);
            let mut runs = Runs::new();
            for _ in 0..cameras.measured.runs {
                runs.add(media_runs::cameras(&server, load).await?);
            }
            print(arguments.json, &[("hearth", &runs.figures())]);
            Ok(runs.good())
        }
        What::Hls(players) => {
            let load = players.load()?;
            let target = Target::parse(&players.url, players.i_own_this_server)?;
            let process = process_of(players.server_pid, target)?;
            let (figures, good) = hls::run(target, process, &load).await?;
            print(arguments.json, &[("hearth", &figures)]);
            Ok(good)
        }
        What::Chat { server, chat } => chats(arguments.json, server, chat.load()?, chat.runs).await,
        What::Messages { server, messages } => chats(arguments.json, server, messages.load()?, messages.runs).await,
        What::Janus { media, janus } => {
            let load = media.load()?;
            let mut runs = Runs::new();
            for _ in 0..media.measured.runs {
                runs.add(media_runs::janus(&janus.program, load).await?);
            }
            print(arguments.json, &[("janus", &runs.figures())]);
            Ok(runs.good())
        }
        What::Mediasoup { media, mediasoup } => {
            let load = media.load()?;
            let mut runs = Runs::new();
            for _ in 0..media.measured.runs {
                runs.add(mediasoup.run(load).await?);
            }
            print(arguments.json, &[("mediasoup", &runs.figures())]);
            Ok(runs.good())
        }
        What::Compare { server, media, against, janus, mediasoup } => {
            let (server, load) = (server.find()?, media.load()?);
            if against.contains(&Other::Mediasoup) {
                mediasoup.folder()?;
            }
            let mut ours = Runs::new();
            let mut theirs: Vec<(Other, Runs)> = against.iter().map(|other| (*other, Runs::new())).collect();
            // In turn, so that whatever else the machine does falls on all.
            for _ in 0..media.measured.runs {
                ours.add(media_runs::hearth(&server, load).await?);
                for (other, runs) in &mut theirs {
                    let run = match other {
                        Other::Janus => media_runs::janus(&janus.program, load).await,
                        Other::Mediasoup => mediasoup.run(load).await,
                    };
                    // A server that can't carry the load ends its run, not the comparison.
                    match run {
                        Ok(outcome) => runs.add(outcome),
                        Err(failure) => eprintln!("loadgen: the run against {} failed: {failure}", other.name()),
                    }
                }
            }
            let theirs: Vec<(&str, Figures)> =
                theirs.iter().map(|(other, runs)| (other.name(), runs.figures())).collect();
            let ours_figures = ours.figures();
            let columns: Vec<(&str, &Figures)> = std::iter::once(("hearth", &ours_figures))
                .chain(theirs.iter().map(|(name, figures)| (*name, figures)))
                .collect();
            print(arguments.json, &columns);
            Ok(ours.good())
        }
    }
}

async fn chats(json: bool, server: &ServerArguments, load: chat::Load, runs: usize) -> Result<bool> {
    let server = server.find()?;
    let (mut figures, mut good) = (Vec::new(), true);
    for _ in 0..runs {
        let outcome = chat::run(&server, load).await?;
        good &= outcome.good;
        outcome.remarks.iter().for_each(|remark| eprintln!("loadgen: {remark}"));
        figures.push(outcome.figures);
    }
    print(json, &[("hearth", &Figures::median_of(&figures))]);
    Ok(good)
}

fn print(json: bool, columns: &[(&str, &Figures)]) {
    if json {
        let object: Map<String, Value> =
            columns.iter().map(|(name, figures)| ((*name).to_owned(), figures.to_json())).collect();
        println!("{}", Value::Object(object));
    } else {
        let columns: Vec<(String, &Figures)> =
            columns.iter().map(|(name, figures)| ((*name).to_owned(), *figures)).collect();
        print!("{}", table(&columns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::cameras::{CAMERAS_MAX, CAMERAS_MIN, KBPS_MAX};
    use crate::media::packetiser::FRAME_RATE_MAX;
    use clap::CommandFactory as _;
    use hearth_protocol::limits::GROUP_MEMBERS_MAX;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn others_are_named_and_janus_is_the_one_where_none_is() {
        let against = |arguments: &[&str]| {
            let command = ["loadgen", "compare", "--admin", "a:b"].iter().chain(arguments).copied();
            match Arguments::try_parse_from(command).map(|arguments| arguments.what) {
                Ok(What::Compare { against, .. }) => Some(against),
                _ => None,
            }
        };
        assert_eq!(against(&[]), Some(vec![Other::Janus]));
        assert_eq!(against(&["--against", "mediasoup,janus"]), Some(vec![Other::Mediasoup, Other::Janus]));
        assert_eq!(against(&["--against", "nobody"]), None);
    }

    #[tokio::test]
    async fn without_a_mediasoup_it_says_how_to_get_one() {
        let load = || {
            let arguments = Arguments::try_parse_from(["loadgen", "janus"]).map(|arguments| arguments.what);
            let Ok(What::Janus { media, .. }) = arguments else { panic!("not read") };
            media.load().expect("the defaults")
        };
        let said = |folder, node: &str| {
            let (mediasoup, load) = (MediasoupArguments { folder, node: node.to_owned() }, load());
            async move {
                let run = tokio::task::LocalSet::new().run_until(async { mediasoup.run(load).await }).await;
                run.err().expect("no mediasoup").to_string()
            }
        };
        assert!(said(None, "node").await.contains("npm install --prefix FOLDER mediasoup"));
        let empty = std::env::temp_dir();
        assert!(said(Some(empty.clone()), "no-such-node").await.contains("no-such-node can't be started"));
        // Whatever does not speak as the script does has something to say of it.
        assert!(said(Some(empty), "false").await.contains("it does not start"));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let media = |arguments: &[&str]| {
            let command = ["loadgen", "janus"].iter().chain(arguments).copied();
            match Arguments::try_parse_from(command).map(|arguments| arguments.what) {
                Ok(What::Janus { media, .. }) => media.load(),
                _ => Err(Failure::Usage("not read".to_owned())),
            }
        };
        assert!(media(&["--viewers", &VIEWERS_MAX.to_string()]).is_ok());
        let most = [
            ("--viewers", VIEWERS_MAX as u64),
            ("--pps", PACKETS_PER_SECOND_MAX.into()),
            ("--size", PAYLOAD_MAX_BYTES as u64),
            ("--seconds", SECONDS_MAX),
            ("--warmup", SECONDS_MAX),
            ("--runs", RUNS_MAX as u64),
        ];
        for (name, most) in most {
            assert!(media(&[name, &most.to_string()]).is_ok(), "{name}");
            assert!(media(&[name, &(most + 1).to_string()]).is_err(), "{name}");
        }
    }

    #[test]
    fn cameras_out_of_bounds_are_refused() {
        let cameras = |arguments: &[&str]| {
            let command = ["loadgen", "cameras", "--token", "t"].iter().chain(arguments).copied();
            match Arguments::try_parse_from(command).map(|arguments| arguments.what) {
                Ok(What::Cameras { cameras, .. }) => cameras.load(),
                _ => Err(Failure::Usage("not read".to_owned())),
            }
        };
        let usual = cameras(&[]).unwrap();
        assert_eq!((usual.cameras, usual.kbps, usual.sound), (CAMERAS_MAX, [150, 500, 1_700], true));
        assert_eq!(cameras(&["--kbps", "300,900"]).unwrap().kbps, [300, 900, 0]);
        let bounds = [
            ("--cameras", CAMERAS_MIN as u64, CAMERAS_MAX as u64),
            ("--viewers", 0, (GROUP_MEMBERS_MAX - CAMERAS_MAX) as u64),
            ("--large", 0, CAMERAS_MAX as u64),
            ("--frame-rate", 8, FRAME_RATE_MAX.into()),
            ("--kbps", 1, KBPS_MAX.into()),
            ("--join-together", 1, GROUP_MEMBERS_MAX as u64),
            ("--seconds", 1, SECONDS_MAX),
            ("--warmup", 0, SECONDS_MAX),
            ("--runs", 1, RUNS_MAX as u64),
        ];
        for (name, least, most) in bounds {
            assert!(cameras(&[name, &least.to_string()]).is_ok(), "{name}");
            assert!(cameras(&[name, &most.to_string()]).is_ok(), "{name}");
            assert!(cameras(&[name, &(most + 1).to_string()]).is_err(), "{name}");
        }
        for refused in
            [["--cameras", "1"], ["--frame-rate", "0"], ["--kbps", "0"], ["--kbps", "1,2,3,4"], ["--frame-rate", "1"]]
        {
            assert!(cameras(&refused).is_err(), "{refused:?}");
        }
    }
}
