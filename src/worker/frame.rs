//! What parent and child process send each other: byte strings with their lengths.

use std::io::{self, Read, Write};

/// The start of a request. A child of another version refuses it, because its frames may differ.
const MAGIC: &str = concat!("llamacloud-mock ", env!("CARGO_PKG_VERSION"), " worker 1\n");

/// Maximum number of fields of a request.
const MAX_FIELDS: u64 = 16;

/// First byte of a response with a result.
const RESULT: u8 = 0;

/// First byte of a response with an error.
const ERROR: u8 = 1;

/// Writes a request.
pub(super) fn write_request(to: &mut impl Write, fields: &[&[u8]]) -> io::Result<()> {
    let mut head = MAGIC.as_bytes().to_vec();
    head.extend(number(fields.len()));
    for field in fields {
        head.extend(number(field.len()));
    }
    to.write_all(&head)?;
    fields.iter().try_for_each(|field| to.write_all(field))
}

/// Reads a request.
pub(super) fn read_request(from: &mut impl Read) -> io::Result<Vec<Vec<u8>>> {
    let mut magic = [0; MAGIC.len()];
    from.read_exact(&mut magic)?;
    if magic != MAGIC.as_bytes() {
        return Err(invalid("the parent process is another version of the program"));
    }
    let fields = read_number(from)?;
    if fields > MAX_FIELDS {
        return Err(invalid("too many fields"));
    }
    let lengths = (0..fields).map(|_| read_number(from)).collect::<io::Result<Vec<u64>>>()?;
    lengths.into_iter().map(|length| read_bytes(from, length)).collect()
}

/// Writes a response.
pub(super) fn write_response(to: &mut impl Write, response: &Result<Vec<u8>, String>) -> io::Result<()> {
    let (kind, bytes) = match response {
        Ok(bytes) => (RESULT, bytes.as_slice()),
        Err(error) => (ERROR, error.as_bytes()),
    };
    to.write_all(&[kind])?;
    to.write_all(&number(bytes.len()))?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads a response; the outer error is one of reading, or a response that is cut or larger than `max`.
pub(super) fn read_response(from: &mut impl Read, max: u64) -> io::Result<Result<Vec<u8>, String>> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    let length = read_number(from)?;
    if length > max {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let bytes = read_bytes(from, length)?;
    match kind[0] {
        RESULT => Ok(Ok(bytes)),
        ERROR => Ok(Err(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(invalid("no response of a worker")),
    }
}

fn number(length: usize) -> [u8; 8] {
    (length as u64).to_le_bytes()
}

fn read_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_bytes(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // An allocation that fails is an error here, so that the child can still say so.
    let capacity = usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    bytes.try_reserve_exact(capacity).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() < capacity {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(bytes)
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let mut sent = Vec::new();
        write_request(&mut sent, &[b"one", b"", &[0, 255]]).expect("a vector takes everything");
        let read = read_request(&mut sent.as_slice()).expect("a whole request");
        assert_eq!(read, [b"one".to_vec(), Vec::new(), vec![0, 255]]);
        assert!((0..sent.len()).all(|cut| read_request(&mut &sent[..cut]).is_err()));
    }

    #[test]
    fn a_response_is_read_as_it_was_written_unless_it_is_too_large() {
        for response in [Ok(b"result".to_vec()), Err("error".to_owned())] {
            let mut sent = Vec::new();
            write_response(&mut sent, &response).expect("a vector takes everything");
            assert_eq!(read_response(&mut sent.as_slice(), 6).expect("a whole response"), response);
            let error = read_response(&mut sent.as_slice(), 4).expect_err("it is larger");
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
            assert!((0..sent.len()).all(|cut| read_response(&mut &sent[..cut], 6).is_err()));
        }
    }

    #[test]
    fn the_request_of_another_version_is_refused() {
        let error = read_request(&mut [b'x'; 100].as_slice()).expect_err("it is not ours");
        assert!(error.to_string().contains("another version"), "{error}");
    }
}
