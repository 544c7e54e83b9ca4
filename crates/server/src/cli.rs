//! The command line.

use clap::{Args, Parser, Subcommand};
use hearth_server::accounts::{names, passwords};
use hearth_server::config::Config;
use hearth_server::{clock, fresh, serve};
use hearth_store::{Address, NewAccount, Store};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Live rooms, and all that people do around a picture, on your own machine.
#[derive(Parser)]
#[command(name = "hearth", version)]
pub struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Start the server.
    Serve(Settings),
    /// People with an account.
    #[command(subcommand)]
    User(User),
    /// Write a copy of everything Hearth remembers to a new file. The server may be running.
    Backup {
        /// The file to write.
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Begin an empty data folder with a backup. The server must not be running.
    Restore {
        /// A file that `hearth backup` wrote.
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum User {
    /// Make an account.
    Add {
        /// Its name: letters, digits, `.`, `_`, `-`.
        name: String,
        /// Read the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
        /// May manage the server.
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the accounts: name, what others read, rights.
    List {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Tell what is wrong with the configuration, or what would be used.
    Check(Settings),
}

/// Settings by flag; all of them, and what they mean, are in `config.example.toml`.
#[derive(Args)]
struct Settings {
    /// Where HTTP and WebSocket listen, such as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The folder with everything Hearth keeps.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE", env = "HEARTH_CONFIG")]
    config: Option<PathBuf>,
    /// Make a certificate at the first start and serve HTTPS with it.
    #[arg(long)]
    tls_self_signed: bool,
}

type Failure = Box<dyn std::error::Error>;

impl Settings {
    fn load(self) -> Result<Config, Failure> {
        let environment = std::env::vars().filter(|(name, _)| name != "HEARTH_CONFIG");
        let (mut config, passed_over) = Config::load(self.config.as_deref(), environment)?;
        for name in passed_over {
            eprintln!("hearth: {name} names no setting, and is passed over");
        }
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(data) = self.data {
            config.data = data;
        }
        config.tls.self_signed |= self.tls_self_signed;
        Ok(config.consistent()?)
    }
}

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.what {
        What::Serve(settings) => runtime.block_on(serve_until_stopped(settings.load()?)),
        What::User(User::Add { name, password_stdin: _, admin, settings }) => {
            let mut password = String::new();
            std::io::stdin().take(passwords::INPUT_MAX_BYTES).read_to_string(&mut password)?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            runtime.block_on(add_user(&settings.load()?, &name, &password, admin))
        }
        What::Backup { file, settings } => runtime.block_on(back_up(&settings.load()?, &file)),
        What::Restore { file, settings } => runtime.block_on(restore(&settings.load()?, &file)),
        What::User(User::List { settings }) => runtime.block_on(list_users(&settings.load()?)),
        What::Config(ConfigCommand::Check(settings)) => {
            say(&toml::to_string_pretty(&settings.load()?.without_secrets())?);
            Ok(())
        }
    }
}

async fn serve_until_stopped(config: Config) -> Result<(), Failure> {
    // A file that may not grow is met like a full disk: by refusing what can't be stored, not by dying.
    // SAFETY: ignoring a signal has no handler that could run.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    hearth_server::logging::start(&config);
    let running = serve::start(config).await?;
    let mut greeting = format!("Hearth is at {}\n", running.url);
    match &running.setup_url {
        Some(url) => greeting.push_str(&format!("Make the first administrator: {url}\n")),
        None => greeting.push_str("Sign in there, or open the room of somebody who is live.\n"),
    }
    // Nobody has to read it: a closed standard output stops no server.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    stop_signal().await?;
    running.stop().await;
    Ok(())
}

async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// A line for whoever reads; nobody has to.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The store of a server that has run before: a path mistyped is told, and makes no empty database.
async fn existing_store(config: &Config) -> Result<Store, Failure> {
    if let Address::Sqlite(file) = config.store_address()?
        && !file.exists()
    {
        return Err(format!("there is no database at {}", file.display()).into());
    }
    store(config).await
}

async fn store(config: &Config) -> Result<Store, Failure> {
    serve::create_private(&config.data)?;
    Ok(Store::open(&config.store_address()?, |_| {}).await?)
}

async fn add_user(config: &Config, name: &str, password: &str, admin: bool) -> Result<(), Failure> {
    let name = names::account(name).map_err(|reason| format!("the name {reason}"))?;
    let password_hash = passwords::hash(password).map_err(|reason| format!("the password {reason}"))?;
    let store = store(config).await?;
    let account = NewAccount {
        user: fresh::user(),
        display_name: name.clone(),
        name,
        password_hash: Some(password_hash),
        administrator: admin,
        room: fresh::space(),
        created_ms: clock::now().0,
    };
    store.accounts().create(&account).await?;
    store.close().await;
    say(&format!("{} {}", account.user, account.name));
    Ok(())
}

async fn back_up(config: &Config, file: &Path) -> Result<(), Failure> {
    let store = existing_store(config).await?;
    store.back_up(file).await?;
    store.close().await;
    say(&format!("Everything is in {}", file.display()));
    Ok(())
}

async fn restore(config: &Config, file: &Path) -> Result<(), Failure> {
    let Address::Sqlite(target) = config.store_address()? else {
        return Err("PostgreSQL is restored by pg_restore or psql".into());
    };
    if target.exists() {
        return Err(format!(
            "{} exists: a backup begins an empty data folder, it does not replace one",
            target.display()
        )
        .into());
    }
    serve::create_private(&config.data)?;
    // Beside its place first: a copy that breaks off, or is no sound backup, leaves the folder empty.
    let copy = target.with_extension("restoring");
    copy_private(file, &copy).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    let checked = check(&copy).await;
    if checked.is_ok() {
        std::fs::rename(&copy, &target)?;
        say(&format!("Restored to {}", target.display()));
    } else {
        std::fs::remove_file(&copy)?;
    }
    checked
}

fn copy_private(from: &Path, to: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut copy = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut copy).map(drop)
}

async fn check(file: &Path) -> Result<(), Failure> {
    let store = Store::open(&Address::Sqlite(file.to_owned()), |_| {}).await?;
    let checked = store.check().await;
    store.close().await;
    Ok(checked?)
}

async fn list_users(config: &Config) -> Result<(), Failure> {
    const PAGE: usize = 100;
    let store = existing_store(config).await?;
    let mut after = None;
    loop {
        let page = store.accounts().page(after.as_ref(), PAGE).await?;
        for account in &page {
            let rights = match (account.administrator, account.disabled) {
                (_, true) => "disabled",
                (true, false) => "administrator",
                (false, false) => "user",
            };
            let name = account.profile.name.as_deref().unwrap_or_default();
            say(&format!("{name}\t{rights}\t{}", account.profile.display_name));
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.profile.id.clone()),
            _ => break,
        }
    }
    store.close().await;
    Ok(())
}
