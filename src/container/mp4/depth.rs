//! How deep boxes are nested: the crate decodes them recursively, and the stack has an end.

/// Boxes in boxes that are read: those of a file as it should be are about ten.
const MAX_DEPTH: usize = 48;

/// Bytes of a box header.
const HEADER: usize = 8;

/// Whether boxes in `body` are nested deeper than is read. Counts whatever looks like a box inside
/// another, since where a box has its children depends on what it is: never too few.
pub(super) fn is_too_deep(body: &[u8]) -> bool {
    // Where the boxes around the current byte end.
    let mut ends = Vec::with_capacity(MAX_DEPTH + 1);
    for (at, header) in body.windows(HEADER).enumerate() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        let around = ends.last().copied().unwrap_or(body.len());
        if let Some(end) = end(body, at, header).unwrap_or(Some(around)).filter(|e| *e <= around) {
            ends.push(end);
            if ends.len() > MAX_DEPTH {
                return true;
            }
        }
    }
    false
}

/// Where the box at `at` ends: `Some(None)` if there is none, `None` where what is around it ends.
fn end(body: &[u8], at: usize, header: &[u8]) -> Option<Option<usize>> {
    let (size, kind) = header.split_at_checked(4)?;
    // Names are ASCII, but for a copyright sign.
    if !kind.iter().all(|byte| matches!(byte, 0x20..=0x7e | 0xa9)) {
        return Some(None);
    }
    let size = u32::from_be_bytes(size.try_into().ok()?);
    let size = match size {
        0 => return None,
        1 => {
            let large = body.get(at + HEADER..at + 2 * HEADER);
            let large = large.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            large.and_then(|size| usize::try_from(size).ok()).filter(|size| *size >= 2 * HEADER)
        }
        size => Some(size as usize).filter(|size| *size >= HEADER),
    };
    Some(size.and_then(|size| at.checked_add(size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` boxes, each in the one before, with `between` bytes in front of a child.
    fn nested(count: usize, between: usize) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..count {
            let size = (HEADER + between + body.len()) as u32;
            let head = [&size.to_be_bytes()[..], b"meta", &vec![0; between]].concat();
            body.splice(..0, head);
        }
        body
    }

    #[test]
    fn boxes_in_boxes_are_counted() {
        for between in [0, 4, 78] {
            // The last byte of a size may look like a letter, and then a box counts twice.
            assert!(!is_too_deep(&nested(MAX_DEPTH / 2, between)));
            assert!(is_too_deep(&nested(MAX_DEPTH + 1, between)));
        }
    }

    #[test]
    fn boxes_beside_boxes_are_not() {
        assert!(!is_too_deep(&nested(10, 4).repeat(1000)));
        // Sizes of 0 mean: up to the end of what is around.
        let handler = b"\0\0\0\x18hdlr\0\0\0\0\0\0\0\0vide\0\0\0\0";
        assert!(!is_too_deep(&handler.repeat(1000)));
        assert!(is_too_deep(&b"\0\0\0\0moov".repeat(MAX_DEPTH + 1)));
    }
}
