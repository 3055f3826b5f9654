//! What an instance has to say: to its debug messengers, and to the log where there are none.

use std::sync::{Mutex, PoisonError};

/// Takes an identifier (a VUID, or empty) and a text.
type Listener = Box<dyn Fn(&str, &str) + Send>;

/// The messengers of one instance; shared by all that it makes.
#[derive(Default)]
pub(crate) struct Messages(Mutex<Vec<(u64, Listener)>>);

impl Messages {
    /// Adds a listener called `id`.
    pub(crate) fn listen(&self, id: u64, listener: Listener) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((id, listener));
    }

    /// Removes listener `id`.
    pub(crate) fn forget(&self, id: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != id);
    }

    /// An error of the application, or of a decode.
    pub(crate) fn error(&self, vuid: &str, text: &str) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}

/// Reports a breach of `vuid` (empty if it is none) at decode operation `frame` of its session.
pub(crate) fn report(messages: &Messages, vuid: &str, frame: Option<u64>, text: &str) {
    let at = frame.map(|n| format!("decode {n}: ")).unwrap_or_default();
    messages.error(vuid, &format!("{at}{text}"));
}
