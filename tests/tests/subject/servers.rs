//! axum as `axum::serve` runs it, actix, and the tower layer on bare hyper.

use std::convert::Infallible;
use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer};
use axum::routing::post;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::runtime::{Builder, Runtime};
use tower::{ServiceBuilder, service_fn};
use webhook_core::driver::Verifier;
use webhook_core::guarantee::OnceStore;
use webhook_core::provider::{Authenticated, Identified};
use webhook_core::{Deadline, Delivery, Provider};
use webhook_examples::{Limits, serve};
use webhook_tests::patience::PATIENCE;
use webhook_tower::Tasks;

use super::{Answer, Work, wait_until};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Framework {
    Axum,
    Actix,
    Hyper,
}

impl Framework {
    pub const ALL: [Self; 3] = [Self::Axum, Self::Actix, Self::Hyper];
}

/// The same layer of all three.
pub enum Layers<P> {
    Plain(Verifier<P>),
    Detached(
        webhook_axum::DetachedLayer<P>,
        webhook_actix::DetachedLayer<P>,
        webhook_tower::DetachedLayer<P>,
    ),
    Once(
        webhook_axum::OnceLayer<P>,
        webhook_actix::OnceLayer<P>,
        webhook_tower::OnceLayer<P>,
    ),
}

impl<P: Authenticated> Layers<P> {
    pub fn detached(verifier: &Verifier<P>, tasks: &Tasks) -> Self {
        let verifier = || verifier.clone();
        Self::Detached(
            webhook_axum::WebhookLayer::from_verifier(verifier()).detached(tasks),
            webhook_actix::WebhookLayer::from_verifier(verifier()).detached(tasks),
            webhook_tower::WebhookLayer::from_verifier(verifier()).detached(tasks),
        )
    }

    pub fn answer_by(self, after: Duration) -> Self {
        match self {
            Self::Plain(_) => panic!("no such setting"),
            Self::Detached(axum, actix, hyper) => Self::Detached(
                axum.answer_by(after),
                actix.answer_by(after),
                hyper.answer_by(after),
            ),
            Self::Once(axum, actix, hyper) => Self::Once(
                axum.answer_by(after),
                actix.answer_by(after),
                hyper.answer_by(after),
            ),
        }
    }
}

impl<P: Identified> Layers<P> {
    pub fn once(
        verifier: &Verifier<P>,
        endpoint: &str,
        store: impl OnceStore + Clone,
        tasks: &Tasks,
    ) -> Self {
        let (verifier, store) = (|| verifier.clone(), || store.clone());
        Self::Once(
            webhook_axum::WebhookLayer::from_verifier(verifier()).once(endpoint, store(), tasks),
            webhook_actix::WebhookLayer::from_verifier(verifier()).once(endpoint, store(), tasks),
            webhook_tower::WebhookLayer::from_verifier(verifier()).once(endpoint, store(), tasks),
        )
    }

    pub fn lease(self, lease: Duration) -> Self {
        match self {
            Self::Once(axum, actix, hyper) => {
                Self::Once(axum.lease(lease), actix.lease(lease), hyper.lease(lease))
            }
            _ => panic!("no such setting"),
        }
    }

    pub fn run_when_store_fails(self) -> Self {
        match self {
            Self::Once(axum, actix, hyper) => Self::Once(
                axum.run_when_store_fails(),
                actix.run_when_store_fails(),
                hyper.run_when_store_fails(),
            ),
            _ => panic!("no such setting"),
        }
    }
}

/// A running server. It ends when it is dropped.
pub struct Server {
    pub addr: SocketAddr,
    pub work: Work,
    runs_on: RunsOn,
}

enum RunsOn {
    /// Its own, and how many tasks it has when nobody is connected.
    Tokio {
        runtime: Option<Runtime>,
        tasks: usize,
    },
    Actix(ServerHandle),
}

/// The route of every sender but Klap is not named in its path.
const PATHS: [&str; 5] = [
    "/webhook",
    "/webhook_confirm",
    "/standard",
    "/github",
    "/stripe",
];

impl Server {
    pub fn start<P: Provider>(framework: Framework, layers: Layers<P>) -> Self {
        let work = Work::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let runs_on = match framework {
            Framework::Axum => on_axum(listener, layers, work.clone()),
            Framework::Actix => on_actix(listener, layers, work.clone()),
            Framework::Hyper => on_hyper(listener, layers, work.clone()),
        };
        Self {
            addr,
            work,
            runs_on,
        }
    }

    /// How many tasks its runtime has beside that of the server itself. Those of actix' workers are not counted.
    pub fn tasks(&self) -> Option<usize> {
        match &self.runs_on {
            RunsOn::Tokio {
                runtime: Some(runtime),
                tasks,
            } => Some(runtime.metrics().num_alive_tasks() - tasks),
            _ => None,
        }
    }

    /// Waits until its runtime has so many tasks; on actix for a while, in which it sees what has happened.
    #[track_caller]
    pub fn wait_for_tasks(&self, count: usize) {
        match self.tasks() {
            Some(_) => wait_until(|| self.tasks(), Some(count)),
            None => thread::sleep(Duration::from_millis(30)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.runs_on {
            RunsOn::Tokio { runtime, .. } => {
                if let Some(runtime) = runtime.take() {
                    runtime.shutdown_background();
                }
            }
            // The command is sent at once; the future would wait.
            RunsOn::Actix(handle) => drop(handle.stop(false)),
        }
    }
}

/// Two threads: what is handled at once is.
fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

fn idle(runtime: Runtime) -> RunsOn {
    wait_until(|| runtime.metrics().num_alive_tasks(), 1);
    RunsOn::Tokio {
        runtime: Some(runtime),
        tasks: 1,
    }
}

/// This does not test limits.
const LIMITS: Limits = Limits {
    head: PATIENCE,
    body: PATIENCE,
};

fn answer(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status);
    if answer.body.is_some() {
        response = response.header("content-type", "application/json");
    }
    let body = answer.body.unwrap_or_default();
    response.body(body.into()).unwrap()
}

fn on_axum<P: Provider>(listener: TcpListener, layers: Layers<P>, work: Work) -> RunsOn {
    use webhook_axum::{WebhookDelivery, WebhookLayer};

    let on_delivery = post(
        async move |deadline: Option<Extension<Deadline>>, _: WebhookDelivery<P::Event>| {
            answer(work.run(deadline.map(|it| it.0)).await).map(axum::body::Body::new)
        },
    );
    let on_delivery = match layers {
        Layers::Plain(verifier) => on_delivery.layer(WebhookLayer::from_verifier(verifier)),
        Layers::Detached(layer, ..) => on_delivery.layer(layer),
        Layers::Once(layer, ..) => on_delivery.layer(layer),
    };
    let app = PATHS.into_iter().fold(Router::new(), |app, path| {
        app.route(path, on_delivery.clone())
    });
    let runtime = runtime();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, app).await
    });
    idle(runtime)
}

fn on_hyper<P: Provider>(listener: TcpListener, layers: Layers<P>, work: Work) -> RunsOn {
    let on_delivery = service_fn(move |request: Request<Full<Bytes>>| {
        let deadline = request.extensions().get::<Deadline>().copied();
        assert!(request.extensions().get::<Delivery<P::Event>>().is_some());
        let work = work.clone();
        async move { Ok::<_, Infallible>(answer(work.run(deadline).await)) }
    });
    let runtime = runtime();
    let service = ServiceBuilder::new();
    match layers {
        Layers::Plain(verifier) => {
            let layer = webhook_tower::WebhookLayer::from_verifier(verifier);
            let service = service.layer(layer).service(on_delivery);
            runtime.spawn(serve(listener, service, LIMITS, pending()));
        }
        Layers::Detached(.., layer) => {
            let service = service.layer(layer).service(on_delivery);
            runtime.spawn(serve(listener, service, LIMITS, pending()));
        }
        Layers::Once(.., layer) => {
            let service = service.layer(layer).service(on_delivery);
            runtime.spawn(serve(listener, service, LIMITS, pending()));
        }
    }
    idle(runtime)
}

type Configure = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

fn on_actix<P: Provider>(listener: TcpListener, layers: Layers<P>, work: Work) -> RunsOn {
    use webhook_actix::{WebhookDelivery, WebhookLayer};

    let resource = move |path: &'static str| {
        let work = work.clone();
        let on_delivery = move |request: HttpRequest, _: WebhookDelivery<P::Event>| {
            let deadline = request.extensions().get::<Deadline>().copied();
            let work = work.clone();
            async move {
                let Answer { status, body } = work.run(deadline).await;
                let status = actix_web::http::StatusCode::from_u16(status).unwrap();
                match body {
                    Some(body) => HttpResponse::build(status)
                        .content_type("application/json")
                        .body(body),
                    None => HttpResponse::new(status),
                }
            }
        };
        web::resource(path).route(web::post().to(on_delivery))
    };
    let configure: Configure = match layers {
        Layers::Plain(verifier) => {
            let layer = WebhookLayer::from_verifier(verifier);
            Arc::new(move |app| {
                for path in PATHS {
                    app.service(resource(path).wrap(layer.clone()));
                }
            })
        }
        Layers::Detached(_, layer, _) => Arc::new(move |app| {
            for path in PATHS {
                app.service(resource(path).wrap(layer.clone()));
            }
        }),
        Layers::Once(_, layer, _) => Arc::new(move |app| {
            for path in PATHS {
                app.service(resource(path).wrap(layer.clone()));
            }
        }),
    };
    let (send, handle) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(move || {
            let configure = Arc::clone(&configure);
            App::new().configure(move |app| configure(app))
        });
        let server = server
            .client_request_timeout(PATIENCE)
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap();
        actix_web::rt::System::new().block_on(async {
            let running = server.run();
            send.send(running.handle()).unwrap();
            running.await
        })
    });
    RunsOn::Actix(handle.recv_timeout(PATIENCE).unwrap())
}
