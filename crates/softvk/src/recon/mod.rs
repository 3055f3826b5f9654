//! Reconstruction: Std structures become normalised OBUs, `re_rav1d` makes pictures of them.
