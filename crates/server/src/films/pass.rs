//! What lets a player fetch a film's files, and whether it still may.
//!
//! A *pass* stands in the path, and every relative address of the playlists inherits it.
//! It says as whom, for which film and until when; that it was given here is proven by its tag.
//! Whether that somebody may still watch is asked again with every file, of the store every few seconds at most: so a pass needs
//! no taking back, and whatever changes who may watch (audience, friendship, block, message, account) is found out by itself.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_protocol::ids::{UserId, VideoId};
use hearth_store::{Error, Store, VideoRecord};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::fresh;
use crate::watching::{self, Viewer, Watcher};

/// How long a pass lets in, in milliseconds.
pub const PASS_LASTS_MS: u64 = 600_000;
/// A verdict is asked for anew after so long, in milliseconds: so long somebody watches who may no more.
const VERDICT_LASTS_MS: u64 = 3_000;
/// Verdicts that are remembered; past it all are forgotten, and asked for anew.
const VERDICTS_MAX: usize = 50_000;
/// What stands for whoever it is.
const ANYBODY: &str = "any";
/// Stands before the secret of a link.
const LINK: &str = "link-";

/// Makes and reads passes. Those of an earlier start of the server are worth nothing.
pub struct Passes {
    key: hmac::Key,
    verdicts: RwLock<HashMap<(VideoId, String), Verdict>>,
}

/// Whether somebody may watch, as it was found at a time.
#[derive(Clone)]
struct Verdict {
    film: Option<Arc<VideoRecord>>,
    may_change: bool,
    at_ms: u64,
}

/// A film for whoever has a pass to it.
pub struct LetIn {
    /// The film.
    pub film: Arc<VideoRecord>,
    /// Whether they may change it.
    pub may_change: bool,
}

impl Default for Passes {
    fn default() -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, fresh::secret().as_bytes()), verdicts: RwLock::default() }
    }
}

impl Passes {
    /// A pass to a film for whom may watch it: as themselves, by a link, or as anybody.
    pub fn give(&self, video: &VideoId, user: Option<&UserId>, link: Option<&str>, now_ms: u64) -> String {
        let subject = match (user, link) {
            (_, Some(link)) => format!("{LINK}{link}"),
            (Some(user), None) => user.to_string(),
            (None, None) => ANYBODY.to_owned(),
        };
        let until_ms = now_ms + PASS_LASTS_MS;
        let tag = hmac::sign(&self.key, &signed(video, &subject, until_ms));
        format!("{until_ms}.{subject}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// The film, if a pass lets in now.
    ///
    /// Errors: the store's.
    pub async fn lets_in(
        &self,
        store: &Store,
        pass: &str,
        video: &VideoId,
        now_ms: u64,
    ) -> Result<Option<LetIn>, Error> {
        let Some(subject) = self.read(pass, video, now_ms) else { return Ok(None) };
        let key = (video.clone(), subject.to_owned());
        let known = self.verdicts.read().expect("plain map").get(&key).cloned();
        let verdict = match known.filter(|known| now_ms.saturating_sub(known.at_ms) < VERDICT_LASTS_MS) {
            Some(verdict) => verdict,
            None => {
                let (film, may_change) = ask(store, subject, video).await?;
                let verdict = Verdict { film: film.map(Arc::new), may_change, at_ms: now_ms };
                let mut verdicts = self.verdicts.write().expect("plain map");
                if verdicts.len() >= VERDICTS_MAX {
                    verdicts.clear();
                }
                verdicts.insert(key, verdict.clone());
                verdict
            }
        };
        Ok(verdict.film.map(|film| LetIn { film, may_change: verdict.may_change }))
    }

    /// Forgets what was found about a film.
    pub fn look_again(&self, video: &VideoId) {
        self.verdicts.write().expect("plain map").retain(|(of, _), _| of != video);
    }

    /// As whom a pass lets in.
    fn read<'a>(&self, pass: &'a str, video: &VideoId, now_ms: u64) -> Option<&'a str> {
        let (until, rest) = pass.split_once('.')?;
        let (subject, tag) = rest.rsplit_once('.')?;
        let until_ms = until.parse::<u64>().ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let good = now_ms < until_ms && hmac::verify(&self.key, &signed(video, subject, until_ms), &tag).is_ok();
        good.then_some(subject)
    }
}

fn signed(video: &VideoId, subject: &str, until_ms: u64) -> Vec<u8> {
    format!("{until_ms} {video} {subject}").into_bytes()
}

/// The film, if somebody may watch it, and whether they may change it.
async fn ask(store: &Store, subject: &str, video: &VideoId) -> Result<(Option<VideoRecord>, bool), Error> {
    if let Some(link) = subject.strip_prefix(LINK) {
        let film = watching::film(store, &Watcher { viewer: None, link: Some(link) }, video).await?;
        return Ok((film, false));
    }
    if subject == ANYBODY {
        return Ok((watching::film(store, &Watcher::default(), video).await?, false));
    }
    let Ok(user) = UserId::parse(subject) else { return Ok((None, false)) };
    let account = store.accounts().by_id(&user).await?.filter(|account| !account.disabled);
    let Some(account) = account else { return Ok((None, false)) };
    let viewer = Viewer::from(&account);
    let film = watching::film(store, &Watcher { viewer: Some(viewer), link: None }, video).await?;
    let may_change = film.as_ref().is_some_and(|film| watching::may_change(Some(&viewer), film));
    Ok((film, may_change))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(name: &str) -> VideoId {
        VideoId::parse(name).expect("an id")
    }

    #[test]
    fn a_pass_is_for_one_film_and_ends() {
        let passes = Passes::default();
        let pass = passes.give(&film("video_a"), None, Some("s.e-c_ret"), 1_000);
        assert_eq!(passes.read(&pass, &film("video_a"), 1_000), Some("link-s.e-c_ret"));
        assert_eq!(passes.read(&pass, &film("video_a"), 1_000 + PASS_LASTS_MS - 1), Some("link-s.e-c_ret"));
        assert_eq!(passes.read(&pass, &film("video_a"), 1_000 + PASS_LASTS_MS), None);
        assert_eq!(passes.read(&pass, &film("video_b"), 1_000), None, "another film");
        assert_eq!(Passes::default().read(&pass, &film("video_a"), 1_000), None, "another server");
    }

    #[test]
    fn a_forged_pass_lets_nobody_in() {
        let passes = Passes::default();
        let pass = passes.give(&film("video_a"), None, None, 0);
        let longer = pass.replacen(&PASS_LASTS_MS.to_string(), &(PASS_LASTS_MS + 1).to_string(), 1);
        let another = pass.replacen(ANYBODY, "user_bo", 1);
        for forged in
            [&longer, &another, "", ".", "..", "1.any.", "1", "99999999999999999999.any.AAAA", &pass[..pass.len() - 1]]
        {
            assert_eq!(passes.read(forged, &film("video_a"), 0), None, "{forged}");
        }
    }
}
