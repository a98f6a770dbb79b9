//! The alerts of one site: what is on, and what was.

use serde::{Deserialize, Serialize};

use super::rule::Verdict;
use super::{Acknowledged, Episode, Transition};

/// Episodes remembered to be shown.
const RECENT: usize = 20;

/// Stored with the site, so that a restart neither raises an alert again nor forgets to end it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SiteAlerts {
    /// Newest first; those without an end are on.
    pub episodes: Vec<Episode>,
    /// Something here is not stored yet: a transition, or an episode's highest value.
    #[serde(skip)]
    pub dirty: bool,
}

/// A number that was judged.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub kind: &'static str,
    pub value: f64,
    pub threshold: f64,
    pub verdict: Verdict,
}

impl SiteAlerts {
    /// Takes a judged number in; answers the transition, if there is one, with the episode as it is then. `id` is asked
    /// for when a new episode begins. A level never falls during an episode.
    pub fn judge(
        &mut self,
        measured: Measured,
        unix: i64,
        id: impl FnOnce() -> String,
    ) -> Option<(Transition, Episode)> {
        let on = self.episodes.iter_mut().find(|e| e.kind == measured.kind && e.until.is_none());
        match (on, measured.verdict) {
            (None, Verdict::On(level)) => {
                let episode = Episode {
                    id: id(),
                    kind: measured.kind.into(),
                    level,
                    since: unix,
                    until: None,
                    value: measured.value,
                    threshold: measured.threshold,
                    acknowledged: None,
                };
                self.episodes.insert(0, episode.clone());
                self.episodes.truncate(RECENT);
                self.dirty = true;
                Some((Transition::Raised, episode))
            }
            (Some(episode), Verdict::On(level)) => {
                if measured.value > episode.value {
                    episode.value = measured.value;
                    self.dirty = true;
                }
                if level > episode.level {
                    episode.level = level;
                    self.dirty = true;
                    return Some((Transition::Level, episode.clone()));
                }
                None
            }
            (Some(episode), Verdict::Off) => {
                episode.until = Some(unix.max(episode.since));
                let mut ended = episode.clone();
                ended.value = measured.value;
                self.dirty = true;
                Some((Transition::Resolved, ended))
            }
            (None, _) | (_, Verdict::Keep) => None,
        }
    }

    /// Notes that a user has seen an episode, on or over; the first one's word stays. Answers whether it is known.
    pub fn acknowledge(&mut self, id: &str, user: u64, unix: i64) -> bool {
        let Some(episode) = self.episodes.iter_mut().find(|episode| episode.id == id) else { return false };
        if episode.acknowledged.is_none() {
            episode.acknowledged = Some(Acknowledged { user, time: unix });
            self.dirty = true;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::super::rule::high_traffic;
    use super::*;

    #[test]
    fn each_transition_comes_once() {
        let mut alerts = SiteAlerts::default();
        let mut seen = Vec::new();
        for (time, active) in [1, 9, 10, 12, 9, 8, 25, 12, 7, 3, 10].into_iter().enumerate() {
            let measured = Measured {
                kind: "high_traffic",
                value: f64::from(active),
                threshold: 10.0,
                verdict: high_traffic(active, 10),
            };
            if let Some((transition, episode)) = alerts.judge(measured, time as i64, || format!("a{time}")) {
                seen.push((transition, episode.id, episode.level, episode.value as u32));
            }
        }
        use Transition::{Level as Rose, Raised, Resolved};
        assert_eq!(
            seen,
            [
                (Raised, "a2".into(), Level::Warning, 10),
                (Rose, "a2".into(), Level::Critical, 25),
                (Resolved, "a2".into(), Level::Critical, 7),
                (Raised, "a10".into(), Level::Warning, 10),
            ]
        );
        assert_eq!(alerts.episodes.len(), 2);
        assert_eq!(alerts.episodes[1].value, 25.0);
    }

    #[test]
    fn the_first_who_has_seen_it_is_named_and_kept() {
        let mut alerts = SiteAlerts::default();
        let verdict = high_traffic(10, 10);
        let measured = Measured { kind: "high_traffic", value: 10.0, threshold: 10.0, verdict };
        alerts.judge(measured, 1, || "a".into());
        alerts.dirty = false;
        assert!(!alerts.acknowledge("b", 7, 2) && !alerts.dirty);
        assert!(alerts.acknowledge("a", 7, 2) && std::mem::take(&mut alerts.dirty));
        assert!(alerts.acknowledge("a", 8, 3) && !alerts.dirty);
        let stored = serde_json::to_string(&alerts).unwrap();
        let again: SiteAlerts = serde_json::from_str(&stored).unwrap();
        assert_eq!(again.episodes, alerts.episodes);
        assert_eq!(again.episodes[0].acknowledged, Some(Acknowledged { user: 7, time: 2 }));
        let old: SiteAlerts = serde_json::from_str(&stored.replace("acknowledged", "unheard_of")).unwrap();
        assert_eq!(old.episodes[0].acknowledged, None, "what an older engine stored is read");
    }

    #[test]
    fn the_highest_value_is_to_be_stored_although_it_is_no_transition() {
        let mut alerts = SiteAlerts::default();
        let mut dirty = |active| {
            let verdict = high_traffic(active, 10);
            let measured =
                Measured { kind: "high_traffic", value: f64::from(active), threshold: 10.0, verdict };
            alerts.judge(measured, 1, || "a".into());
            std::mem::take(&mut alerts.dirty)
        };
        assert_eq!(
            [5, 10, 12, 11, 12, 25, 3, 3].map(&mut dirty),
            [false, true, true, false, false, true, true, false]
        );
    }
}
