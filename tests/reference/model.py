"""The slow reference of every live number: what the engine takes in, kept in lists.

Nothing is counted here. Each event of a beacon changes the state of its view and its key (`key.py`) and may add an entry
to the log; every number is computed at the moment it is asked for by looking through all of it (`answers.py`).

Written from the definitions (V, P, S, E, G, M, N of the features; the design's rules of time). Where these are silent,
what serves a site owner best was chosen:

 1. A record is taken in at the greater of its own second and the last one taken, of all sites. Entries of the log have the
    second in which they were taken; views and visits their own (`heard`, `began`).
 2. What becomes due in a second (a visit has left) comes before the records taken in that second.
 3. An event of a view that is not known (its view event was lost, or a tab is shown again after 30 minutes) makes its view
    known, but begins neither view nor visit. Its key counts in V1 with a profile made of that event: place and client of
    the request, source of the page's address without a referrer.
 4. The page goals of a view come right after its `start` or `view` entry, in the order of the configuration; so do the
    form, event and selector goals after theirs. A custom event `goal:<name>` makes the `goal` entry of the selector goal of
    that name and is no custom event.
 5. Any event of a beacon that is taken makes a visit return that has left. `returned` comes before the entries of the
    event itself and has the page on which it had left. Server-side events make nobody return.
 6. While a key stays out of V1, events that do not bring it back into V1 do not put off its leaving, unless it had left.
 7. A server-side event belongs to the key of its address and user agent if that was heard from less than 30 minutes ago. If
    there is none, or the request asks for privacy, it has no visitor and no profile. It names a page only if a visitor
    was seen on it or it was answered well before, else "(other)": scanners would make thousands. An entry of its answer has
    the path as its name.
    Nobody is named by a failed login or a change of the site.
 8. With privacy asked for, a search, a tracked event and a form sent make no entry: they are a person's. Errors, changes,
    failed logins and answers of the server make one without a visitor.
 9. Requests and searches of known bots and of whoever is excluded, by address or country, are set aside with them: no entry,
    no generation time, no failure (M2); of bots also where bots are counted. They do not count as excluded: views do. What the site's code does or suffers is told whoever asked for it:
    errors, changes, failed logins, tracked events (a payment's callback is no browser).
10. Thresholds of scrolling that one event jumps over are one entry each, ascending. Pages shorter than 1.2 screens reach
    none.
11. An excluded view counts once, whatever is repeated of it; an event whose view event was lost is judged like a view event,
    but not counted.
12. A private view is excluded like any other.
"""

import known
import zone
from key import LEFT_AFTER, VISIT_GAP, Key, View, Visit

BEACON = ("view", "visible", "hidden", "beat", "leave", "engage", "timing", "click", "form", "error", "custom")
THRESHOLDS = (25, 50, 75, 90)
# channel, host, utm source, medium, campaign, country, device, browser, os.
PRIVATE = ("private", "private", "", "", "", "private", "private", "private", "private")
FIELDS = ("channel", "host", "utm_source", "utm_medium", "utm_campaign", "country", "device", "browser", "os")


class Clock:
    """The engine's seconds, and their offset to wall time."""

    def __init__(self, start, offset):
        self.start, self.now, self.offset = start, start, offset

    def advance(self, second):
        self.now = max(self.now, second)


class Event:
    """An event of a beacon, as its record tells it."""

    def __init__(self, record):
        fields = record.get("fields", {})
        self.kind, self.at, self.view = record["kind"], record["second"], record["view"]
        self.sequence, self.fields = record["sequence"], fields
        flags = record.get("flags", [])
        self.on, self.link, self.private = "visible" in flags, "link" in flags, "private" in flags
        self.webdriver = "webdriver" in flags
        self.address, self.agent = record["peer"], fields.get("agent", "")
        self.url, self.referrer = fields.get("url", ""), fields.get("referrer", "")
        self.page, self.come_from = known.page(self.url), known.own_page(self.referrer)


class Entry:
    """An entry of the log."""

    def __init__(self, id, time, kind, page, **more):
        self.id, self.time, self.kind, self.page = id, time, kind, page
        self.key = self.visit = self.profile = self.view = None
        self.name = self.target = self.what = ""
        self.value, self.undone, self.bounce = 0, False, False
        self.__dict__.update(more)


class Site:
    """All that was heard of one site."""

    def __init__(self, clock, config):
        self.clock, self.config = clock, config
        self.window = config.get("active_window", 60)
        self.goals = config.get("goals", [])
        self.day = self.day_before = None
        # The minute of wall time that it is, as sums know it, and the second for which that was last looked at.
        self.minute, self.turned = None, -1
        self.salt = self.salt_before = None
        self.keys, self.views, self.visits = {}, [], []
        self.log, self.timings, self.requests = [], [], []
        self.titles, self.meta, self.named = {}, {}, set()
        self.excluded, self.set_aside = {}, set()
        self.settle()

    # --- Time

    def settle(self):
        """Brings it to the clock's second: who has left by now?"""
        now = self.clock.now
        today = zone.day(self.config["timezone"], now + self.clock.offset)
        if self.day is None or today > self.day or today + 1 < self.day:
            # A clock set back by less than a day makes no new day; one set back by more is believed.
            # A clock set to and fro finds the salt of the day before; those of earlier days are gone.
            again = self.day_before is not None and today == self.day_before
            self.salt, self.salt_before = self.salt_before if again else object(), self.salt
            self.day, self.day_before = today, self.day
        due = []
        for key in self.keys.values():
            visit = key.visit
            if visit and not visit.left and key.absent is not None and key.absent + LEFT_AFTER <= now:
                due.append((key.absent + LEFT_AFTER, key))
        for second, key in sorted(due, key=lambda d: d[0]):
            if second - 1 > self.turned:
                self.turn(second - 1)
            visit = key.visit
            bounce = len(visit.pages) == 1 and visit.engaged < 10
            visit.left = self.enter("left", visit.pages[-1], key=key, time=second, value=key.heard - visit.began,
                                    bounce=bounce)
        self.turn(now)

    def turn(self, second):
        """A clock set back by less than a day goes on in the minute it had reached."""
        minute = (second + self.clock.offset) // 60
        if self.minute is None or minute > self.minute or minute < self.minute - 1440:
            self.minute = minute
        self.turned = second

    # --- Taking in

    def take(self, record):
        """A record is drained; the clock has been advanced, and every site settled."""
        kind = record["kind"]
        if kind in BEACON:
            self.take_event(Event(record))
        elif kind == "request":
            self.take_request(record, Event(record))
        elif kind == "signal":
            self.take_signal(record, Event(record))
        elif kind == "excluded":
            self.exclude("role")

    def exclude(self, reason):
        self.excluded[reason] = self.excluded.get(reason, 0) + 1

    def take_event(self, event):
        now = self.clock.now
        # A view that is remembered stays with its key.
        key = next((k for k in self.keys.values() if any(v.id == event.view and not v.forgotten(now) for v in k.views)),
                   None)
        if key is None:
            reason = self.why_excluded(event)
            if reason or event.view in self.set_aside:
                if event.kind == "view" and event.view not in self.set_aside:
                    self.exclude(reason)
                    self.set_aside.add(event.view)
                return
            key = self.key_of(event)
        taken = key.hear(now, self.window, event, lambda key: self.make_view(key, event))
        if taken is None:
            return
        self.keys[key.name] = key
        view, begins = taken
        if key.visit and key.visit.left:
            key.visit.left.undone, key.visit.left, key.absent = True, None, None
            self.enter("returned", key.visit.pages[-1], key=key, view=view)
        if event.kind == "view":
            self.tell(view.page, event)
        if begins:
            self.begin(key, view, event)
        if key.visit:
            key.visit.heard = key.heard
        getattr(self, "on_" + event.kind, lambda *_: None)(key, view, event)
        key.stand(now, self.window)
        profile = key.visit.profile if key.visit else key.profile
        view.known.append((self.minute, PRIVATE if key.private else profile, view.tells()))

    def why_excluded(self, event):
        config = self.config
        if config.get("exclude_bots", True) and (event.agent in known.BOTS or event.webdriver):
            return "bot"
        if any(event.page == path or event.page.startswith(path + "/") for path in config.get("exclude_paths", [])):
            return "path"
        if event.address in config.get("exclude_ips", []):
            return "ip"
        country, only = known.country(event.address), config.get("only_countries", [])
        if country in config.get("exclude_countries", []) or (only and country not in only):
            return "country"
        return None

    def is_elsewhere(self, event):
        """Whether nobody at the address of a request is counted."""
        return self.why_excluded(event) in ("ip", "country")

    def key_of(self, event):
        if event.private:
            name = ("private", event.view)
            return self.keys.get(name) or Key(name, True, PRIVATE)
        name = self.name_of(event.address, event.agent)
        key = self.keys.get(name)
        if key is None or self.clock.now >= key.heard + VISIT_GAP:
            # Not known, or known no more: what it was found by is found again.
            new = key or Key(name, False, None)
            new.profile = self.profile(event)
            return new
        return key

    def name_of(self, address, agent):
        """Address, user agent and day: the last day but this while a visit that began under it is in progress."""
        before = self.keys.get((address, agent, self.salt_before))
        if before and self.clock.now < before.heard + VISIT_GAP:
            return before.name
        return (address, agent, self.salt)

    def profile(self, event):
        device, browser, system = known.CLIENTS[event.agent]
        source = known.source(event.referrer, event.url)
        return (*source, known.country(event.address), device, browser, system)

    def make_view(self, key, event):
        view = View(event.view, event.page, event.at, event.sequence, key, len(self.views))
        self.named.add(view.page)
        view.visit = key.visit
        self.views.append(view)
        return view

    def tell(self, page, event):
        if event.fields.get("title"):
            self.titles[page] = event.fields["title"]
        if any(event.fields.get("meta", [])):
            self.meta[page] = event.fields["meta"]

    # --- The log

    def enter(self, kind, page, key=None, time=None, **more):
        """Adds an entry; of a key: with its visit and profile. Private keys are in no entry."""
        entry = Entry(len(self.log) + 1, self.clock.now if time is None else time, kind, page, **more)
        if key and not key.private:
            entry.key, entry.visit = key, key.visit
            entry.profile = key.visit.profile if key.visit else key.profile
        elif key:
            entry.profile = PRIVATE
        entry.minute = self.minute
        self.log.append(entry)
        return entry

    def reach(self, kinds, name, page, **more):
        """A goal of these kinds and of this name or value may be reached."""
        for goal in self.goals:
            if goal["type"] == kinds and goal["name" if kinds == "selector" else "value"] == name:
                self.enter("goal", page, name=goal["name"], **more)

    def begin(self, key, view, event):
        view.from_own = event.come_from is not None
        if key.private:
            return
        if key.visit is None:
            key.visit = Visit(key, event.at, self.profile(event), view.page)
            key.absent = None
            self.visits.append(key.visit)
            first = True
        else:
            first = False
        key.visit.pages.append(view.page)
        key.visit.seen.append((self.minute, view.page))
        view.visit = key.visit
        self.enter("start" if first else "view", view.page, key=key, view=view)
        self.reach("page", view.page, view.page, key=key, view=view)

    def on_engage(self, key, view, event):
        fields = event.fields
        before = view.engaged
        view.claim(fields["engaged"])
        if key.visit:
            key.visit.engaged += view.engaged - before
        view.scroll = max(view.scroll or 0, fields["scroll"])
        view.tall = view.tall or fields["tall"] == 1
        for threshold in THRESHOLDS:
            if view.tall and view.scroll >= threshold and threshold not in view.reached:
                view.reached.add(threshold)
                if not key.private:
                    self.enter("scroll", view.page, key=key, view=view, value=threshold)

    def on_timing(self, key, view, event):
        values = {name: event.fields[name] for name in ("load", "ttfb", "fcp", "lcp", "inp", "cls") if name in event.fields}
        profile = key.visit.profile if key.visit else key.profile
        self.timings.append((self.clock.now, view.page, values, profile, view.from_own))

    def on_click(self, key, view, event):
        if not key.private:
            fields = event.fields
            self.enter("click", view.page, key=key, view=view, what=fields["what"], target=fields.get("target", ""),
                       name=fields.get("name", ""))

    def on_form(self, key, view, event):
        if key.private:
            return
        what, form = event.fields["what"], event.fields["name"]
        self.enter("form", view.page, key=key, view=view, what=what, name=form)
        if what == "submit":
            self.reach("form", form, view.page, key=key, view=view)

    def on_error(self, key, view, event):
        fields = event.fields
        own = fields["own"] == 1
        view.failed = view.failed or own
        self.enter("error", view.page, key=key, view=view, what="js" if own else "third-party", name=fields["title"],
                   target=fields.get("target", ""), value=fields["line"])

    def on_custom(self, key, view, event):
        if key.private:
            return
        self.custom(event.fields["name"], view.page, key=key, view=view)

    def custom(self, name, page, **more):
        goal = name.removeprefix("goal:")
        if goal != name:
            self.reach("selector", goal, page, **more)
            return
        self.enter("custom", page, name=name, **more)
        self.reach("event", name, page, **more)

    # --- What the server says

    def visitor_of(self, record):
        """Rule 7."""
        if "private" in record.get("flags", []):
            return None
        key = self.keys.get(self.name_of(record["peer"], record["fields"].get("agent", "")))
        return key if key and self.clock.now < key.heard + VISIT_GAP else None

    def page_of(self, url):
        """Server-side events name no page that no visitor was seen on: scanners would make thousands."""
        page = known.page(url)
        return page if page in self.named else "(other)"

    def take_request(self, record, event):
        fields = record["fields"]
        if event.agent in known.BOTS or self.is_elsewhere(event):
            return
        if fields["status"] == 200:
            self.named.add(known.page(fields["url"]))
        page, key = self.page_of(fields["url"]), self.visitor_of(record)
        status, fatal = fields["status"], "fatal" in record.get("flags", [])
        failed = status >= 500 or fatal
        values = {name: fields[name] for name in ("generation", "queries") if name in fields}
        profile = None if key is None else key.visit.profile if key.visit else key.profile
        self.requests.append((self.clock.now, page, values, failed, profile, status, self.minute))
        entry = {"key": key, "name": known.page(fields["url"]), "value": status}
        if status == 404:
            self.enter("404", "" if page == "(other)" else page, target=fields.get("referrer", ""), **entry)
        if failed:
            self.enter("server", "" if page == "(other)" else page, **entry)

    def take_signal(self, record, event):
        fields = record["fields"]
        name, what = fields["name"], fields.get("what", "")
        if name == "search" and (event.agent in known.BOTS or self.is_elsewhere(event)):
            return
        if "private" in record.get("flags", []) and name in ("search", "track", "form-submit"):
            return
        page, key = self.page_of(fields["url"]), self.visitor_of(record)
        page = "" if page == "(other)" else page
        title, target = fields.get("title", ""), fields.get("target", "")
        if name == "search":
            self.enter("search", page, key=key, name=title, value=fields["results"])
        elif name == "login-failed":
            self.enter("login", "")
        elif name == "change":
            self.enter("change", "", what=what, name=title)
        elif name == "track":
            self.custom(target, page, key=key)
        elif name == "php-error":
            self.enter("error", page, key=key, what=what, name=title, target=target, value=fields["line"])
        elif name == "database-error":
            self.enter("error", page, key=key, what="database", name=title)
        elif name == "slow-query":
            self.enter("error", page, key=key, what="slow-query", name=title)


class World:
    """The sites of one engine, which share its clock."""

    def __init__(self, start, offset, configs):
        self.clock = Clock(start, offset)
        self.sites = [Site(self.clock, config) for config in configs]

    def advance(self, second):
        self.clock.advance(second)
        for site in self.sites:
            site.settle()

    def set_offset(self, offset):
        # What that means for the days is seen in the next second that is looked at.
        self.clock.offset = offset

    def take(self, n, record):
        self.advance(record["second"])
        self.sites[n].take(record)
