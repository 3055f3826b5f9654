//! Project tasks, run as `cargo xtask <task>`.

mod api;
mod bench;
mod build;
mod ci;
mod clients;
mod conformance;
mod containers;
mod deny;
mod dist;
mod drivers;
mod fuzz;
mod grain;
mod metadata;
mod msrv;
mod mutate;
mod powerset;
mod publish;
mod remux;
mod rewrite;
mod soak;
mod streams;
mod suites;
mod tidy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Project tasks")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that CI checks: formatting, clippy, build, tests, documentation, tidy, vectors
    Ci,
    /// What no compiler checks: layers, sizes of files, unsafe code, documents
    Tidy,
    /// Conformance vectors (Fluster layout) and broken streams through `vav1d md5` on softvk
    Conformance {
        /// The folder of `test_suites`, `resources` and `hostile`
        dir: PathBuf,
        /// Vectors at a time
        #[arg(short, long, default_value_t = 2)]
        jobs: usize,
        /// A configuration of softvk
        #[arg(long, default_value = "")]
        config: String,
        /// The program; without it, it is built
        #[arg(long)]
        program: Option<PathBuf>,
        /// Arguments for each vector
        #[arg(last = true)]
        extra: Vec<String>,
    },
    /// Other programs (vulkaninfo, ffmpeg, mpv, the validation layer, GStreamer, Fluster) on softvk,
    /// from a Debian sid chroot; what its checker says of them
    Clients {
        /// Some of them
        #[arg(long, value_delimiter = ',', default_values = clients::ALL)]
        only: Vec<String>,
        /// Words of softvk's configuration, beside those that a client needs
        #[arg(long, default_value = "")]
        config: String,
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// Streams, or folders of them
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// Streams that ffmpeg, mkvmerge and GStreamer put into Matroska, WebM and MP4 in twenty ways decode
    /// to the same pictures, from files and pipes
    Remux {
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// The program; without it, it is built
        #[arg(long)]
        program: Option<PathBuf>,
        /// Streams, or folders of them
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// Streams in other forms, by changes drawn at random, decode to the pictures that were predicted:
    /// by dav1d, aomdec (of a Debian sid chroot) and vav1d on softvk
    Rewrite {
        /// Streams to make
        #[arg(long, default_value_t = 500)]
        count: u64,
        /// Which
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// At a time
        #[arg(short, long, default_value_t = 2)]
        jobs: usize,
        /// Some of the changes
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Changes of pictures too: the three agree with each other then
        #[arg(long)]
        altering: bool,
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// The program; without it, it is built
        #[arg(long)]
        program: Option<PathBuf>,
        /// An argument of `vav1d md5` more, such as --validate
        #[arg(long, allow_hyphen_values = true)]
        extra: Vec<String>,
        /// Streams, or folders of them
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// A suite of streams in other forms, in Fluster's form: MD5s on which dav1d, aomdec (of a Debian
    /// sid chroot) and vav1d agree, and a table of what it exercises
    RewriteSuite {
        /// Where it goes; must not be there
        folder: PathBuf,
        /// Streams
        #[arg(long, default_value_t = 200)]
        count: u32,
        /// Which
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Suites that the table compares with
        #[arg(long)]
        vectors: Vec<PathBuf>,
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// The program; without it, it is built
        #[arg(long)]
        program: Option<PathBuf>,
        /// Streams, or folders of them
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// Files in which one element is changed at random, and files that end anywhere: what ffmpeg
    /// plays, plays, from files and pipes, and what is missing is said
    Containers {
        /// Changed files
        #[arg(default_value_t = 300)]
        count: usize,
        /// Which
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Cuts of each file
        #[arg(long, default_value_t = 0)]
        cuts: usize,
        /// Names of the files that are changed or cut; all of samples/containers, and more
        #[arg(long, value_delimiter = ',')]
        files: Vec<String>,
        /// The program that is compared with
        #[arg(long, default_value = "ffmpeg")]
        ffmpeg: PathBuf,
        /// The program; without it, it is built
        #[arg(long)]
        program: Option<PathBuf>,
    },
    /// The stock drivers of chips that are not here, by `vav1d sim`: every stream runs, every session
    /// shape is the same to the driver, planted faults show; with --tools from a Debian sid chroot,
    /// compared with ffmpeg
    RealDrivers {
        /// The chips; without it all that `vav1d sim` knows
        #[arg(long, value_delimiter = ',')]
        chips: Vec<String>,
        /// The folder of the wrappers that samples/peers.sh writes; without it this machine's drivers
        #[arg(long)]
        tools: Option<PathBuf>,
        /// Run under the validation layer
        #[arg(long)]
        validate: bool,
        /// The manifest of the driver, of all chips that are named, and no installed one
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
        /// The program, with libdrm_sim.so beside it; without it, both are built
        #[arg(long)]
        program: Option<PathBuf>,
        /// Streams, or folders of them
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// Film grain on a GPU against the host's and dav1d's, and tables through aomenc and SVT-AV1,
    /// from a Debian sid chroot
    FilmGrain {
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// Streams, or folders of them; those without film grain are passed over
        #[arg(default_value = "samples")]
        streams: Vec<PathBuf>,
    },
    /// The targets of fuzz/ under libFuzzer, with a stable compiler
    Fuzz {
        /// Targets; without any, all of them
        targets: Vec<String>,
        /// Seconds for each
        #[arg(long, default_value_t = 1800)]
        seconds: u64,
        /// With AddressSanitizer, by rustup's toolchain `nightly`
        #[arg(long)]
        address: bool,
    },
    /// Damaged streams through `vav1d md5`, in children and in one process
    Mutate {
        /// Streams
        #[arg(default_value_t = 2000)]
        count: usize,
        /// Which streams
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The same over and over, and at once: one answer, and no growth of memory
    Soak {
        /// Rounds of several processes and sessions at once
        #[arg(default_value_t = 200)]
        rounds: usize,
        /// Seconds of the loop
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// vav1d beside dav1d and ffmpeg from a Debian sid chroot; writes docs/benchmarks.md
    Bench {
        /// The folder of the wrappers that samples/peers.sh writes
        #[arg(long, default_value = "target/sid.bin")]
        tools: PathBuf,
        /// Runs of each program
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Some ratios only, beside those of the document, in under two minutes; writes nothing
        #[arg(long)]
        quick: bool,
        /// Decoding with 1, 2, 4, 8 and 16 threads alone, as far as there are cores, in under five
        /// minutes; writes nothing
        #[arg(long, conflicts_with = "quick")]
        cores: bool,
    },
    /// Packages: an archive, a .deb, the symbols apart; programs and drivers, manifest, man pages,
    /// completions
    Dist {
        /// Where to
        #[arg(default_value = "target/packages")]
        dir: PathBuf,
        /// The folder of programs and libraries that are built; without it they are
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Builds the program for this machine, with assembly where `nasm` is at hand, and installs it
    /// with its driver, man pages and completions below a prefix
    Install {
        /// The prefix, a folder with `bin`
        #[arg(default_value = "/usr/local")]
        prefix: PathBuf,
    },
    /// A .deb in chroots of Debian's suites: installed, used, removed without a trace (root and
    /// debootstrap needed)
    DebCheck {
        /// The package
        deb: PathBuf,
        /// The suites
        #[arg(long, value_delimiter = ',', default_values = ["bookworm", "trixie", "sid"])]
        suites: Vec<String>,
        /// Leave the chroots for another time
        #[arg(long)]
        keep: bool,
    },
    /// What of the libraries' public items is gone or changed since a commit: a release tells it
    Api {
        /// The commit, or the tag of a release
        #[arg(default_value = "HEAD")]
        since: String,
        /// A difference is an error
        #[arg(long)]
        strict: bool,
    },
    /// The workspace's rust-version, with the compiler of a Debian suite (root and debootstrap
    /// needed)
    Msrv {
        /// The suite
        #[arg(long, default_value = "trixie")]
        suite: String,
        /// Run the unit tests too
        #[arg(long)]
        tests: bool,
        /// Leave the chroot for another time
        #[arg(long)]
        keep: bool,
    },
    /// Licences, sources and doubles of the crates that are built, by deny.toml
    Deny,
    /// clippy over every set of features of the program
    Powerset {
        /// Of every package
        #[arg(long)]
        every: bool,
    },
    /// Whether every package can be published; builds them as they would be with --build
    Publish {
        /// Build each from its own archive
        #[arg(long)]
        build: bool,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    std::env::set_current_dir(root())?;
    match Args::parse().task {
        Task::Api { since, strict } => api::run(&since, strict),
        Task::Ci => ci::run(),
        Task::Tidy => tidy::run(&root()),
        Task::Conformance { dir, jobs, config, program, extra } => {
            let program = program.map_or_else(build::release, Ok)?;
            conformance::run(&program, &dir, jobs, &config, &extra)?;
            let hostile = dir.join("hostile");
            if hostile.is_dir() {
                conformance::hostile(&program, &hostile, &extra)?;
            }
            Ok(())
        }
        Task::Fuzz { targets, seconds, address } => fuzz::run(&targets, seconds, address),
        Task::Mutate { count, seed } => mutate::run(count, seed),
        Task::Soak { rounds, seconds } => soak::run(rounds, seconds),
        Task::Bench { tools, quick: true, .. } => bench::quick(&tools),
        Task::Bench { tools, runs, cores: true, .. } => bench::cores(&tools, runs),
        Task::Bench { tools, runs, .. } => bench::run(&tools, runs),
        Task::Clients { only, config, tools, streams } => {
            clients::run(&tools, &only, &config, &streams)
        }
        Task::Containers { count, seed, cuts, files, ffmpeg, program } => {
            let program = program.map_or_else(build::release, Ok)?;
            containers::run(&containers::Wanted { program, ffmpeg, count, seed, cuts, files })
        }
        Task::Remux { tools, program, streams } => {
            let program = program.map_or_else(build::release, Ok)?;
            remux::run(&program, &tools, &streams)
        }
        Task::Rewrite { count, seed, jobs, only, altering, tools, program, extra, streams } => {
            let program = program.map_or_else(build::release, Ok)?;
            let judges = rewrite::Judges { program, tools, extra };
            let wanted = rewrite::Wanted { judges, count, seed, jobs, only, altering };
            rewrite::run(&wanted, &streams)
        }
        Task::RewriteSuite { folder, count, seed, vectors, tools, program, streams } => {
            let program = program.map_or_else(build::release, Ok)?;
            let judges = rewrite::Judges { program, tools, extra: Vec::new() };
            let wanted = rewrite::suite::Wanted { judges, folder, count, seed, vectors };
            rewrite::suite::run(&wanted, &streams)
        }
        Task::RealDrivers { chips, tools, validate, manifest, program, streams } => {
            let program = program.map_or_else(build::release, Ok)?;
            let with = drivers::With { tools, validate, manifest };
            drivers::run(&program, &chips, &with, &streams)
        }
        Task::FilmGrain { tools, streams } => grain::run(&build::release()?, &tools, &streams),
        Task::Dist { dir, programs } => dist::run(&dir, programs.as_deref()),
        Task::Install { prefix } => dist::install(&prefix),
        Task::DebCheck { deb, suites, keep } => dist::check::run(&deb, &suites, keep),
        Task::Msrv { suite, tests, keep } => msrv::run(&suite, tests, keep),
        Task::Deny => deny::run(&root()),
        Task::Powerset { every } => powerset::run(every),
        Task::Publish { build } => publish::run(build),
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// A line for people.
fn say(text: &str) {
    // Nobody listens any more: nothing to do.
    let _closed = writeln!(std::io::stderr(), "{text}");
}
