//! The baseline server: hyper with the same settings as the emulator. It reads the body and sends a constant response.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// Serves responses with this status and body length on this port until the process is killed.
pub(crate) fn serve(args: &[String]) {
    let number =
        |at: usize| args.get(at).and_then(|word| word.parse::<u16>().ok()).expect("three numbers as arguments");
    let status = StatusCode::from_u16(number(0)).expect("a valid status");
    let body = Bytes::from(vec![b'x'; number(1).into()]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(accept(status, body, number(2)));
}

async fn accept(status: StatusCode, body: Bytes, port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    println!("ready url=http://{} bare", listener.local_addr().expect("a bound socket"));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_buf_size(64 * 1024).half_close(true);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // An error means that the connection is closed already.
        let _ = stream.set_nodelay(true);
        let (http, body) = (http.clone(), body.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(request, (status, body.clone())));
            // Errors of a connection do not matter here.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    (status, body): (StatusCode, Bytes),
) -> Result<Response<Full<Bytes>>, Infallible> {
    // The body is read and discarded.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
