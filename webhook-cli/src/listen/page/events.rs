use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::super::serve::stopped;
use super::super::store::News;
use super::{Body, Page};

/// Deliveries that a page that was away is told of: more, and it loads again.
const REPLAYED: usize = 200;

/// How long nothing is sent before a comment is, from which a page that is gone is noticed.
const QUIET: Duration = Duration::from_secs(15);

const RELOAD: &str = "event: reload\ndata: {}\n\n";

/// What one page is told.
struct Events {
    /// What is sent before the news.
    first: VecDeque<String>,
    news: Receiver<News>,
    /// The last delivery of which it was told.
    last: i64,
    stop: watch::Receiver<bool>,
}

impl Page {
    pub(super) async fn events(&self, headers: &HeaderMap) -> Response<Body> {
        let news = self.receiving.store.news();
        let last = headers.get("last-event-id").and_then(|it| it.to_str().ok());
        let mut events = Events {
            first: VecDeque::from(["retry: 2000\n\n".to_owned()]),
            news,
            last: 0,
            stop: self.stop.clone(),
        };
        if let Some(last) = last.filter(|last| !last.is_empty()) {
            events.replay(self, last).await;
        }
        let stream = stream::unfold(events, |mut events| async move {
            let text = events.next().await?;
            let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(text)));
            Some((frame, events))
        });
        let mut response = Response::new(StreamBody::new(stream).boxed_unsync());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Events {
    /// What has come since a delivery.
    async fn replay(&mut self, page: &Page, last: &str) {
        let missed = match last.parse() {
            Ok(last) => page.receiving.store.after(last, REPLAYED).await,
            Err(_) => Ok(None),
        };
        let Ok(Some(missed)) = missed else {
            self.first.push_back(RELOAD.to_owned());
            return;
        };
        for summary in missed {
            self.last = summary.id;
            let json = serde_json::to_string(&summary).unwrap_or_default();
            self.first.push_back(delivery(summary.id, &json));
        }
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.pop_front() {
            return Some(first);
        }
        loop {
            let news = tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return None,
                news = tokio::time::timeout(QUIET, self.news.recv()) => news,
            };
            return match news {
                Ok(Ok(News::Delivery { id, .. })) if id <= self.last => continue,
                Ok(Ok(News::Delivery { id, summary })) => Some(delivery(id, &summary)),
                // Not with its number, from which a page that was away would begin.
                Ok(Ok(News::Answered { summary })) => {
                    Some(format!("event: answered\ndata: {summary}\n\n"))
                }
                Ok(Ok(News::Reload)) => Some(RELOAD.to_owned()),
                // What a slow page has not read is not kept for it: it loads again, and is told of what comes then.
                Ok(Err(RecvError::Lagged(_))) => {
                    self.news = self.news.resubscribe();
                    Some(RELOAD.to_owned())
                }
                Ok(Err(RecvError::Closed)) => None,
                Err(_quiet) => Some(": quiet\n\n".to_owned()),
            };
        }
    }
}

fn delivery(id: i64, json: &str) -> String {
    format!("id: {id}\nevent: delivery\ndata: {json}\n\n")
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    #[tokio::test]
    async fn a_page_that_reads_slowly_is_told_to_load_again() {
        let (sender, news) = broadcast::channel(4);
        let (stop, stopped) = watch::channel(false);
        let mut events = Events {
            first: VecDeque::new(),
            news,
            last: 2,
            stop: stopped,
        };
        let tell = |id| {
            let summary = "{}".into();
            sender.send(News::Delivery { id, summary }).unwrap();
        };
        // Two that were replayed, and one that was not.
        (1..=3).for_each(tell);
        assert_eq!(events.next().await.unwrap(), delivery(3, "{}"));
        (4..=20).for_each(tell);
        assert_eq!(events.next().await.unwrap(), RELOAD);
        tell(21);
        assert_eq!(events.next().await.unwrap(), delivery(21, "{}"));
        stop.send_replace(true);
        assert_eq!(events.next().await, None);
    }
}
