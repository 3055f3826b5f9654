//! What an instance has to say: to its debug messengers, and to the log where there are none.

use std::sync::{Mutex, PoisonError};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About<'a> {
    /// The application broke a rule: its VUID, or nothing where it has none of its own.
    Rule(&'a str),
    /// The driver failed at something.
    Trouble,
    /// The driver has something to say.
    Note,
}

/// Takes what it is about, and a text.
type Listener = Box<dyn Fn(About<'_>, &str) + Send>;

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

    /// An error of the application: a breach of `vuid`, which is empty where the rule has none.
    pub(crate) fn error(&self, vuid: &str, text: &str) {
        self.say(About::Rule(vuid), text);
    }

    /// An error of the driver.
    pub(crate) fn trouble(&self, text: &str) {
        self.say(About::Trouble, text);
    }

    /// What is no error.
    pub(crate) fn note(&self, text: &str) {
        self.say(About::Note, text);
    }

    fn say(&self, about: About<'_>, text: &str) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.is_empty() {
            match about {
                About::Rule("") | About::Trouble | About::Note => log::warn!("softvk: {text}"),
                About::Rule(vuid) => log::warn!("softvk: {text} ({vuid})"),
            }
        }
        for (_, listener) in listeners.iter() {
            listener(about, text);
        }
    }
}

/// Reports a breach of `vuid` (empty if it has none) at decode operation `frame` of its session.
pub(crate) fn report(messages: &Messages, vuid: &str, frame: Option<u64>, text: &str) {
    messages.error(vuid, &format!("{}{text}", at(frame)));
}

/// Reports that decode operation `frame` failed, by no fault of the application.
pub(crate) fn trouble(messages: &Messages, frame: u64, text: &str) {
    messages.trouble(&format!("{}{text}", at(Some(frame))));
}

fn at(frame: Option<u64>) -> String {
    frame.map(|n| format!("decode {n}: ")).unwrap_or_default()
}
