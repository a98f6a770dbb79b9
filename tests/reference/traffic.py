"""Random visitors of one site: people who read, click through, open tabs, fill forms, close pages or vanish; what the
server records meanwhile; and what the network does to it all. The same seed tells the same story everywhere."""

import known
from known import HOST

HUMANS = list(known.AGENTS)
PATHS = ["/", "/a", "/b/", "/c", "/shop", "/contact/", "/?p=7", "/?s=shoes", "/a?x=1"]
FORMS = ["contact", "newsletter", "/wp-comments-post"]
LABELS = ["Read more", "Buy", "Menu"]
# Moments after an event at which something ends, and their neighbours.
ENDS = [0, 0, 1, 1, 2, 3, 4, 9, 10, 11, 15, 25, 59, 60, 61, 119, 120, 121, 180, 183, 299, 300, 301, 599, 601]


class Tab:
    def __init__(self, view, url, referrer, visible, kind):
        self.view, self.url, self.referrer, self.visible, self.kind = view, url, referrer, visible, kind
        self.sequence, self.began = 0, None
        self.engaged = self.scroll = 0
        self.tall, self.form = True, None


class Traffic:
    """Fills `sent`: [second drained, record]."""

    def __init__(self, random, start, end, config, options):
        self.random, self.start, self.end, self.config, self.options = random, start, end, config, options
        self.sent, self.next_view = [], 1

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def tell(self):
        people = self.random.choice([1, 2, 3, 5, 8, 12, 20])
        # More people of one address would have more views than the engine keeps of a key.
        addresses = max(1, people * self.random.choice([100, 100, 60, 40]) // 100)
        places = [(self.address(n), self.random.choice(HUMANS)) for n in range(addresses)]
        bots = [(self.address(100 + n), self.random.choice(list(known.BOTS))) for n in range(2)]
        for n in range(people):
            place = bots[n % 2] if self.chance(6) else self.random.choice(places)
            Person(self, place, self.chance(12), self.chance(10)).live()
        self.serve(places + bots)
        if self.chance(15):
            self.rush()
        self.disturb()
        self.sent = [s for s in self.sent if s[0] <= self.end]
        self.sent.sort(key=lambda s: s[0])
        return self.sent

    def address(self, n):
        network = self.random.choice(known.NETWORKS)
        return f"{network}{n + 7}" if "." in network else f"{network}:{n + 7:x}"

    def send(self, second, kind, place, flags=(), view=0, sequence=0, drained=None, **fields):
        record = {"kind": kind, "second": second, "flags": [f for f in flags if f], "peer": place[0], "view": view,
                  "sequence": sequence, "fields": {**({"agent": place[1]} if place[1] else {}), **fields}}
        self.sent.append([second if drained is None else drained, record])

    def serve(self, places):
        """Requests and signals."""
        choice, between = self.random.choice, self.random.randrange
        for _ in range(choice([0, 5, 15, 40])):
            second, place = between(self.start, self.end + 1), choice(places)
            flags = [self.chance(8) and "private"]
            url = choice([*PATHS, "/gone", "/b"])
            if self.chance(60):
                status = choice([200, 200, 200, 404, 404, 500, 503, 301])
                self.send(second, "request", place, [*flags, self.chance(8) and "fatal"], url=url, status=status,
                          generation=between(200, 900_000), queries=between(0, 300),
                          **({"referrer": f"https://{HOST}/a"} if self.chance(40) else {}))
                continue
            name = choice(["search", "search", "login-failed", "change", "track", "php-error", "database-error",
                           "slow-query"])
            fields = {"name": name, "url": url}
            if name == "search":
                fields.update(title=choice(["shoes", "red shoes"]), results=choice([0, 0, 3]))
            elif name == "change":
                fields.update(what=choice(["plugin-activated", "published", "cache-purged"]), title=choice(["Shop", "Post"]))
            elif name == "track":
                fields.update(target=choice(["order", "signup", "download"]))
            elif name == "php-error":
                fields.update(what=choice(["fatal", "warning"]), title=choice(["Undefined variable $x", "Call to null"]),
                              target=choice(["wp-content/a.php", "wp-content/b.php"]), line=choice([3, 14]))
            elif name == "database-error":
                fields.update(title="Table is missing")
            elif name == "slow-query":
                fields.update(title="SELECT ? FROM posts", generation=between(1_000_000, 9_000_000))
            self.send(second, "signal", place, flags, **fields)

    def rush(self):
        """Enough page loads within minutes for an error rate."""
        second = self.random.randrange(self.start, self.end + 1)
        for _ in range(self.random.randrange(25, 45)):
            second += self.random.choice([0, 1, 3, 8, 15])
            place = (self.address(self.random.randrange(50, 90)), self.random.choice(HUMANS))
            person = Person(self, place, self.chance(12), False)
            tab = person.open(second, True, 0)
            if self.chance(15):
                person.say(second + 1, tab, "error", **person.error())
            if self.chance(50):
                person.close(second + 5, tab)

    def disturb(self):
        """What the network does: events are lost, repeated, drained late, swapped within their second."""
        rough = self.options.get("rough", self.random.choice([0, 0, 3, 10]))
        lost = self.options.get("lost", rough)
        kept = []
        for sent in self.sent:
            first = sent[1]["kind"] == "view"
            if self.chance(lost) and not (first and not self.options.get("lost_views", True)):
                continue
            kept.append(sent)
            if self.chance(rough):
                later = sent[0] + self.random.choice([0, 0, 1, 5, 60, 110, 130, 1000])
                kept.append([later, {**sent[1], "second": later}])
            if self.chance(rough) and self.options.get("late", True):
                sent[0] += self.random.choice([1, 1, 2, 3])
        self.sent = kept
        for _ in range(rough * len(kept) // 50):
            n = self.random.randrange(len(kept))
            if n and kept[n][0] == kept[n - 1][0]:
                kept[n], kept[n - 1] = kept[n - 1], kept[n]


class Person:
    """Somebody, or an office behind one address."""

    def __init__(self, traffic, place, private, webdriver):
        self.traffic, self.place, self.random, self.chance = traffic, place, traffic.random, traffic.chance
        self.flags = [private and "private", webdriver and traffic.chance(30) and "webdriver"]
        self.tabs = []

    def live(self):
        span = self.traffic.end - self.traffic.start
        now = self.traffic.start + self.random.randrange(max(1, span * 2 // 3))
        while now < self.traffic.end:
            now = self.visit(now)
            low, high = self.random.choice([(20, 300), (1795, 1806), (1200, 2400), (3600, 7200), (100, 1200), (115, 190)])
            now += self.random.randrange(low, high)

    def visit(self, now):
        tab = self.open(now, True, 0)
        for _ in range(self.random.randrange(0, 10)):
            now = self.read(now)
            if not self.tabs:
                break
            tab = self.random.choice(self.tabs)
            now = self.act(now, tab)
        while self.tabs:
            tab, kind = self.tabs[-1], self.random.randrange(10)
            if kind < 2:
                # Lost: the battery is empty, the train is in a tunnel.
                self.tabs.pop()
            elif kind == 2:
                self.show(now, tab, False)
                self.tabs.pop()
            else:
                self.close(now, tab, kind == 3)
            now += self.random.randrange(0, 5)
        return now

    def act(self, now, tab):
        kind = self.random.randrange(20)
        if kind < 6:
            return self.follow(now, tab)
        if kind < 8 and len(self.tabs) < 4:
            # A new tab, in front or behind; or another person of the office.
            if self.chance(50):
                self.show(now, tab, False)
            self.open(now, self.chance(70), 0, tab if self.chance(60) else None)
        elif kind < 10:
            self.show(now, tab, not tab.visible)
        elif kind == 10:
            # Closed, and perhaps restored from the browser's memory: a new view of the same page.
            self.close(now, tab)
            if self.chance(60):
                now += self.random.randrange(0, 13)
                self.begin(now, tab.url, tab.referrer, True, 2)
        elif kind == 11:
            # Navigation within the page: the view ends and another begins at once.
            self.close(now, tab, True)
            self.open(now, True, 1, tab)
        elif kind < 14:
            self.fill(now, tab)
        elif kind < 17:
            self.say(now, tab, *self.happening())
        elif kind == 17:
            # Shown again after a long while.
            self.show(now, tab, False)
            now += self.random.choice([100, 600, 1799, 1801, 2400])
            self.show(now, tab, True)
        return now

    def read(self, now):
        """Reads for a while: visible tabs beat, and tell how far they got."""
        # Now and then something long: a film, a recipe.
        length = 2400 if self.chance(2) else self.random.choice([0, 1, 2, 5, 9, 14, 31, 47, 70, 130])
        rhythm = self.random.choice([15, 15, 25])
        for ago in range(rhythm, length + 1, rhythm):
            for tab in self.tabs:
                if tab.visible:
                    tab.engaged += self.random.choice([0, 5, 15, 15, 40])
                    tab.scroll = min(100, tab.scroll + self.random.choice([0, 5, 20, 50]))
                    if self.chance(60):
                        self.engage(now + ago, tab)
                    self.say(now + ago, tab, "beat")
        return now + length

    def happening(self):
        """Something a page may tell: kind and what belongs to it."""
        kind = self.random.choice(["click", "click", "error", "custom", "custom"])
        if kind == "error":
            return kind, self.error()
        if kind == "custom":
            return kind, {"name": self.random.choice(["signup", "order", "play", "goal:cta", "goal:nothing"])}
        what = self.random.choice(["link", "button", "outbound", "download", "marked"])
        target = {"link": "/a", "button": "", "outbound": "shop.example/x", "download": "/files/a.pdf", "marked": "cta"}
        return kind, {"what": what, "target": target[what], "name": self.random.choice(LABELS)}

    def error(self):
        own = self.random.randrange(2)
        return {"title": self.random.choice(["x is not a function", "Script error."]),
                "target": "/theme/main.js" if own else "cdn.example/lib.js", "line": self.random.choice([1, 77]), "own": own}

    def fill(self, now, tab):
        form = tab.form or self.random.choice(FORMS)
        what = self.random.choice(["start"] if tab.form is None else ["active", "submit", "abandon", "active"])
        tab.form = None if what in ("submit", "abandon") else form
        self.say(now, tab, "form", what=what, name=form)

    def follow(self, now, tab):
        if self.chance(50):
            self.say(now, tab, "click", what="link", target="/b", name="B")
        if self.chance(30):
            # The next page is faster than the leave of this one.
            self.open(now, True, 0, tab)
            later = now + self.random.randrange(0, 3)
            self.close(later, tab, True)
            return later
        self.close(now, tab, self.chance(90))
        then = now + self.random.choice([0, 0, 0, 1, 1, 2, 3, 5, 9, 10, 11])
        self.open(then, True, 0, tab)
        return then

    def open(self, now, visible, kind, come_from=None):
        """Opens a page, by a link of the page it comes from or from anywhere."""
        path = self.random.choice(PATHS)
        if self.traffic.config.get("exclude_paths") and self.chance(10):
            path = "/hidden/"
        if come_from:
            return self.begin(now, path, f"https://{HOST}{come_from.url}", visible, kind)
        if self.chance(5):
            return self.begin(now, path, f"https://{HOST}/elsewhere", visible, kind)
        referrer = self.random.choice(list(known.REFERRERS))
        if self.chance(20):
            path += ("&" if "?" in path else "?") + self.random.choice(known.CAMPAIGNS)
        return self.begin(now, path, referrer, visible, kind)

    def begin(self, now, url, referrer, visible, kind):
        tab = Tab(self.traffic.next_view, url, referrer, visible, kind)
        tab.began, tab.tall = now, self.chance(80)
        self.traffic.next_view += 1
        self.tabs.append(tab)
        title, meta = known.metadata(known.page(url))
        fields = {"title": title} if title else {}
        if any(meta):
            fields["meta"] = meta
        self.say(now, tab, "view", flag="visible" if visible else None, **({"referrer": referrer} if referrer else {}),
                 **({"type": kind} if kind else {}), **fields)
        if kind == 0 and visible and self.chance(60):
            load = self.random.randrange(100, 9000)
            self.say(now + self.random.randrange(0, 3), tab, "timing", load=load, ttfb=load // 3,
                     **({"fcp": load // 2} if self.chance(80) else {}))
            tab.timed = True
        return tab

    def show(self, now, tab, visible):
        tab.visible = visible
        if not visible and getattr(tab, "timed", False):
            tab.timed = False
            self.say(now, tab, "timing", **{name: self.random.randrange(0, 4000)
                                            for name in ("lcp", "inp", "cls") if self.chance(80)})
        if not visible and self.chance(60):
            self.engage(now, tab)
        self.say(now, tab, "visible" if visible else "hidden")

    def engage(self, now, tab):
        self.say(now, tab, "engage", engaged=tab.engaged, scroll=tab.scroll, tall=int(tab.tall))

    def close(self, now, tab, link=False):
        if tab.visible and self.chance(70):
            self.show(now, tab, False)
        elif self.chance(30):
            self.engage(now, tab)
        if tab.form and self.chance(70):
            self.say(now, tab, "form", what="abandon", name=tab.form)
        self.say(now, tab, "leave", flag="link" if link else None)
        if tab in self.tabs:
            self.tabs.remove(tab)

    def say(self, now, tab, kind, fields=None, flag=None, **more):
        self.traffic.send(now, kind, self.place, [*self.flags, flag], tab.view, tab.sequence, url=tab.url,
                          **(fields or {}), **more)
        tab.sequence += 1
