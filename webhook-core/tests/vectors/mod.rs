//! Requests with what a receiver must make of them, kept as data beside this file.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use webhook_core::testing::{self, TestRequest};

#[derive(Deserialize)]
pub struct Vector {
    pub sender: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    pub secret: String,
    /// The time at which it arrives, in seconds since 1970.
    pub now: u64,
    pub accepted: bool,
}

impl Vector {
    pub fn request(&self) -> TestRequest {
        let mut request = testing::unsigned(&self.path, Bytes::from(self.body.clone()));
        request.method = Method::from_bytes(self.method.as_bytes()).unwrap();
        request.headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request
                .headers
                .append(name, HeaderValue::from_str(value).unwrap());
        }
        request
    }
}

/// Reads one of the files.
pub fn read(json: &str) -> Vec<Vector> {
    serde_json::from_str(json).unwrap()
}
