-- Host visits: what was asked for, who was asked, and what came of it.

CREATE TABLE visit_requests (
    number {serial},
    by_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at_ms BIGINT NOT NULL,
    conditions TEXT NOT NULL,
    wanted BIGINT NOT NULL
);
CREATE INDEX visit_requests_by ON visit_requests (by_id, at_ms);

-- `state` is NULL while an invitation can be answered.
CREATE TABLE visit_invitations (
    visit TEXT PRIMARY KEY,
    by_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    host_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    asked_ms BIGINT NOT NULL,
    state TEXT,
    answered_ms BIGINT
);
CREATE INDEX visit_invitations_host ON visit_invitations (host_id, asked_ms);
CREATE INDEX visit_invitations_open ON visit_invitations (visit) WHERE state IS NULL;

-- The ledger. `ended_ms` is NULL while a visit lasts; `to_id` invited, `from_id` visited.
CREATE TABLE visits (
    id TEXT PRIMARY KEY,
    way TEXT NOT NULL,
    to_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    from_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    began_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    reason TEXT,
    people BIGINT NOT NULL DEFAULT 0,
    person_ms BIGINT NOT NULL DEFAULT 0,
    follows_to BIGINT NOT NULL DEFAULT 0,
    follows_from BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX visits_to ON visits (to_id, began_ms);
CREATE INDEX visits_from ON visits (from_id, began_ms);
CREATE INDEX visits_open ON visits (id) WHERE ended_ms IS NULL;

CREATE TABLE visit_thanks (
    visit TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (visit, user_id)
);

-- Follows that a visit brought are told apart from older ones. What was followed before this column is old.
ALTER TABLE follows ADD COLUMN since_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX follows_since ON follows (other_id, since_ms);
