-- People, their devices, rooms, conversations, moderation and the audit log.
-- The same text runs on SQLite and PostgreSQL: integers are BIGINT, truth values 0 and 1,
-- times milliseconds since the Unix epoch, hashes and structures text.
-- {serial} stands for each database's own counting primary key.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT,
    name_key TEXT UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT,
    administrator BIGINT NOT NULL DEFAULT 0,
    disabled BIGINT NOT NULL DEFAULT 0,
    invited_to TEXT,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL
);
CREATE INDEX users_unseen_guests ON users (seen_ms) WHERE name_key IS NULL;

CREATE TABLE oidc_subjects (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX devices_of_user ON devices (user_id, seen_ms);

CREATE TABLE blocks (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, other_id)
);
CREATE INDEX blocks_of_other ON blocks (other_id);

CREATE TABLE rooms (
    id TEXT PRIMARY KEY,
    host_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    about TEXT NOT NULL,
    slow_mode_s BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL
);

CREATE TABLE moderators (
    space TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (space, user_id)
);
CREATE INDEX moderators_of_user ON moderators (user_id);

CREATE TABLE sanctions (
    space TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_name TEXT,
    user_display_name TEXT NOT NULL,
    banned BIGINT NOT NULL,
    until_ms BIGINT,
    by_id TEXT NOT NULL,
    PRIMARY KEY (space, user_id)
);

CREATE TABLE guest_links (
    id TEXT PRIMARY KEY,
    space TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT
);
CREATE INDEX guest_links_of_space ON guest_links (space);

CREATE TABLE messages (
    space TEXT NOT NULL,
    position BIGINT NOT NULL,
    author_id TEXT NOT NULL,
    author_name TEXT,
    author_display_name TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    text TEXT NOT NULL,
    reply_position BIGINT,
    mentions TEXT,
    nonce TEXT,
    deleted_by TEXT,
    deleted_ms BIGINT,
    PRIMARY KEY (space, position)
);
CREATE UNIQUE INDEX messages_nonce ON messages (space, author_id, nonce) WHERE nonce IS NOT NULL;

CREATE TABLE read_positions (
    space TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    PRIMARY KEY (space, user_id)
);
CREATE INDEX read_positions_of_user ON read_positions (user_id);

CREATE TABLE broadcasts (
    space TEXT NOT NULL,
    number BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    reason TEXT,
    PRIMARY KEY (space, number)
);

CREATE TABLE audit (
    id {serial},
    space TEXT,
    by_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX audit_of_space ON audit (space, id);
