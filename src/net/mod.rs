//! Stand-in shell, replaced soon.
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::call::{Call, Head};
use crate::emulator::{Arrival, Emulator};

/// x
pub struct Server {
    emulator: Arc<Emulator>,
    listener: TcpListener,
}
impl Server {
    /// x
    pub async fn bind(emulator: Arc<Emulator>) -> io::Result<Self> {
        let listener = TcpListener::bind((emulator.settings().host, emulator.settings().port)).await?;
        Ok(Self { emulator, listener })
    }
    /// x
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("bound")
    }
    /// x
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                Ok((stream, _)) = self.listener.accept() => {
                    let _ = stream.set_nodelay(true);
                    let emulator = Arc::clone(&self.emulator);
                    tokio::spawn(async move {
                        let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                            let emulator = Arc::clone(&emulator);
                            async move {
                                let (parts, body) = request.into_parts();
                                let head = Head { method: parts.method, path: parts.uri.path().into(), query: parts.uri.query().map(Into::into), headers: parts.headers };
                                let reply = match emulator.arrive(&head) {
                                    Arrival::Decided(reply) => reply,
                                    Arrival::Admitted(mut visit) => {
                                        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                                        let reply = emulator.handle(&mut visit, &Call { head, body });
                                        if let Some(clock) = visit.clock() { clock.sleep(reply.delay).await; }
                                        reply
                                    }
                                };
                                let mut response = hyper::Response::new(Full::new(reply.body.clone()));
                                *response.status_mut() = reply.status_code();
                                *response.headers_mut() = reply.headers;
                                Ok::<_, Infallible>(response)
                            }
                        });
                        let _ = hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).half_close(true).serve_connection(TokioIo::new(stream), service).await;
                    });
                }
            }
        }
    }
}
