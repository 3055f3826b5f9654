//! Archives: POSIX ustar, files only, of no owner and no time.

use std::io::{self, Write};

/// Bytes of a block.
const BLOCK: usize = 512;

/// Writes a file called `name` (100 bytes at most) with `bytes` to `out`.
///
/// # Errors
/// Those of `out`; `InvalidInput` for a name or a size that a header does not hold.
pub(super) fn file(out: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    if name.len() > 100 || bytes.len() >> 33 != 0 {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let mut header = [0_u8; BLOCK];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", bytes.len()));
    put(136, "00000000000");
    // The sum is taken with spaces in its place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.write_all(&header)?;
    out.write_all(bytes)?;
    let rest = bytes.len().next_multiple_of(BLOCK) - bytes.len();
    out.write_all(&[0; BLOCK][..rest])
}

/// Writes what comes after the last file.
///
/// # Errors
/// Those of `out`.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_sums_up_and_files_fill_blocks() {
        let mut out = Vec::new();
        file(&mut out, "a/b.txt", b"hello").expect("written");
        end(&mut out).expect("written");
        assert_eq!(out.len(), 4 * BLOCK);
        assert_eq!((&out[..7], &out[124..135]), (&b"a/b.txt"[..], &b"00000000005"[..]));
        let said = u32::from_str_radix(std::str::from_utf8(&out[148..154]).expect("text"), 8);
        let mut header = out[..BLOCK].to_vec();
        header[148..156].fill(b' ');
        assert_eq!(said, Ok(header.iter().copied().map(u32::from).sum()));
        assert!(file(&mut out, &"n".repeat(101), b"").is_err());
    }
}
