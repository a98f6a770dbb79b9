"""A scenario: sites, what happens on them, and the questions asked meanwhile. Plain JSON (see README.md)."""

import random as library

import known
import zone
from answers import QUESTIONS
from sums import FEATURES, NAMES
from traffic import ENDS, Traffic

GOALS = [
    {"name": "Seen the shop", "type": "page", "value": "/shop"},
    {"name": "cta", "type": "selector", "value": ".cta"},
    {"name": "Asked us", "type": "form", "value": "contact"},
    {"name": "Signed up", "type": "event", "value": "signup"},
    {"name": "Signed up, too", "type": "event", "value": "signup"},
]


def config(random, timezone):
    """A site's configuration; most of it as it is by default."""
    made = {"hosts": [known.HOST], "home": f"https://{known.HOST}", "timezone": timezone,
            "active_window": random.choice([60, 60, 60, 61, 90, 120, 600])}
    if random.random() < .7:
        made["goals"] = random.sample(GOALS, random.randrange(1, 6))
    if random.random() < .2:
        made["exclude_paths"] = ["/hidden"]
    if random.random() < .2:
        made["exclude_ips"] = [f"{random.choice(known.NETWORKS[:3])}{random.randrange(7, 12)}" for _ in range(3)]
    if random.random() < .15:
        made["exclude_countries"] = ["US"]
    elif random.random() < .1:
        made["only_countries"] = random.choice([["FR"], ["FR", "JP"]])
    if random.random() < .1:
        made["exclude_bots"] = False
    return made


def asked_filter(random):
    asked = {}
    if random.random() < .45:
        for member, values in (
            ("page", ["/", "/a", "/b", "/shop", "/?p=7", "/search"]),
            ("country", ["FR", "US", "JP"]),
            ("device", ["desktop", "mobile", "tablet"]),
            ("source", ["google.com", "facebook.com"]),
            ("channel", ["direct", "search", "campaign", "internal", "private"]),
        ):
            if random.random() < .3:
                asked[member] = random.choice(values)
    return asked


def question(random):
    asked = {"what": random.choice(QUESTIONS), "limit": 1000, "pages": 100}
    filter = asked_filter(random)
    if filter:
        asked["filter"] = filter
    return asked


def question_of_sums(random, first, last, dimension):
    """Sums by pages, visits or names, of all there was between two Unix times or of some of its minutes."""
    first, last = first // 60, last // 60 + 1
    if random.random() < .4:
        first, last = sorted(random.sample(range(first, last + 1), 2))
    asked = {"what": "history", "from": first * 60, "to": last * 60, "limit": 500}
    asked["dimension"] = dimension
    if dimension == "page":
        if random.random() < .2:
            asked["filter"] = {"page": random.choice(["/", "/a", "/shop"])}
    elif dimension in FEATURES and random.random() < .4:
        asked["filter"] = {m: v for m, v in asked_filter(random).items() if m != "page"}
    return asked


def scenario(seed, options=None):
    """The scenario of a seed: one or two sites around a midnight or a change of the clock of the first."""
    options = options or {}
    random = library.Random(seed)
    timezone = random.choice(list(zone.ZONES))
    length = random.choice([300, 900, 1800, 3600, 3600, 7200])
    start = (1 << 20) + random.randrange(5000)
    offset = random.choice(zone.interesting(timezone)) - random.randrange(length + 1) - start
    configs = [config(random, timezone)]
    if random.random() < .1:
        configs.append(config(random, random.choice(list(zone.ZONES))))
    timeline = []
    for site, made in enumerate(configs):
        for drained, record in Traffic(random, start, start + length, made, options).tell():
            timeline.append((drained, {"site": site, "record": record}))
    timeline.sort(key=lambda t: t[0])
    # Somebody sets the clock of the machine.
    if random.random() < .1:
        for _ in range(random.choice([1, 2])):
            offset_then = offset + random.choice([-7200, -90, 45, 3600, 90_000])
            timeline.append((start + random.randrange(length + 1), {"clock": offset_then}))
        timeline.sort(key=lambda t: t[0])
    seconds = [t[0] for t in timeline] or [start]
    asked = [random.choice(seconds) + random.choice(ENDS) for _ in range(options.get("instants", 10))]
    asked += [random.randrange(start, start + length + 2500) for _ in range(3)]
    asked.append(seconds[-1] + random.choice([1800, 1801, 1830, 4000]))
    for second in asked:
        # The same instant is asked several things; each site answers.
        for _ in range(options.get("questions", 4)):
            timeline.append((second, {"site": random.randrange(len(configs)), "second": second, "ask": question(random)}))
    offsets = [offset] + [step["clock"] for _, step in timeline if "clock" in step]
    for second in [random.choice(asked), max(asked)]:
        for site in range(len(configs)):
            for dimension in ("page", random.choice(list(FEATURES)), random.choice(list(NAMES))):
                ask = question_of_sums(random, start + min(offsets), max(asked) + max(offsets), dimension)
                timeline.append((second, {"site": site, "second": second, "ask": ask}))
    timeline.sort(key=lambda t: t[0])
    return {"seed": seed, "start": start, "offset": offset, "sites": configs,
            "steps": [step for _, step in timeline]}
