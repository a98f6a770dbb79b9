"""What the history sums up, computed from everything that was heard when it is asked for, in the form in which the engine
gives it.

A sum of a stretch of time is one of the minutes in it, a minute being one of wall time (Unix seconds / 60). Choices where the
definitions are silent:

 1. A clock set back by less than a day goes on in the minute it had reached; one set back by more is believed.
 2. What time brings about in the first second of a minute (a visit leaves) is of the minute before.
 3. What is known of a view only bit by bit (seconds engaged, seconds on the page, depth, that it failed) is of the minute in
    which it became known, and by country, source … of the visit as it was then. All of a view's minutes together are what is
    known of it in the end.
 4. Seconds on the page: until it was closed, else until it was last heard from. Nobody adds what was not heard of.
 5. A view of which only the end was heard, its view event being lost, is not among the views, and so not among the failed
    ones (M2 is a share of them); what was engaged with, scrolled and clicked there happened all the same.
 6. A visit that returned has not left: it is taken out of the minute in which it was thought to have.
 7. Of a page: visits that began on it, left from it, saw it, saw it and left. Of everybody, what pages say of who saw them is
    no number: nobody asks how many pages visits saw by this way.
 8. Conversions and searches that no page is known of are of "(other)", like answers of the server (rule 7 of `model.py`);
    what no visitor is known of is of "(other)" in every dimension of visits, and fits no filter.
 9. Forms are left out: what is started, abandoned and submitted is decided once per view and form, over minutes.
"""

from model import FIELDS, PRIVATE

OTHER = "(other)"
# Dimensions of visits, by the field of their profile.
FEATURES = {"country": "country", "channel": "channel", "source": "host", "device": "device", "browser": "browser", "os": "os"}
# Dimensions of names: what an entry of the log must be, and what names it.
NAMES = {"element": ("click", ("what", "target", "name")), "goal": ("goal", ("name",)), "custom": ("custom", ("name",)),
         "term": ("search", ("name",)), "change": ("change", ("what", "name"))}
COUNTED = ("views", "visits", "left", "bounces", "engaged", "time", "saw", "saw_left", "clicks", "scroll", "scrolled",
           "failed_views", "requests", "failed_requests", "not_found", "conversions", "searches")


class Sums:
    """What one site answers about a stretch of time."""

    def __init__(self, site, asked):
        self.site, self.asked, self.filter = site, asked, asked.get("filter", {})
        self.first, self.end = asked["from"] // 60, asked["to"] // 60
        self.facts = [f for f in self.happened() if self.first <= f[0] < self.end and self.fits(f)]

    def answer(self):
        dimension = self.asked.get("dimension")
        totals = shown(self.facts)
        # Rule 7.
        totals["saw"] = totals["saw_left"] = None
        rows = self.names(dimension) if dimension in NAMES else self.rows(dimension)
        return {"from": self.first * 60, "to": self.end * 60, "totals": totals, "rows": rows, "total": len(rows),
                "_crowded": any(len(v.pages) > 50 for v in self.site.visits)}

    def fits(self, fact):
        _, page, profile, _, _ = fact
        for member, value in self.filter.items():
            if member == "page":
                if page != value:
                    return False
            elif profile in (None, PRIVATE) or profile[FIELDS.index(FEATURES[member])] != value:
                return False
        return True

    def rows(self, dimension):
        """Rows by page or by what is known of visits."""
        found = {}
        for fact in self.facts:
            found.setdefault(self.name(fact, dimension), []).append(fact)
        rows = [{"name": name, **shown(facts)} for name, facts in found.items()]
        for row in rows if dimension != "page" else ():
            row["saw"] = row["saw_left"] = None
        return rows

    def name(self, fact, dimension):
        _, page, profile, _, _ = fact
        if dimension == "page":
            return page
        return OTHER if profile is None else profile[FIELDS.index(FEATURES[dimension])]

    def names(self, dimension):
        kind, members = NAMES[dimension]
        found = {}
        for entry in self.site.log:
            if entry.kind == kind and self.first <= entry.minute < self.end:
                name = tuple(getattr(entry, member) for member in members)
                found[name] = found.get(name, 0) + 1
        return [{"_name": name, "count": n} for name, n in found.items()]

    # --- What happened: (minute, page, profile, metric, how much)

    def happened(self):
        for view in self.site.views:
            yield from self.of_view(view)
        for visit in self.site.visits:
            yield from self.of_visit(visit)
        for entry in self.site.log:
            metric = {"click": "clicks", "goal": "conversions", "search": "searches"}.get(entry.kind)
            if metric:
                yield entry.minute, entry.page or OTHER, entry.profile, metric, 1
        for _, page, _, failed, profile, status, minute in self.site.requests:
            yield minute, page, profile, "requests", 1
            if failed:
                yield minute, page, profile, "failed_requests", 1
            if status == 404:
                yield minute, page, profile, "not_found", 1

    def of_view(self, view):
        before = dict.fromkeys(("views", "engaged", "time", "scroll", "scrolled", "failed_views"), 0)
        for minute, profile, known in view.known:
            for metric, value in known.items():
                if value != before[metric]:
                    yield minute, view.page, profile, metric, value - before[metric]
            before = known

    def of_visit(self, visit):
        yield visit.seen[0][0], visit.entry, visit.profile, "visits", 1
        pages = set()
        for minute, page in visit.seen:
            if page not in pages:
                yield minute, page, visit.profile, "saw", 1
            pages.add(page)
        if visit.left:
            minute = visit.left.minute
            yield minute, visit.pages[-1], visit.profile, "left", 1
            if visit.left.bounce:
                yield minute, visit.pages[-1], visit.profile, "bounces", 1
            for page in pages:
                yield minute, page, visit.profile, "saw_left", 1


def shown(facts):
    """Sums of facts as they are answered."""
    sums = dict.fromkeys(COUNTED, 0)
    for _, _, _, metric, number in facts:
        sums[metric] += number
    return {
        **{name: sums[name] for name in ("views", "visits", "left", "engaged", "time", "saw", "saw_left", "clicks",
                                         "requests", "not_found", "searches")},
        "bounce": [sums["bounces"], sums["left"]], "scroll": [sums["scroll"], sums["scrolled"]],
        "error": [sums["failed_views"] + sums["failed_requests"], sums["views"] + sums["failed_requests"]],
        "conversion": [sums["conversions"], sums["visits"]],
    }
