//! Queues can be watched.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers are not seen as tests

mod salon;

use salon::{Salon, await_some};
use serde_json::json;

#[test]
fn what_waits_is_in_the_metrics() {
    let salon = Salon::new();
    let mut client = salon.follow(&["alerts"]);
    assert_eq!(salon.metric("orders_waiting"), 0.0);
    let alert = json!({ "do": "acknowledge", "alert": "a17" });
    client.send(&format!("421[\"do\",{alert}]"));
    // Nobody takes it.
    await_some("the order", || (salon.metric("orders_waiting") == 1.0).then_some(()));
    assert!(salon.orders.recv().is_ok());
    assert_eq!(salon.metric("orders_waiting"), 0.0);
}
