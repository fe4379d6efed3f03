use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use webhook_core::{Head, HeaderField, Headers};

/// actix's header map for the core, which knows the one of `http` 1 only.
pub(crate) struct ActixHeaders<'a> {
    headers: &'a HeaderMap,
    /// Names that are asked for in every request, so that they need not be made each time.
    known: &'a [HeaderName],
}

impl<'a> ActixHeaders<'a> {
    pub(crate) fn of(request: &'a ServiceRequest, known: &'a [HeaderName]) -> Self {
        Self {
            headers: request.headers(),
            known,
        }
    }

    pub(crate) fn head(&'a self, request: &'a ServiceRequest) -> Head<'a> {
        Head::new(
            request.method().as_str(),
            request.uri().path(),
            request.uri().query(),
            self,
        )
    }
}

/// Looked up: a scan would walk over the large buckets of actix's map.
impl Headers for ActixHeaders<'_> {
    fn field(&self, name: &'static str) -> HeaderField<'_> {
        let known = self.known.iter().find(|known| known.as_str() == name);
        match known {
            Some(known) => field(self.headers, known),
            None => field(self.headers, &HeaderName::from_static(name)),
        }
    }

    fn content_length(&self) -> HeaderField<'_> {
        field(self.headers, &CONTENT_LENGTH)
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> HeaderField<'a> {
    HeaderField::of(headers.get_all(name).map(HeaderValue::as_bytes))
}
