//! What the driver has to say: to the log, and to debug messengers of the application.

use std::sync::{Mutex, PoisonError};

/// Takes an identifier (a VUID, or empty) and a text.
type Listener = Box<dyn Fn(&str, &str) + Send>;

static LISTENERS: Mutex<Vec<(u64, Listener)>> = Mutex::new(Vec::new());

/// Adds a listener called `id`.
pub(crate) fn listen(id: u64, listener: Listener) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push((id, listener));
}

/// Removes listener `id`.
pub(crate) fn forget(id: u64) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != id);
}

/// An error of the application, or of a decode; for the log, if nobody listens.
pub(crate) fn error(vuid: &str, text: &str) {
    let listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    if listeners.is_empty() {
        match vuid {
            "" => log::warn!("softvk: {text}"),
            vuid => log::warn!("softvk: {text} ({vuid})"),
        }
    }
    for (_, listener) in listeners.iter() {
        listener(vuid, text);
    }
}
