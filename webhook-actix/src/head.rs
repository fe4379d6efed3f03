use actix_web::dev::RequestHead;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use webhook_core::driver::Headers;
use webhook_core::{Head, HeaderField, http};

/// actix's header map for the core, which only knows that of `http` 1.
pub(crate) struct ActixHeaders<'a> {
    headers: &'a HeaderMap,
    /// Names that every request looks up, so that they are not parsed each time.
    known: &'a [HeaderName],
}

impl<'a> ActixHeaders<'a> {
    pub(crate) fn of(request: &'a RequestHead, known: &'a [HeaderName]) -> Self {
        Self {
            headers: request.headers(),
            known,
        }
    }

    pub(crate) fn head(&'a self, request: &'a RequestHead) -> Head<'a> {
        Head::new(
            request.method.as_str(),
            request.uri.path(),
            request.uri.query(),
            self,
        )
    }
}

/// Uses the map's index: a scan would walk over the large buckets in actix's map.
impl Headers for ActixHeaders<'_> {
    fn field(&self, name: &http::HeaderName) -> HeaderField<'_> {
        let known = self
            .known
            .iter()
            .find(|known| known.as_str() == name.as_str());
        match known {
            Some(known) => field(self.headers, known),
            // Parses the name, which is also valid in actix's version of `http`.
            None => HeaderField::of(
                self.headers
                    .get_all(name.as_str())
                    .map(HeaderValue::as_bytes),
            ),
        }
    }

    fn content_length(&self) -> HeaderField<'_> {
        field(self.headers, &CONTENT_LENGTH)
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> HeaderField<'a> {
    HeaderField::of(headers.get_all(name).map(HeaderValue::as_bytes))
}
