//! A layer that tells the worker of deliveries when something was written: what wrote it need not think of it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::Registry;

pub(super) async fn after_writes(State(registry): State<Registry>, request: Request, next: Next) -> Response {
    let may_write = !request.method().is_safe();
    let response = next.run(request).await;
    if may_write {
        registry.wake_deliveries();
    }
    response
}
