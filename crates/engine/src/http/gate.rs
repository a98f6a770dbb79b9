//! Who may come now. Strangers are told apart by their address alone, and many may share one: they must not keep those
//! out who have a token. So whoever shows a good one is counted for himself, and everybody else for his address.

use std::net::IpAddr;
use std::time::Instant;

use qahm_event::SiteId;

use super::auth::{self, Papers, Pass};
use super::limit::{Limits, network};
use super::shared::{Peer, Shared};

/// What was counted so far.
#[derive(Debug, Default)]
pub struct Gate {
    /// Requests without a good token, by address.
    strangers: Limits<IpAddr>,
    /// Sockets whose token is still to come, by address.
    sockets: Limits<IpAddr>,
    /// Requests with one: by user, and from where.
    users: Limits<(SiteId, u64, Option<IpAddr>)>,
}

/// For whom a socket was counted.
#[derive(Debug, Clone, Copy)]
pub enum Counted {
    User,
    Stranger(Option<IpAddr>),
}

impl Gate {
    /// Whether a request may be looked at.
    pub fn request(&self, shared: &Shared, peer: Peer, papers: Papers) -> bool {
        let address = peer.visitor(papers.headers).map(network);
        match auth::look(shared, papers) {
            Ok(pass) => self.user(pass.site, pass.user, address),
            Err(_) => self.strangers.may_come(address, Instant::now()),
        }
    }

    /// Whether a socket may be opened. Its token comes later, unless a header has it.
    pub fn socket(&self, shared: &Shared, peer: Peer, papers: Papers) -> Option<Counted> {
        let address = peer.visitor(papers.headers).map(network);
        match auth::look(shared, papers) {
            Ok(pass) => self.user(pass.site, pass.user, address).then_some(Counted::User),
            Err(_) => self.sockets.may_come(address, Instant::now()).then_some(Counted::Stranger(address)),
        }
    }

    /// The token has come and is good: the address has nothing to do with it, unless the user comes too often.
    pub fn admitted(&self, counted: Counted, pass: &Pass) {
        if let Counted::Stranger(address) = counted
            && self.user(pass.site, pass.user, address)
        {
            self.sockets.give_back(address);
        }
    }

    /// Whether a user may come once more from a [`network`].
    pub fn user(&self, site: SiteId, user: u64, address: Option<IpAddr>) -> bool {
        self.users.may_come(Some((site, user, address)), Instant::now())
    }
}
