//! Which guarantees a layer can offer for a sender that is data.

use super::{AnyScheme, GivesIds, SchemeProvider, SignedBody, SignsTime, Source};
use crate::delivery::Trust;
use crate::provider::{Authenticated, Deferrable, Identified, Timestamped};
use crate::signing::Place;

impl<T: SignedBody, S: Source> Authenticated for SchemeProvider<T, S> {
    fn unproven(&self) -> Option<&'static str> {
        let rules = self.rules();
        let signs_id = rules.id.as_ref().is_some_and(|id| rules.covers(id));
        (!rules.is_token() && !rules.covers_body() && !signs_id).then_some(
            "its scheme signs neither the body nor an id, so one captured delivery proves any number of others; \
             add {body} to `signs`, or the header that `id` names",
        )
    }
}

impl<T: SignedBody, S: Source> Deferrable for SchemeProvider<T, S> {}

impl<T: SignedBody, P: GivesIds> Identified for SchemeProvider<T, P> {
    fn trust(&self) -> Trust {
        self.id_trust().unwrap_or(Trust::Unsigned)
    }

    fn gives_ids(&self) -> bool {
        self.id_trust().is_some()
    }
}

/// Whether a scheme that is built when the program runs gives ids is known when a layer is.
impl<T: SignedBody> Identified for SchemeProvider<T, AnyScheme> {
    fn trust(&self) -> Trust {
        self.id_trust().unwrap_or(Trust::Unsigned)
    }

    fn gives_ids(&self) -> bool {
        self.id_trust().is_some()
    }
}

impl<T: SignedBody, P: SignsTime> Timestamped for SchemeProvider<T, P> {}

impl<T: SignedBody, S: Source> SchemeProvider<T, S> {
    /// Who can make up an id; `None` if there is none.
    pub(super) fn id_trust(&self) -> Option<Trust> {
        let rules = self.rules();
        Some(match rules.id.as_ref()? {
            _ if rules.is_token() => Trust::Bearer,
            // Characters of a part that touches another one can leave the id, and come to it.
            place if rules.covers(place) && !rules.has_adjacent() => Trust::Signed,
            place if rules.covers(place) => Trust::Unsigned,
            Place::Header(_) => Trust::Unsigned,
            // In a body that is not signed nobody looks for it.
            Place::Body(_) => return None,
        })
    }
}
