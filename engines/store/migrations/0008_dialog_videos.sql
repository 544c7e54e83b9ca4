-- Videos in dialogs: films that were uploaded, who may watch them, where each stopped; and images.

ALTER TABLE messages ADD COLUMN carried TEXT;
ALTER TABLE messages ADD COLUMN moment_video TEXT;
ALTER TABLE messages ADD COLUMN moment_ms BIGINT;
CREATE INDEX messages_of_moment ON messages (moment_video, moment_ms, position) WHERE moment_video IS NOT NULL;

-- `title_key` is the title folded, to be searched. `link` is the secret that lets in whoever has it.
-- `media` tells what lies in the folder. `said_in` is the dialog in which the film is still to be said, `said_text` with what.
ALTER TABLE videos ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN audience TEXT NOT NULL DEFAULT 'room';
ALTER TABLE videos ADD COLUMN link TEXT;
ALTER TABLE videos ADD COLUMN tiny TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN media TEXT NOT NULL DEFAULT '{}';
ALTER TABLE videos ADD COLUMN chapters TEXT NOT NULL DEFAULT '[]';
ALTER TABLE videos ADD COLUMN failure TEXT;
ALTER TABLE videos ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE videos ADD COLUMN said_in TEXT;
ALTER TABLE videos ADD COLUMN said_text TEXT NOT NULL DEFAULT '';
CREATE INDEX videos_of_owner ON videos (owner_id, created_ms, id);
CREATE INDEX videos_converting ON videos (state) WHERE state = 'converting';

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    video_id TEXT NOT NULL UNIQUE REFERENCES videos (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    -- It is whole; kept for a while, so that whoever did not hear so can ask.
    done BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX uploads_of_user ON uploads (user_id, created_ms);
CREATE INDEX uploads_expire ON uploads (expires_ms);

-- Which films which messages carry.
CREATE TABLE video_shares (
    space TEXT NOT NULL,
    position BIGINT NOT NULL,
    video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    shared_ms BIGINT NOT NULL,
    PRIMARY KEY (space, position)
);
CREATE INDEX video_shares_of_video ON video_shares (video_id, space);

-- Where each stopped watching.
CREATE TABLE watched (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    position_ms BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, video_id)
);

-- Images in dialogs. `position` is the message that carries it; before it is said there is none.
CREATE TABLE images (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    space TEXT NOT NULL,
    position BIGINT,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    tiny TEXT NOT NULL,
    kind TEXT NOT NULL,
    moving BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX images_unsaid ON images (owner_id, created_ms) WHERE position IS NULL;
CREATE INDEX images_of_message ON images (space, position);
