//! SMIL documents: `.isml` definitions and the live server manifest of a push stream.
