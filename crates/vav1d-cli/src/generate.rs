//! `vav1d generate`: the man pages and shell completions, from the clap definition.

use std::io::Write;
use std::path::Path;

use clap_complete::Shell;

use super::args::{Generate, GenerateArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::select::{Devices, uuid_text};
use super::shape::ShapeArgs;
use super::sim_args::CHIPS;
use super::{man, output, page};
use vav1d::vk::{InstanceOptions, PlantedFault, configurations};

pub(super) fn run(args: &GenerateArgs) -> Result<Exit> {
    if let Some(folder) = &args.dir {
        return match args.what {
            Generate::Man => pages(folder),
            _ => Err(Failure::new(Exit::Usage, "--dir is for man pages")),
        };
    }
    let text = match args.what {
        Generate::Man => {
            let definition = page::definition();
            let page = page::program(&definition);
            man::text(&page, &names(&page))
        }
        Generate::Bash => completions(Shell::Bash),
        Generate::Zsh => completions(Shell::Zsh),
        Generate::Fish => completions(Shell::Fish),
        Generate::Powershell => completions(Shell::PowerShell),
        Generate::Devices => devices(),
        Generate::Shapes => ShapeArgs::single().map(|shape| shape + "\n").collect(),
        Generate::Chips => CHIPS.map(|chip| format!("{chip}\n")).concat(),
        Generate::Plants => PlantedFault::names().map(|name| format!("{name}@0\n")).collect(),
    };
    let mut out = output::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}

/// The program and its commands.
fn names(program: &page::Page) -> Vec<String> {
    let commands = program.commands.iter().map(|(name, _)| format!("vav1d {name}"));
    std::iter::once("vav1d".to_owned()).chain(commands).collect()
}

/// One page for the program, and one for each command.
fn pages(folder: &Path) -> Result<Exit> {
    let definition = page::definition();
    let program = page::program(&definition);
    let names = names(&program);
    let commands = definition.get_subcommands().filter(|sub| sub.get_name() != "help");
    let all = std::iter::once(program).chain(commands.map(page::command));
    for page in all {
        let path = folder.join(format!("{}.1", man::title(&page.name)));
        std::fs::write(&path, man::text(&page, &names))
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
    }
    Ok(Exit::Done)
}

/// What --device takes on this machine, a line each.
fn devices() -> String {
    let mut words: Vec<String> = ["auto", "system", "soft"].map(str::to_owned).into();
    if let Ok(devices) = Devices::all(InstanceOptions::default(), None) {
        words.extend(devices.list.iter().map(|device| uuid_text(&device.adapter)));
    }
    let (_, personalities) = configurations();
    words.extend(personalities.iter().map(|(name, _)| format!("soft:{name}")));
    words.iter().map(|word| format!("{word}\n")).collect()
}

/// A shell's completions: what --device and --plant take is asked of the program.
fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut page::definition(), "vav1d", &mut text);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for (option, values, name) in
        [("device", "devices", "DEVICE"), ("plant", "plants", "NAME@FRAME")]
    {
        let list = format!("$(vav1d generate {values} 2>/dev/null)");
        text = match shell {
            Shell::Bash => bash(&text, option, &list),
            Shell::Zsh => text.replace(
                &format!("]:{name}:_default'"),
                &format!("]:{name}:{{compadd -- {list}}}'"),
            ),
            Shell::Fish => {
                let end = format!(" -l {option} -d ");
                let asked = format!(" -f -a '(vav1d generate {values} 2>/dev/null)'");
                let line = |line: &str| match line.contains(&end) && line.ends_with(" -r") {
                    true => format!("{line}{asked}\n"),
                    false => format!("{line}\n"),
                };
                text.lines().map(line).collect()
            }
            _ => text,
        };
    }
    text
}

/// In bash's script, the line below `--OPTION)` that says what may follow.
fn bash(text: &str, option: &str, list: &str) -> String {
    let case = format!("--{option})");
    // A colon ends a word for bash, which then would put what stands before it there twice.
    let reply = format!(
        "COMPREPLY=($(compgen -W \"{list}\" -- \"${{cur}}\"))\n                    \
         COMP_WORDBREAKS=${{COMP_WORDBREAKS//:}}"
    );
    let mut lines = Vec::new();
    let mut is_next = false;
    for line in text.lines() {
        let margin: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        lines.push(match is_next {
            true => format!("{margin}{reply}"),
            false => line.to_owned(),
        });
        is_next = line.trim() == case;
    }
    lines.join("\n") + "\n"
}
