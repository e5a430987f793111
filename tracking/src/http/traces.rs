//! Traces are not kept here. What the web UI polls gets an empty answer, which it shows as "none".

use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;

pub(super) async fn none() -> Pretty<Empty> {
    Pretty(Empty {})
}
