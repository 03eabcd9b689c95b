//! JSON in both directions: what server functions take and answer, and what comes with a page.
//!
//! One codec for both, so that the browser has one reader for every type, and a small one.

use leptos::{
    serde_json,
    server::codee::{Decoder, Encoder},
    server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post},
};
use serde::{Serialize, de::DeserializeOwned};

/// `application/json`
pub struct JsonText;

/// Arguments and results of the server functions.
pub type Json = Post<JsonText>;

#[cfg(feature = "ssr")]
fn read<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(text)
}

#[cfg(not(feature = "ssr"))]
use read_in_the_browser as read;

/// Reads what [`serde_json`] wrote. Enums must be tagged from outside, and nothing may be flattened.
#[cfg(any(test, not(feature = "ssr")))]
fn read_in_the_browser<T: DeserializeOwned>(text: &[u8]) -> serde_json_core::de::Result<T> {
    // No string is longer than the text around it.
    let mut unescaped = vec![0; text.len()];
    serde_json_core::from_slice_escaped(text, &mut unescaped).map(|(value, _)| value)
}

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    #[cfg(feature = "ssr")]
    type Error = serde_json::Error;
    #[cfg(not(feature = "ssr"))]
    type Error = serde_json_core::de::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        read(&bytes)
    }
}

impl<T: Serialize> Encoder<T> for JsonText {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for JsonText {
    type Error = <Self as Decodes<T>>::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        read(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AppError,
        model::{
            account::{AccountId, Found, FoundAccounts, Named},
            event::BatchId,
            plan::{Act, EndTarget, Own, Plan, PlanId, Report, Skipped, Undone},
            query::Query,
            selection::{Selected, Selection},
        },
    };
    use std::{collections::BTreeSet, fmt::Debug};

    /// Quotes, backslashes, control characters, letters beyond ASCII and beyond 16 bits.
    const TEXT: &str = "\" \\ / \u{8} \u{c} \n \r \t \u{1} \u{7f} Kaʻahumanu Zoë \u{202e} 😀 </script>";

    fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        let text = serde_json::to_vec(value).expect("a value that is sent");
        assert_eq!(&read_in_the_browser::<T>(&text).expect("the browser reads it"), value);
    }

    #[test]
    fn the_browser_reads_every_form_of_value_that_the_server_writes() {
        let named = Named { id: AccountId(i64::MAX), user_name: TEXT.into() };
        survives(&AppError::Forbidden);
        survives(&Err::<(Vec<Named>, Option<Named>), _>(AppError::invalid(TEXT)));
        survives(&Ok::<_, AppError>((vec![named.clone()], Some(named.clone()))));
        survives(&Ok::<_, AppError>((Vec::<Named>::new(), None::<Named>)));
        survives(&Selection::Ids(BTreeSet::from([AccountId(-1), AccountId(0), AccountId(7)])));
        survives(&Selection::default().everybody(Query { filters: [TEXT; 5].map(Into::into), ..Query::default() }));
        survives(&Selected::default());
        survives(&EndTarget::Account(AccountId(1)));
        survives(&FoundAccounts { accounts: Vec::<Found>::new(), total: u32::MAX });
        let undone = Undone { batch: BatchId(2), enabled: 1, already: 0, changed_since: vec![named.clone()], changed_since_users: 1 };
        survives(&undone);
        survives(&Plan {
            id: PlanId(1),
            act: Act::EndDisable,
            users: 2,
            sessions: 3,
            names: vec![named.clone(), named.clone()],
            not_shown: Vec::new(),
            not_shown_users: 0,
            sis: vec![named.clone()],
            sis_skipped: true,
            sis_sessions: 4,
            own: Own::OthersEnd,
            own_name: TEXT.into(),
            refused: None,
        });
        survives(&Report {
            batch: BatchId(i64::MIN),
            plan: Some(PlanId(1)),
            undone: Some(undone),
            act: Act::End,
            ended: vec![named],
            ended_users: 1,
            sessions: 1,
            new_sessions: 0,
            already_ended: 0,
            disabled: 0,
            skipped: vec![Skipped { user_name: TEXT.into(), why: "you".into() }],
            skipped_users: 1,
            planned: 9,
            done: 8,
            left: 0,
            only_now: 7,
            going: true,
            undo: false,
            own_ended: true,
        });
    }

    #[test]
    fn a_text_that_is_none_of_ours_is_refused() {
        for text in [&b""[..], b"<html>", b"{", b"\"unknown\"", b"{\"invalid\":{\"message\":\"\\ud800\"}}", b"\xff"] {
            assert!(read_in_the_browser::<AppError>(text).is_err(), "{text:?}");
        }
    }
}
