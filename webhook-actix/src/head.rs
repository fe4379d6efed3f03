use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName};
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

impl Headers for ActixHeaders<'_> {
    fn field(&self, name: &'static str) -> HeaderField<'_> {
        // A lookup here: a scan would walk over the large buckets of actix's map.
        let mut values = match self.known.iter().find(|known| known.as_str() == name) {
            Some(known) => self.headers.get_all(known),
            None if name == "content-length" => self.headers.get_all(CONTENT_LENGTH),
            None => self.headers.get_all(HeaderName::from_static(name)),
        };
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Absent,
            (Some(value), None) => HeaderField::Once(value.as_bytes()),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }
}
