//! Packets of 188 bytes, ITU-T H.222.0 2.4.3.2 to 2.4.3.5.
//!
//! ```text
//! 47 │ pusi, PID │ control, counter │ [adaptation field] │ payload
//!                                     length │ flags │ [PCR] │ FF …
//! ```

/// Bytes of a packet.
pub(super) const SIZE: usize = 188;

/// Bytes of a packet behind its header.
const ROOM: usize = 184;

/// One elementary stream, and how many packets it has had.
pub(super) struct Pid {
    pid: u16,
    packets: usize,
}

/// What the adaptation field of the first packet of an access unit says.
pub(super) struct Start {
    /// In 90 kHz.
    pub(super) pcr: Option<u64>,
    pub(super) random_access: bool,
}

/// Packets in order.
pub(super) struct Packets {
    out: Vec<u8>,
}

/// The payload of one access unit, put into packets as it comes.
pub(super) struct Payload<'a> {
    out: &'a mut Vec<u8>,
    pid: &'a mut Pid,
    start: Option<Start>,
    /// Bytes that are still to come.
    left: usize,
    /// Packets that are still to be begun.
    packets: usize,
    /// Bytes that the current packet takes.
    room: usize,
}

impl Pid {
    pub(super) const fn new(pid: u16) -> Self {
        Self { pid, packets: 0 }
    }

    /// Header of a packet. The counter goes up with every packet that has a payload.
    const fn header(&self, begins: bool, control: u8, counter: usize) -> [u8; 4] {
        let [high, low] = self.pid.to_be_bytes();
        [0x47, (begins as u8) << 6 | high, low, control | (counter & 15) as u8]
    }
}

impl Packets {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// One packet with a table, which has to fit.
    pub(super) fn section(&mut self, pid: u16, counter: u8, section: &[u8]) {
        let end = self.out.len() + SIZE;
        self.out.extend_from_slice(&Pid::new(pid).header(true, PAYLOAD, counter.into()));
        self.out.push(0); // pointer_field: the section begins here
        self.out.extend_from_slice(section);
        self.out.resize(end, 0xff);
    }

    /// One packet with nothing but a PCR; the counter stays where it is.
    pub(super) fn time(&mut self, pid: &Pid, pcr: u64) {
        self.out.extend_from_slice(&pid.header(false, FIELD, pid.packets.wrapping_sub(1)));
        let start = Start { pcr: Some(pcr), random_access: false };
        field(&mut self.out, Some(&start), ROOM - start.len());
    }

    /// Begins an access unit of `len` bytes, PES header and all. The `last` one of a segment takes more
    /// packets than it needs, so that their number in the segment is a multiple of sixteen.
    pub(super) fn pes<'a>(
        &'a mut self,
        pid: &'a mut Pid,
        start: Start,
        len: usize,
        last: bool,
    ) -> Payload<'a> {
        let mut packets = 1 + len.saturating_sub(ROOM - start.len()).div_ceil(ROOM);
        if last {
            packets += (16 - (pid.packets + packets) % 16) % 16;
        }
        Payload { out: &mut self.out, pid, start: Some(start), left: len, packets, room: 0 }
    }
}

impl Payload<'_> {
    /// Adds `data`.
    pub(super) fn put(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if self.room == 0 {
                if self.start.is_none() {
                    data = self.whole_packets(data);
                }
                self.begin();
            }
            let (head, rest) = data.split_at(self.room.min(data.len()));
            self.out.extend_from_slice(head);
            self.room -= head.len();
            data = rest;
        }
    }

    /// Packets with nothing but payload, as many as `data` fills; returns what is left of it.
    fn whole_packets<'d>(&mut self, data: &'d [u8]) -> &'d [u8] {
        // One packet stays for `begin`, and every one after it wants a byte.
        let spare = self.left.saturating_sub(self.packets) / (ROOM - 1);
        let count = (data.len().saturating_sub(1) / ROOM).min(spare).min(self.packets.saturating_sub(1));
        let (whole, rest) = data.split_at(count * ROOM);
        for payload in whole.chunks_exact(ROOM) {
            self.out.extend_from_slice(&self.pid.header(false, PAYLOAD, self.pid.packets));
            self.out.extend_from_slice(payload);
            self.pid.packets += 1;
        }
        self.packets -= count;
        self.left -= whole.len();
        rest
    }

    /// Begins a packet: as full as can be with a byte for each of those after it.
    fn begin(&mut self) {
        let start = self.start.take();
        let room = ROOM - start.as_ref().map_or(0, Start::len);
        self.packets = self.packets.saturating_sub(1);
        let payload = self.left.saturating_sub(self.packets).min(room);
        let control = if payload < ROOM { FIELD | PAYLOAD } else { PAYLOAD };
        self.out.extend_from_slice(&self.pid.header(start.is_some(), control, self.pid.packets));
        if payload < ROOM {
            field(self.out, start.as_ref(), room - payload);
        }
        self.pid.packets += 1;
        self.left -= payload;
        self.room = payload;
    }
}

impl Start {
    /// Bytes of the adaptation field that says it.
    const fn len(&self) -> usize {
        match (self.pcr, self.random_access) {
            (Some(_), _) => 8,
            (None, true) => 2,
            (None, false) => 0,
        }
    }
}

/// An adaptation field, 2.4.3.4, with `stuffing` bytes more than it needs.
fn field(out: &mut Vec<u8>, start: Option<&Start>, stuffing: usize) {
    let len = start.map_or(0, Start::len) + stuffing;
    let end = out.len() + len;
    out.push((len - 1) as u8);
    if len > 1 {
        let pcr = start.and_then(|s| s.pcr);
        let random_access = start.is_some_and(|s| s.random_access);
        out.push(u8::from(random_access) << 6 | u8::from(pcr.is_some()) << 4);
        if let Some(pcr) = pcr {
            // 33 bits, 6 reserved ones, 9 bits of the extension.
            let bits = (pcr & TIME_BITS) << 15 | 0x7e00;
            out.extend_from_slice(&bits.to_be_bytes()[2..]);
        }
    }
    out.resize(end, 0xff);
}

/// PTS, DTS and PCR have 33 bits.
pub(super) const TIME_BITS: u64 = (1 << 33) - 1;

/// `adaptation_field_control`
const PAYLOAD: u8 = 0x10;
const FIELD: u8 = 0x20;
