//! `vav1d generate`: the man page and shell completions, from the clap definition.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Cli, Generate, GenerateArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output;

pub(super) fn run(args: &GenerateArgs) -> Result<Exit> {
    let shell = match args.what {
        Generate::Man => None,
        Generate::Bash => Some(Shell::Bash),
        Generate::Zsh => Some(Shell::Zsh),
        Generate::Fish => Some(Shell::Fish),
        Generate::Powershell => Some(Shell::PowerShell),
    };
    if let Some(folder) = &args.dir {
        if shell.is_some() {
            return Err(Failure::new(Exit::Usage, "--dir is for man pages"));
        }
        // One for the program, and one for each command, with the options of all.
        return clap_mangen::generate_to(Cli::command(), folder)
            .map(|()| Exit::Done)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", folder.display())));
    }
    let mut out = output::stdout();
    let mut text = Vec::new();
    match shell {
        Some(shell) => clap_complete::generate(shell, &mut Cli::command(), "vav1d", &mut text),
        None => man(&mut text).map_err(Failure::output)?,
    }
    out.write_all(&text).and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}

/// One page: the command, then a section for each of its commands.
fn man(out: &mut Vec<u8>) -> std::io::Result<()> {
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands() {
        let name = sub.get_name().to_owned();
        let page = clap_mangen::Man::new(sub.clone());
        writeln!(out, ".SH \"{}\"", name.to_uppercase())?;
        page.render_description_section(out)?;
        page.render_options_section(out)?;
    }
    Ok(())
}
