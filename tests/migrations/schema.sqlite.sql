CREATE TABLE absences (
    id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    from_on DATE NOT NULL
    until_on DATE NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT ck_absences_in_order CHECK (from_on <= until_on)
    CONSTRAINT fk_absences_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_absences PRIMARY KEY (id)
)

CREATE INDEX ix_absences_actor_id ON absences (actor_id)

CREATE TRIGGER note_author_hours_changed AFTER UPDATE OF zone, weekly_hours ON accounts BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('author', new.actor_id, NULL); END

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
    zone VARCHAR(60)
    weekly_hours JSON DEFAULT '[]' NOT NULL
    target_count INTEGER DEFAULT '1' NOT NULL
    primer_done_at DATETIME
    calendar_token_hash VARCHAR(64)
    is_paused BOOLEAN DEFAULT 0 NOT NULL
    CONSTRAINT ck_accounts_role_known CHECK (role IN ('member', 'coordinator', 'moderator', 'admin'))
    CONSTRAINT ck_accounts_state_known CHECK (state IN ('unconfirmed', 'unapproved', 'active', 'disabled'))
    CONSTRAINT fk_accounts_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id)
    CONSTRAINT pk_accounts PRIMARY KEY (id)
    CONSTRAINT uq_accounts_actor_id UNIQUE (actor_id)
    CONSTRAINT uq_accounts_calendar_token_hash UNIQUE (calendar_token_hash)
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

CREATE TRIGGER note_author_changed AFTER UPDATE OF host, details, suspended_at, gone_at ON actors WHEN new.host <> old.host OR CAST(new.details AS TEXT) <> CAST(old.details AS TEXT) OR (new.suspended_at IS NULL) <> (old.suspended_at IS NULL) OR (new.gone_at IS NULL) <> (old.gone_at IS NULL) BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('author', new.id, NULL); END

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
    details JSON DEFAULT '{}' NOT NULL
    CONSTRAINT ck_actors_type_known CHECK (type IN ('Person', 'Service', 'Application', 'Group', 'Organization'))
    CONSTRAINT pk_actors PRIMARY KEY (id)
    CONSTRAINT uq_actors_uri UNIQUE (uri)
)

CREATE INDEX ix_actors_handle_host ON actors (handle, host)

CREATE INDEX ix_actors_host ON actors (host)

CREATE INDEX ix_actors_unusable ON actors (id) WHERE gone_at IS NOT NULL OR suspended_at IS NOT NULL

CREATE UNIQUE INDEX uq_actors_local_handle ON actors (lower(handle)) WHERE is_local = 1 AND type <> 'Application'

CREATE TABLE advice (
    group_id VARCHAR(36) NOT NULL
    host VARCHAR(255) NOT NULL
    severity VARCHAR(10) NOT NULL
    reason_text TEXT DEFAULT '' NOT NULL
    since_on DATE
    state VARCHAR(10) DEFAULT 'open' NOT NULL
    seen_at DATETIME NOT NULL
    decided_at DATETIME
    CONSTRAINT ck_advice_severity_known CHECK (severity IN ('silenced', 'blocked'))
    CONSTRAINT ck_advice_state_known CHECK (state IN ('open', 'confirmed', 'dismissed', 'withdrawn'))
    CONSTRAINT fk_advice_group_id_actors FOREIGN KEY(group_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_advice PRIMARY KEY (group_id, host)
)

CREATE TABLE advice_lists (
    group_id VARCHAR(36) NOT NULL
    url TEXT NOT NULL
    is_automatic BOOLEAN DEFAULT 0 NOT NULL
    etag TEXT
    fetched_at DATETIME
    next_due_at DATETIME NOT NULL
    last_error TEXT
    CONSTRAINT fk_advice_lists_group_id_actors FOREIGN KEY(group_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_advice_lists PRIMARY KEY (group_id)
)

CREATE TABLE blocks (
    blocker_id VARCHAR(36) NOT NULL
    blocked_id VARCHAR(36) NOT NULL
    uri TEXT
    created_at DATETIME NOT NULL
    CONSTRAINT fk_blocks_blocked_id_actors FOREIGN KEY(blocked_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_blocks_blocker_id_actors FOREIGN KEY(blocker_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_blocks PRIMARY KEY (blocker_id, blocked_id)
)

CREATE TABLE cohorts (
    id VARCHAR(36) NOT NULL
    group_id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    name TEXT NOT NULL
    orientation_text TEXT DEFAULT '' NOT NULL
    language VARCHAR(35) DEFAULT 'en' NOT NULL
    areas JSON NOT NULL
    opens_on DATE NOT NULL
    closes_on DATE NOT NULL
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    CONSTRAINT fk_cohorts_group_id_actors FOREIGN KEY(group_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_cohorts PRIMARY KEY (id)
    CONSTRAINT uq_cohorts_uri UNIQUE (uri)
)

CREATE INDEX ix_cohorts_group_id ON cohorts (group_id, closes_on)

CREATE TABLE consortia (
    actor_id VARCHAR(36) NOT NULL
    charter_text TEXT DEFAULT '' NOT NULL
    language VARCHAR(35) DEFAULT 'en' NOT NULL
    continues_uri TEXT
    created_at DATETIME NOT NULL
    closed_at DATETIME
    CONSTRAINT fk_consortia_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_consortia PRIMARY KEY (actor_id)
)

CREATE TABLE consortium_coordinators (
    group_id VARCHAR(36) NOT NULL
    account_id VARCHAR(36) NOT NULL
    added_at DATETIME NOT NULL
    CONSTRAINT fk_consortium_coordinators_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT fk_consortium_coordinators_group_id_consortia FOREIGN KEY(group_id) REFERENCES consortia (actor_id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_coordinators PRIMARY KEY (group_id, account_id)
)

CREATE TABLE consortium_items (
    group_id VARCHAR(36) NOT NULL
    proposal_uri TEXT NOT NULL
    author_uri TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    state VARCHAR(10) NOT NULL
    announce_uri TEXT
    reason_text TEXT DEFAULT '' NOT NULL
    created_at DATETIME NOT NULL
    changed_at DATETIME NOT NULL
    CONSTRAINT ck_consortium_items_state_known CHECK (state IN ('listed', 'withheld', 'gone'))
    CONSTRAINT fk_consortium_items_group_id_consortia FOREIGN KEY(group_id) REFERENCES consortia (actor_id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_items PRIMARY KEY (group_id, proposal_uri)
)

CREATE INDEX ix_consortium_items_listed ON consortium_items (group_id, state, created_at)

CREATE INDEX ix_consortium_items_proposal_uri ON consortium_items (proposal_uri)

CREATE TRIGGER note_member_added AFTER INSERT ON consortium_members BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = new.instance_id), ''), NULL); END

CREATE TRIGGER note_member_changed AFTER UPDATE OF state ON consortium_members BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = new.instance_id), ''), NULL); END

CREATE TRIGGER note_member_removed AFTER DELETE ON consortium_members BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = old.instance_id), ''), NULL); END

CREATE TABLE consortium_members (
    group_id VARCHAR(36) NOT NULL
    instance_id VARCHAR(36) NOT NULL
    state VARCHAR(10) NOT NULL
    activity_uri TEXT
    note_text TEXT DEFAULT '' NOT NULL
    created_at DATETIME NOT NULL
    decided_at DATETIME
    CONSTRAINT ck_consortium_members_state_known CHECK (state IN ('asked', 'invited', 'member', 'left', 'removed', 'rejected'))
    CONSTRAINT fk_consortium_members_group_id_actors FOREIGN KEY(group_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_consortium_members_instance_id_actors FOREIGN KEY(instance_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_members PRIMARY KEY (group_id, instance_id)
)

CREATE INDEX ix_consortium_members_instance_id ON consortium_members (instance_id)

CREATE TABLE crawl_items (
    actor_id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    host VARCHAR(255) NOT NULL
    state VARCHAR(10) DEFAULT 'listed' NOT NULL
    attempts_count INTEGER DEFAULT '0' NOT NULL
    CONSTRAINT ck_crawl_items_state_known CHECK (state IN ('listed', 'kept', 'gone', 'refused'))
    CONSTRAINT fk_crawl_items_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_crawl_items PRIMARY KEY (actor_id, uri)
)

CREATE INDEX ix_crawl_items_state ON crawl_items (actor_id, state)

CREATE TABLE crawls (
    actor_id VARCHAR(36) NOT NULL
    kind VARCHAR(12) NOT NULL
    state VARCHAR(10) DEFAULT 'waiting' NOT NULL
    is_check BOOLEAN DEFAULT 0 NOT NULL
    next_url TEXT
    etag TEXT
    pages_count INTEGER DEFAULT '0' NOT NULL
    listed_count INTEGER DEFAULT '0' NOT NULL
    total_count INTEGER
    kept_count INTEGER DEFAULT '0' NOT NULL
    failures_count INTEGER DEFAULT '0' NOT NULL
    last_error TEXT
    started_at DATETIME
    finished_at DATETIME
    next_due_at DATETIME NOT NULL
    lease_until DATETIME
    fence BIGINT DEFAULT '0' NOT NULL
    CONSTRAINT ck_crawls_kind_known CHECK (kind IN ('link', 'consortium'))
    CONSTRAINT ck_crawls_state_known CHECK (state IN ('waiting', 'running', 'done', 'failed'))
    CONSTRAINT fk_crawls_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_crawls PRIMARY KEY (actor_id)
)

CREATE INDEX ix_crawls_next_due_at ON crawls (next_due_at)

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

CREATE TABLE directory_changes (
    number INTEGER NOT NULL
    kind VARCHAR(10) NOT NULL
    subject TEXT NOT NULL
    transaction_number BIGINT
    CONSTRAINT ck_directory_changes_kind_known CHECK (kind IN ('proposal', 'author', 'peer'))
    CONSTRAINT pk_directory_changes PRIMARY KEY (number)
)

CREATE INDEX ix_directory_changes_transaction_number ON directory_changes (transaction_number)

CREATE TABLE door_questions (
    id VARCHAR(36) NOT NULL
    question_uri TEXT NOT NULL
    mentorship_id VARCHAR(36)
    proposal_id VARCHAR(36)
    actor_id VARCHAR(36) NOT NULL
    member_id VARCHAR(36) NOT NULL
    thread_uri TEXT NOT NULL
    kind VARCHAR(20) NOT NULL
    language VARCHAR(35)
    state VARCHAR(10) NOT NULL
    answer VARCHAR(10)
    answered_how VARCHAR(10)
    asked_at DATETIME NOT NULL
    reminded_at DATETIME
    expires_at DATETIME NOT NULL
    answered_at DATETIME
    CONSTRAINT ck_door_questions_state_known CHECK (state IN ('open', 'answered', 'expired', 'cancelled'))
    CONSTRAINT fk_door_questions_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id)
    CONSTRAINT fk_door_questions_member_id_actors FOREIGN KEY(member_id) REFERENCES actors (id)
    CONSTRAINT fk_door_questions_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT fk_door_questions_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_door_questions PRIMARY KEY (id)
    CONSTRAINT uq_door_questions_question_uri UNIQUE (question_uri)
)

CREATE INDEX ix_door_questions_actor_id ON door_questions (actor_id, state)

CREATE UNIQUE INDEX uq_door_questions_open ON door_questions (thread_uri) WHERE state = 'open'

CREATE TABLE drafts (
    person_id VARCHAR(36) NOT NULL
    kind VARCHAR(20) NOT NULL
    "key" VARCHAR(60) NOT NULL
    data JSON NOT NULL
    updated_at DATETIME NOT NULL
    CONSTRAINT fk_drafts_person_id_actors FOREIGN KEY(person_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_drafts PRIMARY KEY (person_id, kind, "key")
)

CREATE INDEX ix_drafts_updated_at ON drafts (updated_at)

CREATE TABLE exports (
    id VARCHAR(36) NOT NULL
    account_id VARCHAR(36) NOT NULL
    archive BLOB
    created_at DATETIME NOT NULL
    expires_at DATETIME NOT NULL
    CONSTRAINT fk_exports_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT pk_exports PRIMARY KEY (id)
)

CREATE INDEX ix_exports_account_id ON exports (account_id)

CREATE INDEX ix_exports_expires_at ON exports (expires_at)

CREATE TABLE feedback (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    answers JSON NOT NULL
    body_text TEXT DEFAULT '' NOT NULL
    is_here BOOLEAN NOT NULL
    created_at DATETIME NOT NULL
    opened_at DATETIME
    CONSTRAINT fk_feedback_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_feedback_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_feedback PRIMARY KEY (id)
    CONSTRAINT uq_feedback_mentorship_id_author_id UNIQUE (mentorship_id, author_id)
    CONSTRAINT uq_feedback_uri UNIQUE (uri)
)

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

CREATE TABLE form_tokens (
    token_hash VARCHAR(64) NOT NULL
    result_path TEXT NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT pk_form_tokens PRIMARY KEY (token_hash)
)

CREATE INDEX ix_form_tokens_created_at ON form_tokens (created_at)

CREATE TABLE goals (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    title TEXT NOT NULL
    body_text TEXT DEFAULT '' NOT NULL
    goal_type VARCHAR(40)
    milestones JSON NOT NULL
    due_on DATE
    state VARCHAR(10) NOT NULL
    version INTEGER DEFAULT '1' NOT NULL
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    done_at DATETIME
    deleted_at DATETIME
    CONSTRAINT ck_goals_state_known CHECK (state IN ('open', 'done', 'dropped'))
    CONSTRAINT fk_goals_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_goals_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_goals PRIMARY KEY (id)
    CONSTRAINT uq_goals_uri UNIQUE (uri)
)

CREATE INDEX ix_goals_mentorship_id ON goals (mentorship_id)

CREATE TABLE imported_mentorships (
    id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    agreement_uri TEXT NOT NULL
    source_uri TEXT NOT NULL
    partner_uri TEXT NOT NULL
    partner_name TEXT NOT NULL
    side VARCHAR(10) NOT NULL
    state VARCHAR(20) NOT NULL
    title TEXT NOT NULL
    started_on DATE
    ended_on DATE
    document JSON NOT NULL
    is_taken BOOLEAN DEFAULT 0 NOT NULL
    mentorship_id VARCHAR(36)
    created_at DATETIME NOT NULL
    CONSTRAINT ck_imported_mentorships_side_known CHECK (side IN ('mentor', 'mentee'))
    CONSTRAINT ck_imported_mentorships_state_known CHECK (state IN ('draft', 'question', 'proposed', 'declined', 'withdrawn', 'expired', 'superseded', 'intro', 'active', 'paused', 'completed', 'ended-early', 'ended-intro', 'ended-safety', 'lapsed'))
    CONSTRAINT fk_imported_mentorships_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_imported_mentorships_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE SET NULL
    CONSTRAINT pk_imported_mentorships PRIMARY KEY (id)
    CONSTRAINT uq_imported_mentorships_actor_id_agreement_uri UNIQUE (actor_id, agreement_uri)
)

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

CREATE TABLE link_notes (
    actor_id VARCHAR(36) NOT NULL
    note_text TEXT DEFAULT '' NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT fk_link_notes_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_link_notes PRIMARY KEY (actor_id)
)

CREATE TABLE logbook (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    held_on DATE NOT NULL
    minutes INTEGER NOT NULL
    notes_text TEXT DEFAULT '' NOT NULL
    is_shared BOOLEAN DEFAULT 0 NOT NULL
    version INTEGER DEFAULT '1' NOT NULL
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    deleted_at DATETIME
    CONSTRAINT ck_logbook_minutes_of_a_day CHECK (minutes BETWEEN 1 AND 1440)
    CONSTRAINT fk_logbook_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_logbook_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_logbook PRIMARY KEY (id)
    CONSTRAINT uq_logbook_uri UNIQUE (uri)
)

CREATE INDEX ix_logbook_mentorship_id ON logbook (mentorship_id, held_on)

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

CREATE TABLE meetings (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    times JSON NOT NULL
    minutes INTEGER NOT NULL
    mode VARCHAR(40)
    place_text TEXT DEFAULT '' NOT NULL
    is_cancelled BOOLEAN DEFAULT 0 NOT NULL
    state VARCHAR(10) NOT NULL
    starts_at DATETIME
    version INTEGER DEFAULT '1' NOT NULL
    answer_uri TEXT
    answer_version INTEGER DEFAULT '0' NOT NULL
    answer_to_version INTEGER
    answer_starts_at DATETIME
    changed_by VARCHAR(10) NOT NULL
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    CONSTRAINT ck_meetings_state_known CHECK (state IN ('proposed', 'agreed', 'declined', 'cancelled'))
    CONSTRAINT fk_meetings_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_meetings_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_meetings PRIMARY KEY (id)
    CONSTRAINT uq_meetings_answer_uri UNIQUE (answer_uri)
    CONSTRAINT uq_meetings_uri UNIQUE (uri)
)

CREATE INDEX ix_meetings_mentorship_id ON meetings (mentorship_id, starts_at)

CREATE TABLE mentorship_arrivals (
    id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    agreement_uri TEXT NOT NULL
    partner_uri TEXT NOT NULL
    origin_uri TEXT NOT NULL
    is_vouched BOOLEAN NOT NULL
    message JSON
    created_at DATETIME NOT NULL
    CONSTRAINT fk_mentorship_arrivals_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_mentorship_arrivals PRIMARY KEY (id)
    CONSTRAINT uq_mentorship_arrivals_actor_id UNIQUE (actor_id, agreement_uri, partner_uri, origin_uri)
)

CREATE TABLE mentorship_events (
    id VARCHAR(36) NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    event VARCHAR(30) NOT NULL
    "by" VARCHAR(10) NOT NULL
    state_before VARCHAR(20) NOT NULL
    state_after VARCHAR(20) NOT NULL
    version INTEGER NOT NULL
    detail JSON NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT fk_mentorship_events_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_mentorship_events PRIMARY KEY (id)
)

CREATE INDEX ix_mentorship_events_mentorship_id ON mentorship_events (mentorship_id, id)

CREATE TABLE mentorship_moves (
    id VARCHAR(36) NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    old_actor_id VARCHAR(36) NOT NULL
    new_actor_id VARCHAR(36) NOT NULL
    state VARCHAR(10) NOT NULL
    created_at DATETIME NOT NULL
    decided_at DATETIME
    CONSTRAINT ck_mentorship_moves_state_known CHECK (state IN ('open', 'confirmed', 'refused'))
    CONSTRAINT fk_mentorship_moves_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT fk_mentorship_moves_new_actor_id_actors FOREIGN KEY(new_actor_id) REFERENCES actors (id)
    CONSTRAINT fk_mentorship_moves_old_actor_id_actors FOREIGN KEY(old_actor_id) REFERENCES actors (id)
    CONSTRAINT pk_mentorship_moves PRIMARY KEY (id)
    CONSTRAINT uq_mentorship_moves_mentorship_id_new_actor_id UNIQUE (mentorship_id, new_actor_id)
)

CREATE TABLE mentorships (
    id VARCHAR(36) NOT NULL
    agreement_uri TEXT
    offer_uri TEXT
    thread_uri TEXT NOT NULL
    proposal_id VARCHAR(36)
    proposal_uri TEXT NOT NULL
    proposal_title TEXT NOT NULL
    purpose VARCHAR(10) NOT NULL
    mentor_id VARCHAR(36) NOT NULL
    mentee_id VARCHAR(36) NOT NULL
    channel VARCHAR(10) NOT NULL
    asker VARCHAR(10) NOT NULL
    state VARCHAR(20) NOT NULL
    standing JSON NOT NULL
    version INTEGER DEFAULT '1' NOT NULL
    epoch INTEGER DEFAULT '0' NOT NULL
    changed_by VARCHAR(10) NOT NULL
    message_text TEXT DEFAULT '' NOT NULL
    message_html TEXT DEFAULT '' NOT NULL
    answers JSON NOT NULL
    language VARCHAR(35)
    counters_count INTEGER DEFAULT '0' NOT NULL
    terms JSON NOT NULL
    terms_version INTEGER DEFAULT '0' NOT NULL
    terms_by VARCHAR(10)
    mentor_confirmed_version INTEGER
    mentor_confirmed_at DATETIME
    mentee_confirmed_version INTEGER
    mentee_confirmed_at DATETIME
    reason VARCHAR(30)
    reason_text TEXT DEFAULT '' NOT NULL
    is_crossed BOOLEAN DEFAULT 0 NOT NULL
    is_announced BOOLEAN DEFAULT 0 NOT NULL
    seat_proposal_id VARCHAR(36)
    holds_seat BOOLEAN DEFAULT 0 NOT NULL
    mentor_contact TEXT DEFAULT '' NOT NULL
    mentee_contact TEXT DEFAULT '' NOT NULL
    sent_at DATETIME
    expires_at DATETIME
    reminders_count INTEGER DEFAULT '0' NOT NULL
    decided_at DATETIME
    intro_ends_at DATETIME
    started_at DATETIME
    ends_on DATE
    paused_at DATETIME
    paused_until_on DATE
    ended_at DATETIME
    alive_at DATETIME
    nudges_count INTEGER DEFAULT '0' NOT NULL
    orphaned_at DATETIME
    archived_at DATETIME
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    CONSTRAINT ck_mentorships_asker_known CHECK (asker IN ('mentor', 'mentee'))
    CONSTRAINT ck_mentorships_changed_by_known CHECK (changed_by IN ('mentor', 'mentee', 'clock'))
    CONSTRAINT ck_mentorships_channel_known CHECK (channel IN ('local', 'libline', 'note'))
    CONSTRAINT ck_mentorships_purpose_known CHECK (purpose IN ('offer', 'request'))
    CONSTRAINT ck_mentorships_state_known CHECK (state IN ('draft', 'question', 'proposed', 'declined', 'withdrawn', 'expired', 'superseded', 'intro', 'active', 'paused', 'completed', 'ended-early', 'ended-intro', 'ended-safety', 'lapsed'))
    CONSTRAINT ck_mentorships_two_people CHECK (mentor_id <> mentee_id)
    CONSTRAINT fk_mentorships_mentee_id_actors FOREIGN KEY(mentee_id) REFERENCES actors (id)
    CONSTRAINT fk_mentorships_mentor_id_actors FOREIGN KEY(mentor_id) REFERENCES actors (id)
    CONSTRAINT fk_mentorships_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE SET NULL
    CONSTRAINT fk_mentorships_seat_proposal_id_proposals FOREIGN KEY(seat_proposal_id) REFERENCES proposals (id) ON DELETE SET NULL
    CONSTRAINT pk_mentorships PRIMARY KEY (id)
    CONSTRAINT uq_mentorships_agreement_uri UNIQUE (agreement_uri)
    CONSTRAINT uq_mentorships_offer_uri UNIQUE (offer_uri)
    CONSTRAINT uq_mentorships_thread_uri UNIQUE (thread_uri)
)

CREATE INDEX ix_mentorships_mentee_id ON mentorships (mentee_id, state)

CREATE INDEX ix_mentorships_mentor_id ON mentorships (mentor_id, state)

CREATE INDEX ix_mentorships_proposal_uri ON mentorships (proposal_uri, state)

CREATE INDEX ix_mentorships_seat_proposal_id ON mentorships (seat_proposal_id)

CREATE INDEX ix_mentorships_state ON mentorships (state)

CREATE UNIQUE INDEX uq_mentorships_open ON mentorships (mentor_id, mentee_id, proposal_uri) WHERE state IN ('draft', 'question', 'proposed', 'intro', 'active', 'paused')

CREATE TABLE messages (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    is_local BOOLEAN NOT NULL
    in_reply_to_uri TEXT
    body_text TEXT DEFAULT '' NOT NULL
    content_html TEXT NOT NULL
    language VARCHAR(35)
    published_at DATETIME NOT NULL
    edited_at DATETIME
    deleted_at DATETIME
    received_at DATETIME NOT NULL
    read_at DATETIME
    CONSTRAINT fk_messages_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_messages_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_messages PRIMARY KEY (id)
    CONSTRAINT uq_messages_uri UNIQUE (uri)
)

CREATE INDEX ix_messages_mentorship_id ON messages (mentorship_id, published_at)

CREATE TABLE need_counts (
    host VARCHAR(255) NOT NULL
    area VARCHAR(40) NOT NULL
    language VARCHAR(35) NOT NULL
    waiting_count INTEGER
    places_count INTEGER
    counted_at DATETIME NOT NULL
    CONSTRAINT pk_need_counts PRIMARY KEY (host, area, language)
)

CREATE TABLE need_sources (
    host VARCHAR(255) NOT NULL
    counted_at DATETIME
    next_due_at DATETIME NOT NULL
    last_error TEXT
    CONSTRAINT pk_need_sources PRIMARY KEY (host)
)

CREATE TABLE notifications (
    id VARCHAR(36) NOT NULL
    account_id VARCHAR(36) NOT NULL
    kind VARCHAR(30) NOT NULL
    from_actor_id VARCHAR(36)
    subject_uri TEXT
    created_at DATETIME NOT NULL
    read_at DATETIME
    event VARCHAR(30) DEFAULT '' NOT NULL
    CONSTRAINT ck_notifications_kind_known CHECK (kind IN ('follow', 'follow-request', 'follow-accepted', 'reply', 'mention', 'message', 'like', 'announce', 'poll-vote', 'sign-up', 'mentorship', 'mentorship-message', 'link', 'consortium', 'suggestion'))
    CONSTRAINT fk_notifications_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT fk_notifications_from_actor_id_actors FOREIGN KEY(from_actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_notifications PRIMARY KEY (id)
    CONSTRAINT uq_notifications_once UNIQUE (account_id, kind, event, from_actor_id, subject_uri)
)

CREATE INDEX ix_notifications_of ON notifications (account_id, created_at)

CREATE TABLE oauth_attempts (
    state_hash VARCHAR(64) NOT NULL
    host VARCHAR(255) NOT NULL
    actor_uri TEXT NOT NULL
    browser_hash VARCHAR(64) NOT NULL
    verifier_encrypted BLOB NOT NULL
    next_path TEXT NOT NULL
    created_at DATETIME NOT NULL
    expires_at DATETIME NOT NULL
    CONSTRAINT pk_oauth_attempts PRIMARY KEY (state_hash)
)

CREATE INDEX ix_oauth_attempts_expires_at ON oauth_attempts (expires_at)

CREATE TABLE oauth_clients (
    host VARCHAR(255) NOT NULL
    client_id TEXT NOT NULL
    secret_encrypted BLOB NOT NULL
    scope VARCHAR(40) NOT NULL
    endpoints JSON NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT pk_oauth_clients PRIMARY KEY (host)
)

CREATE TRIGGER note_peer_added AFTER INSERT ON peers WHEN new.policy <> 'default' BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', new.host, NULL); END

CREATE TRIGGER note_peer_changed AFTER UPDATE OF policy ON peers BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', new.host, NULL); END

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

CREATE TRIGGER note_words_added AFTER INSERT ON proposal_search BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.proposal_id, NULL); END

CREATE TRIGGER proposal_words_added AFTER INSERT ON proposal_search BEGIN INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END

CREATE TRIGGER proposal_words_changed AFTER UPDATE OF words ON proposal_search BEGIN INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END

CREATE TRIGGER proposal_words_removed AFTER DELETE ON proposal_search BEGIN INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); END

CREATE TABLE proposal_search (
    number INTEGER NOT NULL
    proposal_id VARCHAR(36) NOT NULL
    words TEXT NOT NULL
    CONSTRAINT fk_proposal_search_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_search PRIMARY KEY (number)
    CONSTRAINT uq_proposal_search_proposal_id UNIQUE (proposal_id)
)

CREATE TRIGGER note_source_added AFTER INSERT ON proposal_sources BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.proposal_id, NULL); END

CREATE TRIGGER note_source_removed AFTER DELETE ON proposal_sources BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', old.proposal_id, NULL); END

CREATE TABLE proposal_sources (
    proposal_id VARCHAR(36) NOT NULL
    source VARCHAR(20) NOT NULL
    actor_uri TEXT NOT NULL
    seen_at DATETIME NOT NULL
    CONSTRAINT ck_proposal_sources_source_known CHECK (source IN ('follow', 'announce', 'lookup', 'delivery'))
    CONSTRAINT fk_proposal_sources_proposal_id_proposals FOREIGN KEY(proposal_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_sources PRIMARY KEY (proposal_id, source, actor_uri)
)

CREATE VIRTUAL TABLE proposal_words USING fts5(words, content='proposal_search', content_rowid='number', detail=none, columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'")

CREATE TABLE 'proposal_words_config'(k PRIMARY KEY, v) WITHOUT ROWID
CREATE TABLE 'proposal_words_config'(k PRIMARY KEY, v) WITHOUT ROWID

CREATE TABLE 'proposal_words_data'(id INTEGER PRIMARY KEY, block BLOB)
CREATE TABLE 'proposal_words_data'(id INTEGER PRIMARY KEY, block BLOB)

CREATE TABLE 'proposal_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID
CREATE TABLE 'proposal_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID

CREATE TRIGGER note_proposal_added AFTER INSERT ON proposals BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.id, NULL); END

CREATE TRIGGER note_proposal_changed AFTER UPDATE ON proposals BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.id, NULL); END

CREATE TRIGGER note_proposal_removed AFTER DELETE ON proposals BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', old.id, NULL); END

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
    places_free_count INTEGER DEFAULT '1' NOT NULL
    waiting_count INTEGER DEFAULT '0' NOT NULL
    details JSON DEFAULT '{}' NOT NULL
    CONSTRAINT ck_proposals_audience_known CHECK (audience IN ('public', 'network', 'instance'))
    CONSTRAINT ck_proposals_places_count_not_negative CHECK (places_count >= 0)
    CONSTRAINT ck_proposals_purpose_known CHECK (purpose IN ('offer', 'request'))
    CONSTRAINT ck_proposals_status_known CHECK (status IN ('open', 'full', 'paused', 'closed'))
    CONSTRAINT fk_proposals_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_proposals PRIMARY KEY (id)
    CONSTRAINT uq_proposals_uri UNIQUE (uri)
)

CREATE INDEX ix_proposals_author_id ON proposals (author_id)

CREATE INDEX ix_proposals_listed ON proposals (purpose, status, published_at)

CREATE INDEX ix_proposals_newest ON proposals (purpose, published_at, id, author_id, is_local, audience, open_until_on, status) WHERE status IN ('open', 'full')

CREATE TABLE published_advice (
    group_id VARCHAR(36) NOT NULL
    host VARCHAR(255) NOT NULL
    severity VARCHAR(10) NOT NULL
    reason_text TEXT DEFAULT '' NOT NULL
    since_on DATE NOT NULL
    CONSTRAINT ck_published_advice_severity_known CHECK (severity IN ('silenced', 'blocked'))
    CONSTRAINT fk_published_advice_group_id_consortia FOREIGN KEY(group_id) REFERENCES consortia (actor_id) ON DELETE CASCADE
    CONSTRAINT pk_published_advice PRIMARY KEY (group_id, host)
)

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

CREATE TABLE records (
    id VARCHAR(36) NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    actor_id VARCHAR(36) NOT NULL
    document BLOB NOT NULL
    is_shared BOOLEAN DEFAULT 0 NOT NULL
    share_token_hash VARCHAR(64)
    created_at DATETIME NOT NULL
    CONSTRAINT fk_records_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id)
    CONSTRAINT fk_records_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT pk_records PRIMARY KEY (id)
    CONSTRAINT uq_records_mentorship_id_actor_id UNIQUE (mentorship_id, actor_id)
    CONSTRAINT uq_records_share_token_hash UNIQUE (share_token_hash)
)

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

CREATE TABLE saved_searches (
    id VARCHAR(36) NOT NULL
    account_id VARCHAR(36) NOT NULL
    name TEXT NOT NULL
    "query" JSON NOT NULL
    tells_by VARCHAR(10) DEFAULT 'nothing' NOT NULL
    feed_token_hash VARCHAR(64)
    told_until_number BIGINT DEFAULT '0' NOT NULL
    told_at DATETIME
    created_at DATETIME NOT NULL
    CONSTRAINT ck_saved_searches_tells_by_known CHECK (tells_by IN ('nothing', 'mail', 'feed'))
    CONSTRAINT fk_saved_searches_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT pk_saved_searches PRIMARY KEY (id)
    CONSTRAINT uq_saved_searches_feed_token_hash UNIQUE (feed_token_hash)
)

CREATE INDEX ix_saved_searches_account_id ON saved_searches (account_id)

CREATE TABLE sessions (
    token_hash VARCHAR(64) NOT NULL
    account_id VARCHAR(36)
    csrf_token VARCHAR(64) NOT NULL
    data JSON NOT NULL
    created_at DATETIME NOT NULL
    seen_at DATETIME NOT NULL
    expires_at DATETIME NOT NULL
    guest_actor_id VARCHAR(36)
    CONSTRAINT fk_sessions_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
    CONSTRAINT fk_sessions_guest_actor_id_actors FOREIGN KEY(guest_actor_id) REFERENCES actors (id) ON DELETE CASCADE
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

CREATE TABLE suggestion_wishes (
    actor_id VARCHAR(36) NOT NULL
    wish VARCHAR(10) NOT NULL
    changed_at DATETIME NOT NULL
    CONSTRAINT ck_suggestion_wishes_wish_known CHECK (wish IN ('public', 'all', 'none'))
    CONSTRAINT fk_suggestion_wishes_actor_id_actors FOREIGN KEY(actor_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_suggestion_wishes PRIMARY KEY (actor_id)
)

CREATE TABLE suggestions (
    id VARCHAR(36) NOT NULL
    request_id VARCHAR(36) NOT NULL
    offer_id VARCHAR(36) NOT NULL
    member_id VARCHAR(36) NOT NULL
    coordinator_id VARCHAR(36) NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT fk_suggestions_coordinator_id_actors FOREIGN KEY(coordinator_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_member_id_actors FOREIGN KEY(member_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_offer_id_proposals FOREIGN KEY(offer_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_request_id_proposals FOREIGN KEY(request_id) REFERENCES proposals (id) ON DELETE CASCADE
    CONSTRAINT pk_suggestions PRIMARY KEY (id)
    CONSTRAINT uq_suggestions_request_id_offer_id UNIQUE (request_id, offer_id)
)

CREATE INDEX ix_suggestions_member_id ON suggestions (member_id)

CREATE TABLE thanks (
    id VARCHAR(36) NOT NULL
    uri TEXT NOT NULL
    note_uri TEXT NOT NULL
    mentorship_id VARCHAR(36) NOT NULL
    author_id VARCHAR(36) NOT NULL
    thanked_id VARCHAR(36) NOT NULL
    text TEXT NOT NULL
    content_html TEXT NOT NULL
    language VARCHAR(35)
    state VARCHAR(10) NOT NULL
    version INTEGER DEFAULT '1' NOT NULL
    answer_uri TEXT
    created_at DATETIME NOT NULL
    updated_at DATETIME NOT NULL
    published_at DATETIME
    CONSTRAINT ck_thanks_state_known CHECK (state IN ('asked', 'agreed', 'refused', 'published', 'withdrawn'))
    CONSTRAINT fk_thanks_author_id_actors FOREIGN KEY(author_id) REFERENCES actors (id)
    CONSTRAINT fk_thanks_mentorship_id_mentorships FOREIGN KEY(mentorship_id) REFERENCES mentorships (id) ON DELETE CASCADE
    CONSTRAINT fk_thanks_thanked_id_actors FOREIGN KEY(thanked_id) REFERENCES actors (id)
    CONSTRAINT pk_thanks PRIMARY KEY (id)
    CONSTRAINT uq_thanks_answer_uri UNIQUE (answer_uri)
    CONSTRAINT uq_thanks_mentorship_id_author_id UNIQUE (mentorship_id, author_id)
    CONSTRAINT uq_thanks_note_uri UNIQUE (note_uri)
    CONSTRAINT uq_thanks_uri UNIQUE (uri)
)

CREATE INDEX ix_thanks_thanked_id ON thanks (thanked_id, state)

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

CREATE TABLE trusted_consortia (
    group_id VARCHAR(36) NOT NULL
    added_at DATETIME NOT NULL
    CONSTRAINT fk_trusted_consortia_group_id_actors FOREIGN KEY(group_id) REFERENCES actors (id) ON DELETE CASCADE
    CONSTRAINT pk_trusted_consortia PRIMARY KEY (group_id)
)

CREATE TABLE vocabulary_terms (
    id VARCHAR(40) NOT NULL
    scheme VARCHAR(20) NOT NULL
    broader_id VARCHAR(20) NOT NULL
    labels JSON NOT NULL
    created_at DATETIME NOT NULL
    CONSTRAINT pk_vocabulary_terms PRIMARY KEY (id)
)
