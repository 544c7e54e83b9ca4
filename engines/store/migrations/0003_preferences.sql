-- What others may want of somebody, and by what they are found. Who has no row has the defaults.

CREATE TABLE preferences (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    interests TEXT NOT NULL,
    group_invitations BIGINT NOT NULL,
    do_not_disturb BIGINT NOT NULL,
    host_visits BIGINT NOT NULL
);
CREATE INDEX preferences_host_visits ON preferences (user_id) WHERE host_visits = 1;
