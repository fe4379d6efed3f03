use super::{Ended, Stage};
use crate::{Label, Provider, Rejection};

#[derive(Debug)]
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn start() -> Self {
        Self
    }

    pub(crate) fn listens(&self) -> bool {
        false
    }

    pub(crate) fn refused<P: Provider>(&self, _: &P, _: &Refusals, _: &Rejection, _: Stage<'_>) {}

    pub(crate) fn accepted<P: Provider>(
        self,
        _: &P,
        _: &P::Event,
        _: Option<&Label>,
        _: usize,
    ) -> Observation {
        Observation
    }
}

#[derive(Default)]
pub(crate) struct Refusals;

#[derive(Debug)]
pub(crate) struct Observation;

impl Observation {
    pub(crate) fn answered(self, _: Ended) {}
}
