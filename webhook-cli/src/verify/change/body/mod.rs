//! What happens to a body on its way, and how it is undone.

mod undo;
mod words;

use bytes::Bytes;
use http::Request;

use self::undo::Undo;
use self::words::Words;
use super::{Change, with_body};

/// The request with one change of its body undone, then with two, each made when it is asked for.
pub(in crate::verify) fn changes(request: &Request<Bytes>) -> impl Iterator<Item = Change> + '_ {
    let all = Undo::all(request);
    let singles = Undo::simplest_first(&all).into_iter().filter_map(|undo| {
        let body = undo.applied(request.body())?;
        let words = undo.words(request.body());
        let tried = vec![undo.tried()];
        Some(change(&[words], tried, with_body(request, body)))
    });
    let firsts = all.clone().into_iter();
    let pairs = firsts.flat_map(move |first| {
        let between = first.applied(request.body());
        let seconds = all.clone().into_iter();
        seconds
            .filter(move |it| it.may_follow(first))
            .filter_map(move |second| {
                let left = between.as_deref()?;
                let body = second.applied(left)?;
                let words = [
                    first.words(request.body()),
                    second.words_after(first, request.body(), left),
                ];
                let tried = vec![first.tried(), second.tried()];
                Some(change(&words, tried, with_body(request, body)))
            })
    });
    singles.chain(pairs)
}

fn change(words: &[Words], tried: Vec<&'static str>, request: Request<Bytes>) -> Change {
    let happened = || words.iter().filter_map(|it| it.happened);
    let undone: Vec<_> = words.iter().map(|it| &*it.undone).collect();
    Change {
        causes: happened().map(|it| it.0).collect(),
        happened: happened().map(|it| it.1).fold(String::new(), joined),
        undone: undone.join(", and "),
        advice: words.first().map_or("", |it| it.advice),
        tried: tried.into_iter().map(str::to_owned).collect(),
        request,
    }
}

/// Two sentences as one.
fn joined(first: String, second: &str) -> String {
    const SAME: &str = "the body was ";
    match second.strip_prefix(SAME) {
        _ if first.is_empty() => second.to_owned(),
        Some(second) if first.starts_with(SAME) => format!("{first} and {second}"),
        _ => format!("{first}, and {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_changes_are_undone_together() {
        let mut request = Request::new(Bytes::from_static(b"\xef\xbb\xbf{\n  \"a/b\": 1\n}\n"));
        *request.method_mut() = http::Method::POST;
        let all: Vec<_> = changes(&request).collect();
        assert!(all.len() < 400, "{}", all.len());
        let found = |body: &[u8]| all.iter().find(|it| it.request.body() == body).unwrap();
        assert_eq!(
            found(b"{\n  \"a/b\": 1\n}\n").causes,
            ["body_byte_order_mark"]
        );
        assert_eq!(
            found(br#"{"a/b":1}"#).causes,
            ["body_byte_order_mark", "body_reindented"]
        );
    }

    #[test]
    fn white_space_at_the_ends_is_no_layout() {
        for (arrived, signed, causes) in [
            (
                "{\"a\":1}\n",
                "\u{feff}{\"a\":1}",
                &["body_last_line_end", "body_byte_order_mark"],
            ),
            (
                "{\"a\":\"/\"}\n",
                "{\"a\":\"\\/\"}",
                &["body_reescaped", "body_last_line_end"],
            ),
            (
                " {\"a\":\"/\"}",
                "{\"a\":\"\\/\"}",
                &["body_padded", "body_reescaped"],
            ),
        ] {
            let request = Request::new(Bytes::from(arrived));
            let mut all = changes(&request);
            let found = all.find(|it| it.request.body() == signed).unwrap();
            assert_eq!(found.causes, causes, "{arrived:?}: {}", found.happened);
        }
    }

    #[test]
    fn line_ends_that_a_layout_has_lost_are_no_second_change() {
        for (arrived, signed, causes) in [
            (
                "{\n  \"a\": 1\n}\n",
                "{\"a\":1}\n",
                &["body_reindented"][..],
            ),
            (
                "{\n  \"a\": 1\n}",
                "{\"a\":1}\n",
                &["body_reindented", "body_last_line_end"],
            ),
            (
                "{\n  \"a\": 1\n}\n",
                "{\"a\":1}\r\n",
                &["body_reindented", "body_line_ends"],
            ),
            ("{\"a\":1}", "{\r\n  \"a\": 1\r\n}", &["body_minified"]),
            (
                "{\r\n\t\"a\": 1\r\n}",
                "{\r\n  \"a\": 1\r\n}",
                &["body_white_space"],
            ),
            (
                "{\n\t\"a\": 1\n}",
                "{\r\n  \"a\": 1\r\n}",
                &["body_reindented", "body_line_ends"],
            ),
        ] {
            let request = Request::new(Bytes::from(arrived));
            let mut all = changes(&request);
            let found = all.find(|it| it.request.body() == signed).unwrap();
            assert_eq!(found.causes, causes, "{arrived:?}: {}", found.happened);
        }
    }
}
