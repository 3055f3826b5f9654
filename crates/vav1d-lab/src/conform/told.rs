//! What a child tells in its records, and whether that is enough to judge it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{
    Fault, FaultKind, Hashed, Header, Message, OutputFrame, SCHEMA, Summary, Unfired,
};
use crate::words::{count, counted};

/// The records of one run.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The header came.
    pub begun: bool,
    /// The device's name, as the header has it.
    pub device: Option<String>,
    /// How many output pictures came.
    pub pictures: usize,
    /// MD5 of each, if that was asked for.
    pub frames: Vec<String>,
    /// MD5 of all of them, if that was asked for and the run came to its end.
    pub total: Option<String>,
    /// The faults.
    pub faults: Vec<Fault>,
    /// Messages of the validation layer.
    pub messages: Vec<String>,
    /// Planted faults that never applied.
    pub unfired: Vec<String>,
    /// Records of other types, as they came: the type and its data.
    pub others: Vec<(String, Value)>,
    /// Pictures and faults, as the summary counts them. It is the last record.
    pub summary: Option<(u64, u64)>,
    /// Why the records cannot be trusted.
    pub garbled: Option<String>,
}

impl Told {
    /// Takes one line.
    pub fn line(&mut self, line: &[u8]) {
        match serde_json::from_slice::<Value>(line) {
            _ if self.summary.is_some() => self.garble("a record behind the summary", line),
            Ok(mut record) if record["type"].is_string() && record["data"].is_object() => {
                let data = record["data"].take();
                let kind = record["type"].as_str().unwrap_or_default();
                if let Err(why) = self.record(kind, data) {
                    self.garble(&why, line);
                }
            }
            _ => self.garble("no record", line),
        }
    }

    /// The records ended in the middle of a line, or could not be read.
    pub fn cut(&mut self, why: &str) {
        self.garbled.get_or_insert_with(|| why.to_owned());
    }

    fn garble(&mut self, what: &str, line: &[u8]) {
        const SHOWN: usize = 80;
        let text: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
        self.garbled.get_or_insert_with(|| format!("{what}: `{}`", text.escape_debug()));
    }

    fn record(&mut self, kind: &str, data: Value) -> Result<(), String> {
        match kind {
            "header" => {
                let Header { schema, device, .. } = of(kind, data)?;
                if schema != SCHEMA {
                    return Err(format!("records of schema {schema}, not {SCHEMA}"));
                }
                (self.begun, self.device) = (true, device);
            }
            "frame" => {
                let OutputFrame { hash, .. } = of(kind, data)?;
                self.pictures += 1;
                self.frames.extend(hash.and_then(Hashed::md5));
            }
            "fault" => self.faults.push(of(kind, data)?),
            "message" => {
                let Message { id, text } = of(kind, data)?;
                let said = [id, text].into_iter().filter(|part| !part.is_empty());
                self.messages.push(said.collect::<Vec<_>>().join(": "));
            }
            "unfired" => self.unfired.push(of::<Unfired>(kind, data)?.fault),
            "summary" => {
                let Summary { pictures, faults, hash, .. } = of(kind, data)?;
                self.summary = Some((pictures, faults));
                self.total = hash.and_then(Hashed::md5);
            }
            _ => self.others.push((kind.to_owned(), data)),
        }
        Ok(())
    }

    /// The text of the first fault of this kind.
    pub fn fault(&self, kind: FaultKind) -> Option<&str> {
        self.faults.iter().find(|fault| fault.kind == kind).map(|fault| fault.message.as_str())
    }

    /// Records of another type; what is none of them is left out.
    pub fn others<T: DeserializeOwned>(&self, kind: &str) -> impl Iterator<Item = T> {
        let others = self.others.iter().filter(move |(name, _)| name == kind);
        others.filter_map(|(_, data)| T::deserialize(data).ok())
    }

    /// Why a run that ended well cannot be judged; `None` if everything came.
    pub fn lacks(&self) -> Option<String> {
        let Some((pictures, faults)) = self.summary else {
            return Some(match self.begun {
                true => {
                    format!("it ended without a summary, after {}", count(self.pictures, "picture"))
                }
                false => "it ended without a word".to_owned(),
            });
        };
        if !self.begun {
            return Some("it has no header".to_owned());
        }
        if pictures != self.pictures as u64 {
            let (all, came) = (counted(pictures, "picture"), self.pictures);
            return Some(format!("its summary counts {all}, {came} came"));
        }
        if faults < self.faults.len() as u64 {
            let faults = counted(faults, "fault");
            return Some(format!("its summary counts {faults}, more came"));
        }
        None
    }
}

/// The record of this type.
fn of<T: DeserializeOwned>(kind: &str, data: Value) -> Result<T, String> {
    serde_json::from_value(data).map_err(|why| format!("no record of type {kind} ({why})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        r#"{"type":"header","data":{"schema":2,"command":"md5","version":"1","device":"d"}}"#;
    const FRAME: &str = r#"{"type":"frame","data":{"index":0,"pts":null,"width":8,"height":8,"size":96,"md5":"x"}}"#;
    const SUMMARY: &str =
        r#"{"type":"summary","data":{"units":1,"frames":1,"pictures":1,"faults":0}}"#;

    fn told(lines: &[&[u8]]) -> Told {
        let mut told = Told::default();
        lines.iter().for_each(|line| told.line(line));
        told
    }

    #[test]
    fn a_whole_run_lacks_nothing() {
        let told = told(&[HEADER.as_bytes(), FRAME.as_bytes(), SUMMARY.as_bytes()]);
        assert_eq!((told.lacks(), told.garbled), (None, None));
        assert_eq!((told.device.as_deref(), told.frames.len()), (Some("d"), 1));
    }

    #[test]
    fn what_does_not_come_is_said() {
        let lacks = |lines: &[&str]| {
            told(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()).lacks()
        };
        assert_eq!(lacks(&[]).expect("lacks"), "it ended without a word");
        assert_eq!(
            lacks(&[HEADER, FRAME]).expect("lacks"),
            "it ended without a summary, after 1 picture"
        );
        assert_eq!(
            lacks(&[HEADER, SUMMARY]).expect("lacks"),
            "its summary counts 1 picture, 0 came"
        );
        assert_eq!(lacks(&[FRAME, SUMMARY]).expect("lacks"), "it has no header");
    }

    #[test]
    fn what_is_no_record_is_kept_as_evidence() {
        let glued = [b"driver: hello ".as_slice(), SUMMARY.as_bytes()].concat();
        for line in [glued.as_slice(), b"\xff\xfe", b"", b"{}", b"3"] {
            let told = told(&[HEADER.as_bytes(), line]);
            assert!(told.garbled.is_some_and(|why| why.starts_with("no record")), "{line:?}");
        }
        let after = told(&[HEADER.as_bytes(), FRAME.as_bytes(), SUMMARY.as_bytes(), b"x"]);
        assert_eq!(after.garbled.as_deref(), Some("a record behind the summary: `x`"));
        for (whole, member) in
            [(HEADER, r#""command":"md5","#), (FRAME, r#""size":96,"#), (SUMMARY, r#""frames":1,"#)]
        {
            let less = whole.replace(member, "");
            assert_ne!(less, whole);
            let why = told(&[less.as_bytes()]).garbled.expect("no record");
            assert!(why.starts_with("no record of type"), "{why}");
        }
        let other = HEADER.replace("\"schema\":2", "\"schema\":1");
        let why = told(&[other.as_bytes()]).garbled.expect("another schema");
        assert!(why.starts_with("records of schema 1, not 2"), "{why}");
    }
}
