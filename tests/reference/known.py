"""What the traffic is made of, and what is known about it beforehand: written by hand, not asked of the engine."""

# User agent → device, browser, operating system.
AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":
        ("desktop", "Chrome", "Windows"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15":
        ("desktop", "Safari", "Mac OS X"),
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0": ("desktop", "Firefox", "Ubuntu"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Mobile/15E148 Safari/604.1": ("mobile", "Mobile Safari", "iOS"),
    "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile "
    "Safari/537.36": ("mobile", "Chrome Mobile", "Android"),
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 "
    "Safari/604.1": ("tablet", "Mobile Safari", "iOS"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 "
    "Edg/120.0.0.0": ("desktop", "Edge", "Windows"),
}
BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": ("other", "Googlebot", "Other"),
    "curl/8.5.0": ("other", "curl", "Other"),
    "": ("other", "Other", "Other"),
}
CLIENTS = {**AGENTS, **BOTS}

# First characters of an address → country; others are unknown. From the ranges kept for documentation.
COUNTRIES = [("203.0.113.", "FR"), ("198.51.100.", "US"), ("2001:db8:1:", "JP")]
NETWORKS = ["203.0.113.", "198.51.100.", "192.0.2.", "2001:db8:1:", "2001:db8:2:"]

HOST = "www.site.example"

# Referrer → channel and host, if the page's address names no campaign.
REFERRERS = {
    "": ("direct", ""),
    "https://www.google.com/": ("search", "google.com"),
    "https://duckduckgo.com/": ("search", "duckduckgo.com"),
    "https://www.facebook.com/": ("social", "facebook.com"),
    "https://mail.google.com/": ("mail", "mail.google.com"),
    "https://chatgpt.com/": ("ai", "chatgpt.com"),
    "https://blog.other.example/post?x=1": ("referral", "blog.other.example"),
}
CAMPAIGNS = ["utm_source=letter&utm_medium=cpc&utm_campaign=spring", "utm_source=ads&utm_medium=cpc&utm_campaign=autumn"]


def country(address):
    return next((name for prefix, name in COUNTRIES if address.startswith(prefix)), "")


def source(referrer, url):
    """Channel, host, UTM source, medium and campaign of a visit that begins on `url` (path and query)."""
    # The site's own host is no source: the earlier part of the visit was not seen.
    own = referrer.startswith(f"https://{HOST}/")
    channel, host = ("internal", "") if own else REFERRERS[referrer]
    query = dict(a.partition("=")[::2] for a in url.partition("?")[2].split("&"))
    utm = tuple(query.get(f"utm_{name}", "") for name in ("source", "medium", "campaign"))
    return ("campaign" if any(utm) else channel, host, *utm)


def page(url):
    """A page's name, as FEATURES P normalises paths: what the traffic has of it."""
    path, _, query = url.partition("#")[0].partition("?")
    if any(a.startswith("s=") for a in query.split("&")) or path.startswith("/search/"):
        return "/search"
    kept = [a for a in query.split("&") if a.partition("=")[0] in ("p", "paged") and a.partition("=")[2]]
    return (path.rstrip("/") or "/") + ("?" + "&".join(kept) if kept else "")


def own_page(referrer):
    """The page of the site that a referrer names, or None."""
    start = f"https://{HOST}"
    return page(referrer[len(start):] or "/") if referrer.startswith(start + "/") else None


def metadata(page_name):
    """Title, post type, author and category the tracker tells of a page: fixed by its name."""
    title, *meta = PAGES.get(page_name, ("", "", "", ""))
    return title, meta


PAGES = {
    "/": ("Home", "page", "", ""),
    "/a": ("Title A", "post", "Ann", "News"),
    "/b": ("Title B", "post", "Bob", "News"),
    "/c": ("Title C", "post", "Ann", "Sport"),
    "/shop": ("Shop", "page", "Bob", ""),
    "/contact": ("Contact", "page", "", ""),
    "/?p=7": ("Draft", "post", "Bob", "Sport"),
    "/search": ("", "", "", ""),
    "/hidden": ("Hidden", "page", "", ""),
}
