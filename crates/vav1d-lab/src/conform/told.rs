//! What a child tells in its records, and whether that is enough to judge it.

use serde_json::Value;

use crate::words::count;

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
    /// Kind and text of each fault.
    pub faults: Vec<(String, String)>,
    /// Messages of the validation layer.
    pub messages: Vec<String>,
    /// Planted faults that never applied.
    pub unfired: Vec<String>,
    /// Records of other types, as they came.
    pub others: Vec<Value>,
    /// Pictures and faults, as the summary counts them. It is the last record.
    pub summary: Option<(usize, usize)>,
    /// Why the records cannot be trusted.
    pub garbled: Option<String>,
}

impl Told {
    /// Takes one line.
    pub fn line(&mut self, line: &[u8]) {
        match serde_json::from_slice::<Value>(line) {
            _ if self.summary.is_some() => self.garble("a record behind the summary", line),
            Ok(record) if record["type"].is_string() && record["data"].is_object() => {
                self.record(&record, line);
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

    fn record(&mut self, record: &Value, line: &[u8]) {
        let data = &record["data"];
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match record["type"].as_str().unwrap_or_default() {
            "header" => {
                self.begun = true;
                self.device = data["device"].as_str().map(str::to_owned);
            }
            "frame" => {
                self.pictures += 1;
                self.frames.extend(data["md5"].as_str().map(str::to_owned));
            }
            "fault" => self.faults.push((text("kind"), text("message"))),
            "message" => self.messages.push(format!("{}: {}", text("id"), text("text"))),
            "unfired" => self.unfired.push(text("fault")),
            "summary" => {
                let number = |name: &str| usize::try_from(data[name].as_u64()?).ok();
                match (number("pictures"), number("faults")) {
                    (Some(pictures), Some(faults)) => self.summary = Some((pictures, faults)),
                    _ => self.garble("a summary without counts", line),
                }
                self.total = data["md5"].as_str().map(str::to_owned);
            }
            _ => self.others.push(record.clone()),
        }
    }

    /// The text of the first fault of this kind.
    pub fn fault(&self, kind: &str) -> Option<&str> {
        self.faults.iter().find(|(k, _)| k == kind).map(|(_, text)| text.as_str())
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
        if pictures != self.pictures {
            let (all, came) = (count(pictures, "picture"), self.pictures);
            return Some(format!("its summary counts {all}, {came} came"));
        }
        if faults < self.faults.len() {
            let faults = count(faults, "fault");
            return Some(format!("its summary counts {faults}, more came"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"type":"header","data":{"schema":1,"device":"d"}}"#;
    const FRAME: &str = r#"{"type":"frame","data":{"index":0,"md5":"x"}}"#;
    const SUMMARY: &str = r#"{"type":"summary","data":{"pictures":1,"faults":0}}"#;

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
        let bare = br#"{"type":"summary","data":{}}"#;
        assert!(told(&[HEADER.as_bytes(), bare]).garbled.is_some());
    }
}
