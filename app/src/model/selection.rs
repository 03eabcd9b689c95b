//! The selection of the Session List: by account id, never by place in the list.

use super::{account::AccountId, query::Query};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who is selected. It survives filter, sort, scroll and refresh; what it amounts to the server says in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    Ids(BTreeSet<AccountId>),
    /// Everybody who matches these filters when the server looks, less the exceptions.
    AllMatching {
        query: Query,
        except: BTreeSet<AccountId>,
    },
}

impl Default for Selection {
    fn default() -> Self {
        Self::Ids(BTreeSet::new())
    }
}
