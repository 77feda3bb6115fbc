//! Ten seconds of pictures and sound to make transport streams of.

use server::deliver::hls::ts::{Audio, Frame, Picture, Program, Video, adts, mux};
use smooth::codec::aac;

/// Ten seconds of 25 pictures and 47 frames of sound a second.
pub(crate) struct Samples {
    program: Program,
    pictures: Vec<Vec<u8>>,
    sound: Vec<Vec<u8>>,
}

impl Samples {
    /// With pictures of `bits` a second.
    pub(crate) fn new(bits: usize) -> Self {
        let config = aac::Config::read_asc(&[0x11, 0x90]).expect("AAC-LC");
        let header = adts::Header::new(&config).expect("AAC-LC");
        let parameter_sets = [0, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1e, 0, 0, 0, 1, 0x68, 0xef].to_vec();
        let mean = bits / 8 / 25;
        let picture = |i: usize| {
            // A key frame every two seconds takes eight times as much as others.
            let len = if i.is_multiple_of(50) { mean * 8 } else { mean * 42 / 49 };
            let mut data = u32::try_from(len).expect("a picture").to_be_bytes().to_vec();
            data.resize(len + 4, if i.is_multiple_of(50) { 0x65 } else { 0x41 });
            data
        };
        Self {
            program: Program {
                video: Some(Video { parameter_sets, nal_length: 4 }),
                audio: Some(Audio { header, language: "eng".to_owned() }),
            },
            pictures: (0..250).map(picture).collect(),
            sound: (0..470).map(|i| vec![0x21; 320 + i % 40]).collect(),
        }
    }

    /// Calls `each` with what makes a segment of them.
    pub(crate) fn with<T>(&self, each: impl FnOnce(&dyn Fn() -> Vec<u8>) -> T) -> T {
        let pictures = (0_u64..).zip(&self.pictures).map(|(i, data)| {
            let (dts, pts) = (900_000 + 3600 * i, 907_200 + 3600 * i);
            Picture { data, dts, pts, sync: i.is_multiple_of(50) }
        });
        let pictures: Vec<_> = pictures.collect();
        let frames = (0_u64..).zip(&self.sound).map(|(i, data)| Frame { data, pts: 900_000 + 1920 * i });
        let frames: Vec<_> = frames.collect();
        each(&|| mux(&self.program, 7, &pictures, &frames, 1_800_000).expect("a segment"))
    }
}
