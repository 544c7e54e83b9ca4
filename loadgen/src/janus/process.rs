//! Starts Janus on loopback with a configuration of its own, and ends it.

use crate::failure::{Failure, Result, within};
use crate::figures::process::Process;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How long it may take to start.
const START_S: u64 = 20;
/// How often it is asked whether it has started.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Where Debian and Ubuntu keep the plugins.
const LIBRARIES: [&str; 3] = ["/usr/lib/x86_64-linux-gnu/janus", "/usr/lib/aarch64-linux-gnu/janus", "/usr/lib/janus"];

/// A running Janus; dropping it ends it and removes its configuration.
pub struct Janus {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
    media_ip: IpAddr,
}

impl Janus {
    /// Starts it and waits until it listens.
    pub async fn start(program: &str) -> Result<Self> {
        let port = free_port()?;
        let media_ip = own_address()?;
        let folder = std::env::temp_dir().join(format!("loadgen-janus-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let libraries = LIBRARIES.iter().find(|folder| Path::new(folder).is_dir()).unwrap_or(&LIBRARIES[0]);
        write_configuration(&folder, libraries, port, media_ip)?;
        let log = std::fs::File::create(folder.join("janus.log"))?;
        let child = Command::new(program)
            .arg(format!("--configs-folder={}", folder.display()))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Failure::Janus(format!("{program} can't be started: {error}. Install it with: apt-get install janus"))
            })?;
        let mut janus = Self { child, folder, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), media_ip };
        within(START_S, "Janus", janus.listening()).await?;
        Ok(janus)
    }

    /// Where its WebSocket listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its media sockets are.
    pub fn media_ip(&self) -> IpAddr {
        self.media_ip
    }

    /// The process, to be measured.
    pub fn process(&self) -> Result<Process> {
        Process::new(self.child.id().ok_or_else(|| Failure::Janus("it has ended".to_owned()))?)
    }

    async fn listening(&mut self) -> Result<()> {
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("janus.log")).unwrap_or_default();
                let lines: Vec<&str> = log.lines().rev().take(10).collect();
                let end = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Failure::Janus(format!("it ended at the start ({status}):\n{end}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// An address of this machine that is not loopback, which libnice leaves out. The kernel carries what goes from
/// one's own address to one's own address over the loopback interface all the same.
fn own_address() -> Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // Nothing is sent: connecting only picks the route, and with it the address (RFC 5737 says this one is nobody's).
    let route = socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).and_then(|()| socket.local_addr());
    route.map(|address| address.ip()).map_err(|error| {
        Failure::Janus(format!("this machine has no address but loopback, which Janus does not take: {error}"))
    })
}

fn write_configuration(folder: &Path, libraries: &str, port: u16, media_ip: IpAddr) -> Result<()> {
    let plugins = [
        "audiobridge",
        "duktape",
        "echotest",
        "lua",
        "nosip",
        "recordplay",
        "sip",
        "streaming",
        "textroom",
        "videocall",
        "voicemail",
    ];
    let disabled = plugins.map(|name| format!("libjanus_{name}.so")).join(",");
    let core = format!(
        r#"general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{libraries}/events"
    loggers_folder = "{libraries}/loggers"
    debug_level = 3
    debug_colors = false
}}
media: {{ }}
nat: {{
    ice_enforce_list = "{media_ip}"
    ignore_mdns = true
}}
plugins: {{ disable = "{disabled}" }}
transports: {{ disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }}
loggers: {{ disable = "libjanus_jsonlog.so" }}
events: {{ broadcast = false }}
"#,
        folder = folder.display()
    );
    let websockets = format!(
        "general: {{\n    json = \"compact\"\n    ws = true\n    ws_port = {port}\n    ws_ip = \"127.0.0.1\"\n    wss = false\n}}\nadmin: {{\n    admin_ws = false\n}}\n"
    );
    std::fs::write(folder.join("janus.jcfg"), core)?;
    std::fs::write(folder.join("janus.transport.websockets.jcfg"), websockets)?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: { }\n")?;
    Ok(())
}
