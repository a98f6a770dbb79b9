//! Prints what the work of a PHP worker costs: one record of six fields and 200 bytes, one beacon, and the engine's
//! side of it, in nanoseconds. `cargo run --release -p qahm-event --example encode`

use qahm_event::{
    Beacon, Encoder, Flags, Head, Kind, Micros, Peer, RECORD_MAX, Record, SiteId, Tag, ViewId, host_hash,
};
use std::hint::black_box;
use std::time::Instant;

const BEACON: &str = r#"{"v":1,"s":"00f1e2d3c4b5a697","i":"8899aabbccddeeff","n":0,"u":"/blog/a-post/?p=12&lang=en",
"e":[["v",1,"https://www.example.org/search?q=wordpress","A post about something – Example"]]}"#;
const BEAT: &str =
    r#"{"v":1,"s":"00f1e2d3c4b5a697","i":"8899aabbccddeeff","n":7,"u":"/blog/a-post/?p=12","e":[["b"]]}"#;

fn main() {
    let head = Head {
        kind: Kind::View,
        flags: Flags::HOST_OK | Flags::VISIBLE,
        site: SiteId(0x00f1_e2d3_c4b5_a697),
        time: Micros::now(),
        view: ViewId(0x8899_aabb_ccdd_eeff),
        sequence: 0,
        peer: Peer::parse(b"203.0.113.7").unwrap_or_default(),
    };
    let texts: [(Tag, &[u8]); 6] = [
        (Tag::Url, b"/blog/a-post/?p=12&lang=en"),
        (Tag::Referrer, b"https://www.example.org/search?q=wordpress"),
        (Tag::UserAgent, b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
        (Tag::Title, b"A post about something"),
        (Tag::ClientHints, b"\"Firefox\";v=\"145\"; ?0"),
        (Tag::ForwardedFor, b"198.51.100.23, 203"),
    ];
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let mut buffer = [0; RECORD_MAX];
    measure(&format!("encode 6 fields, {bytes} bytes"), || {
        let mut encoder = Encoder::new(&mut buffer, black_box(&head));
        for (tag, text) in black_box(&texts) {
            encoder.text(*tag, text);
        }
        black_box(encoder.finish());
    });

    let mut encoder = Encoder::new(&mut buffer, &head);
    for (tag, text) in texts {
        encoder.text(tag, text);
    }
    let record = encoder.finish();
    measure("decode it, clean 6 texts", || {
        if let Ok(record) = Record::decode(black_box(record)) {
            for (tag, _) in texts {
                black_box(record.text(tag));
            }
        }
    });
    measure(&format!("parse beacon of a view, {} bytes", BEACON.len()), || {
        black_box(Beacon::parse(black_box(BEACON.as_bytes())).ok());
    });
    measure(&format!("parse beacon of a beat, {} bytes", BEAT.len()), || {
        black_box(Beacon::parse(black_box(BEAT.as_bytes())).ok());
    });
    measure("hash a host", || {
        black_box(host_hash(black_box(b"www.example.org:8080")));
    });
    measure("parse an address", || {
        black_box(Peer::parse(black_box(b"203.0.113.7")));
    });
    measure("read the clock", || {
        black_box(Micros::now());
    });
}

/// The best of 20 rounds: what disturbs a measurement only ever adds to it.
fn measure(name: &str, mut work: impl FnMut()) {
    const CALLS: u32 = 50_000;
    let mut best = f64::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..CALLS {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    println!("{best:8.1} ns  {name}");
}
