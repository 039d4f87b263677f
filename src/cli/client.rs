//! The HTTP client with which the subcommands `healthcheck`, `check`, `journal` and `env` ask a running server. It
//! connects to the server directly: no proxy, no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use http::request::Builder;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Time limit for the connection, and again for the head of the response beside the time that the server may wait.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit for the whole exchange.
const DEADLINE: Duration = Duration::from_secs(10);

/// Maximum size of a response body.
const MAX_RESPONSE_BYTES: usize = 1 << 30;

/// The server's response.
#[derive(Debug)]
pub(super) struct ClientResponse {
    /// The URL of the request.
    pub(super) url: String,
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: String,
}

/// A POST request with a JSON body.
#[derive(Debug)]
pub(super) struct PostRequest {
    pub(super) path: &'static str,
    pub(super) json: String,
    /// The time that the server may take beside the usual limits.
    pub(super) within: Duration,
}

/// Sends a POST request to the server at this host and port, with the admin token if there is one.
///
/// Errors: the server does not respond in time, not in HTTP, or with more than 1 GiB.
pub(super) fn post(authority: &str, token: Option<&str>, post: PostRequest) -> Result<ClientResponse, String> {
    let PostRequest { path, json, within } = post;
    let builder = with_token(Request::post(path).header(CONTENT_TYPE, "application/json"), token);
    runtime()?.block_on(send(authority, builder, json, within))
}

fn with_token(builder: Builder, token: Option<&str>) -> Builder {
    match token {
        Some(token) => builder.header(AUTHORIZATION, format!("Bearer {token}")),
        None => builder,
    }
}

/// A runtime for the requests of a subcommand.
pub(super) fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())
}

/// Sends a GET request to the server at this host and port, with the admin token if there is one.
///
/// Errors: like [`post`].
pub(super) async fn get(authority: &str, token: Option<&str>, path: &str) -> Result<ClientResponse, String> {
    send(authority, with_token(Request::get(path), token), String::new(), Duration::ZERO).await
}

async fn send(authority: &str, builder: Builder, body: String, within: Duration) -> Result<ClientResponse, String> {
    let request = builder.header(HOST, authority).header(CONNECTION, "close").body(Full::from(body));
    let request = request.map_err(|error| error.to_string())?;
    let url = format!("http://{authority}{}", request.uri());
    let exchange = async {
        let stream = in_time(HEAD_TIMEOUT, TcpStream::connect(authority)).await?;
        exchange(stream, request, MAX_RESPONSE_BYTES, HEAD_TIMEOUT + within).await
    };
    let (status, body) = in_time(DEADLINE + within, exchange)
        .await
        .map_err(|error| format!("no response from {url}: {}", with_sources(&*error)))?;
    Ok(ClientResponse { url, status, body })
}

/// The error of an exchange, for its text only.
type ExchangeError = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request over a connection; the status and the body of the response.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
    max_bytes: usize,
    head_timeout: Duration,
) -> Result<(u16, String), ExchangeError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the connection; its errors reach the request and the body too.
    tokio::spawn(connection);
    let response = in_time(head_timeout, sender.send_request(request)).await?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), max_bytes).collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The result of `work`, or an error if it takes longer than `limit`.
async fn in_time<T, E: Into<ExchangeError>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, ExchangeError> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(format!("timed out after {} seconds", limit.as_secs()).into()),
    }
}

/// The text of an error and of the errors that caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |source| source.source())
        .fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// The result of an exchange with a server that sends `response` and keeps the connection open.
    async fn result_for(response: &'static str, max_bytes: usize) -> Result<(u16, String), String> {
        let (client, mut server) = duplex(1024);
        tokio::spawn(async move {
            server.read_u8().await.expect("a request");
            server.write_all(response.as_bytes()).await.expect("the response fits");
            std::future::pending::<()>().await;
        });
        let request = Request::get("/").body(Full::default()).expect("a valid request");
        let result = in_time(DEADLINE, exchange(client, request, max_bytes, HEAD_TIMEOUT)).await;
        result.map_err(|error| with_sources(&*error))
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_is_read_up_to_its_size_limit() {
        let response = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(result_for(response, 5).await, Ok((201, "hello".to_owned())));
        assert_eq!(result_for(response, 4).await, Err("length limit exceeded".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_does_not_begin_or_does_not_end_is_a_timeout() {
        assert_eq!(result_for("", 5).await, Err("timed out after 2 seconds".to_owned()));
        let unfinished = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
        assert_eq!(result_for(unfinished, 5).await, Err("timed out after 10 seconds".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_in_another_protocol_is_an_error() {
        let error = result_for("220 ready\r\n\r\n", 5).await.expect_err("is not HTTP");
        assert!(error.contains("HTTP"), "{error}");
    }
}
