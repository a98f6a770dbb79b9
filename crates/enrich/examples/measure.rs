//! What recognition costs: `cargo run --release --example measure -p qahm-enrich
//! [-- user agents in the flood [file of user agents]]`.

use std::time::Instant;

use qahm_enrich::client::Clients;

/// Resident memory of this process, in MB.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = pages.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    pages * 4096.0 / 1e6
}

struct Random(u64);

impl Random {
    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let at = usize::try_from(self.0 % words.len() as u64).unwrap_or(0);
        words.get(at).copied().unwrap_or_default()
    }
}

fn main() {
    let mut clients = Clients::new();
    let before = resident();
    let start = Instant::now();
    clients.prepare();
    println!("compiled in {:.0} ms, {:.1} MB", start.elapsed().as_secs_f64() * 1e3, resident() - before);

    // Usual: some browsers, over and over.
    let usual: Vec<String> = (0..200)
        .map(|k| format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{k}.0.0.0 Safari/537.36"))
        .collect();
    let start = Instant::now();
    for agent in usual.iter().cycle().take(1_000_000) {
        std::hint::black_box(clients.of(agent.as_bytes(), b""));
    }
    println!("known: {:.0} ns each, {:.1} MB", start.elapsed().as_secs_f64() * 1e3, resident() - before);

    // Real ones, each for the first time: a file with one a line.
    if let Some(file) = std::env::args().nth(2) {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let start = Instant::now();
        text.lines().for_each(|agent| drop(std::hint::black_box(clients.of(agent.as_bytes(), b""))));
        let each = start.elapsed().as_secs_f64() * 1e6 / text.lines().count().max(1) as f64;
        println!("new: {each:.1} µs each, {:.1} MB", resident() - before);
    }

    // A flood: user agents never seen, made of pieces of the rules themselves, so that as many as possible are tried.
    let rules = [include_str!("../data/browsers.tsv"), include_str!("../data/systems.tsv")];
    let words: Vec<&str> = rules
        .iter()
        .flat_map(|list| list.split(|c: char| !c.is_ascii_alphanumeric() && c != ' ' && c != '/'))
        .filter(|word| word.len() > 2)
        .collect();
    let mut random = Random(88_172_645_463_325_252);
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let (mut longest, start) = (0, Instant::now());
    let mut making = std::time::Duration::ZERO;
    for k in 0..count {
        let made = Instant::now();
        let mut agent = String::from("Mozilla/5.0 (");
        while agent.len() < 250 {
            agent.push_str(random.one_of(&words));
            agent.push_str(random.one_of(&[" ", "/", "; ", ") ", "/1.2.3 ", "\u{e9}"]));
        }
        making += made.elapsed();
        let one = Instant::now();
        std::hint::black_box(clients.of(agent.as_bytes(), b""));
        longest = longest.max(one.elapsed().as_micros());
        if k % (count / 5).max(1) == 0 {
            println!("  {k}: {:.1} MB", resident() - before);
        }
    }
    let each = (start.elapsed() - making).as_secs_f64() * 1e6 / f64::from(count);
    println!(
        "flood: {each:.1} µs each, longest {longest} µs, {:.1} MB, {} remembered",
        resident() - before,
        clients.remembered()
    );
}
