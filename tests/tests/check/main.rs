//! `webhook-rs check`: it finds nothing in our receivers, what is there in receivers as senders describe them, and each
//! fault that was planted.

mod answers;
mod at_once;
mod by_hand;
mod command;
mod documented;
mod lenient;
mod ours;
mod planted;
mod receiver;

#[test]
fn each_planted_fault_is_found_and_nothing_else() {
    at_once::run(&[planted::ALL, lenient::ALL, answers::ALL, by_hand::ALL]);
}
