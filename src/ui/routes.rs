//! The routes of the web UI.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use forebay_core::error_code::ErrorCode;
use forebay_web::error::ApiError;

use super::{Ui, file};

/// What is shown where no UI was found.
const LANDING: &str = include_str!("landing.html");

/// The pages behind `prefix`, which is empty or begins with a slash. Links in the UI are relative, so its page
/// needs the slash at the end.
pub(crate) fn routes(prefix: &str, ui: Ui) -> Router {
    let index_path = [prefix, "/"].concat();
    let router = Router::new()
        .route(&[prefix, "/"].concat(), get(index))
        .route(&[prefix, "/static-files/{*path}"].concat(), get(static_file))
        .with_state(ui);
    match prefix {
        "" => router,
        prefix => router.route(prefix, get(async move || Redirect::permanent(&index_path))),
    }
}

async fn index(State(ui): State<Ui>, headers: HeaderMap) -> Response {
    let Some(folder) = ui.0 else {
        return ([(CACHE_CONTROL, "no-cache")], Html(LANDING)).into_response();
    };
    file::answer(&folder, "index.html", &headers).await.unwrap_or_else(|| not_found("index.html"))
}

async fn static_file(State(ui): State<Ui>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let answer = match ui.0 {
        Some(folder) => file::answer(&folder, &path, &headers).await,
        None => None,
    };
    answer.unwrap_or_else(|| not_found(&path))
}

/// The web UI asks for no file that it does not have, so this is somebody's wrong address.
fn not_found(path: &str) -> Response {
    let shown: String = path.chars().take(200).collect();
    ApiError::new(ErrorCode::EndpointNotFound, format!("The web UI has no file {shown}")).into_response()
}
