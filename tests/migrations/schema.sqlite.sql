CREATE TABLE accounts (
    id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    email VARCHAR(320) NOT NULL
    email_confirmed_at DATETIME
    password_hash VARCHAR(255)
    state VARCHAR(20) NOT NULL
    role VARCHAR(20) DEFAULT 'member' NOT NULL
    language VARCHAR(35)
    sign_up_reason TEXT DEFAULT '' NOT NULL
    created_at DATETIME NOT NULL
    last_login_at DATETIME
    CONSTRAINT ck_accounts_role_known CHECK (role IN ('member', 'coordinator', 'moderator', 'admin'))
    CONSTRAINT ck_accounts_state_known CHECK (state IN ('unconfirmed', 'unapproved', 'active', 'disabled'))
    CONSTRAINT fk_accounts_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id)
    CONSTRAINT pk_accounts PRIMARY KEY (id)
    CONSTRAINT uq_accounts_actor_id UNIQUE (actor_id)
    CONSTRAINT uq_accounts_email UNIQUE (email)
)

CREATE TABLE activities (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    actor_id VARCHAR(36) NOT NULL
    type VARCHAR(20) NOT NULL
    object_uri TEXT NOT NULL
    body BLOB NOT NULL
    is_public BOOLEAN NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT fk_activities_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_activities PRIMARY KEY (id)
    CONSTRAINT uq_activities_uri UNIQUE (uri)
)

CREATE INDEX ix_activities_object_uri ON activities (object_uri)

CREATE INDEX ix_activities_outbox ON activities (actor_id, is_public, id)

CREATE TABLE actor_keys (
    id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    kind VARCHAR(10) NOT NULL
    state VARCHAR(10) NOT NULL
    public_pem TEXT NOT NULL
    private_encrypted BLOB NOT NULL
    created_at DATETIME NOT NULL
    retired_at DATETIME
    CONSTRAINT ck_actor_keys_kind_known CHECK (kind IN ('rsa', 'ed25519'))
    CONSTRAINT ck_actor_keys_state_known CHECK (state IN ('next', 'current', 'retired'))
    CONSTRAINT fk_actor_keys_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_actor_keys PRIMARY KEY (id)
)

CREATE INDEX ix_actor_keys_actor_id ON actor_keys (actor_id)

CREATE TABLE actors (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    is_local BOOLEAN NOT NULL
    type VARCHAR(20) NOT NULL
    handle VARCHAR(128) NOT NULL
    host VARCHAR(255) NOT NULL
    acct_host VARCHAR(255)
    name TEXT DEFAULT '' NOT NULL
    summary_html TEXT DEFAULT '' NOT NULL
    summary_text TEXT DEFAULT '' NOT NULL
    url TEXT
    inbox_url TEXT NOT NULL
    shared_inbox_url TEXT
    outbox_url TEXT
    followers_uri TEXT
    featured_url TEXT
    proposals_url TEXT
    icon_url TEXT
    fields JSON NOT NULL
    languages JSON NOT NULL
    also_known_as JSON NOT NULL
    moved_to_uri TEXT
    manually_approves_followers BOOLEAN DEFAULT 0 NOT NULL
    is_discoverable BOOLEAN DEFAULT 0 NOT NULL
    revision INTEGER DEFAULT '1' NOT NULL
    published_at DATETIME
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    fetched_at DATETIME
    suspended_at DATETIME
    gone_at DATETIME
    CONSTRAINT ck_actors_type_known CHECK (type IN ('Person', 'Service', 'Application', 'Group', 'Organization'))
    CONSTRAINT pk_actors PRIMARY KEY (id)
    CONSTRAINT uq_actors_uri UNIQUE (uri)
)

CREATE INDEX ix_actors_handle_host ON actors (handle, host)

CREATE INDEX ix_actors_host ON actors (host)

CREATE UNIQUE INDEX uq_actors_local_handle ON actors (lower(handle)) WHERE is_local = 1 AND type <> 'Application'

CREATE TABLE blocks (
    blocker_id VARCHAR(36) NOT NULL
    blocked_id VARCHAR(36) NOT NULL
    uri TEXT
    created_at DATETIME NOT NULL
    CONSTRAINT fk_blocks_blocked_id_actors FOREIGN KEY(blocked_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_blocks_blocker_id_actors FOREIGN KEY(blocker_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_blocks PRIMARY KEY (blocker_id, blocked_id)
)

CREATE TABLE deliveries (
    id INTEGER NOT NULL
    activity_id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    object_uri TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    inbox_url TEXT NOT NULL
    is_delete BOOLEAN DEFAULT 0 NOT NULL
    state VARCHAR(10) DEFAULT 'queued' NOT NULL
    attempts_count INTEGER DEFAULT '0' NOT NULL
    next_attempt_at DATETIME NOT NULL
    last_status INTEGER
    last_error TEXT
    created_at DATETIME NOT NULL
    finished_at DATETIME
    CONSTRAINT ck_deliveries_state_known CHECK (state IN ('queued', 'delivered', 'dead', 'cancelled'))
    CONSTRAINT fk_deliveries_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE
    CONSTRAINT pk_deliveries PRIMARY KEY (id)
    CONSTRAINT uq_deliveries_activity_id_inbox_url UNIQUE (activity_id, inbox_url)
)

CREATE INDEX ix_deliveries_object ON deliveries (host, object_uri)

CREATE INDEX ix_deliveries_queued ON deliveries (host, next_attempt_at) WHERE state = 'queued'

CREATE INDEX ix_deliveries_state ON deliveries (state, id) WHERE state <> 'queued'

CREATE TABLE fetch_failures (
    uri TEXT NOT NULL
    status INTEGER
    error TEXT NOT NULL
    until DATETIME NOT NULL
    CONSTRAINT pk_fetch_failures PRIMARY KEY (uri)
)

CREATE INDEX ix_fetch_failures_until ON fetch_failures (until)

CREATE TABLE follows (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    follower_id VARCHAR(36) NOT NULL
    followed_id VARCHAR(36) NOT NULL
    state VARCHAR(10) NOT NULL
    created_at DATETIME NOT NULL
    accepted_at DATETIME
    CONSTRAINT ck_follows_state_known CHECK (state IN ('pending', 'accepted', 'rejected'))
    CONSTRAINT fk_follows_followed_id_actors FOREIGN KEY(followed_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_follows_follower_id_actors FOREIGN KEY(follower_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_follows PRIMARY KEY (id)
    CONSTRAINT uq_follows_follower_id_followed_id UNIQUE (follower_id, followed_id)
    CONSTRAINT uq_follows_uri UNIQUE (uri)
)

CREATE INDEX ix_follows_followed_id ON follows (followed_id, state)

CREATE TABLE inbox_activities (
    id INTEGER NOT NULL
    activity_hash BLOB NOT NULL
    activity_uri TEXT NOT NULL
    type VARCHAR(40) NOT NULL
    actor_uri TEXT NOT NULL
    signer_uri TEXT NOT NULL
    key_id TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    body BLOB
    state VARCHAR(12) DEFAULT 'pending' NOT NULL
    reason VARCHAR(30)
    detail TEXT
    attempts_count INTEGER DEFAULT '0' NOT NULL
    next_attempt_at DATETIME NOT NULL
    lease_until DATETIME
    fence BIGINT DEFAULT '0' NOT NULL
    received_at DATETIME NOT NULL
    finished_at DATETIME
    CONSTRAINT ck_inbox_activities_state_known CHECK (state IN ('pending', 'applied', 'ignored', 'refused', 'quarantined'))
    CONSTRAINT pk_inbox_activities PRIMARY KEY (id)
    CONSTRAINT uq_inbox_activities_activity_hash UNIQUE (activity_hash)
)

CREATE INDEX ix_inbox_activities_body ON inbox_activities (finished_at) WHERE body IS NOT NULL AND finished_at IS NOT NULL

CREATE INDEX ix_inbox_activities_pending ON inbox_activities (lease_until, next_attempt_at, id) WHERE state = 'pending'

CREATE INDEX ix_inbox_activities_state ON inbox_activities (state, id) WHERE state <> 'pending'

CREATE TABLE instance (
    "key" VARCHAR(50) NOT NULL
    value JSON NOT NULL
    CONSTRAINT pk_instance PRIMARY KEY ("key")
)

CREATE TABLE mails (
    id INTEGER NOT NULL
    recipient VARCHAR(320) NOT NULL
    subject TEXT NOT NULL
    text_body TEXT NOT NULL
    html_body TEXT
    state VARCHAR(20) DEFAULT 'queued' NOT NULL
    attempts_count INTEGER DEFAULT '0' NOT NULL
    next_attempt_at DATETIME NOT NULL
    lease_until DATETIME
    fence INTEGER DEFAULT '0' NOT NULL
    last_error TEXT
    created_at DATETIME NOT NULL
    sent_at DATETIME
    CONSTRAINT ck_mails_state_known CHECK (state IN ('queued', 'sent', 'dead'))
    CONSTRAINT pk_mails PRIMARY KEY (id)
)

CREATE INDEX ix_mails_due ON mails (next_attempt_at) WHERE state = 'queued'

CREATE TABLE notifications (
    id VARCHAR(36) NOT NULL
    account_id VARCHAR(36) NOT NULL
    kind VARCHAR(30) NOT NULL
    from_actor_id VARCHAR(36)
    subject_uri TEXT
    created_at DATETIME NOT NULL
    read_at DATETIME
    CONSTRAINT ck_notifications_kind_known CHECK (kind IN ('follow', 'follow-request', 'follow-accepted', 'reply', 'mention', 'message', 'like', 'announce', 'poll-vote', 'sign-up'))
    CONSTRAINT fk_notifications_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT fk_notifications_from_actor_id_actors FOREIGN KEY(from_actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_notifications PRIMARY KEY (id)
    CONSTRAINT uq_notifications_account_id_kind_from_actor_id_subject_uri UNIQUE (account_id, kind, from_actor_id, subject_uri)
)

CREATE INDEX ix_notifications_of ON notifications (account_id, created_at)

CREATE TABLE peers (
    host VARCHAR(255) NOT NULL
    policy VARCHAR(10) DEFAULT 'default' NOT NULL
    note TEXT DEFAULT '' NOT NULL
    signature_scheme VARCHAR(10)
    signature_learnt_at DATETIME
    heard_at DATETIME
    reached_at DATETIME
    failures_count INTEGER DEFAULT '0' NOT NULL
    first_failure_at DATETIME
    closed_until DATETIME
    next_due_at DATETIME
    lease_until DATETIME
    fence BIGINT DEFAULT '0' NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT ck_peers_policy_known CHECK (policy IN ('default', 'allowed', 'silenced', 'blocked'))
    CONSTRAINT pk_peers PRIMARY KEY (host)
)

CREATE INDEX ix_peers_next_due_at ON peers (next_due_at)

CREATE TABLE post_recipients (
    post_id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    CONSTRAINT fk_post_recipients_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_post_recipients_post_id_posts FOREIGN KEY(post_id) REFERENCES posts (id) ON DELETE CASCADE
    CONSTRAINT pk_post_recipients PRIMARY KEY (post_id, actor_id)
)

CREATE INDEX ix_post_recipients_actor_id ON post_recipients (actor_id)

CREATE TABLE posts (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    author_id VARCHAR(36) NOT NULL
    type VARCHAR(20) NOT NULL
    title TEXT DEFAULT '' NOT NULL
    content_html TEXT NOT NULL
    language VARCHAR(35)
    visibility VARCHAR(10) NOT NULL
    in_reply_to_uri TEXT
    context_uri TEXT
    url TEXT
    is_sensitive BOOLEAN DEFAULT 0 NOT NULL
    published_at DATETIME NOT NULL
    edited_at DATETIME
    received_at DATETIME NOT NULL
    CONSTRAINT ck_posts_visibility_known CHECK (visibility IN ('public', 'unlisted', 'followers', 'direct'))
    CONSTRAINT fk_posts_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_posts PRIMARY KEY (id)
    CONSTRAINT uq_posts_uri UNIQUE (uri)
)

CREATE INDEX ix_posts_author_id ON posts (author_id, published_at)

CREATE INDEX ix_posts_in_reply_to_uri ON posts (in_reply_to_uri)

CREATE TABLE proposal_areas (
    proposal_id VARCHAR(36) NOT NULL
    area VARCHAR(40) NOT NULL
    CONSTRAINT fk_proposal_areas_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_areas PRIMARY KEY (proposal_id, area)
)

CREATE INDEX ix_proposal_areas_area ON proposal_areas (area)

CREATE TABLE proposal_languages (
    proposal_id VARCHAR(36) NOT NULL
    language VARCHAR(35) NOT NULL
    CONSTRAINT fk_proposal_languages_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_languages PRIMARY KEY (proposal_id, language)
)

CREATE INDEX ix_proposal_languages_language ON proposal_languages (language)

CREATE TABLE proposal_sources (
    proposal_id VARCHAR(36) NOT NULL
    source VARCHAR(20) NOT NULL
    actor_uri TEXT NOT NULL
    seen_at DATETIME NOT NULL
    CONSTRAINT ck_proposal_sources_source_known CHECK (source IN ('follow', 'announce', 'lookup', 'delivery'))
    CONSTRAINT fk_proposal_sources_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_sources PRIMARY KEY (proposal_id, source, actor_uri)
)

CREATE TABLE proposals (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    author_id VARCHAR(36) NOT NULL
    is_local BOOLEAN NOT NULL
    purpose VARCHAR(10) NOT NULL
    title TEXT NOT NULL
    body_text TEXT DEFAULT '' NOT NULL
    content_html TEXT NOT NULL
    search_text TEXT NOT NULL
    language VARCHAR(35)
    areas JSON NOT NULL
    languages JSON NOT NULL
    modes JSON NOT NULL
    places_count INTEGER NOT NULL
    open_until_on DATE
    audience VARCHAR(10) NOT NULL
    status VARCHAR(10) NOT NULL
    revision INTEGER NOT NULL
    url TEXT
    published_at DATETIME NOT NULL
    edited_at DATETIME
    updated_at DATETIME NOT NULL
    fetched_at DATETIME
    CONSTRAINT ck_proposals_audience_known CHECK (audience IN ('public', 'instance'))
    CONSTRAINT ck_proposals_places_count_not_negative CHECK (places_count >= 0)
    CONSTRAINT ck_proposals_purpose_known CHECK (purpose IN ('offer', 'request'))
    CONSTRAINT ck_proposals_status_known CHECK (status IN ('open', 'full', 'paused', 'closed'))
    CONSTRAINT fk_proposals_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_proposals PRIMARY KEY (id)
    CONSTRAINT uq_proposals_uri UNIQUE (uri)
)

CREATE INDEX ix_proposals_author_id ON proposals (author_id)

CREATE INDEX ix_proposals_listed ON proposals (purpose, status, published_at)

CREATE TABLE rate_windows (
    "key" VARCHAR(255) NOT NULL
    hits_count INTEGER NOT NULL
    expires_at DATETIME NOT NULL
    CONSTRAINT pk_rate_windows PRIMARY KEY ("key")
)

CREATE INDEX ix_rate_windows_expires_at ON rate_windows (expires_at)

CREATE TABLE reactions (
    uri TEXT NOT NULL
    kind VARCHAR(10) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    object_uri TEXT NOT NULL
    content TEXT DEFAULT '' NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT ck_reactions_kind_known CHECK (kind IN ('like', 'announce', 'vote'))
    CONSTRAINT fk_reactions_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_reactions PRIMARY KEY (uri)
    CONSTRAINT uq_reactions_kind_actor_id_object_uri UNIQUE (kind, actor_id, object_uri)
)

CREATE INDEX ix_reactions_object_uri ON reactions (object_uri)

CREATE TABLE remote_keys (
    key_id TEXT NOT NULL
    owner_uri TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    public_pem TEXT
    failure VARCHAR(30)
    fetched_at DATETIME NOT NULL
    refreshed_at DATETIME
    CONSTRAINT pk_remote_keys PRIMARY KEY (key_id)
)

CREATE INDEX ix_remote_keys_host ON remote_keys (host)

CREATE INDEX ix_remote_keys_owner_uri ON remote_keys (owner_uri)

CREATE TABLE reports (
    id VARCHAR(36) NOT NULL
    uri TEXT
    from_actor_uri TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    content_text TEXT NOT NULL
    object_uris JSON NOT NULL
    created_at DATETIME NOT NULL
    closed_at DATETIME
    CONSTRAINT pk_reports PRIMARY KEY (id)
    CONSTRAINT uq_reports_uri UNIQUE (uri)
)

CREATE TABLE sessions (
    token_hash VARCHAR(64) NOT NULL
    account_id VARCHAR(36)
    csrf_token VARCHAR(64) NOT NULL
    data JSON NOT NULL
    created_at DATETIME NOT NULL
    seen_at DATETIME NOT NULL
    expires_at DATETIME NOT NULL
    CONSTRAINT fk_sessions_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT pk_sessions PRIMARY KEY (token_hash)
)

CREATE INDEX ix_sessions_account_id ON sessions (account_id)

CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)

CREATE TABLE spare_keys (
    id VARCHAR(36) NOT NULL
    public_pem TEXT NOT NULL
    private_encrypted BLOB NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT pk_spare_keys PRIMARY KEY (id)
)

CREATE TABLE tokens (
    token_hash VARCHAR(64) NOT NULL
    kind VARCHAR(20) NOT NULL
    account_id VARCHAR(36)
    email VARCHAR(320)
    created_at DATETIME NOT NULL
    expires_at DATETIME NOT NULL
    used_at DATETIME
    uses_left INTEGER DEFAULT '1' NOT NULL
    CONSTRAINT ck_tokens_kind_known CHECK (kind IN ('confirm', 'reset', 'invite', 'first-admin'))
    CONSTRAINT fk_tokens_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT pk_tokens PRIMARY KEY (token_hash)
)

CREATE INDEX ix_tokens_account_id ON tokens (account_id)

CREATE TABLE tombstones (
    uri TEXT NOT NULL
    former_type VARCHAR(20)
    owner_uri TEXT
    deleted_at DATETIME NOT NULL
    CONSTRAINT pk_tombstones PRIMARY KEY (uri)
)
