-- Tables that are not partitioned. Days have tables of their own, see day.sql.

-- One row: how the clock of the last run can be continued (clock::Mark).
CREATE TABLE IF NOT EXISTS clock (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    boot    TEXT NOT NULL,
    shift   INTEGER NOT NULL,
    second  INTEGER NOT NULL,
    unix    INTEGER NOT NULL,
    batch   INTEGER NOT NULL DEFAULT 0      -- number of the last commit
);

-- What Unix time minus engine second was from which engine second on: a clock that was set leaves a row.
CREATE TABLE IF NOT EXISTS offsets (
    second  INTEGER PRIMARY KEY,
    shift   INTEGER NOT NULL
);

-- How far each ring has been taken in. A cursor speaks of the ring with its epoch only.
CREATE TABLE IF NOT EXISTS ring_cursor (
    epoch    INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    unix     INTEGER NOT NULL
);

-- The sites: configuration as WordPress composed it, what cannot be derived from visitors, and the alerts.
CREATE TABLE IF NOT EXISTS sites (
    site    INTEGER PRIMARY KEY,
    config  TEXT NOT NULL,
    kept    TEXT,
    alerts  TEXT
);

-- Paths, titles and groups (P6); day = last day on which a view stood on it (days since 1970).
CREATE TABLE IF NOT EXISTS pages (
    site    INTEGER NOT NULL,
    page    INTEGER NOT NULL,
    path    TEXT NOT NULL,
    title   TEXT NOT NULL,
    day     INTEGER NOT NULL,
    post_type TEXT NOT NULL DEFAULT '',
    author    TEXT NOT NULL DEFAULT '',
    category  TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (site, page)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_day ON pages (day);
CREATE INDEX IF NOT EXISTS pages_path ON pages (site, path);

-- Forms, goals, elements, errors, terms: live::names. day as in pages.
CREATE TABLE IF NOT EXISTS names (
    site    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    kind    INTEGER NOT NULL,   -- NameKind
    text    TEXT NOT NULL,
    day     INTEGER NOT NULL,
    PRIMARY KEY (site, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_day ON names (day);

-- Where visits came from and on what: live::profiles. day as in pages.
CREATE TABLE IF NOT EXISTS profiles (
    site         INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    private      INTEGER NOT NULL,
    country      TEXT NOT NULL,         -- "" = unknown
    city         TEXT NOT NULL,
    channel      INTEGER NOT NULL,
    source       TEXT NOT NULL,
    utm_source   TEXT NOT NULL,
    utm_medium   TEXT NOT NULL,
    utm_campaign TEXT NOT NULL,
    device       INTEGER NOT NULL,
    browser      TEXT NOT NULL,
    os           TEXT NOT NULL,
    day          INTEGER NOT NULL,
    PRIMARY KEY (site, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS profiles_day ON profiles (day);

-- Touches of a commit, and the second of its end: with the buckets they give the live state back.
CREATE TABLE IF NOT EXISTS journal (
    batch   INTEGER PRIMARY KEY,
    touches BLOB NOT NULL
);

-- The visitors of a bucket as they were after commit `batch`, in engine second `second`.
CREATE TABLE IF NOT EXISTS buckets (
    bucket  INTEGER PRIMARY KEY,
    batch   INTEGER NOT NULL,
    second  INTEGER NOT NULL,
    state   BLOB NOT NULL
);

-- V2: highest V1 and views per minute (minutes since 1970), and the visitors and views of the local day up to the end of
-- the minute (NULL = not known); kept 8 days whatever the retention.
CREATE TABLE IF NOT EXISTS minutes (
    site    INTEGER NOT NULL,
    minute  INTEGER NOT NULL,
    active  INTEGER NOT NULL,
    views   INTEGER NOT NULL,
    visitors_today INTEGER,
    views_today    INTEGER,
    PRIMARY KEY (site, minute)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS minutes_minute ON minutes (minute);

-- Transitions of alerts on their way to WordPress.
CREATE TABLE IF NOT EXISTS outbox (
    id      INTEGER PRIMARY KEY,
    site    INTEGER NOT NULL,
    entry   TEXT NOT NULL
);

-- What has rows that its summary does not know yet (store::summary::Stale): written with the rows, deleted with the summary.
CREATE TABLE IF NOT EXISTS stale (
    site    INTEGER NOT NULL,
    what    INTEGER NOT NULL,
    number  INTEGER NOT NULL,   -- hours or minutes since 1970
    PRIMARY KEY (site, what, number)
) WITHOUT ROWID;

-- Sites whose rows lose what GDPR mode does not keep, until that is done.
CREATE TABLE IF NOT EXISTS scrubs (
    site    INTEGER PRIMARY KEY
);

-- Sums of an hour (hours since 1970) by one dimension (store::summary::By), in one row: store::cells, store::crossed.
CREATE TABLE IF NOT EXISTS hours (
    site    INTEGER NOT NULL,
    dim     INTEGER NOT NULL,
    hour    INTEGER NOT NULL,
    cells   BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS hours_site ON hours (site, dim, hour);

-- Timings of a minute (span 60) or an hour (span 3600), number = minutes or hours since 1970: store::sketch. A minute has
-- those of its pages for a day only.
CREATE TABLE IF NOT EXISTS sketches (
    site    INTEGER NOT NULL,
    span    INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    whole   BLOB NOT NULL,
    pages   BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS sketches_site ON sketches (site, span, number);
CREATE INDEX IF NOT EXISTS sketches_pages ON sketches (site, number) WHERE span = 60 AND pages IS NOT NULL;

-- V4: mean and highest of the minutes' highest V1 in a local hour (Unix seconds of its beginning); kept 8 weeks.
CREATE TABLE IF NOT EXISTS baselines (
    site    INTEGER NOT NULL,
    began   INTEGER NOT NULL,
    value   REAL NOT NULL,
    peak    INTEGER NOT NULL,
    PRIMARY KEY (site, began)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS baselines_began ON baselines (began);

-- V3: highest V1 of a local day (days since 1970), and the minute it was reached in (Unix seconds). Never deleted.
CREATE TABLE IF NOT EXISTS records (
    site    INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    peak    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (site, day)
) WITHOUT ROWID;

-- Users whose tokens are refused if their chain began by then (Unix seconds); kept for the life of a chain, and a minute.
CREATE TABLE IF NOT EXISTS revocations (
    site    INTEGER NOT NULL,
    user    INTEGER NOT NULL,
    unix    INTEGER NOT NULL,
    PRIMARY KEY (site, user)
) WITHOUT ROWID;
