//! Raw bytes to and from a server, and just enough HTTP to take answers apart.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long a read may take before a test counts as hung. Never part of what a test asserts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    /// What came and has not been taken apart yet.
    rest: Vec<u8>,
}

/// One HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout over zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout over zero");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, rest: Vec::new() }
    }

    /// Sends bytes; a server that has hung up already is no error here.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// Ends the connection with RST.
    pub(crate) fn reset(self) {
        let linger = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        linger.expect("a TCP socket");
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The next answer; `None` when the connection ends or breaks before its head is whole.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET")
    }

    /// The head of the next answer; its body stays to be read.
    pub(crate) fn head(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if self.more()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest.drain(..end);
        let (status, headers) = read_head(&head);
        Some(Answer { status, headers, body: Vec::new() })
    }

    /// So many bytes.
    pub(crate) fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.rest.len() < length {
            assert_ne!(self.more().unwrap_or(0), 0, "the connection ended after {:?}", self.rest);
        }
        self.rest.drain(..length).collect()
    }

    /// The next answer to a request with this method: those to HEAD have no body.
    pub(crate) fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let mut answer = self.head()?;
        let status = answer.status;
        if answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            answer.body = self.chunked()?;
        } else if method != "HEAD" && status >= 200 && status != 204 && status != 304 {
            let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            while self.rest.len() < length {
                if self.more()? == 0 {
                    return None;
                }
            }
            answer.body = self.rest.drain(..length).collect();
        }
        Some(answer)
    }

    fn chunked(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(line.trim(), 16).expect("a chunk's length");
            while self.rest.len() < length + 2 {
                if self.more()? == 0 {
                    return None;
                }
            }
            body.extend(self.rest.drain(..length));
            self.rest.drain(..2);
            if length == 0 {
                return Some(body);
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
                return Some(String::from_utf8_lossy(&self.rest.drain(..=at).collect::<Vec<_>>()).into_owned());
            }
            if self.more()? == 0 {
                return None;
            }
        }
    }

    /// Reads what comes next; 0 at the end, `None` when the connection was reset.
    fn more(&mut self) -> Option<usize> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(read) => {
                self.rest.extend_from_slice(&buffer[..read]);
                Some(read)
            }
            // A system call that a signal record_panic off, such as the end of a program that another test started.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.more(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came for {PATIENCE:?}; so far: {:?}", String::from_utf8_lossy(&self.rest))
            }
            Err(_) => None,
        }
    }

    /// Everything up to the end of the connection, and how it ended: `Ok` by FIN, else what the system said.
    pub(crate) fn until_end(&mut self) -> (Vec<u8>, Result<(), ErrorKind>) {
        let mut bytes = std::mem::take(&mut self.rest);
        let ended = match self.stream.read_to_end(&mut bytes) {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the connection did not end within {PATIENCE:?}")
            }
            Err(error) => Err(error.kind()),
        };
        (bytes, ended)
    }

    /// Whether nothing has come and the connection is still open, as far as can be seen without waiting.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a TCP socket");
        let mut buffer = [0; 1];
        let peeked = self.stream.peek(&mut buffer);
        self.stream.set_nonblocking(false).expect("a TCP socket");
        self.rest.is_empty() && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl Answer {
    /// Takes one whole answer apart that came as bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let (status, headers) = read_head(&String::from_utf8_lossy(&bytes[..end]));
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

fn read_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.trim_end().split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (status.unwrap_or_else(|| panic!("no status line: {status_line:?}")), headers)
}
