//! Deliveries that are handled once, with the layer of each framework on real sockets.

mod failing_store;
mod leases;
mod poisoning;
mod situations;
#[path = "../subject/mod.rs"]
mod subject;
