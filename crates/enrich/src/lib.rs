//! What a record says about its sender: pure functions of its bytes, which are hostile, and of lists compiled in.
//!
//! - [`client`]: device, browser, system, and whether it is no person at all
//! - [`geo`]: the country (and city) of an address
//! - [`address`]: the visitor's address behind proxies, shortened, or among a list of networks
//! - [`source`]: where a visit came from: channel, host, campaign
//!
//! Nothing here knows of sites, visits or time. `data/README.md` says where the lists are from.

pub mod address;
pub mod client;
pub mod geo;
pub mod source;
mod text;
