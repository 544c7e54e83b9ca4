-- Dialogs: lasting conversations of two people, or of a few; and who is friends with whom.

-- What `pair` holds is the ids of the two, in order, where it is a dialog of two: there is one of each pair.
CREATE TABLE dialogs (
    id TEXT PRIMARY KEY,
    pair TEXT UNIQUE,
    founder_id TEXT NOT NULL,
    title TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    -- When something was said last; at first, when it was begun.
    last_ms BIGINT NOT NULL
);
CREATE INDEX dialogs_begun ON dialogs (founder_id, since_ms);

CREATE TABLE dialog_members (
    dialog_id TEXT NOT NULL REFERENCES dialogs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_ms BIGINT NOT NULL,
    pinned BIGINT NOT NULL DEFAULT 0,
    muted BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (dialog_id, user_id)
);
CREATE INDEX dialog_members_of_user ON dialog_members (user_id, dialog_id);

-- A row for each wish; two who each have one are friends.
CREATE TABLE friends (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, other_id)
);
CREATE INDEX friends_of_other ON friends (other_id, user_id);

ALTER TABLE messages ADD COLUMN edited_ms BIGINT;
ALTER TABLE preferences ADD COLUMN read_marks BIGINT NOT NULL DEFAULT 1;
ALTER TABLE preferences ADD COLUMN presence BIGINT NOT NULL DEFAULT 1;
