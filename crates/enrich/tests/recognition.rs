//! Recognition against lists that others keep: uap-core's own test cases, the crawlers of `crawler-user-agents`, the
//! browsers of `user-agents`. A list that is missing is a failure.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qahm_enrich::client::{Client, Clients};
use serde_json::Value;

/// A file or folder among the lists, of which `demo/setup` installs what is not committed.
fn list(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    assert!(path.exists(), "{} is missing; `demo/setup` (or `make setup`) installs it", path.display());
    path
}

/// uap-core with its test cases, out of the sources of the crate `ua-parser`.
fn uap_core() -> PathBuf {
    list("uap-core")
}

fn npm_list(file: &str) -> Vec<Value> {
    let text = std::fs::read(list("node_modules").join(file)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The user agents and families of one of uap-core's lists of cases, which use a small part of YAML.
fn cases(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let (mut cases, mut agent) = (Vec::new(), None);
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches("- ");
        let Some((key, value)) = line.split_once(':') else { continue };
        match key.trim() {
            "user_agent_string" => agent = Some(scalar(value)),
            "family" => cases.push((agent.take().unwrap(), scalar(value))),
            _ => {}
        }
    }
    cases
}

fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'') {
        return inner[..inner.rfind('\'').unwrap()].replace("''", "'");
    }
    if let Some(inner) = text.strip_prefix('"') {
        return inner[..inner.rfind('"').unwrap()].replace("\\\"", "\"").replace("\\\\", "\\");
    }
    text.to_owned()
}

/// The share of cases that are right. Prints it, and the most frequent mistakes.
fn share<T>(name: &str, cases: &[T], mut right: impl FnMut(&T) -> Result<(), String>) -> f64 {
    let mut wrong: BTreeMap<String, u32> = BTreeMap::new();
    for case in cases {
        if let Err(mistake) = right(case) {
            *wrong.entry(mistake).or_default() += 1;
        }
    }
    let mistakes: u32 = wrong.values().sum();
    let share = 1.0 - f64::from(mistakes) / cases.len() as f64;
    println!("{name}: {:.3} % of {}", share * 100.0, cases.len());
    let mut wrong: Vec<_> = wrong.into_iter().collect();
    wrong.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (mistake, count) in wrong.iter().take(12) {
        println!("  {count} × {mistake}");
    }
    assert!(!cases.is_empty());
    share
}

fn agree(name: &str, files: &[&str], family: impl Fn(&Client) -> &str) -> f64 {
    let core = uap_core();
    let mut clients = Clients::new();
    let cases: Vec<_> = files.iter().flat_map(|file| cases(&core.join(file))).collect();
    share(name, &cases, |(agent, expected)| {
        let client = clients.of(agent.as_bytes(), b"");
        let found = family(&client);
        if found == expected { Ok(()) } else { Err(format!("{found} instead of {expected}")) }
    })
}

#[test]
fn browsers_are_named_as_uap_core_names_them() {
    let files = [
        "tests/test_ua.yaml",
        "test_resources/firefox_user_agent_strings.yaml",
        "test_resources/opera_mini_user_agent_strings.yaml",
        "test_resources/podcasting_user_agent_strings.yaml",
        "test_resources/pgts_browser_list.yaml",
    ];
    assert!(agree("browsers, main list", &files[..1], |client| &client.browser) >= 0.98);
    assert!(agree("browsers, all lists", &files, |client| &client.browser) >= 0.98);
}

#[test]
fn systems_are_named_as_uap_core_names_them() {
    let files = ["tests/test_os.yaml", "test_resources/additional_os_tests.yaml"];
    assert!(agree("systems, main list", &files[..1], |client| &client.os) >= 0.98);
    assert!(agree("systems, all lists", &files, |client| &client.os) >= 0.98);
}

#[test]
fn devices_are_what_their_browsers_say() {
    let list = npm_list("user-agents/dist/user-agents.json");
    let mut clients = Clients::new();
    let share = share("devices", &list, |entry| {
        let agent = entry["userAgent"].as_str().unwrap();
        let found = clients.of(agent.as_bytes(), b"").device.as_str();
        let expected = entry["deviceCategory"].as_str().unwrap();
        if found == expected { Ok(()) } else { Err(format!("{found} instead of {expected}: {agent}")) }
    });
    assert!(share >= 0.98);
}

#[test]
fn browsers_of_people_are_no_bots() {
    let list = npm_list("user-agents/dist/user-agents.json");
    let mut clients = Clients::new();
    let share = share("people", &list, |entry| {
        let agent = entry["userAgent"].as_str().unwrap();
        match clients.of(agent.as_bytes(), b"").bot {
            None => Ok(()),
            Some(bot) => Err(format!("{}: {agent}", bot.as_str())),
        }
    });
    assert!(share >= 0.999);
}

/// Applications that show pages themselves, rare browsers, and telephones with unlucky names.
#[test]
fn rarer_browsers_of_people() {
    let mut clients = Clients::new();
    for line in include_str!("people.tsv").lines() {
        let (device, agent) = line.split_once('\t').unwrap();
        let client = clients.of(agent.as_bytes(), b"");
        assert_eq!((client.device.as_str(), client.bot), (device, None), "{agent}");
    }
}

/// uap-core's list of devices calls programs "Spider".
#[test]
fn devices_of_people_are_no_bots() {
    let mut clients = Clients::new();
    let mut cases = cases(&uap_core().join("tests/test_device.yaml"));
    cases.retain(|(agent, family)| family != "Spider" && !agent.starts_with("WhatsApp"));
    let share =
        share("devices of people", &cases, |(agent, _)| match clients.of(agent.as_bytes(), b"").bot {
            None => Ok(()),
            Some(bot) => Err(format!("{}: {agent}", bot.as_str())),
        });
    assert!(share >= 0.999);
}

#[test]
fn crawlers_are_bots() {
    let list = npm_list("crawler-user-agents/crawler-user-agents.json");
    let instances = list.iter().flat_map(|crawler| crawler["instances"].as_array().unwrap());
    let instances: Vec<&str> = instances.map(|agent| agent.as_str().unwrap()).collect();
    let mut clients = Clients::new();
    // As the engine sees them: cut where a record cuts.
    let share = share("crawlers", &instances, |agent| match clients.of(agent.as_bytes(), b"").bot {
        Some(_) => Ok(()),
        None => Err((*agent).to_owned()),
    });
    assert!(share >= 0.995);
}

/// The committed rules are those of the crate that applies them.
#[test]
fn the_rules_are_the_crates() {
    let yaml = std::fs::read_to_string(uap_core().join("regexes.yaml")).unwrap();
    let (browsers, rest) = yaml.split_once("\nos_parsers:").unwrap();
    let (systems, _) = rest.split_once("\ndevice_parsers:").unwrap();
    for (section, file) in [(browsers, "browsers.tsv"), (systems, "systems.tsv")] {
        let lines = section.lines().map(str::trim_start).filter_map(|line| line.strip_prefix("- regex:"));
        let listed = std::fs::read_to_string(list(file)).unwrap();
        let listed: Vec<&str> = listed.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(lines.map(scalar).collect::<Vec<_>>(), listed, "{file}: run data/update.mjs");
    }
}
