//! Forms of any shape, through the endpoint that requires no credential.

use super::{Outcome, multicaja};

pub fn read(form: &[u8]) -> Outcome {
    let head = b"POST /webhook_validation\nContent-Type: application/x-www-form-urlencoded\n\n";
    multicaja::validate(&[head, form].concat())
}
