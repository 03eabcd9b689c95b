//! The User Session Manager: who is signed in, and ending it.

use crate::parts::title::PageTitle;
use crate::{
    AppError,
    api::json::JsonText,
    model::{
        event::BatchId,
        plan::Report,
        query::{Column, Query, decode_pairs, value_of},
        selection::{Picked, Selection},
        session::Window,
    },
    parts::{
        action_bar::ActionBar,
        acts::Acts,
        breadcrumb::{ADMINISTRATION, PageHead},
        confirm::ConfirmDialog,
        description::Description,
        failure::Failure,
        grid::{CLEAR_FORM, Grid, LIST_FORM, PLAN_FORM},
        hydrated::hydrated,
        list::List,
        panel::Panel,
        report::ReportNote,
        toolbar::Toolbar,
    },
};
use leptos::{prelude::*, tachys::reactive_graph::OwnedView};
use leptos_router::hooks::use_location;

/// What the address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    query: Query,
    offset: u32,
    /// The act that led here, whose report is shown.
    done: Option<BatchId>,
}

impl Wanted {
    /// An offset or batch that is none is left out; an unknown order is refused.
    fn read(address: &str) -> Result<Self, AppError> {
        let query = Query::from_pairs(&decode_pairs(address)).map_err(AppError::invalid)?;
        let offset = value_of(address, "offset").and_then(|text| text.parse().ok()).unwrap_or(0);
        let done = value_of(address, "done").and_then(|text| text.parse().ok());
        Ok(Self { query, offset, done })
    }
}

/// The list comes whole from the server; afterwards it lives by itself, and the address follows.
#[component]
pub fn SessionsPage() -> impl IntoView {
    view! {
        <PageTitle text="User Session Manager" />
        {match use_location().search.with_untracked(|search| Wanted::read(search)) {
            Ok(wanted) => view! { <Sessions wanted /> }.into_any(),
            Err(error) => {
                hydrated();
                view! { <div class="page"><Failure error again=Some("/sessions".to_owned()) /></div> }.into_any()
            }
        }}
    }
}

/// What the page begins with: the list as asked for, and what the act that led here did.
type First = (Window, Option<Report>);

#[cfg(feature = "ssr")]
async fn read(Wanted { query, offset, done }: Wanted, selection: Selection) -> Result<First, AppError> {
    use crate::{
        api::sessions,
        guard,
        model::session::{Kept, WINDOW_ROWS},
    };
    let report = match done {
        Some(batch) => sessions::find_report(batch).await?,
        // Where this cannot be told, the list still can.
        None => guard::store().unfinished(&guard::admin()?).await.unwrap_or_default(),
    };
    Ok((sessions::list(query, selection, offset, WINDOW_ROWS, Kept::default()).await?, report))
}

#[component]
fn Sessions(wanted: Wanted) -> impl IntoView {
    let selection = expect_context::<RwSignal<Picked>>().with_untracked(|picked| picked.selection.clone());
    Suspend::new(async move {
        // Sent with the page; none where the router came here, which begins with an empty list that loads.
        #[cfg(feature = "ssr")]
        let answer = Some(read(wanted.clone(), selection.clone()).await);
        #[cfg(not(feature = "ssr"))]
        let answer = None::<Result<First, AppError>>;
        let answer = SharedValue::<_, JsonText>::new_with_encoding(|| answer).into_inner();
        let (window, report) = match answer.transpose() {
            Ok(first) => first.unzip(),
            Err(error) => {
                hydrated();
                return view! { <Failure error /> }.into_any();
            }
        };
        // Its parts ask for their context when they are written, which is outside this owner.
        OwnedView::new(view! { <Manager wanted selection window report=report.flatten() /> }).into_any()
    })
}

/// The page around the list, and what its parts share.
#[component]
fn Manager(wanted: Wanted, selection: Selection, window: Option<Window>, report: Option<Report>) -> impl IntoView {
    let Wanted { query, offset, .. } = wanted;
    let back = query.address_from(offset);
    let list = List::new(query, offset, selection, window);
    provide_context(list);
    provide_context(Acts::new(list));
    Effect::new(move |_| untrack(|| list.come_alive()));
    follow_links(list);
    // After what was typed and ticked is taken over: the page is alive from here.
    hydrated();
    view! {
        <div class="sessions" class:with-panel=move || list.has_panel()>
            <PageHead path=ADMINISTRATION here="User Session Manager">
                <a href="/help">"Help"</a>
            </PageHead>
            <Description />
            <Forms />
            <section class="list" aria-labelledby="list-title">
                <Toolbar />
                <div class="list-body">
                    <Grid />
                    <Panel />
                </div>
                <Trouble />
            </section>
            <ActionBar />
            <ConfirmDialog />
            {report.map(|report| view! { <ReportNote report back /> })}
        </div>
    }
}

/// Links and the browser's buttons that lead from the list to the list: it shows what they ask for.
fn follow_links(list: List) {
    let (pathname, asked) = (use_location().pathname, use_location().search);
    Effect::new(move |before: Option<()>| {
        let Ok(Wanted { query, offset, .. }) = asked.with(|asked| Wanted::read(asked)) else { return };
        if before.is_some() && pathname.with_untracked(|path| path == "/sessions") {
            list.ask_for(query, offset);
        }
    });
}

/// The forms that carry the page without scripts; their fields stand in the table.
#[component]
fn Forms() -> impl IntoView {
    let list = List::take();
    let sort = move || String::from(list.query.with(|query| query.sort));
    let next = move || list.shown.with(|shown| shown.query.address_from(shown.offset));
    let shown = move |column: Column| list.shown.with(|shown| shown.query.filter(column).to_owned());
    view! {
        <form id=LIST_FORM method="get" action="/sessions" on:submit=|event| event.prevent_default()>
            <input type="hidden" name="sort" value=sort />
        </form>
        <form id=CLEAR_FORM method="get" action="/sessions">
            <input type="hidden" name="sort" value=sort />
        </form>
        <form id=PLAN_FORM method="post" action="/sessions/plan" on:submit=|event| event.prevent_default()>
            {Column::ALL
                .map(|column| view! { <input type="hidden" name=column.key() value=move || shown(column) /> })
                .collect_view()}
            <input type="hidden" name="sort" value=sort />
            <input type="hidden" name="next" value=next />
        </form>
    }
}

/// A list that could not be fetched: the rows before it stay.
#[component]
fn Trouble() -> impl IntoView {
    let list = List::take();
    let address = move || list.query.with(|query| query.address_from(list.offset.get()));
    view! {
        <div class="list-trouble" role="alert">
            {move || {
                list.failure
                    .get()
                    .map(|error| {
                        view! {
                            <p>
                                {error.sentence().to_owned()} " "
                                <a
                                    class="button"
                                    href=address
                                    on:click=move |event| {
                                        event.prevent_default();
                                        crate::parts::browser::pass_focus(&[".refresh"]);
                                        list.refresh();
                                    }
                                >
                                    "Try again"
                                </a>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
