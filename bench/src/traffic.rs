//! People who look at pages: what their browsers send, and what WordPress tells of its answers.

use qahm_event::Kind;

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// Number of the visitor, below 2^24.
    pub(crate) visitor: u32,
    pub(crate) view: u64,
    pub(crate) sequence: u32,
    pub(crate) page: u32,
    /// The page whose link was followed (of a view).
    pub(crate) from: Option<u32>,
    /// After a click on a link of the site (of a leave).
    pub(crate) link: bool,
}

/// What a visitor looks at.
#[derive(Debug, Clone, Default)]
struct Looking {
    view: u64,
    page: u32,
    sequence: u32,
    /// The view has not been left.
    open: bool,
}

/// How many events of each kind there were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) views: u64,
    pub(crate) beats: u64,
    pub(crate) leaves: u64,
    pub(crate) requests: u64,
}

/// Random, and the same in every run.
pub(crate) struct Traffic {
    visitors: Vec<Looking>,
    pages: u32,
    seed: u64,
    pub(crate) counts: Counts,
}

impl Traffic {
    pub(crate) fn new(visitors: usize, pages: u32) -> Self {
        Self { visitors: vec![Looking::default(); visitors], pages, seed: 1, counts: Counts::default() }
    }

    /// 55 % beats, 20 % views, 15 % leaves, 10 % requests. A beat or leave is of somebody who has a page open: while
    /// nobody has, it becomes a view.
    pub(crate) fn next(&mut self) -> Event {
        let visitor = self.random(self.visitors.len() as u32);
        match self.random(100) {
            0..55 => self.with_open(visitor, Kind::Beat),
            55..75 => self.view(visitor),
            75..90 => self.with_open(visitor, Kind::Leave),
            _ => self.request(visitor),
        }
    }

    /// A visitor opens a page; by a link, where one is open or was just left.
    pub(crate) fn view(&mut self, visitor: u32) -> Event {
        let page = self.random(self.pages);
        let view = self.number();
        let now = Looking { view, page, sequence: 0, open: true };
        let before = self.visitors.get_mut(visitor as usize).map(|place| std::mem::replace(place, now));
        let from = before.filter(|before| before.view != 0).map(|before| before.page);
        self.counts.views += 1;
        Event { kind: Kind::View, visitor, view, sequence: 0, page, from, link: false }
    }

    /// A visitor leaves the page it has open, if any.
    pub(crate) fn leave(&mut self, visitor: u32) -> Option<Event> {
        self.go_on(visitor, Kind::Leave)
    }

    fn with_open(&mut self, first: u32, kind: Kind) -> Event {
        let amount = self.visitors.len() as u32;
        for n in 0..64 {
            if let Some(event) = self.go_on((first + n) % amount, kind) {
                return event;
            }
        }
        self.view(first)
    }

    fn go_on(&mut self, visitor: u32, kind: Kind) -> Option<Event> {
        let link = self.random(2) == 0;
        let looking = self.visitors.get_mut(visitor as usize).filter(|looking| looking.open)?;
        looking.sequence += 1;
        looking.open = kind != Kind::Leave;
        let Looking { view, page, sequence, .. } = *looking;
        match kind {
            Kind::Leave => self.counts.leaves += 1,
            _ => self.counts.beats += 1,
        }
        Some(Event { kind, visitor, view, sequence, page, from: None, link })
    }

    fn request(&mut self, visitor: u32) -> Event {
        self.counts.requests += 1;
        let page = self.random(self.pages);
        Event { kind: Kind::Request, visitor, view: 0, sequence: 0, page, from: None, link: false }
    }

    fn random(&mut self, below: u32) -> u32 {
        (((self.number() >> 32) * u64::from(below)) >> 32) as u32
    }

    /// SplitMix64.
    fn number(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
