use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::super::entry::Kind;

/// What was made of a delivery, and whether that is proven, as a number in the file. What nobody has proven makes room for what
/// is, which a stranger must not push out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict(i64);

const PROVEN: i64 = 0;
const HANDSHAKE: i64 = 1;
const REFUSED: i64 = 2;
/// Accepted from a sender that proves nothing.
const ACCEPTED: i64 = 3;

impl Verdict {
    pub(super) const REFUSED: Self = Self(REFUSED);

    /// All that nobody has proven.
    pub(super) const UNPROVEN: [Self; 3] = [Self(HANDSHAKE), Self(REFUSED), Self(ACCEPTED)];

    pub(super) fn new(kind: Kind, is_proven: bool) -> Self {
        Self(match kind {
            Kind::Authentic if is_proven => PROVEN,
            Kind::Authentic => ACCEPTED,
            Kind::Handshake => HANDSHAKE,
            Kind::Refused => REFUSED,
        })
    }

    /// Those that are shown as one kind.
    pub(super) fn shown_as(kind: Kind) -> [Self; 2] {
        [true, false].map(|is_proven| Self::new(kind, is_proven))
    }

    pub(super) fn kind(self) -> Kind {
        match self.0 {
            PROVEN | ACCEPTED => Kind::Authentic,
            HANDSHAKE => Kind::Handshake,
            _ => Kind::Refused,
        }
    }

    pub(super) fn is_proven(self) -> bool {
        self.0 == PROVEN
    }

    pub(super) fn is_refused(self) -> bool {
        self.0 == REFUSED
    }

    pub(super) fn number(self) -> i64 {
        self.0
    }
}

impl ToSql for Verdict {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Verdict {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}
