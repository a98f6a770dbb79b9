//! Pages of a quiet site: half an hour with few visits says little, so the numbers are those of today (FEATURES P).

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Value, json};

/// With fewer visits in the last half hour, pages are shown with today's numbers.
pub(super) const FEW: u64 = 10;

/// The answer to `pages`, of the last half hour, with the numbers of today in it: `today` is the answer of the history from
/// midnight by page. Who is active on a page is of now, whatever the rest is of.
pub(super) fn pages(mut answer: Value, today: &Value, limit: usize, offset: usize) -> Value {
    let lately = answer.get("pages").and_then(Value::as_array).into_iter().flatten();
    let mut lately: HashMap<String, Value> =
        lately.map(|row| (text(row, "path").to_owned(), row.clone())).collect();
    // Pages that were only asked for, by bots or in vain, were seen by nobody.
    let rows = today.get("rows").and_then(Value::as_array).into_iter().flatten();
    let rows = rows.filter(|row| number(row, "views") > 0 || number(row, "saw") > 0);
    let mut rows: Vec<Value> = rows.map(|row| page(row, lately.remove(text(row, "name")).as_ref())).collect();
    // What has happened since the last commit.
    rows.extend(lately.into_values());
    rows.sort_by_cached_key(|row| {
        (Reverse((number(row, "active"), number(row, "views"))), text(row, "path").to_owned())
    });
    let groups: serde_json::Map<String, Value> = ["post_type", "author", "category"]
        .map(|name| (name.to_owned(), group(&rows, name, limit)))
        .into_iter()
        .collect();
    // What was counted since the last commit is not in today's yet.
    let counted = today.get("totals").map_or(0, |totals| number(totals, "visits"));
    let visits = counted.max(number(&answer, "visits"));
    let Some(members) = answer.as_object_mut() else { return answer };
    members.insert("window".into(), json!("today"));
    members.insert("limit".into(), json!(limit));
    members.insert("visits".into(), json!(visits));
    members.insert("total".into(), json!(rows.len()));
    members.insert("groups".into(), groups.into());
    members.insert("pages".into(), rows.into_iter().skip(offset).take(limit).collect());
    answer
}

/// A row of today, as `pages` shows it.
fn page(today: &Value, lately: Option<&Value>) -> Value {
    let of = |name| number(today, name);
    let (views, saw, left) = (of("views"), of("saw"), of("saw_left"));
    let mean = |sum: i64| if views == 0 { Value::Null } else { json!(sum as f64 / views as f64) };
    json!({
        "path": text(today, "name"),
        "title": text(today, "title"),
        "post_type": text(today, "post_type"),
        "author": text(today, "author"),
        "category": text(today, "category"),
        "active": lately.map_or(0, |row| number(row, "active")),
        "views": views,
        "engaged": mean(of("engaged")),
        "time": mean(of("time")),
        "saw": saw,
        "began": of("visits"),
        "left": left,
        "exits": of("left"),
        "entry_rate": [of("visits"), saw],
        "exit_rate": [of("left"), left],
    })
}

/// P6.
fn group(rows: &[Value], name: &str, limit: usize) -> Value {
    let mut sums: HashMap<&str, (i64, i64)> = HashMap::new();
    for row in rows.iter().filter(|row| !text(row, name).is_empty()) {
        let (active, views) = sums.entry(text(row, name)).or_default();
        *active += number(row, "active");
        *views += number(row, "views");
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(name, sums)| (Reverse(*sums), *name));
    let rows = sums.into_iter().take(limit);
    rows.map(|(name, (active, views))| json!({ "name": name, "active": active, "views": views })).collect()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or("")
}

fn number(row: &Value, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_stands_in_for_half_an_hour_and_who_is_active_is_of_now() {
        let lately = json!({ "active": 2, "sum": 2, "visits": 1, "window": "30m", "pages": [
            { "path": "/a", "active": 1, "views": 1 }, { "path": "/new", "active": 1, "views": 1 }] });
        let today = json!({ "totals": { "visits": 30 }, "rows": [
            { "name": "/b", "title": "B", "author": "Ann", "views": 40, "visits": 3, "saw": 20, "saw_left": 10, "left": 5, "engaged": 80, "time": 400 },
            { "name": "/a", "title": "A", "author": "Ann", "views": 4, "visits": 4, "saw": 4, "saw_left": 0, "left": 0, "engaged": 0, "time": 0 }] });
        let answer = pages(lately, &today, 2, 0);
        assert_eq!(
            (&answer["window"], &answer["visits"], &answer["total"]),
            (&json!("today"), &json!(30), &json!(3))
        );
        let paths: Vec<_> =
            answer["pages"].as_array().unwrap().iter().map(|row| row["path"].clone()).collect();
        assert_eq!(paths, ["/a", "/new"], "most active first");
        assert_eq!(answer["groups"]["author"], json!([{ "name": "Ann", "active": 1, "views": 44 }]));
        let b = page(&today["rows"][0], None);
        assert_eq!((&b["entry_rate"], &b["exit_rate"]), (&json!([3, 20]), &json!([5, 10])));
        assert_eq!((&b["engaged"], &b["time"]), (&json!(2.0), &json!(10.0)));
    }
}
