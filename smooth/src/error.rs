//! Why input could not be read.

use core::fmt;

/// Why a piece of input could not be read. `Copy`: no allocation, and cheap in Wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// The data ends before the field does; more of it may be on its way.
    Incomplete {
        /// What was being read: a box type, an element or attribute name.
        what: &'static str,
    },
    /// The input breaks a rule of the format. More bytes never cure it.
    Invalid {
        /// What was being read: a box type, an element or attribute name.
        what: &'static str,
        /// The rule that was broken, as a short sentence part.
        rule: &'static str,
    },
    /// The input is larger than one of our own [`Limits`](crate::Limits), which protect memory and time.
    Limit {
        /// The field of [`Limits`](crate::Limits) that was reached.
        what: &'static str,
        /// Its value.
        max: u64,
    },
    /// The input is sound but asks for something this implementation does not do.
    Unsupported {
        /// What was being read.
        what: &'static str,
        /// What is not supported, as a short sentence part.
        rule: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Incomplete { what } => write!(f, "{what} is cut short"),
            Self::Invalid { what, rule } => write!(f, "{what} is invalid: {rule}"),
            Self::Limit { what, max } => write!(f, "the limit {what} ({max}) is exceeded"),
            Self::Unsupported { what, rule } => write!(f, "{what} is not supported: {rule}"),
        }
    }
}

impl core::error::Error for Error {}
