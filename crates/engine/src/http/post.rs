//! `command`: commands of who cannot send them over the connection itself.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::auth::Pass;
use super::command::{Command, Problem};
use super::connection::Connection;
use super::reader::Reader;
use super::shared::unix_now;
use super::{Shared, auth, reply};
use crate::serve::request::{Change, Order};

/// A connection that reads so slowly that it has not heard of a command after this long hears of it later.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Address {
    connection: String,
}

/// `POST /qahm-live/command`.
pub(super) async fn command(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Reader { pass, .. }: Reader,
    body: Body,
) -> Response<Body> {
    let body = match reply::body(body, &shared.stats).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let done = async {
        let wrong = |wrong| Problem::new("bad-request", wrong);
        let Address { connection } = serde_json::from_slice(&body).map_err(wrong)?;
        let command: Command = serde_json::from_slice(&body).map_err(wrong)?;
        let connection = shared
            .connections
            .find(&connection, &pass)
            .ok_or_else(|| Problem::new("unknown-connection", "there is no such connection of yours"))?;
        if !connection.may_command() {
            shared.stats.abused("commands");
            return Err(Problem::new("too-fast", "ten commands a second"));
        }
        carry_out(&shared, &pass, &headers, &connection, command).await
    };
    match done.await {
        Ok(answer) => reply::json(StatusCode::OK, &answer),
        Err(problem) => {
            let status = match problem.code {
                "unknown-connection" | "unknown-alert" => StatusCode::NOT_FOUND,
                "too-fast" | "too-many-filters" => StatusCode::TOO_MANY_REQUESTS,
                "busy" => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            };
            let Problem { code, message } = problem;
            reply::json(status, &json!({ "ok": false, "code": code, "message": message }))
        }
    }
}

async fn carry_out(
    shared: &Shared,
    pass: &Pass,
    headers: &HeaderMap,
    connection: &Connection,
    command: Command,
) -> Result<Value, Problem> {
    match command {
        Command::Token { token } => {
            let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
            renew(shared, connection, &token, origin)
        }
        Command::Acknowledge { alert } => acknowledge(shared, pass, &alert).await,
        for_the_stream => {
            let none = || Problem::new("unknown-connection", "this connection takes its own commands");
            let inbox = connection.commands.as_ref().ok_or_else(none)?;
            let (reply, answer) = oneshot::channel();
            let slow = || Problem::new("busy", "the connection does not read");
            inbox.try_send((for_the_stream, reply)).map_err(|_| slow())?;
            tokio::time::timeout(PATIENCE, answer).await.map_err(|_| slow())?.map_err(|_| slow())??;
            Ok(json!({ "ok": true }))
        }
    }
}

/// A newer token for a connection.
pub(super) fn renew(
    shared: &Shared,
    connection: &Connection,
    token: &str,
    origin: Option<&str>,
) -> Result<Value, Problem> {
    let pass = auth::check(shared, token, origin)
        .map_err(|refusal| Problem::new(refusal.as_str(), "this token is not good"))?;
    if !connection.renew(&pass) {
        return Err(Problem::new("site", "this token is another's"));
    }
    Ok(json!({ "ok": true, "expires": connection.expires(), "time": unix_now() }))
}

/// Says that this user looks after an alert, for every codec.
///
/// # Errors
/// `unknown-alert`; `busy`.
pub async fn acknowledge(shared: &Shared, pass: &Pass, alert: &Value) -> Result<Value, Problem> {
    let Some(alert) = alert.as_str() else {
        return Err(Problem::new("bad-request", "alert: the id of an alert"));
    };
    let change = Change::Acknowledge { alert: alert.to_owned(), user: pass.user };
    let answer = shared.order(Order::Change { site: pass.site, change }).await;
    if answer.get("ok") == Some(&Value::Bool(true)) {
        return Ok(json!({ "ok": true }));
    }
    let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or("");
    let code = match text("code") {
        "unknown-alert" => "unknown-alert",
        "unknown-site" => "unknown-site",
        _ => "busy",
    };
    Err(Problem::new(code, text("error")))
}
