//! Who has a page open: each hears when his session is over, and SIS holders when the list changes.
//!
//! They are told by the feed, after the directory has followed; nothing else has news.

use crate::directory::{Change, Directory};
use app::model::{account::AccountId, session::SessionId, text::count};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep_until},
};

/// Pages of one session that are told: one more takes the place of the oldest.
pub const PER_SESSION: usize = 8;

/// Changes of the list are told no more often than this.
const REST: Duration = Duration::from_millis(250);

/// What a page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The list is another.
    List,
    /// Its session is over. Nothing comes after this.
    Over,
}

/// Every open page of this node.
#[derive(Default)]
pub struct Watchers {
    pages: Mutex<Pages>,
    /// The list's version.
    list: watch::Sender<u64>,
}

#[derive(Default)]
struct Pages {
    by_session: HashMap<SessionId, VecDeque<Page>>,
    /// The last one that came.
    newest: u64,
    /// The node stops: nobody is told any more.
    closed: bool,
}

/// Dropped, its [`Watch`] ends without a word.
struct Page {
    number: u64,
    account: AccountId,
    sis: bool,
    over: oneshot::Sender<()>,
}

impl Watchers {
    /// From here on the page is told. `sis`: of the list too.
    pub fn watch(self: &Arc<Self>, session: SessionId, account: AccountId, sis: bool) -> Watch {
        let (over, is_over) = oneshot::channel();
        let mut pages = self.pages();
        pages.newest += 1;
        let number = pages.newest;
        if !pages.closed {
            let of_session = pages.by_session.entry(session).or_default();
            of_session.push_back(Page { number, account, sis, over });
            if of_session.len() > PER_SESSION {
                of_session.pop_front();
            }
        }
        drop(pages);
        let list = sis.then(|| self.list.subscribe());
        Watch { watchers: self.clone(), session, number, over: is_over, list, rest: Instant::now() }
    }

    /// Tells of changes that the directory shows; `version` is the list's after them.
    pub fn tell(&self, changes: &[Change], version: u64) {
        let mut pages = self.pages();
        if !pages.by_session.is_empty() {
            let mut roles = BTreeMap::new();
            for change in changes {
                match change {
                    Change::Ended(ids) => ids.iter().for_each(|id| pages.end(*id)),
                    Change::Account(entry) => _ = roles.insert(entry.id, entry.sis),
                    Change::AccountGone(_) | Change::Started(_) => {}
                }
            }
            if !roles.is_empty() {
                // They open the stream anew, as what they are by now.
                pages.leave(|page| roles.get(&page.account).is_some_and(|sis| *sis != page.sis));
            }
        }
        drop(pages);
        self.list.send_if_modified(|list| std::mem::replace(list, version) != version);
    }

    /// Number of the page that opened last.
    pub fn newest(&self) -> u64 {
        self.pages().newest
    }

    /// After news may have been missed: tells whose session is over by now. Whose page opened after `newest`, while the directory was being
    /// read, may have begun his session too late for it: he comes anew.
    pub fn compare(&self, directory: &Directory, newest: u64) {
        let mut pages = self.pages();
        let missing: Vec<_> = pages.by_session.keys().copied().filter(|session| !directory.has_session(*session)).collect();
        for session in missing {
            let is_new = |page: &Page| page.number > newest;
            if pages.by_session.get(&session).is_some_and(|pages| pages.iter().all(is_new)) {
                pages.by_session.remove(&session);
            } else {
                pages.end(session);
            }
        }
        pages.leave(|page| directory.account(page.account).is_none_or(|account| account.sis != page.sis));
        drop(pages);
        self.list.send_replace(directory.version());
    }

    /// There are no more news of the list. Who hears of it comes anew, perhaps to another node, and is told how the list stands there.
    pub fn lose_sight(&self) {
        self.pages().leave(|page| page.sis);
    }

    /// Open pages.
    pub fn count(&self) -> u32 {
        count(self.pages().by_session.values().map(VecDeque::len).sum())
    }

    /// Lets everybody go, for a node that stops.
    pub fn close(&self) {
        let mut pages = self.pages();
        pages.closed = true;
        pages.by_session.clear();
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn end(&mut self, session: SessionId) {
        for page in self.by_session.remove(&session).into_iter().flatten() {
            // Fails where the page has just left by itself.
            let _ = page.over.send(());
        }
    }

    fn leave(&mut self, leaves: impl Fn(&Page) -> bool) {
        self.by_session.retain(|_, pages| {
            pages.retain(|page| !leaves(page));
            !pages.is_empty()
        });
    }
}

/// One open page. Dropped, it is told no more.
pub struct Watch {
    watchers: Arc<Watchers>,
    session: SessionId,
    number: u64,
    over: oneshot::Receiver<()>,
    /// Of SIS holders.
    list: Option<watch::Receiver<u64>>,
    /// Not before this is the list told again.
    rest: Instant,
}

impl Watch {
    /// Waits for news. `None` where there will be none: a newer page took its place, its person got or lost the role, the list lost sight
    /// of the database or, loaded anew, may not know the session yet, or the node stops. Must not be asked again after [`News::Over`] or `None`.
    pub async fn next(&mut self) -> Option<News> {
        let (list, rest) = (&mut self.list, self.rest);
        let list_changed = async {
            let Some(list) = list else { return std::future::pending().await };
            sleep_until(rest).await;
            list.changed().await
        };
        tokio::select! {
            biased;
            over = &mut self.over => over.ok().map(|()| News::Over),
            changed = list_changed => {
                changed.ok()?;
                self.rest = Instant::now() + REST;
                Some(News::List)
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut pages = self.watchers.pages();
        if let Some(of_session) = pages.by_session.get_mut(&self.session) {
            of_session.retain(|page| page.number != self.number);
            if of_session.is_empty() {
                pages.by_session.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_that_may_have_begun_while_the_directory_was_read_is_not_called_over() {
        let watchers = Arc::new(Watchers::default());
        let page = |session| watchers.watch(SessionId(session), AccountId(7), false);
        let (mut of_before, mut of_both) = (page(1), page(2));
        let newest = watchers.newest();
        let (mut of_both_too, mut of_meanwhile) = (page(2), page(3));
        watchers.compare(&Directory::new(&jiff::tz::TimeZone::UTC, 0, [], []), newest);
        for over in [&mut of_before, &mut of_both, &mut of_both_too] {
            assert_eq!(over.next().await, Some(News::Over));
        }
        assert_eq!(of_meanwhile.next().await, None);
    }
}
