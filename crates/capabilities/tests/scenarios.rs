//! Plays `scenarios/<subject>/*.txt`: what comes in is given to the machine, and what it wants done must be as written.
//!
//! `HEARTH_REGENERATE=1` writes the effects anew, to be read as a difference.
//! A scenario without any effect (a black box's) only has to come to its end, twice alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hearth_capabilities::scenario::{Scenario, parse, write_effect};
use hearth_capabilities::space::Space;
use hearth_capabilities::{Effect, Input, Time, Timer, WriteId};

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files = Vec::new();
    for subject in std::fs::read_dir(root).expect("the folder of scenarios") {
        let subject = subject.expect("an entry").path();
        for file in std::fs::read_dir(subject).expect("a folder for each subject") {
            let file = file.expect("an entry").path();
            if file.extension().is_some_and(|extension| extension == "txt") {
                files.push(file);
            }
        }
    }
    files.sort();
    files
}

/// What the machine has asked for, so that a scenario can't tell of timers and commits that nobody waits for.
#[derive(Default)]
struct Asked {
    timers: BTreeMap<Timer, Time>,
    writes: Vec<WriteId>,
}

impl Asked {
    fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::SetTimer { timer, at } => {
                    self.timers.insert(timer.clone(), *at);
                }
                Effect::CancelTimer { timer } => {
                    self.timers.remove(timer);
                }
                Effect::Store { write, .. } => self.writes.push(*write),
                _ => {}
            }
        }
    }

    fn allows(&mut self, at: Time, input: &Input) -> Result<(), String> {
        let late = self.timers.iter().find(|(_, due)| due.plus_ms(1) < at);
        match input {
            Input::Timer { timer } => match self.timers.remove(timer) {
                Some(due) if due == at => Ok(()),
                Some(due) => Err(format!("the timer is due at {} ms", due.0)),
                None => Err("this timer is not set".to_owned()),
            },
            Input::Stored { write, .. } if !self.writes.contains(write) => Err("this was not to be stored".to_owned()),
            _ => late.map_or(Ok(()), |(timer, due)| Err(format!("{timer:?} was due at {} ms", due.0))),
        }
    }
}

fn lines(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(write_effect).collect()
}

/// Plays a scenario; gives the effects of opening and of each input.
fn play(scenario: &Scenario, strict: bool) -> Result<Vec<Vec<String>>, String> {
    let (mut space, effects) = Space::open(scenario.opened, scenario.record.clone());
    let mut asked = Asked::default();
    asked.note(&effects);
    let mut played = vec![lines(&effects)];
    let mut now = scenario.opened;
    for step in &scenario.steps {
        if step.at < now {
            return Err(format!("{}: time goes back", step.line));
        }
        now = step.at;
        if strict {
            asked.allows(now, &step.input).map_err(|wrong| format!("{}: {wrong}", step.line))?;
        }
        let effects = space.handle(now, step.input.clone());
        asked.note(&effects);
        played.push(lines(&effects));
    }
    Ok(played)
}

fn is_golden(scenario: &Scenario) -> bool {
    !scenario.at_opening.is_empty() || scenario.steps.iter().any(|step| !step.expected.is_empty())
}

/// The scenario's text with these effects.
fn rewritten(text: &str, played: &[Vec<String>]) -> String {
    let mut out = String::new();
    let mut steps = played.iter();
    for line in text.lines().filter(|line| !line.starts_with("> ")) {
        let _ = writeln!(out, "{}", line.trim_end());
        if line.starts_with('@') || line.starts_with("record") {
            for effect in steps.next().into_iter().flatten() {
                let _ = writeln!(out, "> {effect}");
            }
        }
    }
    out
}

#[test]
fn every_scenario_comes_true_twice() {
    let regenerate = std::env::var_os("HEARTH_REGENERATE").is_some();
    let mut faults = String::new();
    let files = files();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).expect("a readable file");
        let scenario = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let strict = is_golden(&scenario) || regenerate;
        let played = match play(&scenario, strict) {
            Ok(played) => played,
            Err(wrong) => {
                let _ = writeln!(faults, "{name}: {wrong}");
                continue;
            }
        };
        assert_eq!(play(&scenario, strict).as_ref(), Ok(&played), "{name}: the second time went otherwise");
        if regenerate {
            std::fs::write(file, rewritten(&text, &played)).expect("a writable file");
        } else if is_golden(&scenario) {
            let expected =
                std::iter::once(&scenario.at_opening).chain(scenario.steps.iter().map(|step| &step.expected));
            let inputs = std::iter::once("record").chain(scenario.steps.iter().map(|step| step.line.as_str()));
            for ((expected, got), input) in expected.zip(&played).zip(inputs) {
                if expected != got {
                    let _ = writeln!(faults, "{name}: {input}\n  written: {expected:#?}\n  done:    {got:#?}");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(files.len() >= 25, "only {} scenarios", files.len());
}

#[test]
fn a_wrong_effect_is_noticed() {
    let text = "record\n> sleep\n@0s ana#1: leave\n> reply 1 ok done\n";
    let scenario = parse(text).expect("well formed");
    let played = play(&scenario, true).expect("in order");
    assert_ne!(scenario.at_opening, played[0]);
    assert_ne!(scenario.steps[0].expected, played[1]);
    let timer = parse("record\n@5s timer timer=\"audience_due\"\n").expect("well formed");
    assert!(play(&timer, true).is_err(), "a timer that nobody set");
}
