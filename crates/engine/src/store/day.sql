-- The tables of one UTC day; {day} is its date. `at` is Unix time in ms. Shared by the sites.
CREATE TABLE IF NOT EXISTS views_{day} (
    site     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    view     INTEGER NOT NULL,
    visitor  INTEGER,           -- key; NULL for a private view
    visit    INTEGER,           -- when the visit began, Unix seconds; NULL for a private view
    page     INTEGER NOT NULL,
    referrer TEXT
);
CREATE INDEX IF NOT EXISTS views_{day}_site_at ON views_{day} (site, at);

CREATE TABLE IF NOT EXISTS requests_{day} (
    site       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    page       TEXT NOT NULL,
    status     INTEGER NOT NULL,
    generation INTEGER,         -- µs in PHP
    queries    INTEGER,
    flags      INTEGER NOT NULL -- of the record: logged in, fatal
);
CREATE INDEX IF NOT EXISTS requests_{day}_site_at ON requests_{day} (site, at);
