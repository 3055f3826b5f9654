//! GStreamer's vulkanav1dec on softvk against vav1d, both without film grain.

use std::path::Path;

use anyhow::Result;

use super::{About, Outcome, TIMED_OUT, Tools, Tried};

/// What GStreamer asks of a driver, and the specification does not.
const CONFIG: &str = "api=1.4.321,graphics-bit";

/// Decodes `stream` to a file of planar pictures, as Fluster's GStreamer decoders do.
pub(super) fn decode(tools: &Tools, stream: &Path) -> Result<Tried> {
    let out = tools.scratch("gst", stream)?;
    let wanted = tools.total(stream, &["--film-grain", "off"])?;
    let about = About::of(&tools.program, stream)?;
    let mut pipeline = vec![format!("filesrc location={}", stream.display())];
    pipeline.push(parsers(&about.container).to_owned());
    for element in ["vulkanav1dec", "vulkandownload", "videoconvert dither=none"] {
        pipeline.push(element.to_owned());
    }
    // Of 8 bit 4:2:0 the sink makes planes itself; videoconvert gets pictures of 1x1 wrong.
    if (about.chroma.as_str(), about.depth.as_str()) != ("420", "8") {
        pipeline.push(format!("video/x-raw,format={}", format(&about.chroma, &about.depth)));
    }
    // Where the decoder refuses the stream, gst-launch may wait for a first picture for ever.
    pipeline.push(format!("videocodectestsink async=false location={}", out.display()));
    let mut command = tools.patient("sid-gst-launch-1.0", CONFIG);
    command.env("GST_DEBUG", "2").env("GST_DEBUG_NO_COLOR", "1").arg("-q");
    command.args(pipeline.join(" ! ").split(' '));
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let bytes = std::fs::metadata(&out).map_or(0, |file| file.len());
    let got = (bytes > 0).then(|| tools.md5_of(&out)).transpose()?;
    // Not there, if the pipeline never came to it.
    let _ = std::fs::remove_file(&out);
    let outcome = match got {
        Some(got) if got == wanted && output.status.success() => Outcome::Exact,
        Some(_) if output.status.code() == Some(TIMED_OUT) => Outcome::Error("no end".to_owned()),
        Some(_) => {
            Outcome::Wrong(format!("{bytes} bytes, {}: {}", output.status, first(&said, "error:")))
        }
        None => Outcome::Refused(refusal(&said)),
    };
    Ok(Tried::new(outcome, &said))
}

/// What makes frames of the bytes of a container.
fn parsers(container: &str) -> &'static str {
    match container {
        "IVF" => "ivfparse ! av1parse",
        "Annex B OBU stream" => "video/x-av1,stream-format=annexb,alignment=tu ! av1parse",
        _ => "av1parse",
    }
}

/// GStreamer's name of a planar format.
fn format(chroma: &str, depth: &str) -> String {
    match (chroma, depth) {
        ("400", "8") => "GRAY8".into(),
        ("400", depth) => format!("GRAY{depth}_LE16"),
        ("422", "8") => "Y42B".into(),
        ("444", "8") => "Y444".into(),
        ("444", depth) => format!("Y444_{depth}LE"),
        (chroma, depth) => format!("I{chroma}_{depth}LE"),
    }
}

/// The first line with `word` in what was said, less time, process and thread.
fn first(said: &str, word: &str) -> String {
    let line = said.lines().find(|l| l.contains(word)).unwrap_or("nothing was said");
    // Of a log, what stands behind the object's name, or else the function's.
    let log = |mark| line.split_once(mark).map(|(_, text)| text.trim_start().to_owned());
    log("> ").or_else(|| log(": ")).unwrap_or_else(|| line.to_owned())
}

/// Why nothing came out: the first that a parser or the decoder says.
fn refusal(said: &str) -> String {
    let own = ["vulkandecoder", "vulkanav1dec", " av1parse ", "not-negotiated"];
    let line = said.lines().filter(|l| l.contains("WARN") || l.contains("ERROR"));
    let reason = line.filter(|l| own.iter().any(|name| l.contains(name))).map(|l| first(l, ""));
    reason.take(1).next().unwrap_or_else(|| first(said, "ERROR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_gstreamers_names() {
        assert_eq!(format("420", "10"), "I420_10LE");
        assert_eq!(format("422", "8"), "Y42B");
        assert_eq!(format("444", "12"), "Y444_12LE");
        assert_eq!(format("400", "10"), "GRAY10_LE16");
    }

    #[test]
    fn a_refusal_is_the_first_thing_that_its_elements_say() {
        let said = "0:00:00.1 7 7 WARN vulkaninstance a.c:1:f:<vulkaninstance0> No window system\n\
            0:00:00.2 7 8 WARN vulkandecoder b.c:2:g:<vulkandecoder0> Unknown Vulkan format 15\n\
            ERROR: from element: No valid frames decoded\n";
        assert_eq!(refusal(said), "Unknown Vulkan format 15");
    }
}
