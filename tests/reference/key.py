"""One visitor key: its views, what each event does to them, and how many visitors the key counts as.

The rules are those of the reference of V1 in crates/engine/tests/reference (its `mod.rs` names what was settled where the
definitions are silent). New here, for the kinds of event that the first tracker did not have:

- Every event of a beacon is a sign of life: engagement, load times, a click, a form, an error, an own event. Those do not
  change what is visible, reopen nothing that was closed, and do not bring back a view that yields.
- They are dropped as duplicates by the same rule (view, sequence ≤ the last one taken).
- A view that left is remembered for 30 minutes after it was last heard from, like any other: a late repetition is none.
"""

LEAVE = 3
LEAVE_BY_LINK = 10
THIRTY = 1800
VISIT_GAP = 1800
LEFT_AFTER = 120

OPEN, CLOSING, YIELDING, LEFT = "open", "closing", "yielding", "left"


class View:
    """A page view, by its random id."""

    def __init__(self, id, page, at, sequence, key, order):
        self.id, self.page, self.key, self.order = id, page, key, order
        self.phase, self.leaves = OPEN, None
        self.visible, self.last_visible = False, None
        # Whether the view event itself was taken, and in which second.
        self.begun, self.begun_at = False, None
        # Second of the first event taken, of the last.
        self.began = self.heard = at
        self.sequence = sequence
        # Second of the last leave.
        self.closed_at = None
        # Seconds engaged; the greatest depth, None if nothing was told of it.
        self.engaged, self.scroll = 0, None
        self.tall = False
        # It came from a page of the site; a script of the site failed on it.
        self.from_own, self.failed = False, False
        self.visit = None
        self.reached = set()
        # (minute, profile, what it tells by then), after each event taken.
        self.known = []

    def left(self, now):
        return self.phase == LEFT or (self.phase == CLOSING and self.leaves <= now)

    def present(self, now, window):
        return not self.left(now) and now < self.heard + window

    def looked_at(self, now, window):
        return self.present(now, window) and self.visible and self.phase != YIELDING

    def forgotten(self, now):
        return now >= self.heard + THIRTY

    def show(self, visible, at):
        if visible or self.visible:
            self.last_visible = at if self.last_visible is None else max(self.last_visible, at)
        self.visible = visible
        self.phase = OPEN

    def close(self, at, link):
        self.phase, self.leaves = CLOSING, at + (LEAVE_BY_LINK if link else LEAVE)
        if self.last_visible is not None and self.last_visible + 1 >= at:
            self.visible = True

    def claim(self, engaged):
        """C4: what is claimed counts, but no more than the time for which the view had been heard of by then."""
        self.engaged = max(self.engaged, min(engaged, self.heard - self.began + 1))

    def time_on_page(self, now, window):
        """P3, C4."""
        if self.phase in (CLOSING, LEFT) and self.closed_at is not None:
            return max(0, self.closed_at - self.began)
        return (now if self.present(now, window) else self.heard) - self.began

    def tells(self):
        """What is summed up of it, as far as it has been heard of (`sums.py`)."""
        closed = self.phase in (CLOSING, LEFT) and self.closed_at is not None
        tall = self.tall and self.scroll is not None
        return {"views": int(self.begun), "engaged": self.engaged,
                "time": max(0, (self.closed_at if closed else self.heard) - self.began),
                "scroll": self.scroll if tall else 0, "scrolled": int(tall), "failed_views": int(self.begun and self.failed)}

    def copy(self):
        """What V1 depends on, as it is now."""
        other = View.__new__(View)
        other.page, other.phase, other.leaves = self.page, self.phase, self.leaves
        other.visible, other.last_visible, other.heard = self.visible, self.last_visible, self.heard
        return other


def visitors(views, now, window):
    """The views this key's visitors look at, one each: their number is what the key counts as."""
    looked_at = [v for v in views if v.looked_at(now, window)]
    if looked_at:
        return looked_at
    best = None
    for view in views:
        if view.present(now, window):
            seen = -1 if view.last_visible is None else view.last_visible
            if best is None or seen >= best[0]:
                best = (seen, view)
    return [best[1]] if best else []


class Visit:
    def __init__(self, key, began, profile, entry):
        self.key, self.began, self.profile, self.entry = key, began, profile, entry
        self.heard = began
        # Seconds, of whatever view of the key they were claimed while the visit lasted.
        self.engaged = 0
        # Pages of the views that began, in order; and in which minute.
        self.pages, self.seen = [], []
        # The entry of the log that says it has left, while that is not undone.
        self.left = None

    def saw(self, page):
        return page == self.entry or page in self.pages[-50:]


class Key:
    def __init__(self, name, private, profile):
        self.name, self.private = name, private
        # Of a key heard of without a visit: made of the event that made it known.
        self.profile = profile
        self.views = []
        self.heard = 0
        self.visit = None
        # (second taken, views as they were from then on), after each event.
        self.standings = []
        # The first second in which it was not in V1 any more.
        self.absent = None

    def number(self, now, window):
        return len(visitors(self.views, now, window))

    def hear(self, now, window, event, make_view):
        """Takes an event: (view, whether the view began just now), or None for a duplicate."""
        self.views = [v for v in self.views if not v.forgotten(now)]
        if now >= self.heard + VISIT_GAP:
            self.visit = None
        view = next((v for v in self.views if v.id == event.view), None)
        if view and event.sequence <= view.sequence and not (event.kind == "view" and not view.begun):
            return None
        if view is None:
            view = make_view(self)
            self.views.append(view)
        overtaken = event.sequence < view.sequence
        view.heard = max(view.heard, event.at)
        view.sequence = max(view.sequence, event.sequence)
        if event.kind == "leave":
            self.leave(view, now, event)
        elif overtaken:
            pass
        elif event.kind == "view":
            view.show(event.on, event.at)
        elif event.kind in ("visible", "beat"):
            view.show(True, event.at)
        elif event.kind == "hidden":
            view.show(False, event.at)
        begins = event.kind == "view" and not view.begun
        if begins:
            view.begun, view.begun_at = True, event.at
            self.succeed(view, now, window, event)
        self.heard = max(self.heard, event.at)
        return view, begins

    def leave(self, view, now, event):
        never_seen = not view.begun and view.last_visible is None
        if not view.left(now):
            view.closed_at = event.at
        if view.left(now) or self.private or never_seen or view.phase == YIELDING:
            view.phase = LEFT
            return
        view.close(event.at, event.link)
        for other in reversed(self.views):
            if other.phase == YIELDING and other.page == view.page:
                other.phase = OPEN
                view.phase = LEFT
                return

    def succeed(self, view, now, window, event):
        """Whose place does a view that begins take?"""
        first = None
        for other in reversed(self.views):
            if other is not view and other.phase == CLOSING and other.present(now, window):
                if first is None or other.leaves < first.leaves:
                    first = other
        if first:
            first.phase = LEFT
        elif event.on and event.come_from is not None:
            for other in reversed(self.views):
                if (other is not view and other.phase == OPEN and other.looked_at(now, window)
                        and other.page == event.come_from):
                    other.phase = YIELDING
                    return

    def stand(self, now, window):
        """Remembers how it stands after an event taken in second `now`, and when it will be gone from V1."""
        self.standings.append((now, [v.copy() for v in self.views]))
        gone = self.gone(now, window)
        if self.absent is None or gone > now or self.absent > now:
            self.absent = gone

    def gone(self, now, window):
        """The first second from `now` on in which it is not in V1, if nothing more is heard."""
        moments = {now}
        for view in self.views:
            moments.add(view.heard + window)
            if view.phase == CLOSING:
                moments.add(view.leaves)
        return next(m for m in sorted(moments) if m >= now and self.number(m, window) == 0)

    def highest(self, start, end, window):
        """The highest number at one moment of the seconds `start` … `end`."""
        highest = 0
        for n, (since, views) in enumerate(self.standings):
            last = min(self.standings[n + 1][0], end) if n + 1 < len(self.standings) else end
            first = max(since, start)
            if first <= last:
                highest = max(highest, len(visitors(views, first, window)))
        return highest
