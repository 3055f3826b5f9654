//! Why one frame could not be reconstructed. A fault concerns that frame only; the session lives.

/// What went wrong with a decode operation, as precisely as the driver can tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The session's video profile is none that AV1 has.
    #[error("no AV1 stream has this profile: {0}")]
    Profile(&'static str),
    /// The sequence header contradicts the session's video profile.
    #[error("the sequence header contradicts the session's profile: {0}")]
    ProfileMismatch(&'static str),
    /// A structure that a frame cannot do without is NULL.
    #[error("{0} is NULL")]
    MissingStruct(&'static str),
    /// `frame_type` is none of AV1's four.
    #[error("frame_type {0} does not exist")]
    FrameType(u32),
    /// `codedExtent` is empty or beyond what the decoder takes.
    #[error("a coded extent of {width}x{height} cannot be decoded")]
    FrameSize {
        /// Luma samples.
        width: u32,
        /// Luma samples.
        height: u32,
    },
    /// The tile structure cannot be written as `tile_info()`, spec 5.9.15.
    #[error("tile_info() cannot be written: {0}")]
    TileInfo(&'static str),
    /// `tileCount` is not `TileCols * TileRows`.
    #[error("{given} tiles were given, TileCols * TileRows is {expected}")]
    TileCount {
        /// `TileCols * TileRows`.
        expected: usize,
        /// Tiles in the job.
        given: usize,
    },
    /// A tile has no byte, or the tiles together are more than an OBU can hold.
    #[error("tile {tile} has {bytes} bytes")]
    TileSize {
        /// Index of the tile.
        tile: usize,
        /// Its size.
        bytes: usize,
    },
    /// A reference name has no picture behind it that was decoded and is still there.
    #[error("reference name {name} (slot {slot}) has no valid picture")]
    ReferenceMissing {
        /// 1 is LAST_FRAME, 7 is ALTREF_FRAME.
        name: usize,
        /// The entry of `referenceNameSlotIndices`.
        slot: i32,
    },
    /// A reference was given up, as more pictures may be referred to than can be held.
    #[error("a reference picture was given up: more are in use than can be held")]
    ReferenceLost,
    /// A reference is too large or too small for the frame, spec 7.9.2 and 5.9.7.
    #[error("reference name {name} has a size that the frame cannot refer to")]
    ReferenceScale {
        /// 1 is LAST_FRAME, 7 is ALTREF_FRAME.
        name: usize,
    },
    /// The setup slot is not a slot of this session.
    #[error("setup slot {0} does not exist")]
    SetupSlot(u32),
    /// A value has no coding in AV1, whatever the header says otherwise.
    #[error("{element} cannot be coded (spec {section})")]
    Inexpressible {
        /// Name of the syntax element.
        element: &'static str,
        /// Section of the AV1 specification.
        section: &'static str,
    },
    /// Film grain parameters that no stream can carry, spec 6.8.20.
    #[error("film grain parameters are invalid: {0}")]
    FilmGrain(&'static str),
    /// The decoder could not be opened.
    #[error("the decoder could not be opened: {0}")]
    Open(String),
    /// The decoder refused the frame.
    #[error("the decoder refused the frame: {0}")]
    Decoder(String),
    /// The samples of a reference picture cannot be replaced.
    #[error("a reference picture cannot be overwritten: it {0}")]
    Overwrite(&'static str),
    /// The decoder took the frame and gave no picture, or a picture of another frame.
    #[error("the decoder gave no picture")]
    NoPicture,
    /// The decoder panicked; it was replaced, and all slots are invalid.
    #[error("the decoder panicked")]
    Panicked,
}
