-- Live rooms, whole: the media time of messages, follows, stream keys, reports, videos, covers, and what rooms are found by.
-- {bytes} stands for each database's own type of raw bytes.

ALTER TABLE messages ADD COLUMN broadcast BIGINT;
ALTER TABLE messages ADD COLUMN media_ms BIGINT;
ALTER TABLE messages ADD COLUMN floating TEXT;
CREATE INDEX messages_of_broadcast ON messages (space, broadcast, media_ms, position) WHERE broadcast IS NOT NULL;

ALTER TABLE users ADD COLUMN display_key TEXT NOT NULL DEFAULT '';

-- What a room says of itself, folded, to be searched. Tags are surrounded by line ends.
ALTER TABLE rooms ADD COLUMN recording_wanted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN entry TEXT NOT NULL DEFAULT 'open';
ALTER TABLE rooms ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN category_key TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN language_key TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN tags_key TEXT NOT NULL DEFAULT '';

CREATE TABLE covers (
    space TEXT PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes {bytes} NOT NULL
);

CREATE TABLE follows (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, other_id)
);
CREATE INDEX follows_of_other ON follows (other_id, user_id);

CREATE TABLE stream_keys (
    id TEXT PRIMARY KEY,
    space TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX stream_keys_of_space ON stream_keys (space);

CREATE TABLE reports (
    number {serial},
    id TEXT NOT NULL UNIQUE,
    space TEXT NOT NULL,
    by_id TEXT NOT NULL,
    by_name TEXT,
    by_display_name TEXT NOT NULL,
    about_id TEXT NOT NULL,
    about_name TEXT,
    about_display_name TEXT NOT NULL,
    message TEXT,
    reason TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    settled_by TEXT,
    settled_ms BIGINT
);
CREATE INDEX reports_of_space ON reports (space, number);
CREATE INDEX reports_open ON reports (space, by_id) WHERE settled_by IS NULL;

CREATE TABLE videos (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    space TEXT,
    broadcast BIGINT,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0,
    width BIGINT NOT NULL DEFAULT 0,
    height BIGINT NOT NULL DEFAULT 0,
    folder TEXT NOT NULL,
    timeline TEXT NOT NULL
);
CREATE INDEX videos_of_space ON videos (space, created_ms, id);
CREATE INDEX videos_recording ON videos (state) WHERE state = 'recording';
