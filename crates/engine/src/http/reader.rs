//! Somebody who may read, and what they ask for: how most routes begin.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::Response;
use axum::http::request::Parts;

use super::Shared;
use super::auth::{self, Papers, Pass};
use super::query::{Query, bad};

/// A request that was let in. The token comes first: who has none hears nothing else.
pub(super) struct Reader {
    pub(super) pass: Pass,
    pub(super) query: Query,
}

impl FromRequestParts<Arc<Shared>> for Reader {
    /// The answer to whom was not let in, or asks for what there is not.
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Reader, Response<Body>> {
        let query = parts.uri.query();
        let papers = Papers::new(&parts.headers, query);
        let pass = auth::admit(shared, papers).map_err(auth::Refusal::answer)?;
        let query = Query::parse(query.unwrap_or("")).map_err(|wrong| bad(&wrong))?;
        Ok(Reader { pass, query })
    }
}
