use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::super::entry::{Kind, Rest, Summary, Told, time};
use super::verdict::Verdict;

const COLUMNS: &str = "id, at_ms, sender, verdict, reason, kind, delivery_id, method, path, bytes, status, received, took_ms";

/// Which deliveries are asked for.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Filter {
    pub(in super::super) before: Option<i64>,
    pub(in super::super) limit: usize,
    pub(in super::super) sender: Option<String>,
    pub(in super::super) verdict: Option<Kind>,
    /// What is in its id, kind, path or body.
    pub(in super::super) text: Option<String>,
}

/// The newest deliveries that fit, and whether there are more.
#[derive(Debug)]
pub(in super::super) struct Found {
    pub(in super::super) deliveries: Vec<Summary>,
    pub(in super::super) more: bool,
}

/// A delivery as it is kept.
#[derive(Debug)]
pub(in super::super) struct Kept {
    pub(in super::super) summary: Summary,
    pub(in super::super) rest: Rest,
    pub(in super::super) told: Told,
    pub(in super::super) body: Option<Vec<u8>>,
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Found> {
    let mut conditions = vec!["true".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(before) = filter.before {
        add("id < ?", before.into());
    }
    if let Some(sender) = &filter.sender {
        add("sender = ?", sender.clone().into());
    }
    if let Some(kind) = filter.verdict {
        let [one, other] = Verdict::shown_as(kind).map(Verdict::number);
        add(&format!("verdict IN (?, {other})"), one.into());
    }
    if let Some(text) = &filter.text {
        add(
            "(delivery_id LIKE ? ESCAPE '\\' OR kind LIKE ? ESCAPE '\\' OR path LIKE ? ESCAPE '\\'
              OR CAST(body AS TEXT) LIKE ? ESCAPE '\\')",
            pattern(text).into(),
        );
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE {} ORDER BY id DESC LIMIT {}",
        conditions.join(" AND "),
        filter.limit + 1
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), summary)?;
    let mut deliveries = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = deliveries.len() > filter.limit;
    deliveries.truncate(filter.limit);
    Ok(Found { deliveries, more })
}

pub(super) fn get(connection: &Connection, id: i64) -> rusqlite::Result<Option<Kept>> {
    let sql = format!("SELECT {COLUMNS}, rest, told, body FROM deliveries WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let kept = statement.query_row([id], |row| {
        Ok(Kept {
            summary: summary(row)?,
            rest: serde_json::from_str(&row.get::<_, String>(13)?).unwrap_or_default(),
            told: match row.get::<_, Option<String>>(14)? {
                Some(told) => serde_json::from_str(&told).unwrap_or_default(),
                None => Told::default(),
            },
            body: row.get(15)?,
        })
    });
    kept.optional()
}

/// One delivery for a list.
pub(super) fn one(connection: &Connection, id: i64) -> rusqlite::Result<Summary> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], summary)
}

pub(super) fn after(
    connection: &Connection,
    id: i64,
    most: usize,
) -> rusqlite::Result<Option<Vec<Summary>>> {
    let newest: i64 = connection.query_row(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'), 0)",
        (),
        |row| row.get(0),
    )?;
    if id > newest {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE id > ?1 ORDER BY id LIMIT {}",
        most + 1
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([id], summary)?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((found.len() <= most).then_some(found))
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: row.get(0)?,
        at: time(row.get(1)?),
        sender: row.get(2)?,
        verdict: row.get::<_, Verdict>(3)?.kind().name(),
        reason: row.get(4)?,
        kind: row.get(5)?,
        delivery_id: row.get(6)?,
        method: row.get(7)?,
        path: row.get(8)?,
        bytes: row.get::<_, i64>(9)?.unsigned_abs(),
        status: row.get(10)?,
        received: row.get(11)?,
        took_ms: row.get::<_, Option<i64>>(12)?.map(i64::unsigned_abs),
    })
}

/// The text anywhere, with nothing in it that LIKE understands.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
