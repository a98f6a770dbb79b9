"""Every answer, computed when it is asked for from the lists of `model.py`, in the form in which the engine gives it.

Members that begin with an underscore are for the comparison only (`compare.py`). Choices where the definitions are silent:

 1. A filter by page means: for who is active now, that this page is the one looked at; for visits and visitors of a window,
    that they saw it; for views, entries, load times and requests, that they are of it.
 2. A filter by country, device, source or channel means the profile of the visit; of load times and entries, as it was when
    they came. Private views fit no such filter, nor do answers of the server to somebody who is not known.
 3. Visitors of the last 30 minutes leave private views out (they are counted by moment only), also in each dimension.
 4. A visit in progress is listed once, with what its key counts as; a key in V1 without a visit is not. With a page filter
    a visit counts only its visitors on that page. So the counts and `private` sum to `active` less the keys without a visit.
 5. The journey has every view that began, repetitions too: the last 50, and before them the entry.
 6. Quantiles: the value of rank ceil(q·n) of the sorted samples; of durations likewise.
 7. A form being filled was started, too; what was submitted is not abandoned. A goal is listed with no conversions, too.
"""

import math

from key import THIRTY, visitors
from model import FIELDS, PRIVATE

FIVE = 300
# What a frame has that cannot be known of some visitors alone.
UNKNOWN = ("epoch", "seq", "visitors_today", "views_today", "visits_today", "peak", "minutes", "private", "excluded",
           "alerts", "trend", "usual", "record", "yesterday")
METRICS = ("load", "ttfb", "fcp", "lcp", "inp", "cls")


def profile_matches(profile, asked):
    for member, field in (("country", "country"), ("device", "device"), ("source", "host"), ("channel", "channel")):
        if member in asked and (profile in (None, PRIVATE) or profile[FIELDS.index(field)] != asked[member]):
            return False
    return True


def quantile(values, q):
    return sorted(values)[math.ceil(q * len(values)) - 1] if values else None


def mean(values):
    return sum(values) / len(values) if values else None


class Answers:
    """What one site answers at the clock's second."""

    def __init__(self, site, asked):
        self.site, self.filter = site, asked
        self.now, self.offset, self.window = site.clock.now, site.clock.offset, site.window
        self.page = asked.get("page")
        # Who is active now: (key, view, profile).
        self.active = [
            (key, view, self.of(key)) for key in site.keys.values() for view in visitors(key.views, self.now, self.window)
            if profile_matches(self.of(key), asked) and self.page in (None, view.page)
        ]

    def of(self, key):
        return key.visit.profile if key.visit else key.profile

    def answer(self, what):
        body = getattr(self, what)()
        # The journey of a visit holds 50 pages; beyond that an answer may say that it is not exact.
        body["_crowded"] = any(len(v.pages) > 50 for v in self.site.visits)
        body.update(time=self.now + self.offset, active=len(self.active))
        body.setdefault("window", "30m")
        return body

    # --- What matches

    def in_log(self, time, minutes):
        slice = 30 if minutes == 5 else 60
        return time // slice >= self.now // slice - (9 if minutes == 5 else 29)

    def entries(self, *kinds):
        """Entries of the last 30 minutes."""
        return [e for e in self.site.log if e.kind in kinds and self.in_log(e.time, 30) and self.matches(e)]

    def matches(self, entry):
        return profile_matches(entry.profile, self.filter) and self.page in (None, entry.page)

    def matches_view(self, view):
        return profile_matches(self.of(view.key), self.filter) and self.page in (None, view.page)

    def views(self):
        """Views in the window."""
        return [v for v in self.site.views if v.heard > self.now - THIRTY and self.matches_view(v)]

    def visits(self):
        return [v for v in self.site.visits if v.heard > self.now - THIRTY and profile_matches(v.profile, self.filter)
                and (self.page is None or v.saw(self.page))]

    def window_visitors(self, window=THIRTY):
        """(profile, visitors) of each key in the last 30 minutes, or of another window."""
        found = []
        for key in self.site.keys.values():
            if key.private or key.heard <= self.now - window or not profile_matches(self.of(key), self.filter):
                continue
            saw = key.visit.saw(self.page) if key.visit else any(v.page == self.page for v in key.views)
            if self.page is None or saw:
                found.append((self.of(key), max(1, key.highest(self.now - window + 1, self.now, self.window))))
        return found

    # --- Who and where

    def live(self):
        pages = {}
        for _, view, _ in self.active:
            pages[view.page] = pages.get(view.page, 0) + 1
        return {"pages": [{"path": p, "title": self.site.titles.get(p, ""), "active": n} for p, n in pages.items()],
                "visitors_5m": sum(n for _, n in self.window_visitors(FIVE)),
                "visitors_30m": sum(n for _, n in self.window_visitors()), "window": self.window,
                "channels": self.active_by("channel"), "devices": self.active_by("device"),
                "countries": self.active_by("country"), **dict.fromkeys(UNKNOWN), "stale": False}

    def active_by(self, field):
        rows = {}
        for _, _, profile in self.active:
            name = profile[FIELDS.index(field)]
            rows[name] = rows.get(name, 0) + 1
        return rows

    def visitors(self):
        rows, private = {}, 0
        for key, view, profile in self.active:
            if key.private:
                private += 1
            elif key.visit is None:
                continue
            elif key.name in rows:
                rows[key.name]["count"] += 1
            else:
                rows[key.name] = self.visitor(key, profile)
        durations = [row["duration"] for row in rows.values()]
        return {"total": len(rows), "visitors": sorted(rows.values(), key=lambda r: -r["began"]), "private": private,
                "duration": {"mean": mean(durations), "median": quantile(durations, .5), "p90": quantile(durations, .9)}}

    def visitor(self, key, profile):
        visit = key.visit
        current = max(visitors(key.views, self.now, self.window),
                      key=lambda v: (-1 if v.last_visible is None else v.last_visible, v.order))
        began = visit.began
        row = dict(zip(FIELDS, profile))
        return {
            "_key": key.name, "_pages": {v.page for v in visitors(key.views, self.now, self.window)}, "count": 1,
            "entry": visit.entry, "page": current.page,
            "title": self.site.titles.get(current.page, ""), "pages": self.journey(visit),
            "views": len(visit.pages), "began": began + self.offset, "duration": self.now - began,
            "engaged": visit.engaged, "channel": row["channel"], "source": row["host"],
            "campaign": row["utm_campaign"], "device": row["device"], "browser": row["browser"], "os": row["os"],
            "country": row["country"],
        }

    def journey(self, visit):
        return ([visit.entry] if len(visit.pages) > 50 else []) + visit.pages[-50:]

    def pages(self):
        visits, views = self.visits(), self.views()
        active = [view.page for _, view, _ in self.active]
        paths = set(active) | {v.page for v in views} | {p for v in visits for p in [v.entry, *v.pages[-50:]]}
        rows = [self.page_row(p, active, visits, views) for p in paths if self.page in (None, p)]
        groups = {}
        for n, name in enumerate(("post_type", "author", "category")):
            of = {}
            for row in rows:
                group = of.setdefault(row[name], {"name": row[name], "active": 0, "views": 0})
                group["active"] += row["active"]
                group["views"] += row["views"]
            groups[name] = list(of.values())
        return {"visits": len(visits), "pages": rows, "groups": groups, "total": len(rows)}

    def page_row(self, path, active, visits, views):
        saw = [v for v in visits if v.saw(path)]
        left = [v for v in saw if v.left]
        exits = [v for v in left if v.pages[-1] == path]
        began = [v for v in saw if v.entry == path]
        here = [v for v in views if v.page == path]
        meta = self.site.meta.get(path, ["", "", ""])
        return {
            "path": path, "title": self.site.titles.get(path, ""), "post_type": meta[0], "author": meta[1],
            "category": meta[2], "active": active.count(path), "saw": len(saw), "views": len(here),
            "engaged": mean([v.engaged for v in here]),
            "time": mean([v.time_on_page(self.now, self.window) for v in here]),
            "began": len(began), "entry_rate": [len(began), len(saw)], "exit_rate": [len(exits), len(left)],
            "left": len(left), "exits": len(exits),
        }

    def dimension(self, *fields):
        """Rows by these fields of the profile: active now, visitors of the last 30 minutes."""
        rows = {}
        found = [(p, "active", 1) for _, _, p in self.active] + [(p, "visitors", n) for p, n in self.window_visitors()]
        for profile, column, n in found:
            name = tuple(profile[FIELDS.index(f)] for f in fields)
            rows.setdefault(name, {"active": 0, "visitors": 0})[column] += n
        return rows

    def named(self, field):
        return [{"name": name, **row} for (name,), row in self.dimension(field).items()]

    def sources(self):
        campaigns = self.dimension("utm_source", "utm_medium", "utm_campaign")
        return {"channels": self.named("channel"), "hosts": self.named("host"),
                "campaigns": [{"source": s, "medium": m, "campaign": c, **row} for (s, m, c), row in campaigns.items()]}

    def devices(self):
        return {"devices": self.named("device"), "browsers": self.named("browser"), "systems": self.named("os")}

    def geo(self):
        return {"countries": self.named("country")}

    # --- What happens

    def events(self):
        log = self.site.log
        rows = []
        for e in log:
            # What breaks for a private visitor is no row of the feed.
            if self.matches(e) and not (e.kind == "error" and e.profile == PRIVATE):
                profile = dict(zip(FIELDS, e.profile)) if e.profile else {}
                rows.append({
                    "id": e.id, "time": e.time + self.offset, "kind": e.kind, "page": e.page,
                    "title": self.site.titles.get(e.page, ""),
                    "name": e.name, "target": e.target, "what": e.what, "value": e.value,
                    "country": profile.get("country"), "device": profile.get("device"),
                    "channel": profile.get("channel"), "_key": e.key.name if e.key else None,
                    "_tied": e.kind == "left" and sum(o.kind == "left" and o.time == e.time for o in log) > 1,
                })
        # The engine may have forgotten what lies more than 30 minutes back.
        old = max((e.id for e in log if not self.in_log(e.time, 30)), default=0)
        return {"last": len(log), "_old": old, "events": rows[::-1]}

    def performance(self):
        pages = {t[1] for t in self.site.timings} | {r[1] for r in self.site.requests}
        rows = [{"path": p, **{f"{m}m": self.times(m, p) for m in (5, 30)}} for p in pages if self.page in (None, p)]
        rows = [r for r in rows if any(metric["n"] for metric in r["30m"].values())]
        loads = [values["load"] for time, page, values, profile, own in self.site.timings
                 if "load" in values and own and self.in_log(time, 30)
                 and profile_matches(profile, self.filter) and self.page in (None, page)]
        return {"5m": self.times(5, self.page), "30m": self.times(30, self.page), "pages": rows,
                "navigation": {"n": len(loads), "p50": quantile(loads, .5)}}

    def times(self, minutes, page):
        samples = [values for time, of, values, profile, _ in self.site.timings
                   if self.in_log(time, minutes) and profile_matches(profile, self.filter) and page in (None, of)]
        samples += [values for time, of, values, _, profile in self.site.requests
                    if self.in_log(time, minutes) and profile_matches(profile, self.filter) and page in (None, of)]
        answer = {}
        for metric in (*METRICS, "generation", "queries"):
            values = [s[metric] for s in samples if metric in s]
            answer[metric] = {"n": len(values), **{f"p{int(q * 100)}": quantile(values, q) for q in (.5, .75, .95)}}
        return answer

    def errors(self):
        """M2, and what is listed beside it."""
        views = [v for v in self.site.views if v.begun and self.in_log(v.began, 5) and self.matches_view(v)]
        requests = [r for r in self.site.requests if r[3] and self.in_log(r[0], 5)
                    and profile_matches(r[4], self.filter) and self.page in (None, r[1])]
        failed, every = len(requests) + sum(v.failed for v in views), len(requests) + len(views)
        groups = {}
        for e in self.entries("error", "404", "server"):
            # An answer of the server: path and referrer.
            name = (e.what or e.kind, e.name, e.target, e.value if e.kind == "error" else 0)
            groups.setdefault(name, []).append(e)
        return {
            "rate": {"failed": failed, "all": every, "rate": failed / every if every >= 30 else None},
            "groups": [{
                "kind": es[0].what or es[0].kind, "message": es[0].name, "source": es[0].target,
                "line": es[0].value if es[0].kind == "error" else 0, "_pages": {e.page or "(other)" for e in es},
                "count": len(es),
                "visitors": len({e.key.name for e in es if e.key}), "first": min(e.time for e in es) + self.offset,
                "last": max(e.time for e in es) + self.offset,
            } for es in groups.values()],
        }

    def engagement(self):
        clicks, searches, custom, goals = {}, {}, {}, []
        for e in self.entries("click"):
            name = (e.what, e.target, e.name, e.page)
            clicks[name] = clicks.get(name, 0) + 1
        for e in self.entries("search"):
            count, without = searches.get(e.name, (0, 0))
            searches[e.name] = (count + 1, without + (e.value == 0))
        for e in self.entries("custom"):
            custom[e.name] = custom.get(e.name, 0) + 1
        visits = self.visits()
        for goal in self.site.goals:
            reached = [e for e in self.entries("goal") if e.name == goal["name"]]
            with_one = [v for v in visits if any(e.visit is v for e in reached)]
            goals.append({"name": goal["name"], "conversions": len(reached), "rate": [len(with_one), len(visits)]})
        tall = [v for v in self.views() if v.tall and v.scroll is not None]
        scrolled = {p: [v.scroll for v in tall if v.page == p] for p in {v.page for v in tall}}
        left = [e for e in self.entries("left") if not e.undone]
        return {
            "clicks": [{"what": w, "target": t, "label": l, "page": p, "count": n} for (w, t, l, p), n in clicks.items()],
            "scroll": {"mean": mean([v.scroll for v in tall]), "n": len(tall),
                       "pages": [{"path": p, "mean": mean(s), "n": len(s)} for p, s in scrolled.items()]},
            "forms": self.forms(), "goals": goals,
            "searches": [{"term": t, "count": n, "without": w} for t, (n, w) in searches.items()],
            "custom": [{"name": name, "count": n} for name, n in custom.items()],
            "bounce": [sum(e.bounce for e in left), len(left)],
            "reached": {str(t): sum(e.value == t for e in self.entries("scroll")) for t in (25, 50, 75, 90)},
        }

    def forms(self):
        """N4, by (view, form)."""
        pairs = {}
        for e in self.entries("form"):
            pairs.setdefault((e.view, e.name), []).append(e)
        forms = {}
        for (_, form), es in pairs.items():
            row = forms.setdefault(form, {"form": form, "filling": 0, "started": 0, "submitted": 0, "abandoned": 0})
            last, ago = es[-1].what, self.now - es[-1].time
            submitted = any(e.what == "submit" for e in es)
            row["filling"] += last in ("start", "active") and ago < 60
            row["started"] += any(e.what in ("start", "active") for e in es)
            row["submitted"] += submitted
            row["abandoned"] += not submitted and (last == "abandon" or ago >= 300)
        return list(forms.values())


QUESTIONS = ("live", "visitors", "pages", "events", "sources", "devices", "geo", "performance", "errors", "engagement")
