//! Who may read: a token that WordPress gave, used from the page it was given to.
//!
//! A browser sends cookies, and opens sockets, for any page that asks it to. So a token counts only together with where
//! the request comes from: `Origin`, if there is one, must be the token's and one of the site's; without it the browser
//! must say `Sec-Fetch-Site: same-origin`, or the token must come in a way that no foreign page can make a browser go:
//! in a header of ours or `Authorization` (or in Socket.IO's own greeting), and then without cookies.
//!
//! Sites that share a host share its cookies too, so each has one of its own name.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use qahm_event::SiteId;
use qahm_runtime::{Claims, Denied, Purpose};

use super::shared::unix_now;
use super::{Shared, query, reply};

/// What the name of the cookie begins with that `session` sets; the site's 16 hex digits follow.
pub const COOKIE_PREFIX: &str = "qahm_realtime_live_";

/// The header of a token, for where `Authorization` is the web server's own: a site behind HTTP Basic. live.php has it too.
pub const TOKEN: HeaderName = HeaderName::from_static("x-qahm-realtime-token");

/// What a request shows of who sends it.
#[derive(Debug, Clone, Copy)]
pub struct Papers<'a> {
    pub headers: &'a HeaderMap,
    /// The query's member `site`: of several cookies, that site's counts.
    pub site: Result<Option<SiteId>, Refusal>,
    /// The token, if it comes in no header.
    pub token: Option<&'a str>,
}

impl<'a> Papers<'a> {
    pub fn new(headers: &'a HeaderMap, query: Option<&'a str>) -> Papers<'a> {
        let wrong = Refusal::Unclear("site: the 16 hex digits of a site");
        let site = query::site(query).map(|site| SiteId::parse(site.as_bytes()).ok_or(wrong));
        Papers { headers, site: site.transpose(), token: None }
    }
}

/// What a token that is good says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub site: SiteId,
    pub user: u64,
    /// Unix seconds from which it is no longer good.
    pub expires: u64,
    /// Unix seconds at which WordPress checked the user.
    pub chain: u64,
    /// The token itself.
    pub token: String,
}

/// Why somebody may not read, in one lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Denied(Denied),
    /// The user's rights were taken back since.
    Revoked,
    /// The token's key cannot be read.
    Key,
    /// It cannot be told which token is meant; in words, what to say.
    Unclear(&'static str),
}

impl Refusal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::Denied(denied) => denied.as_str(),
            Refusal::Revoked => "revoked",
            Refusal::Key => "key",
            Refusal::Unclear(_) => "bad-request",
        }
    }

    /// The answer over HTTP.
    pub fn answer(self) -> Response<Body> {
        match self {
            Refusal::Unclear(words) => query::bad(words),
            refusal => reply::error(StatusCode::UNAUTHORIZED, refusal.as_str()),
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Denied(denied)
    }
}

/// Lets a request in, by the token that its codec carries, else by [`TOKEN`] or `Authorization: Bearer`, else by the cookie of the site
/// that it names, or the only one there is. Refusals are counted.
///
/// # Errors
/// Why not.
pub fn admit(shared: &Shared, papers: Papers) -> Result<Pass, Refusal> {
    let admitted = look(shared, papers);
    if let Err(refusal) = &admitted {
        shared.stats.refused(refusal.as_str());
    }
    admitted
}

/// The same for who only wants to know: nothing is counted.
///
/// # Errors
/// Why not.
pub fn look(shared: &Shared, papers: Papers) -> Result<Pass, Refusal> {
    let (headers, site) = (papers.headers, papers.site?);
    let bearer = papers.token.or_else(|| own(headers)).or_else(|| bearer(headers));
    let (site, token) = match bearer {
        Some(token) => (site, token),
        None => cookie(headers, site).map(|(site, token)| (Some(site), token))?,
    };
    let origin = match headers.get(ORIGIN) {
        Some(origin) => Some(origin.to_str().map_err(|_| Denied::Origin)?),
        None => {
            let cookies = headers.contains_key(COOKIE);
            match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
                Some(b"same-origin") => {}
                None if bearer.is_some() && !cookies => {}
                _ => return Err(Denied::Origin.into()),
            }
            None
        }
    };
    let pass = check(shared, token, origin)?;
    // What a cookie's name or the query says is no less than what the token says.
    if site.is_some_and(|site| site != pass.site) {
        return Err(Denied::Site.into());
    }
    Ok(pass)
}

/// A token on its own, used from `origin` if the request named one: a renewal on a connection that was let in before.
///
/// # Errors
/// Why it is not good.
pub fn check(shared: &Shared, token: &str, origin: Option<&str>) -> Result<Pass, Refusal> {
    let key = shared.key().ok_or(Refusal::Key)?;
    let claims = qahm_runtime::check_any_site(&key, token.as_bytes(), unix_now(), origin, Purpose::Live)?;
    let site = SiteId(claims.site);
    let config = shared.hub.config(site).ok_or(Denied::Site)?;
    if !is_of(&claims, &config.hosts) {
        return Err(Denied::Origin.into());
    }
    if shared.channel.revocations().is_revoked(site, claims.user, claims.chain) {
        return Err(Refusal::Revoked);
    }
    let Claims { user, expires, chain, .. } = claims;
    Ok(Pass { site, user, expires, chain, token: token.to_owned() })
}

/// A token's origin is one of the site's own: its settings may have changed since.
fn is_of(claims: &Claims, hosts: &[String]) -> bool {
    let host = claims.origin.split_once("://").map_or("", |(_, host)| host);
    hosts.iter().any(|known| known == host)
}

/// The token of our own header; an empty one is none.
fn own(headers: &HeaderMap) -> Option<&str> {
    headers.get(TOKEN)?.to_str().ok().map(str::trim).filter(|token| !token.is_empty())
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token of the cookie of a site, or of the only site that has one; and which site that is.
fn cookie(headers: &HeaderMap, site: Option<SiteId>) -> Result<(SiteId, &str), Refusal> {
    let all = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let ours = all.flat_map(|header| header.split(';')).filter_map(|pair| {
        let (name, token) = pair.trim().strip_prefix(COOKIE_PREFIX)?.split_once('=')?;
        Some((SiteId::parse(name.as_bytes())?, token))
    });
    let mut ours = ours.filter(|(of, _)| site.is_none_or(|site| site == *of));
    let first = ours.next().ok_or(Denied::Malformed)?;
    if ours.any(|(of, _)| of != first.0) {
        return Err(Refusal::Unclear("there are cookies of several sites: say site=<16 hex digits>"));
    }
    Ok(first)
}
