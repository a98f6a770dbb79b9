//! The engine's own request to WordPress: it asks the site to claim and run what waits.
//!
//! It carries no alert, only a token that says the engine sent it: what is to be told is claimed over the control
//! socket, so a request that is lost, repeated or forged delivers nothing twice.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender};
use qahm_event::SiteId;
use qahm_runtime::{Claims, Place, Purpose, mint, token_key};

/// Ask this site.
#[derive(Debug, Clone)]
pub struct Knock {
    pub site: SiteId,
    /// The site's registered address.
    pub url: String,
    /// Seconds a handler may take.
    pub patience: u64,
}

/// How it went.
#[derive(Debug)]
pub struct Knocked {
    pub site: SiteId,
    /// `None`: the site answered with 2xx.
    pub error: Option<String>,
}

/// Knocks wherever it is told to until the channel closes.
pub fn serve(runtime: &Place, knocks: &Receiver<Knock>, results: &Sender<Knocked>) {
    // No redirects: the registered address is the one that was checked. A site's own certificate is often made for a
    // name that resolves elsewhere from here; such a site is served by its other requests.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(3)))
        .user_agent(concat!("qahm-realtimed/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    for knock in knocks {
        let error = knock_at(&agent, runtime, &knock).err();
        if results.send(Knocked { site: knock.site, error }).is_err() {
            return;
        }
    }
}

fn knock_at(agent: &ureq::Agent, runtime: &Place, knock: &Knock) -> Result<(), String> {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    // Read each time: who deletes the key gets a new one, and the workers have it already.
    let key = token_key(runtime).map_err(|e| e.to_string())?;
    let claims = Claims {
        site: knock.site.0,
        user: 0,
        origin: String::new(),
        expires: unix + 60,
        chain: unix,
        purpose: Purpose::Deliver,
    };
    let response = agent
        .post(&knock.url)
        .config()
        .timeout_global(Some(Duration::from_secs(knock.patience + 10)))
        .build()
        .header("X-Qahm-Realtime-Token", mint(&key, &claims))
        .send_empty()
        .map_err(|e| e.to_string())?;
    if response.status().is_success() {
        Ok(())
    } else {
        Err(format!("{} answered {}", knock.url, response.status()))
    }
}
