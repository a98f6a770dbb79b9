//! What a visitor came with: device, browser, system; and whether it is a program rather than a person.

mod bots;
mod cache;
mod device;
mod families;
mod hints;

use std::sync::Arc;

use crate::text;
use bots::Bots;
use cache::Cache;
use families::Families;
use hints::Hints;

pub use bots::Bot;
pub use device::Device;

/// Longest user agent looked at, in bytes: what a record holds. It bounds the cost of a new one.
pub const LONGEST_AGENT: usize = 256;

/// Longest name of a browser or system kept, in bytes. Some rules take the name from the user agent itself.
const LONGEST_NAME: usize = 40;

/// Clients remembered. At about 250 bytes each a full cache takes 1 MB.
const REMEMBERED: usize = 4096;

/// The name of what is not known.
pub const UNKNOWN: &str = "Other";

/// What a user agent and its client hints say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub device: Device,
    /// Family, as uap-core names it ("Chrome", "Chrome Mobile", "Mobile Safari"); `Other` when unknown. Never empty.
    pub browser: Box<str>,
    /// Family, as uap-core names it ("Windows", "Mac OS X", "iOS"); `Other` when unknown. Never empty.
    pub os: Box<str>,
    /// No person.
    pub bot: Option<Bot>,
}

/// Recognises clients and remembers the most used.
#[derive(Default)]
pub struct Clients {
    cache: Cache,
    known: Option<Known>,
}

/// Compiled lists.
struct Known {
    families: Families,
    bots: Bots,
}

impl Known {
    fn compile() -> Known {
        Known { families: Families::compile(), bots: Bots::compile() }
    }
}

impl Clients {
    /// Nothing is compiled before the first client is asked for.
    pub fn new() -> Clients {
        Clients::default()
    }

    /// Compiles the lists now rather than at first need: for a thread that has the time.
    pub fn prepare(&mut self) {
        self.known.get_or_insert_with(Known::compile);
    }

    /// The client of a user agent and its three client hints (`Sec-CH-UA`, `-Mobile`, `-Platform`, joined by `"; "`;
    /// empty when there were none). Bytes are hostile: cut to [`LONGEST_AGENT`], what is not ASCII matches no name.
    pub fn of(&mut self, agent: &[u8], hints: &[u8]) -> Arc<Client> {
        let agent = agent.get(..LONGEST_AGENT).unwrap_or(agent);
        let hints = hints.get(..LONGEST_AGENT).unwrap_or(hints);
        let key = self.cache.key(agent, hints);
        if let Some(client) = self.cache.get(key) {
            return client;
        }
        let known = self.known.get_or_insert_with(Known::compile);
        let client = Arc::new(recognise(known, agent, hints));
        self.cache.insert(key, Arc::clone(&client));
        client
    }

    /// Clients remembered now.
    pub fn remembered(&self) -> usize {
        self.cache.len()
    }
}

fn recognise(known: &Known, agent: &[u8], hints: &[u8]) -> Client {
    // User agents are ASCII. What is not would only make the rules slow: a word boundary among letters of all scripts is
    // beyond what their fast form can tell.
    let agent: String =
        agent.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    let agent = agent.trim();
    let hints = Hints::parse(hints);
    let bot = known.bots.of(agent, &hints);
    let browser = known.families.browser(agent);
    let os = known.families.system(agent);
    let os = hints.system(&os).map_or(os.clone(), Into::into);
    let browser = hints.browser(&browser).map_or(browser.clone(), Into::into);
    let device = Device::of(agent, &os, &hints);
    let name = |family: &str| match text::clean(family, LONGEST_NAME) {
        name if name.is_empty() => UNKNOWN.into(),
        name => name.into_boxed_str(),
    };
    Client { device, browser: name(&browser), os: name(&os), bot }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_recognised_and_remembered() {
        let mut clients = Clients::new();
        let agent = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        let hints = br#""Not/A)Brand";v="8", "Chromium";v="126", "Brave";v="126"; ?0; "Windows""#;
        let client = clients.of(agent, b"");
        assert_eq!((&*client.browser, &*client.os, client.device), ("Chrome", "Windows", Device::Desktop));
        assert_eq!(client.bot, None);
        assert_eq!(&*clients.of(agent, hints).browser, "Brave");
        assert!(Arc::ptr_eq(&client, &clients.of(agent, b"")));
        assert_eq!(clients.remembered(), 2);
        let nobody = clients.of(b"", b"");
        assert_eq!(
            *nobody,
            Client {
                device: Device::Other,
                browser: UNKNOWN.into(),
                os: UNKNOWN.into(),
                bot: Some(Bot::Empty)
            }
        );
    }
}
