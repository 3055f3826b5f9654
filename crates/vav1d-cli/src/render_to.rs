//! `vav1d play --render-to`: the player's pictures, drawn without a window, as PNG images.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::exit::Exit;
use super::failure::{Failure, Result};
use vav1d::error::Error;
use vav1d::vk::PictureRef;
use vav1d::vk::render::{self, Canvas, Drawing, Overlay};
use vav1d_play::image::save_rgba;
use vav1d_play::window::{Look, Osd, Presenter, Program, Report, about, luminance, natural};
use vav1d_play::{Event, Frame, Player};

/// Draws every picture of `program` into `path`, a folder, or the first one, if it is an image.
pub(super) fn run(
    path: &Path,
    size: Option<(u32, u32)>,
    look: Look,
    osd: bool,
    program: Program,
    presenter: &Presenter,
) -> Result<Report> {
    let is_image = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    if !is_image {
        let fail = |e| Failure::new(Exit::Output, format!("{}: {e}", path.display()));
        std::fs::create_dir_all(path).map_err(fail)?;
    }
    let (wake, woken) = mpsc::channel();
    // A receiver that is gone needs no waking.
    let wake = Box::new(move || {
        let _gone = wake.send(());
    });
    let mut player = Player::new(program.playlist, program.device, program.options, wake)
        .map_err(Failure::of)?;
    let mut renderer = Renderer { presenter, canvas: None, size, look, osd, on_device: 0 };
    let mut report = Report::default();
    let mut written = 0_u64;
    while woken.recv().is_ok() {
        while let Some(event) = player.try_next() {
            match event {
                Event::Frame(frame) => {
                    let file = match is_image {
                        true => PathBuf::from(path),
                        false => path.join(format!("{written:06}.png")),
                    };
                    renderer.draw(&frame, &file)?;
                    written += 1;
                    report.statistics.presented = written;
                    report.on_device = renderer.on_device;
                    if is_image {
                        return Ok(report);
                    }
                }
                Event::EndOfStream => {
                    report.presenter = renderer.device();
                    return Ok(report);
                }
                Event::Fault(error) => report.faults.push(error),
                Event::Failed(error) => {
                    let (entry, entries) = player.entry();
                    if matches!(error, Error::Device(_)) || entry + 1 >= entries {
                        return Err(Failure::of(error));
                    }
                    report.faults.push(error);
                    player.next_entry();
                }
                Event::Opened(_) | Event::Preview(_) => {}
            }
        }
    }
    Ok(report)
}

struct Renderer<'p> {
    presenter: &'p Presenter,
    canvas: Option<Canvas>,
    size: Option<(u32, u32)>,
    look: Look,
    osd: bool,
    /// Pictures that were drawn from where they were decoded.
    on_device: u64,
}

impl Renderer<'_> {
    fn device(&self) -> String {
        self.presenter.adapters.first().map(|a| a.name.clone()).unwrap_or_default()
    }

    fn draw(&mut self, frame: &Frame, file: &Path) -> Result<()> {
        let size = self.size.unwrap_or_else(|| natural(frame));
        if self.canvas.as_ref().is_none_or(|canvas| canvas.size() != size) {
            self.canvas = Some(self.presenter.canvas(None, size).map_err(Failure::of)?);
        }
        let Some(canvas) = &mut self.canvas else { return Ok(()) };
        let color = &frame.sequence.color_config;
        let (picture, grain) = self.look.picture(frame);
        let (picture, grain) = (PictureRef::from(&*picture), grain.as_deref());
        self.on_device += u64::from(canvas.has(picture));
        let info = if self.osd { about(frame) } else { Vec::new() };
        let image = Osd { info, ..Osd::default() }.image(size);
        let overlay = image.as_ref().map(|(origin, image)| Overlay {
            origin: *origin,
            size: (image.width, image.height),
            pixels: &image.pixels,
        });
        let luminance = luminance(frame, |picture, color| canvas.peak(picture, color));
        let luminance = luminance.map_err(Failure::of)?;
        let drawing = Drawing {
            frame: Some(render::Content { picture, color, luminance, grain }),
            view: self.look.view(frame, size),
            overlay,
        };
        let pixels = canvas.draw(&drawing).map_err(Failure::of)?;
        save_rgba(file, size, pixels).map_err(Failure::output)
    }
}
