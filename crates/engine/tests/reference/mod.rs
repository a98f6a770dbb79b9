//! A second, slow and simple computation of the live numbers, written from their definitions and not from the engine.
//!
//! - `view`, `key` what the events of one key mean · `numbers` the numbers of a site at any moment
//! - `zone` local days · `traffic` random visitors · `scenario` what a test plays · `play` engine and reference side
//!   by side · `journal` the engine's life as the pipeline leads it · `restarts`, `eviction` what that must survive
//!
//! The reference keeps, for each key, what it knew after each of its events. It has no timer, no counter that is
//! carried along and no index: a number is asked for a moment and computed from those lists by looking at all of them.
//!
//! Where the definitions are silent, these rules of the engine are taken over:
//! 1. A view that begins takes over one closing view of its key: the one that would leave first; of two, the one that
//!    became known later.
//! 2. If none is closing and it begins visible and names the page it came from, an open visible view of that page
//!    (the one that became known last) yields: it is not counted as visible until it is heard again. Its leave makes it
//!    leave at once. A leave of another view of the same page, while one yields, was the one waited for: that view
//!    leaves at once and the yielding one counts again.
//! 3. A closed view counts as visible while it closes if it was last visible in the second of the leave or the one
//!    before: browsers hide a page in the moment they leave it.
//! 4. A private view has no key that a next view could carry, so it leaves at once; so does a view of which nothing
//!    but hidden and leave ever arrived.
//! 5. A view event overtaken by later events of its view still begins the view, but does not change what is visible.
//!    A second view event of a begun view is a sign of life and no second view.
//! 6. An event of a view still remembered belongs to that view's key, whatever key it carries. A view is remembered
//!    for 30 min after it was last heard from, 2 min if it left.
//! 7. The page last visible, when no view is: the greatest second in which a view was known visible; of two, the view
//!    that became known later. Without any that was visible: the view that became known last.
//! 8. A key of which only a leave arrived counts as one in the windows that hold it: it was heard from.
//! 9. A visit ends when its key has not been heard from for 30 min, also if what is heard then is no view.
//! 10. V3 is the highest V1 at any moment of the day: V1 as it was carried over midnight counts, at midnight; so V3 is
//!     never below a minute of its day. A longer `ACTIVE_WINDOW` may raise V1 without an event.
//! 11. An event is taken in the second it is drained, and counted in the day and minute of that; its own second, which
//!     may lie a little before, is when its key was heard from and what a closing view's grace counts from.

pub(crate) mod eviction;
pub(crate) mod journal;
pub(crate) mod key;
pub(crate) mod numbers;
pub(crate) mod play;
pub(crate) mod random;
pub(crate) mod restarts;
pub(crate) mod scenario;
pub(crate) mod traffic;
pub(crate) mod view;
pub(crate) mod zone;

use qahm_engine::live::Second;

// The definitions' own numbers, in seconds: not the engine's.
const FIVE: Second = 300;
const THIRTY: Second = 1800;
const VISIT_GAP: Second = 1800;
const LEAVE: Second = 3;
const LEAVE_BY_LINK: Second = 10;
const LEFT_REMEMBERED: Second = 1800;
