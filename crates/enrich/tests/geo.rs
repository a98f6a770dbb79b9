//! Databases of places: those that exist, and broken ones, written here.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod mmdb;

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use mmdb::{Value, database, map, text};
use proptest::prelude::*;
use qahm_enrich::geo::Geo;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn country(geo: &Geo, of: &str) -> Option<String> {
    geo.lookup(address(of)).country.map(|code| String::from_utf8_lossy(&code).into_owned())
}

fn nested(code: &str, city: &str) -> Value {
    let country = map([("iso_code", text(code)), ("names", map([("en", text("Country"))]))]);
    map([("country", country), ("city", map([("names", map([("en", text(city))]))]))])
}

#[test]
fn the_shapes_that_exist() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mmdb");
    for (records, city) in [
        ([nested("FR", "Lyon"), nested("JP", "Kyoto")], Some("Lyon")),
        (
            [
                map([("country_code", text("FR")), ("city", text("Lyon"))]),
                map([("country_code", text("JP"))]),
            ],
            Some("Lyon"),
        ),
        ([map([("country", text("FR"))]), map([("country", text("JP"))])], None),
        (
            [
                map([("registered_country", map([("iso_code", text("FR"))]))]),
                map([("registered_country", map([("iso_code", text("JP"))]))]),
            ],
            None,
        ),
    ] {
        let networks = [("81.0.0.0/8", 0), ("133.0.0.0/8", 1), ("2a01:e00::/26", 0)];
        fs::write(&path, database("Test-City", &records, &networks)).unwrap();
        let geo = Geo::open(Some(&path));
        assert_eq!(geo.state().error, None);
        assert_eq!(geo.state().kind.as_deref(), Some("Test-City"));
        assert!(geo.state().cities);
        assert_eq!(geo.state().built, Some(1_700_000_000));
        assert_eq!(country(&geo, "81.2.3.4").as_deref(), Some("FR"));
        assert_eq!(country(&geo, "::ffff:81.2.3.4").as_deref(), Some("FR"));
        assert_eq!(country(&geo, "133.0.0.1").as_deref(), Some("JP"));
        assert_eq!(country(&geo, "2a01:e00::1").as_deref(), Some("FR"));
        assert_eq!(country(&geo, "10.0.0.1"), None);
        assert_eq!(geo.lookup(address("81.2.3.4")).city.as_deref(), city);
    }
}

#[test]
fn what_is_in_a_record_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mmdb");
    let records = [
        map([("country_code", text("fr"))]),
        map([("country_code", text("FRA"))]),
        map([("country_code", text("<>"))]),
        map([("country_code", Value::Number(7)), ("city", text("A\u{202e}\u{7} B"))]),
    ];
    let networks = [("1.0.0.0/8", 0), ("2.0.0.0/8", 1), ("3.0.0.0/8", 2), ("4.0.0.0/8", 3)];
    fs::write(&path, database("x", &records, &networks)).unwrap();
    let geo = Geo::open(Some(&path));
    assert_eq!(country(&geo, "1.1.1.1").as_deref(), Some("FR"));
    for other in ["2.1.1.1", "3.1.1.1", "4.1.1.1"] {
        assert_eq!(country(&geo, other), None);
    }
    assert_eq!(geo.lookup(address("4.1.1.1")).city.as_deref(), Some("A B"));
}

#[test]
fn a_new_file_is_loaded_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mmdb");
    let of = |code| database("x", &[map([("country_code", text(code))])], &[("81.0.0.0/8", 0)]);
    let replace = |bytes: &[u8]| {
        // As an updater does it: another file of the same name.
        let other = folder.path().join("other");
        fs::write(&other, bytes).unwrap();
        fs::rename(&other, &path).unwrap();
    };

    let mut geo = Geo::open(Some(&path));
    assert!(geo.state().error.is_some(), "absent");
    assert_eq!(country(&geo, "81.1.1.1"), None);
    replace(&of("FR"));
    assert!(geo.refresh());
    assert_eq!(country(&geo, "81.1.1.1").as_deref(), Some("FR"));
    assert!(!geo.refresh(), "the same file");
    replace(&of("DE"));
    assert!(geo.refresh());
    assert_eq!(country(&geo, "81.1.1.1").as_deref(), Some("DE"));

    let whole = of("ES");
    for broken in [&b"no database"[..], &whole[..whole.len() / 2], b""] {
        replace(broken);
        assert!(!geo.refresh());
        assert!(geo.state().error.is_some());
        assert_eq!(geo.state().kind.as_deref(), Some("x"), "the old one is in force");
        assert_eq!(country(&geo, "81.1.1.1").as_deref(), Some("DE"));
    }
    replace(&database(
        "asn",
        &[map([("autonomous_system_number", Value::Number(3215))])],
        &[("81.0.0.0/8", 0)],
    ));
    assert!(!geo.refresh());
    assert!(geo.state().error.as_ref().is_some_and(|error| error.contains("asn")), "{:?}", geo.state());

    fs::remove_file(&path).unwrap();
    assert!(!geo.refresh());
    assert!(geo.state().error.is_some());
    assert_eq!(country(&geo, "81.1.1.1").as_deref(), Some("DE"));
    replace(&whole);
    assert!(geo.refresh());
    assert_eq!((country(&geo, "81.1.1.1").as_deref(), &geo.state().error), (Some("ES"), &None));
}

#[test]
fn a_folder_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Geo::open(Some(folder.path())).state().error.is_some());
}

/// The database the set-up fetches. `demo/setup` installs it.
#[test]
fn the_country_database() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb");
    assert!(path.is_file(), "{} is missing; `demo/setup` (or `make setup`) installs it", path.display());
    let geo = Geo::open(Some(&path));
    assert_eq!(geo.state().error, None);
    assert!(!geo.state().cities);
    for (of, expected) in [
        ("8.8.8.8", Some("US")),
        ("193.0.0.1", Some("NL")),
        ("212.27.48.10", Some("FR")),
        ("133.11.0.1", Some("JP")),
        ("200.160.0.1", Some("BR")),
        ("2001:4860:4860::8888", Some("US")),
        ("2a01:e0a::1", Some("FR")),
        ("2003::1", Some("DE")),
        ("127.0.0.1", None),
        ("10.0.0.1", None),
        ("::1", None),
    ] {
        assert_eq!(country(&geo, of).as_deref(), expected, "{of}");
    }
    // A shortened address stands in the same country: shortening is done before the look-up.
    let short = qahm_enrich::address::anonymize(address("212.27.48.10"));
    assert_eq!(country(&geo, &short.to_string()).as_deref(), Some("FR"));
}

proptest! {
    /// Files with bytes changed or cut off are refused or answer something: they never end the program.
    #[test]
    fn damaged_files(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        length in any::<prop::sample::Index>(),
        probes in prop::collection::vec(any::<u128>(), 8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mmdb");
        let mut bytes = database("x", &[nested("FR", "Lyon"), nested("JP", "Kyoto")], &[("81.0.0.0/8", 0), ("2a01::/16", 1)]);
        for (at, to) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *to;
        }
        if changes.len() > 8 {
            bytes.truncate(length.index(bytes.len()));
        }
        fs::write(&path, &bytes).unwrap();
        let geo = Geo::open(Some(&path));
        for probe in probes {
            geo.lookup(IpAddr::V6(probe.into()));
            geo.lookup(address("81.1.1.1"));
        }
    }
}
