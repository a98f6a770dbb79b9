//! What must be done to one JSON value to make it another.
//!
//! An operation is `[path, value]`, which sets, or `[path]`, which removes. A path is the names of members and the
//! indices of elements joined by `/`, escaped as in RFC 6901 (`~0` is `~`, `~1` is `/`), without a slash in front; "" is
//! the whole. To set the index after the last appends; only the last element is ever removed. Values are absolute: to
//! apply an operation twice is to apply it once, but for `events+`.

use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::ROWS;
use crate::report::json_bytes;

/// The operation that puts rows, oldest first, in front of `events` one by one and keeps the first [`ROWS`].
pub const ROWS_IN_FRONT: &str = "events+";

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    pub path: String,
    /// `None` removes.
    pub value: Option<Value>,
}

impl Op {
    pub fn set(path: impl Into<String>, value: Value) -> Op {
        Op { path: path.into(), value: Some(value) }
    }

    pub fn remove(path: impl Into<String>) -> Op {
        Op { path: path.into(), value: None }
    }

    /// Bytes as JSON, nearly.
    fn bytes(&self) -> usize {
        self.path.len() + 5 + self.value.as_ref().map_or(0, json_bytes)
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut op = serializer.serialize_seq(Some(1 + usize::from(self.value.is_some())))?;
        op.serialize_element(&self.path)?;
        if let Some(value) = &self.value {
            op.serialize_element(value)?;
        }
        op.end()
    }
}

/// A patch that does not fit the value it is applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the operation on {0:?} does not fit")]
pub struct Misfit(String);

/// The operations that make `to` of `from`; none if they are equal. A member whose changes would be longer than itself is
/// set as a whole.
pub fn diff(from: &Value, to: &Value) -> Vec<Op> {
    let mut ops = Vec::new();
    let unnamed = |value: &Value| value.as_object().is_some_and(|members| members.contains_key(""));
    if from != to && (unnamed(from) || unnamed(to)) {
        // The path of a member without a name would be that of the whole.
        return vec![Op::set("", to.clone())];
    }
    differ(&mut String::new(), from, to, &mut ops);
    ops
}

fn differ(path: &mut String, from: &Value, to: &Value, ops: &mut Vec<Op>) {
    let before = ops.len();
    match (from, to) {
        _ if from == to => return,
        (Value::Object(from), Value::Object(to)) => differ_members(path, from, to, ops),
        (Value::Array(from), Value::Array(to)) => differ_elements(path, from, to, ops),
        _ => return ops.push(Op::set(path.as_str(), to.clone())),
    }
    let changes: usize = ops.iter().skip(before).map(Op::bytes).sum();
    if !path.is_empty() && changes > path.len() + 5 + json_bytes(to) {
        ops.truncate(before);
        ops.push(Op::set(path.as_str(), to.clone()));
    }
}

fn differ_members(path: &mut String, from: &Map<String, Value>, to: &Map<String, Value>, ops: &mut Vec<Op>) {
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        ops.push(Op::remove(joined(path, name)));
    }
    for (name, value) in to {
        match from.get(name) {
            Some(old) => below(path, name, |path| differ(path, old, value, ops)),
            None => ops.push(Op::set(joined(path, name), value.clone())),
        }
    }
}

fn differ_elements(path: &mut String, from: &[Value], to: &[Value], ops: &mut Vec<Op>) {
    for (index, (old, value)) in from.iter().zip(to).enumerate() {
        below(path, &index.to_string(), |path| differ(path, old, value, ops));
    }
    for (index, value) in to.iter().enumerate().skip(from.len()) {
        ops.push(Op::set(joined(path, &index.to_string()), value.clone()));
    }
    for index in (to.len()..from.len()).rev() {
        ops.push(Op::remove(joined(path, &index.to_string())));
    }
}

fn joined(path: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    if path.is_empty() { name } else { format!("{path}/{name}") }
}

fn below(path: &mut String, name: &str, then: impl FnOnce(&mut String)) {
    let length = path.len();
    *path = joined(path, name);
    then(path);
    path.truncate(length);
}

/// Does the operations, in order. What a client does; here for tests and for streams of rows.
///
/// # Errors
/// The first operation that does not fit; those before it are done.
pub fn apply(ops: &[Op], value: &mut Value) -> Result<(), Misfit> {
    ops.iter().try_for_each(|op| apply_one(op, value).ok_or_else(|| Misfit(op.path.clone())))
}

fn apply_one(op: &Op, whole: &mut Value) -> Option<()> {
    if op.path.is_empty() {
        *whole = op.value.clone()?;
        return Some(());
    }
    if op.path == ROWS_IN_FRONT {
        let rows = op.value.as_ref()?.as_array()?;
        let events = whole.get_mut("events")?.as_array_mut()?;
        put_in_front(rows.iter().cloned(), events);
        return Some(());
    }
    let (parents, last) = op.path.rsplit_once('/').unwrap_or(("", &op.path));
    let mut place = whole;
    if op.path.contains('/') {
        for name in parents.split('/') {
            place = match place {
                Value::Object(members) => members.get_mut(&unescaped(name))?,
                Value::Array(elements) => elements.get_mut(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
    }
    match (place, &op.value) {
        (Value::Object(members), Some(value)) => {
            members.insert(unescaped(last), value.clone());
        }
        (Value::Object(members), None) => {
            members.remove(&unescaped(last))?;
        }
        (Value::Array(elements), value) => {
            let index: usize = last.parse().ok()?;
            match value {
                Some(value) if index == elements.len() => elements.push(value.clone()),
                Some(value) => *elements.get_mut(index)? = value.clone(),
                None if index + 1 == elements.len() => drop(elements.pop()),
                None => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// Puts rows, oldest first, in front of others and keeps the first [`ROWS`].
pub(super) fn put_in_front(rows: impl DoubleEndedIterator<Item = Value>, events: &mut Vec<Value>) {
    events.splice(0..0, rows.rev());
    events.truncate(ROWS);
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn ops(from: Value, to: Value) -> Value {
        serde_json::to_value(diff(&from, &to)).unwrap()
    }

    #[test]
    fn operations_are_few_and_small() {
        let rows = |n: usize| {
            (0..n).map(|n| json!({ "path": format!("/page-{n}"), "active": n })).collect::<Vec<_>>()
        };
        let frame = |active: u64, n| json!({ "active": active, "pages": rows(n) });
        assert_eq!(ops(frame(1, 3), frame(1, 3)), json!([]));
        assert_eq!(ops(frame(512, 3), frame(513, 3)), json!([["active", 513]]));
        assert_eq!(ops(frame(1, 3), frame(1, 1)), json!([["pages/2"], ["pages/1"]]));
        assert_eq!(ops(frame(1, 1), frame(1, 2)), json!([["pages/1", { "path": "/page-1", "active": 1 }]]));
        assert_eq!(
            ops(
                json!({ "a": { "/~": 1, "": 2, "kept": "as it is, whatever" } }),
                json!({ "a": { "/~": null, "": 3, "kept": "as it is, whatever" }, "longer": "than this" })
            ),
            json!([["a/", 3], ["a/~1~0", null], ["longer", "than this"]])
        );
        assert_eq!(ops(json!({ "": 1 }), json!({ "": 2 })), json!([["", { "": 2 }]]));
        assert_eq!(ops(json!(1), json!([])), json!([["", []]]));
        assert_eq!(
            ops(json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": { "d": 3 } })),
            json!([["a", { "d": 3 }]]),
            "whole, for that is shorter"
        );
    }

    #[test]
    fn rows_go_in_front_and_the_oldest_go() {
        let mut feed = json!({ "events": (0..ROWS).rev().collect::<Vec<_>>() });
        apply(&[Op::set(ROWS_IN_FRONT, json!([ROWS, ROWS + 1]))], &mut feed).unwrap();
        assert_eq!(feed["events"], json!((2..ROWS + 2).rev().collect::<Vec<_>>()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (value, op) in [
            (json!({}), Op::remove("a")),
            (json!({}), Op::set("a/b", json!(1))),
            (json!([1, 2]), Op::remove("0")),
            (json!([1, 2]), Op::set("3", json!(1))),
            (json!([1]), Op::set("x", json!(1))),
            (json!(1), Op::set("x", json!(1))),
            (json!({ "events": 1 }), Op::set(ROWS_IN_FRONT, json!([]))),
        ] {
            assert!(apply(std::slice::from_ref(&op), &mut value.clone()).is_err(), "{op:?}");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..5u64).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a/~\"é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[ab/~0-2]{0,3}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_patch_makes_the_one_of_the_other(from in json_value(), to in json_value()) {
            let ops = diff(&from, &to);
            let mut value = from.clone();
            prop_assert_eq!(apply(&ops, &mut value), Ok(()));
            prop_assert_eq!(&value, &to);
            prop_assert_eq!(ops.is_empty(), from == to);
            prop_assert!(diff(&to, &to).is_empty());
        }
    }
}
