-- The first schema: who wants what, who waits, what is held, what the gate still has to do.
CREATE TABLE users (
    user        TEXT PRIMARY KEY,
    model       TEXT CHECK (model IN ('proactive', 'reactive')),
    strangers   TEXT CHECK (strangers IN ('hold', 'bounce', 'drop')),
    notices     TEXT NOT NULL DEFAULT 'all' CHECK (notices IN ('all', 'digest', 'none')),
    language    TEXT,
    last_number INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The id of a rule is named in logs and audits, so none is ever given twice.
CREATE TABLE rules (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user         TEXT,
    identity     TEXT NOT NULL,
    sub_handling TEXT NOT NULL CHECK (sub_handling IN ('allow', 'confirm', 'polite-block', 'block')),
    scope        TEXT NOT NULL CHECK (scope IN ('presence', 'messages', 'both')),
    source       TEXT NOT NULL CHECK (source IN ('user', 'admin-default', 'admin-enforced')),
    valid_from   TEXT,
    valid_until  TEXT,
    note         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX rules_identity ON rules (user, identity, scope, source);
-- NULLs never equal each other, so the rules of admins need their own guard.
CREATE UNIQUE INDEX rules_of_admins ON rules (identity, scope, source) WHERE user IS NULL;

CREATE INDEX rules_end ON rules (valid_until) WHERE valid_until IS NOT NULL;

CREATE TABLE standing (
    user         TEXT NOT NULL,
    contact      TEXT NOT NULL,
    wrote_at     TEXT,
    approved_at  TEXT,
    denied_until TEXT,
    asked_again  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, contact)
) STRICT, WITHOUT ROWID;
-- Looked through after each greeting of a gate, among all to whom users ever wrote.
CREATE INDEX standing_approved ON standing (user, contact) WHERE approved_at IS NOT NULL;

CREATE TABLE requests (
    user     TEXT NOT NULL,
    contact  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('subscription', 'message')),
    first_at TEXT NOT NULL,
    last_at  TEXT NOT NULL,
    asked    INTEGER NOT NULL,
    note     TEXT NOT NULL,
    noticed  INTEGER NOT NULL CHECK (noticed IN (0, 1)),
    PRIMARY KEY (user, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_age ON requests (first_at);

CREATE TABLE notices (
    user    TEXT NOT NULL,
    number  INTEGER NOT NULL,
    contact TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('added', 'request')),
    at      TEXT NOT NULL,
    PRIMARY KEY (user, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE held (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user        TEXT NOT NULL,
    contact     TEXT NOT NULL,
    check_name  TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    size        INTEGER NOT NULL,
    releasing   INTEGER NOT NULL DEFAULT 0 CHECK (releasing IN (0, 1)),
    in_order    INTEGER NOT NULL DEFAULT 0 CHECK (in_order IN (0, 1)),
    stanza      TEXT NOT NULL
) STRICT;
-- Covers the counts of a pair, so they are made without a look at the stanzas.
CREATE INDEX held_pair ON held (user, contact, id, releasing, size);
CREATE INDEX held_releasing ON held (user, contact) WHERE releasing = 1;

-- What the gate was told to do and has not acknowledged yet.
CREATE TABLE acts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    host    TEXT NOT NULL,
    act     TEXT NOT NULL,
    user    TEXT NOT NULL,
    contact TEXT NOT NULL
) STRICT;
CREATE INDEX acts_pair ON acts (user, contact);

-- What users are to be told and Prosody has not taken yet.
CREATE TABLE letters (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Codes a user handed out (XEP-0379): who brings one is let in without being asked.
CREATE TABLE codes (
    token      TEXT PRIMARY KEY,
    user       TEXT NOT NULL,
    label      TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    uses_left  INTEGER NOT NULL CHECK (uses_left > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_user ON codes (user);

-- Who decided what and why, for administrators; the oldest rows give way.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    user    TEXT NOT NULL,
    contact TEXT NOT NULL,
    what    TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason  TEXT NOT NULL,
    rule    INTEGER
) STRICT;
CREATE INDEX audit_user ON audit (user);

-- How much of what was decided, by day.
CREATE TABLE counts (
    day     TEXT NOT NULL,
    what    TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason  TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, what, verdict, reason)
) STRICT, WITHOUT ROWID;

-- What administrators chose for everybody, over what is configured.
CREATE TABLE house (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
