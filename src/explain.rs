//! What would become of a beacon: asked by somebody of the site, answered by the engine, counted by nobody.

use std::{fmt::Write as _, time::Duration};

use qahm_event::RECORD_MAX;
use qahm_runtime::collector::{ABSENT, Answer, Delivery, TOKEN};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    ask,
    token::{self, Verdict},
};

/// How long the engine may take.
const PATIENCE: Duration = Duration::from_millis(250);

/// Asks the engine about the first event. The token in the beacon is the proof that its sender may know.
pub(crate) fn explain(delivery: &Delivery<'_>) -> Answer {
    let beacon = delivery.beacon;
    // The origin is not compared: the page asks its own site's collector.
    match token::check_live(beacon.site, beacon.explain.as_deref().unwrap_or_default().as_bytes()) {
        Verdict::Good => {}
        Verdict::Denied => return TOKEN,
        Verdict::NoKey => return ABSENT,
    }
    let mut buffer = [0; RECORD_MAX];
    let Some(record) = delivery.explained(&mut buffer) else { return ABSENT };
    let mut request = format!(r#"{{"op":"explain","site":"{}","record":""#, beacon.site);
    for byte in record {
        // Writing to a text does not fail.
        let _ = write!(request, "{byte:02x}");
    }
    request.push_str("\"}");
    let answer = ask::once(&request, PATIENCE);
    let explanation = answer.as_deref().and_then(|answer| serde_json::from_str::<Explained<'_>>(answer).ok());
    explanation.map_or(ABSENT, |explained| (200, explained.explain.get().to_owned().into()))
}

/// The engine's answer; it has no such member when it could not say.
#[derive(Deserialize)]
struct Explained<'a> {
    #[serde(borrow)]
    explain: &'a RawValue,
}
