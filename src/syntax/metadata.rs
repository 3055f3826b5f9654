//! Metadata: specification 5.8.
