//! The pages, and the document around them.

use crate::frame::Frame;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};

/// The document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Frame>().and_then(|frame| frame.theme);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <link rel="icon" href="/favicon.svg" />
                <HashedStylesheet options=options.clone() id="style" />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every page of the product.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let frame = Frame::take();
    view! { <Title text="User Session Manager" />{frame.site_name} }
}
