-- Discussion groups: to which room and primary user one belongs, to what it is bound, and who confirmed.

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    primary_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    bound_to TEXT,
    content TEXT,
    founded_ms BIGINT NOT NULL,
    ended_ms BIGINT
);
CREATE INDEX groups_of_room ON groups (bound_to, founded_ms, id) WHERE ended_ms IS NULL;

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    name TEXT,
    display_name TEXT NOT NULL,
    joined_ms BIGINT NOT NULL,
    left_ms BIGINT,
    kept BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (group_id, user_id)
);
-- Nobody is in two groups at a time.
CREATE UNIQUE INDEX group_members_active ON group_members (user_id) WHERE left_ms IS NULL;
CREATE INDEX group_members_kept ON group_members (user_id, group_id) WHERE kept = 1;

-- Inside which group something was reported to the moderators of the room that it is bound to.
ALTER TABLE reports ADD COLUMN group_id TEXT;
CREATE INDEX reports_of_group ON reports (group_id) WHERE group_id IS NOT NULL AND settled_by IS NULL;
