//! std_picture.
