//! `vk-video-dec-test`: under that name (a link to the program) the command line of Khronos'
//! decoder test program is taken, as Fluster's `VKVS-AV1` and `vvs_test_runner.py` give it.

use std::ffi::OsString;
use std::path::Path;

use super::exit::Exit;

/// The name.
const NAME: &str = "vk-video-dec-test";

/// What an option means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Help,
    Version,
    Input,
    Output,
    Codec,
    Y4m,
    Validate,
    Verbose,
    /// An index as `vav1d caps` counts.
    Gpu,
    /// Hexadecimal deviceID.
    DeviceId,
    Uuid,
    Frames,
    InFlight,
    Filter,
    /// Nothing: there is no window, and every picture is read back.
    Nothing,
    /// What it asks for is not there.
    Refused,
}

/// Long name, short name, values, meaning. Where two share a short name the first has it.
const OPTIONS: &[(&str, &str, usize, Meaning)] = &[
    ("--help", "", 0, Meaning::Help),
    ("--version", "-v", 0, Meaning::Version),
    ("--input", "-i", 1, Meaning::Input),
    ("--output", "-o", 1, Meaning::Output),
    ("--codec", "", 1, Meaning::Codec),
    ("--y4m", "", 0, Meaning::Y4m),
    ("--validate", "", 0, Meaning::Validate),
    ("--verboseValidate", "-vv", 0, Meaning::Validate),
    ("--verbose", "", 0, Meaning::Verbose),
    ("--gpu", "-gpu", 1, Meaning::Gpu),
    ("--deviceID", "-deviceID", 1, Meaning::DeviceId),
    ("--deviceUuid", "-deviceUuid", 1, Meaning::Uuid),
    ("--maxFrameCount", "-c", 1, Meaning::Frames),
    ("--decodeImagesInFlight", "", 1, Meaning::InFlight),
    ("--enablePostProcessFilter", "", 1, Meaning::Filter),
    ("--disableStrDemux", "", 0, Meaning::Nothing),
    ("--disableVsync", "-b", 0, Meaning::Nothing),
    ("--initialWidth", "-w", 1, Meaning::Nothing),
    ("--initialHeight", "-h", 1, Meaning::Nothing),
    ("--selectVideoWithComputeQueue", "", 0, Meaning::Nothing),
    ("--noPresent", "", 0, Meaning::Nothing),
    ("--enableHwLoadBalancing", "", 0, Meaning::Nothing),
    ("--queueSize", "", 1, Meaning::Nothing),
    ("--displayBackBufferSize", "", 1, Meaning::Nothing),
    ("--loop", "", 1, Meaning::Nothing),
    ("--queueid", "", 1, Meaning::Nothing),
    ("--noDeviceFallback", "", 0, Meaning::Nothing),
    ("--direct", "", 0, Meaning::Nothing),
    ("--crc", "", 0, Meaning::Refused),
    ("--crcperframe", "", 0, Meaning::Refused),
    ("--crcoutfile", "", 1, Meaning::Refused),
    ("--crcinit", "", 1, Meaning::Refused),
];

/// What a command line of that program asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// This command line of vav1d.
    Run(Vec<OsString>),
    /// Print this on standard output, and end well.
    Print(String),
    /// Say this, and end.
    End(Exit, String),
}

/// Whether the program was called by that name.
pub(super) fn is_meant(program: Option<&OsString>) -> bool {
    program.and_then(|path| Path::new(path).file_stem()).is_some_and(|stem| stem == NAME)
}

/// Reads the arguments behind the program's name. `VAV1D_DEVICE` names the device where no option
/// does.
pub(super) fn translate(args: &[OsString], device: Option<OsString>) -> Request {
    let mut wishes = Wishes { device, ..Wishes::default() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let known = |(long, short, ..): &&(&str, &str, usize, Meaning)| {
            arg.to_str().is_some_and(|arg| arg == *long || (!short.is_empty() && arg == *short))
        };
        let Some((name, _, values, meaning)) = OPTIONS.iter().find(known) else {
            return Request::End(Exit::Usage, format!("unknown argument {}", arg.display()));
        };
        let mut value = None;
        if *values == 1 {
            value = rest.next();
            // A value behind `--` may begin with a dash.
            match value {
                Some(dashes) if dashes == "--" => value = rest.next(),
                Some(v) if v.as_encoded_bytes().starts_with(b"-") => value = None,
                _ => {}
            }
            if value.is_none() {
                return Request::End(Exit::Usage, format!("{name} wants a value"));
            }
        }
        if let Some(end) = wishes.take(name, *meaning, value.cloned().unwrap_or_default()) {
            return end;
        }
    }
    wishes.command()
}

/// What was asked for so far.
#[derive(Debug, Default)]
struct Wishes {
    input: Option<OsString>,
    output: Option<OsString>,
    device: Option<OsString>,
    y4m: bool,
    options: Vec<OsString>,
}

impl Wishes {
    fn take(&mut self, name: &str, meaning: Meaning, value: OsString) -> Option<Request> {
        let text = value.to_string_lossy().into_owned();
        let number = text.parse::<i64>();
        match meaning {
            Meaning::Help => return Some(Request::Print(help())),
            Meaning::Version => {
                return Some(Request::Print(format!("vav1d {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Meaning::Input => self.input = Some(value),
            Meaning::Output => self.output = Some(value),
            Meaning::Codec if text != "av1" => {
                let why = format!("not supported: codec {text}");
                return Some(Request::End(Exit::Unsupported, why));
            }
            Meaning::Codec | Meaning::Nothing => {}
            Meaning::Y4m => self.y4m = true,
            Meaning::Validate => self.options.push("--validate".into()),
            Meaning::Verbose => self.options.push("-v".into()),
            Meaning::Gpu | Meaning::Uuid => self.device = Some(value),
            Meaning::DeviceId => {
                let digits = text.trim_start_matches("0x");
                self.device = Some(format!("id:{digits}").into());
            }
            Meaning::Frames => match number {
                Ok(n) if n >= 0 => self.options.extend(["--limit".into(), value]),
                // As there: a negative number is no limit.
                Ok(_) => {}
                Err(_) => return Some(not_a_number(name, &text)),
            },
            Meaning::InFlight => match number {
                Ok(n) => {
                    let n = n.clamp(1, 64).to_string();
                    self.options.extend(["--frames-in-flight".into(), n.into()]);
                }
                Err(_) => return Some(not_a_number(name, &text)),
            },
            // 0 copies, which is what happens here always.
            Meaning::Filter if number.as_ref().is_ok_and(|n| *n <= 0) => {}
            Meaning::Filter | Meaning::Refused => {
                let why = format!("not supported: {name} {text}");
                return Some(Request::End(Exit::Unsupported, why));
            }
        }
        None
    }

    fn command(self) -> Request {
        let Some(input) = self.input else {
            return Request::End(Exit::Usage, "-i and the name of the input are wanted".to_owned());
        };
        let format = match (&self.output, self.y4m) {
            (None, _) => "null",
            (_, true) => "y4m",
            (_, false) => "yuv",
        };
        let device = self.device.unwrap_or_else(|| "auto".into());
        let output = self.output.unwrap_or_else(|| "/dev/null".into());
        let words = ["vav1d", "decode", "--output-format", format];
        let mut command: Vec<OsString> = words.map(OsString::from).into();
        // A name may begin with a dash.
        let mut joined = OsString::from("--output=");
        joined.push(output);
        command.extend(["--device".into(), device, joined]);
        command.extend(self.options);
        command.extend(["--".into(), input]);
        Request::Run(command)
    }
}

fn not_a_number(name: &str, text: &str) -> Request {
    Request::End(Exit::Usage, format!("{name}: {text} is not a number"))
}

fn help() -> String {
    let rows = OPTIONS.iter().map(|(long, short, values, meaning)| {
        let value = if *values == 1 { " VALUE" } else { "" };
        let note = match meaning {
            Meaning::Nothing => "without effect",
            Meaning::Refused => "refused, exit 69",
            _ => "",
        };
        format!("  {:34} {note}\n", format!("{long} {short}{value}").replace("  ", " "))
    });
    format!("vav1d under the name of {NAME}: decodes AV1 to raw planar pictures.\n\n")
        + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Request {
        translate(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), None)
    }

    #[track_caller]
    fn check(line: &str, command: &str) {
        let words = command.split(' ').map(OsString::from).collect();
        assert_eq!(run(line), Request::Run(words), "{line}");
    }

    #[test]
    fn fluster_and_the_vvs_runner_are_understood() {
        check(
            "-i in.ivf -o out.yuv --codec av1 --noPresent --enablePostProcessFilter 0",
            "vav1d decode --output-format yuv --device auto --output=out.yuv -- in.ivf",
        );
        check(
            "--input in.ivf -c 7 --noPresent --deviceID 0x73ff --noDeviceFallback --y4m -o -- -x",
            "vav1d decode --output-format y4m --device id:73ff --output=-x --limit 7 -- in.ivf",
        );
        check(
            "-i in.ivf --noPresent -c -- -1",
            "vav1d decode --output-format null --device auto --output=/dev/null -- in.ivf",
        );
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (line, exit) in [
            ("-i a --codec h264", Exit::Unsupported),
            ("-i a --crc", Exit::Unsupported),
            ("-i a --enablePostProcessFilter 1", Exit::Unsupported),
            ("--noPresent", Exit::Usage),
            ("-i -o", Exit::Usage),
            ("-i a --bogus", Exit::Usage),
            ("-i a -c x", Exit::Usage),
        ] {
            assert!(matches!(run(line), Request::End(e, _) if e == exit), "{line}");
        }
        assert!(matches!(run("--help"), Request::Print(_)));
        assert!(matches!(run("-v"), Request::Print(_)));
    }
}
