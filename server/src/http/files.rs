//! Static files: the built site, and nothing else of the disk.

use super::Node;
use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
};
use leptos::config::LeptosOptions;
use std::future::ready;
use tower_http::services::{ServeDir, ServeFile};

/// `/pkg/…` and `/favicon.svg`. Names with a hash of their content are kept for a year, others are asked for again each time.
pub fn files(options: &LeptosOptions) -> Router<Node> {
    let site = &options.site_root;
    let package = ServeDir::new(format!("{site}/{}", options.site_pkg_dir))
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let kept = HeaderValue::from_static(if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" });
    Router::new().nest_service("/pkg", package).layer(map_response(move |response| ready(keep(response, kept.clone())))).merge(
        Router::new()
            .route_service("/favicon.svg", ServeFile::new(format!("{site}/favicon.svg")))
            .layer(map_response(|response| ready(keep(response, HeaderValue::from_static("public, max-age=86400"))))),
    )
}

/// A missing file is not kept: the next build may have it.
fn keep(mut response: Response, how_long: HeaderValue) -> Response {
    if response.status().is_success() || response.status().is_redirection() {
        response.headers_mut().insert(header::CACHE_CONTROL, how_long);
    }
    response
}
