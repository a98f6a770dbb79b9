"""Compares an answer of the engine with the one that the definitions give.

A difference is (label, words): the label names the number, so that many differences can be told apart by what differs.
Left open, because the definitions do: the order of rows beyond what they are sorted by, roundings of means to a whole
second, rows of nothing, and what several visits that left in the same second are numbered.
"""

# Means may be rounded to whole numbers.
ROUNDING = .51
QUANTILE = .01


class Comparison:
    def __init__(self, what):
        self.what, self.differences = what, []

    def say(self, label, got, expected):
        label = f"{self.what}.{label}"
        self.differences.append((label, f"{label}: the engine says\n{got!r}\nthe reference\n{expected!r}"))

    def same(self, label, got, expected):
        if got != expected:
            self.say(label, got, expected)

    def near(self, label, got, expected, by=ROUNDING):
        if expected is None:
            # Of nothing there is no mean.
            if got not in (None, 0):
                self.say(label, got, expected)
        elif not isinstance(got, (int, float)) or abs(got - expected) > by:
            self.say(label, got, expected)

    def rows(self, label, got, expected, name, compare, empty=lambda row: False):
        """Rows by their name, in whatever order."""
        if not isinstance(got, list):
            return self.say(label, got, "a list")
        rows = [row for row in got if not empty(row)]
        got, expected = ({name(r): r for r in of} for of in (rows, [r for r in expected if not empty(r)]))
        if len(rows) != len(got):
            self.say(f"{label}[twice]", rows, "each row once")
        for key in expected.keys() - got.keys():
            self.say(f"{label}[missing]", None, expected[key])
        for key in got.keys() - expected.keys():
            self.say(f"{label}[extra]", got[key], None)
        for key in expected.keys() & got.keys():
            compare(got[key], expected[key])

    def members(self, label, *names):
        def compare(got, expected):
            for name in names:
                if got.get(name) != expected[name]:
                    self.say(f"{label}.{name}", got, expected)
        return compare


def falls(values):
    return all(a >= b for a, b in zip(values, values[1:]))


def compare(question, answer, expected, identities):
    """The differences of one answer; `identities`: what each id of a visitor stood for so far."""
    what = question["what"]
    c = Comparison(what if what != "history" else f"history.{question['dimension']}")
    got = answer.get(what) if isinstance(answer, dict) and answer.get("ok") else None
    if not isinstance(got, dict):
        c.say("answer", answer, "an answer")
        return c.differences
    if what == "history":
        compare_history(c, got, expected)
        return c.differences
    if got.get("approximate"):
        if not expected["_crowded"]:
            c.say("approximate", True, False)
        return c.differences
    c.same("active", got.get("active"), expected["active"])
    c.same("time", got.get("time"), expected["time"])
    globals()["compare_" + what](c, got, expected, identities)
    return c.differences


def compare_live(c, got, expected, _):
    c.rows("pages", got.get("pages"), expected["pages"], lambda r: r["path"], c.members("pages", "active"),
           lambda r: not r["active"])
    c.same("sum", sum(r["active"] for r in got.get("pages", [])), expected["active"])
    aside = ("pages", "time", "active", "approximate", "_crowded")
    c.same("members", *({n: v for n, v in of.items() if n not in aside} for of in (got, expected)))


VISITOR = ("began", "country", "browser", "os", "channel", "source", "campaign", "device", "entry", "count", "views", "pages",
           "duration")


def compare_visitors(c, got, expected, identities):
    c.same("total", got.get("total"), expected["total"])
    c.same("private", got.get("private"), expected["private"])
    duration = got.get("duration") or {}
    for name in ("mean", "median", "p90"):
        c.near(f"duration.{name}", duration.get(name), expected["duration"][name])
    rows = got.get("visitors", [])
    if not falls([r["began"] for r in rows]):
        c.say("order", [r["began"] for r in rows], "newest first")
    c.same("sum", sum(r["count"] for r in rows), sum(r["count"] for r in expected["visitors"]))
    if len(rows) != len(expected["visitors"]):
        return c.say("rows", rows, expected["visitors"])

    def order(row):
        return [str(row.get(n)) for n in VISITOR]
    for row, should in zip(sorted(rows, key=order), sorted(expected["visitors"], key=order)):
        before = len(c.differences)
        for name in VISITOR:
            if row.get(name) != should[name]:
                c.say(f"visitors.{name}", row, should)
        # Of several at once, the page of any of them.
        if row.get("page") not in should["_pages"] or len(should["_pages"]) == 1 and row.get("title") != should["title"]:
            c.say("visitors.page", row, should)
        if row.get("engaged") != should["engaged"]:
            # Two that are alike but for this may be swapped.
            alike = [r["engaged"] for r in expected["visitors"] if order(r) == order(should)]
            if row.get("engaged") not in alike:
                c.say("visitors.engaged", row, should)
        if before == len(c.differences) and sum(order(r) == order(should) for r in expected["visitors"]) == 1:
            identify(c, "visitors.id", row.get("id"), ("visitors", should["_key"]), identities)


def identify(c, label, id, key, identities):
    """The same id means the same key, always."""
    if identities.setdefault(key, id) != id or identities.setdefault((key[0], "of", id), key) != key:
        c.say(label, id, f"{identities[key]} for {key}")


def compare_pages(c, got, expected, _):
    c.same("visits", got.get("visits"), expected["visits"])
    c.same("total", got.get("total"), expected["total"])
    whole = c.members("pages", "title", "post_type", "author", "category", "active", "saw", "views", "began", "entry_rate",
                      "exit_rate", "left", "exits")

    def row(is_, should):
        whole(is_, should)
        for name in ("engaged", "time"):
            before = len(c.differences)
            c.near(f"pages.{name}", is_.get(name), should[name])
            if len(c.differences) > before:
                c.say(f"pages.{name}", is_, should)
    c.rows("pages", got.get("pages"), expected["pages"], lambda r: r["path"], row)
    if not falls([r["active"] for r in got.get("pages", [])]):
        c.say("pages.order", [r["active"] for r in got["pages"]], "the most visited first")
    c.same("sum", sum(r["active"] for r in got.get("pages", [])), expected["active"])
    for name in ("author", "category", "post_type"):
        rows = (got.get("groups") or {}).get(name) or []
        # Pages without an author need no row.
        nameless = not any(r["name"] == "" for r in rows)
        c.rows(f"groups.{name}", rows, expected["groups"][name], lambda r: r["name"],
               c.members(f"groups.{name}", "active", "views"),
               lambda r: not r["active"] and not r["views"] or (nameless and not r["name"]))


def unknown(name):
    return "" if name.lower() in ("", "other", "unknown") else name


def compare_dimension(c, got, expected, names):
    for name in names:
        rows = got.get(name)
        campaign = name == "campaigns"
        if not isinstance(rows, list):
            c.say(name, rows, "a list")
            continue
        def key(r):
            return (r["source"], r["medium"], r["campaign"]) if campaign else unknown(r["name"])
        # Visits without a host or a campaign need no row; if there is one, it must be right.
        nameless = name in ("hosts", "campaigns") and not any(not any(key(r)) for r in rows)
        c.rows(name, rows, expected[name], key, c.members(name, "active", "visitors"),
               lambda r: not r["active"] and not r["visitors"] or (nameless and not any(key(r))))
        if name not in ("hosts", "campaigns"):
            c.same(f"{name}.sum", sum(r["active"] for r in rows), expected["active"])


def compare_sources(c, got, expected, _):
    compare_dimension(c, got, expected, ("channels", "hosts", "campaigns"))


def compare_devices(c, got, expected, _):
    compare_dimension(c, got, expected, ("devices", "browsers", "systems"))


def compare_geo(c, got, expected, _):
    compare_dimension(c, got, expected, ("countries",))


# What the page, title, name, target, what and value of an entry mean is defined by its kind.
TOLD = {
    "start": ("page", "title"), "view": ("page", "title"), "left": ("page", "value"), "returned": ("page",),
    "click": ("page", "what", "target", "name"), "scroll": ("page", "value"), "form": ("page", "what", "name"),
    "goal": ("page", "name"), "custom": ("page", "name"), "error": ("page", "what", "name", "target"),
    "search": ("name", "value"), "change": ("what", "name"), "login": (), "404": ("page", "name"), "server": ("page", "name", "value"),
}


def compare_events(c, got, expected, identities):
    c.same("last", got.get("last"), expected["last"])
    c.same("missed", bool(got.get("missed")), False)
    # A visitor's errors and the server's are both errors; the engine may tell them apart.
    rows = [dict(r, kind="error" if r["kind"] == "report" else r["kind"]) for r in got.get("events", [])]
    ids = [r["id"] for r in rows]
    if ids != sorted(set(ids), reverse=True):
        c.say("order", ids, "newest first")
    expected_rows = [r for r in expected["events"] if r["id"] > expected["_old"]]
    rows = [r for r in rows if r["id"] > expected["_old"]]
    if len(rows) != len(expected_rows):
        there = [(r["id"], r["kind"], r["page"]) for r in rows]
        should = [(r["id"], r["kind"], r["page"]) for r in expected_rows]
        there, should = there[::-1], should[::-1]
        n = next((n for n, (a, b) in enumerate(zip(there, should)) if a[:2] != b[:2]), min(len(there), len(should)))
        return c.say("rows", ("…", *there[n:n + 4]), ("…", *should[n:n + 4]))

    def order(row):
        return [str(row.get(n)) for n in ("page", "value", "country", "device", "channel")]
    rows, expected_rows = untie(rows, order), untie(expected_rows, order)
    for row, should in zip(rows, expected_rows):
        if row["kind"] != should["kind"]:
            return c.say("kind", row, should)
        for name in ("time", *TOLD[row["kind"]], *(("country", "device", "channel") if should["_key"] else ())):
            if row.get(name) != should[name]:
                c.say(f"{row['kind']}.{name}", row, should)
        if row["kind"] == "left" and should["_tied"]:
            continue
        c.same(f"{row['kind']}.id", row["id"], should["id"])
        if should["_key"]:
            identify(c, "events.visitor", row.get("visitor"), ("events", should["_key"]), identities)
        elif row.get("visitor"):
            c.say(f"{row['kind']}.visitor", row, should)


def untie(rows, order):
    """Sorts those that left in the same second by what they are; everything else stays where it is."""
    result, start = [], 0
    while start < len(rows):
        end = start + 1
        while (rows[start]["kind"] == "left" and end < len(rows) and rows[end]["kind"] == "left"
               and rows[end]["time"] == rows[start]["time"]):
            end += 1
        result += sorted(rows[start:end], key=order)
        start = end
    return result


def compare_times(c, label, got, expected):
    got = got or {}
    for metric, should in expected.items():
        is_ = got.get(metric) or {"n": 0}
        c.same(f"{label}.{metric}.n", is_.get("n"), should["n"])
        for q in ("p50", "p75", "p95"):
            quantile(c, f"{label}.{metric}.{q}", metric, is_.get(q), should[q])


def quantile(c, label, metric, got, expected):
    if expected is None:
        if got not in (None, 0):
            c.say(label, got, expected)
        return
    # Shifts may be told as the fraction they are, generation in milliseconds.
    accepted = [(expected, .5)]
    if metric == "cls":
        accepted.append((expected / 1000, .0005))
    if metric == "generation":
        accepted.append((expected / 1000, .5))
    if not isinstance(got, (int, float)) or all(abs(got - v) > v * QUANTILE + r for v, r in accepted):
        c.say(label, got, expected)


def compare_performance(c, got, expected, _):
    for window in ("5m", "30m"):
        compare_times(c, window, got.get(window), expected[window])
    navigation = got.get("navigation") or {}
    c.same("navigation.n", navigation.get("n"), expected["navigation"]["n"])
    quantile(c, "navigation.p50", "load", navigation.get("p50"), expected["navigation"]["p50"])

    def row(is_, should):
        for window in ("5m", "30m"):
            compare_times(c, f"pages.{window}", is_.get(window), should[window])
    c.rows("pages", got.get("pages"), expected["pages"], lambda r: r["path"], row,
           lambda r: not any((m or {}).get("n") for m in (r.get("30m") or {}).values()))


def compare_errors(c, got, expected, _):
    rate, should = got.get("rate") or {}, expected["rate"]
    c.same("rate.failed", rate.get("failed"), should["failed"])
    c.same("rate.all", rate.get("all"), should["all"])
    if should["rate"] is None:
        c.same("rate.rate", rate.get("rate"), None)
    else:
        c.near("rate.rate", rate.get("rate"), should["rate"], .001)

    def row(is_, should):
        for member in ("count", "visitors", "first", "last"):
            if is_[member] != should[member]:
                c.say(f"groups.{member}", is_, should)
        # One of those on which it happened.
        if is_["page"] not in should["_pages"]:
            c.say("groups.page", is_, should)
    c.rows("groups", got.get("groups"), expected["groups"],
           lambda r: (r["kind"], r["message"], r["source"], r["line"] or 0), row)


def compare_engagement(c, got, expected, _):
    c.rows("clicks", got.get("clicks"), expected["clicks"], lambda r: (r["what"], r["target"], r["label"], r["page"]),
           c.members("clicks", "count"))
    scroll = got.get("scroll") or {}
    c.same("scroll.n", scroll.get("n"), expected["scroll"]["n"])
    c.near("scroll.mean", scroll.get("mean"), expected["scroll"]["mean"])

    def page(is_, should):
        c.same("scroll.pages.n", is_.get("n"), should["n"])
        c.near("scroll.pages.mean", is_.get("mean"), should["mean"])
    c.rows("scroll.pages", scroll.get("pages"), expected["scroll"]["pages"], lambda r: r["path"], page)
    c.rows("forms", got.get("forms"), expected["forms"], lambda r: r["form"],
           c.members("forms", "filling", "started", "submitted", "abandoned"))
    c.rows("goals", got.get("goals"), expected["goals"], lambda r: r["name"], c.members("goals", "conversions", "rate"),
           lambda r: not r["conversions"])
    c.rows("searches", got.get("searches"), expected["searches"], lambda r: r["term"],
           c.members("searches", "count", "without"))
    c.rows("custom", got.get("custom"), expected["custom"], lambda r: r["name"], c.members("custom", "count"))
    c.same("bounce", got.get("bounce"), expected["bounce"])
    reached = {str(k): v for k, v in (got.get("reached") or {}).items()}
    for threshold, n in expected["reached"].items():
        c.same("reached", reached.get(threshold, 0), n)


def compare_history(c, got, expected):
    def sums(label, is_, should):
        for name, value in should.items():
            # The journey of a visit holds 50 pages: who saw what is known of those.
            if name == "name" or value is None or expected["_crowded"] and name in ("saw", "saw_left"):
                continue
            if is_.get(name) != value:
                c.say(f"{label}.{name}", is_, should)
    for name in ("from", "to", "total"):
        c.same(name, got.get(name), expected[name])
    sums("totals", got.get("totals") or {}, expected["totals"])
    rows = expected["rows"]
    if any("_name" in row for row in rows):
        c.rows("rows", got.get("rows"), rows, name_of, c.members("rows", "count"))
        return
    c.rows("rows", got.get("rows"), rows, lambda r: unknown(r["name"] or ""), lambda is_, should: sums("rows", is_, should))


def name_of(row):
    if "_name" in row:
        return row["_name"]
    if "label" in row:
        return row["what"], row["target"], row["label"]
    return (row["what"], row["name"]) if "what" in row else (row["name"],)
