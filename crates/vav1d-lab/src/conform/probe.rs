//! The judged device, asked in a process of its own: a driver that crashes when it is loaded is
//! said to, once.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::child::{self, End, Limits, Talk};

/// What is known of the judged device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// Name and version of its driver.
    pub driver_name: String,
    /// More about the driver.
    pub driver_info: String,
    /// Vulkan's version.
    pub api_version: String,
    /// Its deviceUUID in hexadecimal.
    pub uuid: String,
    /// It is softvk inside this program.
    pub is_embedded: bool,
    /// Something other than the CPU does the work.
    pub is_hardware: bool,
}

/// Why there is no device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDevice {
    /// The program said so, and ended with this exit code.
    Said(i32, String),
    /// Its driver ended the process, or did not answer.
    Died(String),
    /// The user interrupted.
    Interrupted,
}

/// Asks `program` for the device that `wish` names, under the validation layer with `validate`. No
/// other device takes its place.
///
/// # Errors
/// There is none, or it cannot be asked.
pub fn probe(
    program: &Path,
    wish: &str,
    validate: bool,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    let option = validate.then_some("--validate");
    ask(program, wish, option, timeout, stop)
}

/// The same of a device that is opened, too.
///
/// # Errors
/// It cannot be opened, or asked.
pub(super) fn opens(
    program: &Path,
    wish: &str,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    ask(program, wish, Some("--opened"), timeout, stop)
}

fn ask(
    program: &Path,
    wish: &str,
    option: Option<&str>,
    timeout: Duration,
    stop: &AtomicBool,
) -> Result<Probe, NoDevice> {
    let mut command = child::command(program);
    command.args(["-q", "caps", "--judged", "--device", wish]).args(option);
    let limits = Limits { silence: timeout, all: timeout };
    let died = |e: std::io::Error| NoDevice::Died(e.to_string());
    let mut talk = Talk::start(command, None).map_err(died)?;
    let (end, told) = talk.listen(limits, stop, &mut |_| {}).map_err(died)?;
    let device = told.others.iter().find(|record| record["type"] == "device");
    let fault = told.faults.first().map(|(_, text)| text.clone());
    match (end, device, fault) {
        (End::Exit(0), Some(device), None) => {
            let data = &device["data"];
            let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
            Ok(Probe {
                name: text("name"),
                driver_name: text("driver_name"),
                driver_info: text("driver_info"),
                api_version: text("api_version"),
                uuid: text("uuid"),
                is_embedded: data["embedded"].as_bool().unwrap_or(false),
                is_hardware: data["hardware"].as_bool().unwrap_or(false),
            })
        }
        (End::Interrupted, ..) => Err(NoDevice::Interrupted),
        (End::Exit(code), _, Some(why)) if code != 0 => Err(NoDevice::Said(code, why)),
        (End::Signal(signal), ..) => {
            Err(NoDevice::Died(format!("the process died of signal {signal}")))
        }
        (End::Late, ..) => {
            Err(NoDevice::Died(format!("no answer within {} s", timeout.as_secs_f64())))
        }
        (End::Exit(code), ..) => {
            Err(NoDevice::Died(format!("the process ended with exit code {code}, without a word")))
        }
    }
}
