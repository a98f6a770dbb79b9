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
    /// Random: what an event of its kind says beside.
    pub(crate) detail: u64,
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
pub(crate) struct Counts([u64; 16]);

impl Counts {
    pub(crate) fn of(&self, kind: Kind) -> u64 {
        self.0.get(kind as usize).copied().unwrap_or(0)
    }

    fn add(&mut self, kind: Kind) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count += 1;
        }
    }
}

/// Random, and the same in every run.
pub(crate) struct Traffic {
    visitors: Vec<Looking>,
    pages: u32,
    /// Whether some pages are looked at more than others.
    popular: bool,
    seed: u64,
    pub(crate) counts: Counts,
}

impl Traffic {
    pub(crate) fn new(visitors: usize, pages: u32) -> Self {
        let visitors = vec![Looking::default(); visitors];
        Self { visitors, pages, popular: false, seed: 1, counts: Counts::default() }
    }

    /// Some pages are far more popular than others.
    pub(crate) fn with_popular_pages(self) -> Self {
        Self { popular: true, ..self }
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

    /// What the whole tracker sends, in about the shares of a site where people read: 45 % beats and engagement, 15 %
    /// views, 12 % leaves, hidden and shown, 10 % timings, 10 % requests, 5 % clicks and scrolling, 2 % forms and own
    /// events, 1 % errors and searches. Some pages are far more popular than others.
    pub(crate) fn next_mixed(&mut self) -> Event {
        let visitor = self.random(self.visitors.len() as u32);
        match self.random(200) {
            0..46 => self.with_open(visitor, Kind::Beat),
            46..94 => self.with_open(visitor, Kind::Engage),
            94..124 => self.view(visitor),
            124..144 => self.with_open(visitor, Kind::Leave),
            144..146 => self.with_open(visitor, Kind::Hidden),
            146..148 => self.with_open(visitor, Kind::Visible),
            148..168 => self.with_open(visitor, Kind::Timing),
            168..188 => self.request(visitor),
            188..194 => self.with_open(visitor, Kind::Click),
            194..196 => self.with_open(visitor, Kind::Form),
            196..198 => self.with_open(visitor, Kind::Custom),
            198 => self.with_open(visitor, Kind::Error),
            _ => self.server_side(visitor, Kind::Signal),
        }
    }

    /// A visitor opens a page; by a link, where one is open or was just left.
    pub(crate) fn view(&mut self, visitor: u32) -> Event {
        let page = self.page();
        let (view, detail) = (self.number(), self.number());
        let now = Looking { view, page, sequence: 0, open: true };
        let before = self.visitors.get_mut(visitor as usize).map(|place| std::mem::replace(place, now));
        let from = before.filter(|before| before.view != 0).map(|before| before.page);
        self.counts.add(Kind::View);
        Event { kind: Kind::View, visitor, view, sequence: 0, page, from, link: false, detail }
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
        let detail = self.number();
        let link = detail & 1 == 0;
        let looking = self.visitors.get_mut(visitor as usize).filter(|looking| looking.open)?;
        looking.sequence += 1;
        looking.open = kind != Kind::Leave;
        let Looking { view, page, sequence, .. } = *looking;
        self.counts.add(kind);
        Some(Event { kind, visitor, view, sequence, page, from: None, link, detail })
    }

    fn request(&mut self, visitor: u32) -> Event {
        self.server_side(visitor, Kind::Request)
    }

    /// What WordPress tells: it knows no view.
    fn server_side(&mut self, visitor: u32, kind: Kind) -> Event {
        self.counts.add(kind);
        let (page, detail) = (self.page(), self.number());
        Event { kind, visitor, view: 0, sequence: 0, page, from: None, link: false, detail }
    }

    /// Of a popularity that falls with the number, if that is wished.
    fn page(&mut self) -> u32 {
        let page = self.random(self.pages);
        if self.popular { self.random(page + 1) } else { page }
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
