//! A raw connection to a server, and a minimal parser for HTTP responses.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Time limit of a read or write, after which a test counts as hung. No test asserts it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A TCP connection.
#[derive(Debug)]
pub(crate) struct RawConnection {
    stream: TcpStream,
    /// Bytes that were received and not parsed yet.
    unread: Vec<u8>,
}

/// One HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    /// Names in lower case, in the order received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl RawConnection {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout over zero");
        stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout over zero");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes; an error of a connection that the server has closed is ignored.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Closes the sending half of the connection.
    pub(crate) fn finish(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// Closes the connection with RST.
    pub(crate) fn reset(self) {
        let linger = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        linger.expect("a TCP socket");
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads the next response; `None` if the connection ends before it is complete.
    pub(crate) fn read_response(&mut self) -> Option<HttpResponse> {
        self.read_response_to("GET")
    }

    /// Reads the head of the next response; its body stays unread.
    pub(crate) fn read_head(&mut self) -> Option<HttpResponse> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if self.read_more()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        self.unread.drain(..end);
        let (status, headers) = parse_head(&head);
        Some(HttpResponse { status, headers, body: Vec::new() })
    }

    /// Reads so many bytes.
    pub(crate) fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert_ne!(self.read_more().unwrap_or(0), 0, "the connection ended after {:?}", self.unread);
        }
        self.unread.drain(..length).collect()
    }

    /// Reads the response to a request with this method: one to HEAD has no body.
    pub(crate) fn read_response_to(&mut self, method: &str) -> Option<HttpResponse> {
        let mut response = self.read_head()?;
        let status = response.status;
        if response.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            response.body = self.read_chunked()?;
        } else if method != "HEAD" && status >= 200 && status != 204 && status != 304 {
            let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            while self.unread.len() < length {
                if self.read_more()? == 0 {
                    return None;
                }
            }
            response.body = self.unread.drain(..length).collect();
        }
        Some(response)
    }

    fn read_chunked(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.read_chunk()?;
            if chunk.is_empty() {
                return Some(body);
            }
            body.extend(chunk);
        }
    }

    /// Reads the next chunk of a body; the last one is empty. `None` if the connection ends before it is complete.
    pub(crate) fn read_chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.read_line()?;
        let length = usize::from_str_radix(line.trim(), 16).expect("a chunk's length");
        while self.unread.len() < length + 2 {
            if self.read_more()? == 0 {
                return None;
            }
        }
        let chunk = self.unread.drain(..length).collect();
        self.unread.drain(..2);
        Some(chunk)
    }

    fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Some(String::from_utf8_lossy(&self.unread.drain(..=at).collect::<Vec<_>>()).into_owned());
            }
            if self.read_more()? == 0 {
                return None;
            }
        }
    }

    /// Reads more bytes; 0 at the end, `None` if the connection was reset.
    fn read_more(&mut self) -> Option<usize> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                Some(read)
            }
            // A signal interrupted the system call, such as SIGCHLD for a program that another test started.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read_more(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing was received for {TIMEOUT:?}; so far: {:?}", String::from_utf8_lossy(&self.unread))
            }
            Err(_) => None,
        }
    }

    /// Reads to the end of the connection; the bytes, and `Ok` for FIN or the error kind.
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, Result<(), ErrorKind>) {
        let mut bytes = std::mem::take(&mut self.unread);
        let ended = match self.stream.read_to_end(&mut bytes) {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the connection did not end within {TIMEOUT:?}")
            }
            Err(error) => Err(error.kind()),
        };
        (bytes, ended)
    }

    /// Whether the connection is open and nothing has been received, without waiting.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a TCP socket");
        let mut buffer = [0; 1];
        let peeked = self.stream.peek(&mut buffer);
        self.stream.set_nonblocking(false).expect("a TCP socket");
        self.unread.is_empty() && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl HttpResponse {
    /// Parses one response of which these are all bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let (status, headers) = parse_head(&String::from_utf8_lossy(&bytes[..end]));
        Some(Self { status, headers, body: bytes[end..].to_vec() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }
}

fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.trim_end().split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (status.unwrap_or_else(|| panic!("no status line: {status_line:?}")), headers)
}
