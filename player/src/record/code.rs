//! How values are written, as the table in [`record`](super) says.

use smooth::Limits;
use smooth::manifest::Kind;

use crate::engine::{AppendFailure, Failure, Range, RequestId, Settings};

/// A value that can be written and read.
pub(super) trait Code<'a>: Sized {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes it from the front of `input`; `None` if it is not there.
    fn read(input: &mut &'a [u8]) -> Option<Self>;
}

impl Code<'_> for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let mut value = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            value |= Self::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

macro_rules! whole {
    ($($type:ty),*) => {$(
        impl Code<'_> for $type {
            fn write(&self, out: &mut Vec<u8>) {
                (*self as u64).write(out);
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                u64::read(input)?.try_into().ok()
            }
        }
    )*};
}

whole!(u8, u16, u32, usize);

impl Code<'_> for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = input.split_first_chunk()?;
        *input = rest;
        Some(Self::from_le_bytes(*bytes))
    }
}

impl<'a> Code<'a> for &'a [u8] {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        out.extend_from_slice(self);
    }

    fn read(input: &mut &'a [u8]) -> Option<Self> {
        let count = usize::read(input)?;
        let (bytes, rest) = input.split_at_checked(count)?;
        *input = rest;
        Some(bytes)
    }
}

impl<'a> Code<'a> for &'a str {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_bytes().write(out);
    }

    fn read(input: &mut &'a [u8]) -> Option<Self> {
        core::str::from_utf8(Code::read(input)?).ok()
    }
}

impl Code<'_> for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        <&str>::read(input).map(Self::from)
    }
}

impl<'a, T: Code<'a>> Code<'a> for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut &'a [u8]) -> Option<Self> {
        Some(if bool::read(input)? { Some(T::read(input)?) } else { None })
    }
}

impl<'a, T: Code<'a>> Code<'a> for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        list(self, out);
    }

    fn read(input: &mut &'a [u8]) -> Option<Self> {
        let count = usize::read(input)?;
        // No memory by an announced count: every element is at least a byte that has to be there.
        (count <= input.len()).then_some(())?;
        (0..count).map(|_| T::read(input)).collect()
    }
}

/// Appends a list.
pub(super) fn list<'a, T: Code<'a>>(values: &[T], out: &mut Vec<u8>) {
    values.len().write(out);
    for value in values {
        value.write(out);
    }
}

/// Enumerations: a tag, and the value that goes with it, if there is one.
macro_rules! tagged {
    ($type:ty { $($tag:literal = $variant:ident $(($value:ident))?),* }) => {
        impl Code<'_> for $type {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($value))? => {
                        out.push($tag);
                        $($value.write(out);)?
                    })*
                }
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                Some(match u8::read(input)? {
                    $($tag => {
                        $(let $value = Code::read(input)?;)?
                        Self::$variant $(($value))?
                    })*
                    _ => return None,
                })
            }
        }
    };
}

tagged!(Kind { 0 = Video, 1 = Audio, 2 = Text });
tagged!(Failure { 0 = Http(status), 1 = Network, 2 = Timeout, 3 = Malformed });
tagged!(AppendFailure { 0 = Quota, 1 = Decode, 2 = Closed });

impl Code<'_> for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push((*self).into());
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        match u8::read(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Code<'_> for RequestId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        u32::read(input).map(Self)
    }
}

/// Structures: every field, in this order.
macro_rules! fields {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$(
        impl Code<'_> for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.write(out);)*
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Code::read(input)?),* })
            }
        }
    )*};
}

fields! {
    Range { start, end }
    Settings {
        buffer_goal, back_buffer, live_delay, target_latency,
        initial_throughput, max_bitrate, cap_to_viewport,
        change_type, clip, key_frames, audio, captions,
        timeout, backoff, max_backoff, retries, limits,
    }
    Limits {
        xml_bytes, xml_depth, streams, levels, chunks,
        header_bytes, moof_bytes, fragment_bytes, samples,
        look_ahead, cues, keys,
    }
}
