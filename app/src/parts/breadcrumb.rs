//! Where a page stands, and the head of a page.

use leptos::prelude::*;

/// One step of the path to a page.
#[derive(Clone, Debug)]
pub enum Crumb {
    /// A step without a page of its own.
    Group(&'static str),
    /// Text and address.
    Page(&'static str, &'static str),
}

/// The groups that every administrator's page of this product stands in.
pub const ADMINISTRATION: [Crumb; 2] = [Crumb::Group("User Management"), Crumb::Group("User Account Administration")];

/// Path (none where it is empty), title and, at the right, whatever stands beside the title.
#[component]
pub fn PageHead(
    #[prop(into)] path: Vec<Crumb>,
    /// The last step of the path.
    #[prop(into)]
    here: String,
    /// Where it differs from the last step.
    #[prop(into, optional)]
    title: Option<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let title = title.unwrap_or_else(|| here.clone());
    view! {
        <div class="page-head">
            {(!path.is_empty()).then(|| view! { <Breadcrumb path here /> })}
            <div class="page-title">
                <h1>{title}</h1>
                {children.map(|children| children())}
            </div>
        </div>
    }
}

#[component]
fn Breadcrumb(path: Vec<Crumb>, here: String) -> impl IntoView {
    let steps = path.into_iter().map(|crumb| {
        let step = match crumb {
            Crumb::Group(text) => text.into_any(),
            Crumb::Page(text, href) => view! { <a href=href>{text}</a> }.into_any(),
        };
        view! { <li>{step}<span aria-hidden="true">" › "</span></li> }
    });
    view! {
        <nav aria-label="Breadcrumb">
            <ol class="breadcrumb">
                {steps.collect_view()}
                <li aria-current="page">{here}</li>
            </ol>
        </nav>
    }
}
