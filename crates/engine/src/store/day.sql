-- The tables of one UTC day; {day} is its date. `at` is Unix time in ms, `second` the engine's. Shared by the sites.
CREATE TABLE IF NOT EXISTS views_{day} (
    site     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    view     INTEGER NOT NULL,
    visitor  INTEGER,           -- key; NULL for a private view
    visit    INTEGER,           -- when the visit began, Unix seconds; NULL for a private view
    page     INTEGER NOT NULL,
    profile  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS views_{day}_site_at ON views_{day} (site, at);

-- facts::Request. n only tells rows apart.
CREATE TABLE IF NOT EXISTS requests_{day} (
    site       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    second     INTEGER NOT NULL,
    page       INTEGER NOT NULL,
    path       TEXT,            -- of those that were not found or failed
    profile    INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    fatal      INTEGER NOT NULL,
    bot        INTEGER NOT NULL,
    generation INTEGER,         -- µs in PHP
    queries    INTEGER,
    PRIMARY KEY (site, at, n)
) WITHOUT ROWID;

-- facts::Entry.
CREATE TABLE IF NOT EXISTS events_{day} (
    site    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    second  INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    sub     INTEGER NOT NULL,
    undone  INTEGER NOT NULL,
    page    INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    name    INTEGER NOT NULL,
    value   INTEGER NOT NULL,
    key     INTEGER,            -- NULL: of nobody known
    visit   INTEGER,            -- engine second
    view    INTEGER,
    PRIMARY KEY (site, at, id)
) WITHOUT ROWID;
-- E8, a mark on every graph: few among many.
CREATE INDEX IF NOT EXISTS events_{day}_changes ON events_{day} (site, at) WHERE kind = 12;

-- facts::Timing: ms, cls × 1000; NULL = not told.
CREATE TABLE IF NOT EXISTS times_{day} (
    site     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    second   INTEGER NOT NULL,
    page     INTEGER NOT NULL,
    profile  INTEGER NOT NULL,
    internal INTEGER NOT NULL,
    load     INTEGER,
    ttfb     INTEGER,
    fcp      INTEGER,
    lcp      INTEGER,
    inp      INTEGER,
    cls      INTEGER,
    PRIMARY KEY (site, at, n)
) WITHOUT ROWID;

-- facts::Metrics per minute (minutes since 1970) and facts::Cell, in the order in which a dimension is read.
CREATE TABLE IF NOT EXISTS rollups_{day} (
    site            INTEGER NOT NULL,
    dim             INTEGER NOT NULL,
    minute          INTEGER NOT NULL,
    key             INTEGER NOT NULL,
    views           INTEGER NOT NULL,
    visits          INTEGER NOT NULL,
    leaves          INTEGER NOT NULL,
    bounces         INTEGER NOT NULL,
    engaged         INTEGER NOT NULL,
    clicks          INTEGER NOT NULL,
    scroll          INTEGER NOT NULL,
    scrolled        INTEGER NOT NULL,
    failed_views    INTEGER NOT NULL,
    requests        INTEGER NOT NULL,
    failed_requests INTEGER NOT NULL,
    not_found       INTEGER NOT NULL,
    conversions     INTEGER NOT NULL,
    forms_started   INTEGER NOT NULL,
    forms_abandoned INTEGER NOT NULL,
    forms_submitted INTEGER NOT NULL,
    searches        INTEGER NOT NULL,
    count           INTEGER NOT NULL,
    saw             INTEGER NOT NULL,
    saw_left        INTEGER NOT NULL,
    time            INTEGER NOT NULL,
    PRIMARY KEY (site, dim, minute, key)
) WITHOUT ROWID;
