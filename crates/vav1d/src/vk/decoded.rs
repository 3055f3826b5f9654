//! What a decode gives: a picture on the host, or one that is still on the device.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::device::Device;
use super::host_copies::HostRead;
use super::on_device::OnDevice;

use crate::error::Result;
use crate::pixels::{Format, Picture};

/// A decoded picture.
#[derive(Clone, Debug)]
pub enum DecodedPicture {
    /// Its samples are on the host.
    Host(Picture),
    /// It is where it was decoded.
    Device(DevicePicture),
}

impl DecodedPicture {
    /// One that is where it was decoded.
    pub(super) fn on_device(picture: OnDevice) -> Self {
        Self::Device(DevicePicture(Whence::Drawn(Arc::new(picture))))
    }

    /// Its sample format.
    pub fn format(&self) -> Format {
        PictureRef::from(self).format()
    }

    /// Width and height in luma samples: UpscaledWidth and FrameHeight of the frame.
    pub fn size(&self) -> (u32, u32) {
        PictureRef::from(self).size()
    }

    /// Bytes of all its samples on the host.
    pub fn size_bytes(&self) -> usize {
        let (width, height) = self.size();
        self.format().picture_bytes(width, height)
    }

    /// The picture, if it is on the host.
    pub fn host(&self) -> Option<&Picture> {
        match self {
            Self::Host(picture) => Some(picture),
            Self::Device(_) => None,
        }
    }

    /// The picture on the host; one on the device is read, each time.
    ///
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn read(&self) -> Result<Cow<'_, Picture>> {
        PictureRef::from(self).read()
    }

    /// Gives `each` the bytes of [`Picture::data`], from the first to the last, in parts. Where the
    /// host reads a picture in its image, there is no copy of all of it.
    ///
    /// # Errors
    /// Those of `each`, and `Device` if the device fails or does not answer in time.
    pub fn parts(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Self::Device(DevicePicture(Whence::Unread(read))) => read.parts(each),
            other => each(&other.read()?.data),
        }
    }

    /// The same, and it is given up on the device.
    ///
    /// # Errors
    /// As [`DecodedPicture::read`].
    pub fn into_host(self) -> Result<Picture> {
        match self {
            Self::Host(picture) => Ok(picture),
            Self::Device(picture) => picture.read(),
        }
    }
}

impl From<Picture> for DecodedPicture {
    fn from(picture: Picture) -> Self {
        Self::Host(picture)
    }
}

/// A picture on the device that decoded it. Its image is not decoded to again while this is there.
#[derive(Clone)]
pub struct DevicePicture(Whence);

/// What a picture on the device is for.
#[derive(Clone)]
enum Whence {
    /// It can be drawn from.
    Drawn(Arc<OnDevice>),
    /// The host reads it where it is.
    Unread(Arc<HostRead>),
}

impl DevicePicture {
    /// One that the host reads by copies.
    pub(super) fn unread(read: Box<HostRead>) -> Self {
        Self(Whence::Unread(Arc::from(read)))
    }

    /// Its sample format.
    pub fn format(&self) -> Format {
        match &self.0 {
            Whence::Drawn(picture) => picture.format(),
            Whence::Unread(read) => read.plan().format(),
        }
    }

    /// Width and height in luma samples.
    pub fn size(&self) -> (u32, u32) {
        match &self.0 {
            Whence::Drawn(picture) => picture.size(),
            Whence::Unread(read) => read.plan().size(),
        }
    }

    /// Reads its samples.
    ///
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn read(&self) -> Result<Picture> {
        match &self.0 {
            Whence::Drawn(picture) => picture.read(),
            Whence::Unread(read) => read.picture(Vec::new(), &mut Vec::new()),
        }
    }
}

impl fmt::Debug for DevicePicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size();
        write!(f, "{width}x{height}, {:?}, on the device", self.format())
    }
}

/// A picture to draw, wherever it is.
#[derive(Clone, Copy, Debug)]
pub enum PictureRef<'a> {
    /// On the host.
    Host(&'a Picture),
    /// Where it was decoded.
    Device(&'a DevicePicture),
}

impl<'a> PictureRef<'a> {
    /// Its sample format.
    pub fn format(self) -> Format {
        match self {
            Self::Host(picture) => picture.format,
            Self::Device(picture) => picture.format(),
        }
    }

    /// Width and height in luma samples.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Host(picture) => (picture.width, picture.height),
            Self::Device(picture) => picture.size(),
        }
    }

    /// The picture on the host; one on a device is read.
    ///
    /// # Errors
    /// `Device` if the device fails or does not answer in time.
    pub fn read(self) -> Result<Cow<'a, Picture>> {
        match self {
            Self::Host(picture) => Ok(Cow::Borrowed(picture)),
            Self::Device(picture) => Ok(Cow::Owned(picture.read()?)),
        }
    }

    /// The picture on `device`, if it is there.
    pub(super) fn on(self, device: &Arc<Device>) -> Option<Arc<OnDevice>> {
        match self {
            Self::Device(DevicePicture(Whence::Drawn(picture))) if picture.is_of(device) => {
                Some(Arc::clone(picture))
            }
            _ => None,
        }
    }
}

impl<'a> From<&'a Picture> for PictureRef<'a> {
    fn from(picture: &'a Picture) -> Self {
        Self::Host(picture)
    }
}

impl<'a> From<&'a DecodedPicture> for PictureRef<'a> {
    fn from(picture: &'a DecodedPicture) -> Self {
        match picture {
            DecodedPicture::Host(picture) => Self::Host(picture),
            DecodedPicture::Device(picture) => Self::Device(picture),
        }
    }
}
