//! `vav1d dump`: every syntax element of the headers, its bit position and its value.

use std::io::{self, Write};
use std::sync::Arc;

use super::args::DumpArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::input;
use super::json::{Element, Fault, Lines, Record};
use super::output::{self, Notices};
use vav1d::bits::Trace;
use vav1d::container::TemporalUnit;
use vav1d::error::{Error, StreamError};
use vav1d::obu::{self, Obu, ObuType};
use vav1d::syntax::dump::Walker;
use vav1d::units::Reading;

/// Writes elements as they are read. A failed write is kept, and told at the end.
struct Writer<'a, W: Write> {
    lines: &'a mut Lines<W>,
    json: bool,
    unit: u64,
    obu: u32,
    failed: Option<io::Error>,
}

impl<W: Write> Writer<'_, W> {
    fn keep(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }
}

impl<W: Write> Trace for Writer<'_, W> {
    fn element(
        &mut self,
        name: &'static str,
        index: Option<usize>,
        bit: u64,
        bits: u32,
        value: i64,
    ) {
        let name = match index {
            Some(index) => format!("{name}[{index}]"),
            None => name.to_owned(),
        };
        let result = match self.json {
            true => self.lines.write(&Record::Element(Element {
                unit: self.unit,
                obu: self.obu,
                bit,
                bits,
                name: &name,
                value,
            })),
            false => writeln!(self.lines.0, "    {bit:>6} {bits:>2}  {name} = {value}"),
        };
        self.keep(result);
    }

    fn table(&mut self, name: &'static str) {
        if !self.json {
            let result = writeln!(self.lines.0, "  {name}()");
            self.keep(result);
        }
    }
}

pub(super) fn run(args: &DumpArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut source = input::open(&args.input)?;
    let mut lines = Lines(output::stdout());
    if json {
        lines.begin("dump", Some(&args.input.file), None).map_err(Failure::output)?;
    }
    let mut walker = Walker::default();
    let mut exit = Exit::Done;
    let mut units = 0;
    // What is planned leaves elements out: of dropped layers, and behind what is not supported.
    let mut reading = Reading::new(&mut *source);
    while args.limit.is_none_or(|limit| units < limit) {
        let Some(read) = reading.next() else { break };
        let dumped = match read {
            Ok(unit) => {
                units += 1;
                dump_unit(&mut walker, &unit, &mut lines, json)?
            }
            Err(error) => Err(error),
        };
        if let Err(error) = dumped {
            exit = tell(&error, &mut lines, json, notices)?;
        }
    }
    lines.0.flush().map_err(Failure::output)?;
    Ok(exit)
}

/// Says what is wrong, after what came before it.
fn tell<W: Write>(
    error: &Error,
    lines: &mut Lines<W>,
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    if json {
        let fault = Record::Fault(Fault::of(error));
        lines.write(&fault).map_err(Failure::output)?;
    }
    lines.0.flush().map_err(Failure::output)?;
    notices.error(&error.to_string());
    Ok(Exit::of(error))
}

fn dump_unit<W: Write>(
    walker: &mut Walker,
    unit: &TemporalUnit,
    lines: &mut Lines<W>,
    json: bool,
) -> Result<std::result::Result<(), Error>> {
    if !json {
        let pts = unit.pts.map(|pts| format!(" pts {pts}")).unwrap_or_default();
        let bytes = unit.data.len();
        writeln!(lines.0, "temporal unit {}{pts}: {bytes} bytes", unit.index)
            .map_err(Failure::output)?;
    }
    let data = Arc::clone(&unit.data);
    for (index, obu) in (0u32..).zip(obu::obus(&data, unit.framing)) {
        let located =
            |e: StreamError| Error::from(e.in_obu(index, unit.file_offset).in_unit(unit.index));
        let obu = match obu {
            Ok(obu) => obu,
            Err(error) => return Ok(Err(located(error))),
        };
        let written = match json {
            true => lines.write(&Record::Obu(record(unit.index, index, &obu))),
            false => head(&mut lines.0, index, &obu),
        };
        written.map_err(Failure::output)?;
        let mut writer =
            Writer { lines: &mut *lines, json, unit: unit.index, obu: index, failed: None };
        let walked = walker.obu(&obu, &mut writer);
        if let Some(error) = writer.failed {
            return Err(Failure::output(error));
        }
        if let Err(error) = walked {
            return Ok(Err(located(error)));
        }
    }
    Ok(Ok(()))
}

fn record(unit: u64, index: u32, obu: &Obu<'_>) -> serde_json::Value {
    let layer = |id: u8| obu.has_extension.then_some(id);
    serde_json::json!({
        "unit": unit, "obu": index, "obu_type": obu.obu_type.name(),
        "temporal_id": layer(obu.temporal_id), "spatial_id": layer(obu.spatial_id),
        "offset": obu.offset, "payload_bytes": obu.payload.len(),
    })
}

fn head(out: &mut impl Write, index: u32, obu: &Obu<'_>) -> io::Result<()> {
    write!(out, " OBU {index} {}", obu.obu_type.name())?;
    if let ObuType::Reserved(number) = obu.obu_type {
        write!(out, " {number}")?;
    }
    if obu.has_extension {
        write!(out, " temporal_id {} spatial_id {}", obu.temporal_id, obu.spatial_id)?;
    }
    writeln!(out, " at byte {}, payload {} bytes", obu.offset, obu.payload.len())
}
