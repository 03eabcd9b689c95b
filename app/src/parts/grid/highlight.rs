//! What the filters matched, marked in the rows by the browser (Custom Highlight API): no element of a row changes for it.

use crate::parts::{browser::find, list::List};
use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
};
use web_sys::{AbstractRange, Element, Highlight, Node, StaticRange, StaticRangeInit, css::JsNamespaceCss, js_sys};

/// As the style names it.
const NAME: &str = "match";

/// Marks the rows in the page anew. Browsers that cannot do without.
pub(super) fn highlight(list: List) {
    let knows = js_sys::Reflect::has(&window(), &JsValue::from_str("Highlight")).unwrap_or(false);
    if !knows || list.lines.is_disposed() {
        return;
    }
    let mut ranges = Vec::new();
    for line in untrack(|| list.mounted_lines()) {
        line.row.with_untracked(|row| {
            let cells = [&row.user_name, &row.last_name, &row.first_name, &row.created];
            if cells.iter().all(|cell| cell.matched.is_empty()) {
                return;
            }
            let Some(shown) = find(&format!(".list-scroll tr[data-id='{}']", row.id)) else { return };
            // The checkbox is the first cell.
            for (place, cell) in (1..).zip(cells) {
                let text = shown.children().item(place).and_then(|shown| text_of(&shown, &cell.text));
                if let Some(text) = text {
                    ranges.extend(cell.matched.iter().filter_map(|&(start, end)| range(&text, start, end)));
                }
            }
        });
    }
    if let Ok(marked) = Highlight::new(&ranges) {
        JsNamespaceCss::highlights().set(NAME, &marked);
    }
}

/// The text node of a cell, while it shows that text.
fn text_of(cell: &Element, text: &str) -> Option<Node> {
    let holder = cell.query_selector(".text").ok().flatten();
    let nodes = holder.as_ref().unwrap_or(cell).child_nodes();
    let mut nodes = (0..nodes.length()).filter_map(|place| nodes.get(place));
    nodes.find(|node| node.node_type() == Node::TEXT_NODE && node.text_content().as_deref() == Some(text))
}

fn range(text: &Node, start: u32, end: u32) -> Option<AbstractRange> {
    let range = StaticRangeInit::new(text, end, text, start);
    Some(StaticRange::new(&range).ok()?.unchecked_into())
}
