absences
    id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    from_on date NOT NULL
    until_on date NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT ck_absences_in_order CHECK ((from_on <= until_on))
    CONSTRAINT fk_absences_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_absences PRIMARY KEY (id)
    CREATE INDEX ix_absences_actor_id ON public.absences USING btree (actor_id)
    CREATE UNIQUE INDEX pk_absences ON public.absences USING btree (id)

accounts
    id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    email character varying(320) NOT NULL
    email_confirmed_at timestamp with time zone
    password_hash character varying(255)
    state character varying(20) NOT NULL
    role character varying(20) NOT NULL DEFAULT 'member'::character varying
    language character varying(35)
    sign_up_reason text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    last_login_at timestamp with time zone
    zone character varying(60)
    weekly_hours json NOT NULL DEFAULT '[]'::json
    target_count integer NOT NULL DEFAULT 1
    primer_done_at timestamp with time zone
    calendar_token_hash character varying(64)
    is_paused boolean NOT NULL DEFAULT false
    CONSTRAINT ck_accounts_role_known CHECK (((role)::text = ANY ((ARRAY['member'::character varying, 'coordinator'::character varying, 'moderator'::character varying, 'admin'::character varying])::text[])))
    CONSTRAINT ck_accounts_state_known CHECK (((state)::text = ANY ((ARRAY['unconfirmed'::character varying, 'unapproved'::character varying, 'active'::character varying, 'disabled'::character varying])::text[])))
    CONSTRAINT fk_accounts_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id)
    CONSTRAINT pk_accounts PRIMARY KEY (id)
    CONSTRAINT uq_accounts_actor_id UNIQUE (actor_id)
    CONSTRAINT uq_accounts_calendar_token_hash UNIQUE (calendar_token_hash)
    CONSTRAINT uq_accounts_email UNIQUE (email)
    CREATE UNIQUE INDEX pk_accounts ON public.accounts USING btree (id)
    CREATE UNIQUE INDEX uq_accounts_actor_id ON public.accounts USING btree (actor_id)
    CREATE UNIQUE INDEX uq_accounts_calendar_token_hash ON public.accounts USING btree (calendar_token_hash)
    CREATE UNIQUE INDEX uq_accounts_email ON public.accounts USING btree (email)
    CREATE TRIGGER note_author_hours_changed AFTER UPDATE OF zone, weekly_hours ON public.accounts FOR EACH ROW EXECUTE FUNCTION note_author_hours_changed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('author', new.actor_id, txid_current()); RETURN NULL; END 

activities
    id character varying(36) NOT NULL
    uri text NOT NULL
    actor_id character varying(36) NOT NULL
    type character varying(20) NOT NULL
    object_uri text NOT NULL
    body bytea NOT NULL
    is_public boolean NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_activities_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_activities PRIMARY KEY (id)
    CONSTRAINT uq_activities_uri UNIQUE (uri)
    CREATE INDEX ix_activities_object_uri ON public.activities USING btree (object_uri)
    CREATE INDEX ix_activities_outbox ON public.activities USING btree (actor_id, is_public, id)
    CREATE UNIQUE INDEX pk_activities ON public.activities USING btree (id)
    CREATE UNIQUE INDEX uq_activities_uri ON public.activities USING btree (uri)

actor_keys
    id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    kind character varying(10) NOT NULL
    state character varying(10) NOT NULL
    public_pem text NOT NULL
    private_encrypted bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    retired_at timestamp with time zone
    CONSTRAINT ck_actor_keys_kind_known CHECK (((kind)::text = ANY ((ARRAY['rsa'::character varying, 'ed25519'::character varying])::text[])))
    CONSTRAINT ck_actor_keys_state_known CHECK (((state)::text = ANY ((ARRAY['next'::character varying, 'current'::character varying, 'retired'::character varying])::text[])))
    CONSTRAINT fk_actor_keys_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_actor_keys PRIMARY KEY (id)
    CREATE INDEX ix_actor_keys_actor_id ON public.actor_keys USING btree (actor_id)
    CREATE UNIQUE INDEX pk_actor_keys ON public.actor_keys USING btree (id)

actors
    id character varying(36) NOT NULL
    uri text NOT NULL
    is_local boolean NOT NULL
    type character varying(20) NOT NULL
    handle character varying(128) NOT NULL
    host character varying(255) NOT NULL
    acct_host character varying(255)
    name text NOT NULL DEFAULT ''::text
    summary_html text NOT NULL DEFAULT ''::text
    summary_text text NOT NULL DEFAULT ''::text
    url text
    inbox_url text NOT NULL
    shared_inbox_url text
    outbox_url text
    followers_uri text
    featured_url text
    proposals_url text
    icon_url text
    fields json NOT NULL
    languages json NOT NULL
    also_known_as json NOT NULL
    moved_to_uri text
    manually_approves_followers boolean NOT NULL DEFAULT false
    is_discoverable boolean NOT NULL DEFAULT false
    revision integer NOT NULL DEFAULT 1
    published_at timestamp with time zone
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    fetched_at timestamp with time zone
    suspended_at timestamp with time zone
    gone_at timestamp with time zone
    details json NOT NULL DEFAULT '{}'::json
    CONSTRAINT ck_actors_type_known CHECK (((type)::text = ANY ((ARRAY['Person'::character varying, 'Service'::character varying, 'Application'::character varying, 'Group'::character varying, 'Organization'::character varying])::text[])))
    CONSTRAINT pk_actors PRIMARY KEY (id)
    CONSTRAINT uq_actors_uri UNIQUE (uri)
    CREATE INDEX ix_actors_handle_host ON public.actors USING btree (handle, host)
    CREATE INDEX ix_actors_host ON public.actors USING btree (host)
    CREATE INDEX ix_actors_unusable ON public.actors USING btree (id) WHERE ((gone_at IS NOT NULL) OR (suspended_at IS NOT NULL))
    CREATE UNIQUE INDEX pk_actors ON public.actors USING btree (id)
    CREATE UNIQUE INDEX uq_actors_local_handle ON public.actors USING btree (lower((handle)::text)) WHERE (is_local AND ((type)::text <> 'Application'::text))
    CREATE UNIQUE INDEX uq_actors_uri ON public.actors USING btree (uri)
    CREATE TRIGGER note_author_changed AFTER UPDATE OF host, details, suspended_at, gone_at ON public.actors FOR EACH ROW WHEN ((((new.host)::text <> (old.host)::text) OR ((new.details)::text <> (old.details)::text) OR ((new.suspended_at IS NULL) <> (old.suspended_at IS NULL)) OR ((new.gone_at IS NULL) <> (old.gone_at IS NULL)))) EXECUTE FUNCTION note_author_changed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('author', new.id, txid_current()); RETURN NULL; END 

advice
    group_id character varying(36) NOT NULL
    host character varying(255) NOT NULL
    severity character varying(10) NOT NULL
    reason_text text NOT NULL DEFAULT ''::text
    since_on date
    state character varying(10) NOT NULL DEFAULT 'open'::character varying
    seen_at timestamp with time zone NOT NULL
    decided_at timestamp with time zone
    CONSTRAINT ck_advice_severity_known CHECK (((severity)::text = ANY ((ARRAY['silenced'::character varying, 'blocked'::character varying])::text[])))
    CONSTRAINT ck_advice_state_known CHECK (((state)::text = ANY ((ARRAY['open'::character varying, 'confirmed'::character varying, 'dismissed'::character varying, 'withdrawn'::character varying])::text[])))
    CONSTRAINT fk_advice_group_id_actors FOREIGN KEY (group_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_advice PRIMARY KEY (group_id, host)
    CREATE UNIQUE INDEX pk_advice ON public.advice USING btree (group_id, host)

advice_lists
    group_id character varying(36) NOT NULL
    url text NOT NULL
    is_automatic boolean NOT NULL DEFAULT false
    etag text
    fetched_at timestamp with time zone
    next_due_at timestamp with time zone NOT NULL
    last_error text
    CONSTRAINT fk_advice_lists_group_id_actors FOREIGN KEY (group_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_advice_lists PRIMARY KEY (group_id)
    CREATE UNIQUE INDEX pk_advice_lists ON public.advice_lists USING btree (group_id)

blocks
    blocker_id character varying(36) NOT NULL
    blocked_id character varying(36) NOT NULL
    uri text
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_blocks_blocked_id_actors FOREIGN KEY (blocked_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_blocks_blocker_id_actors FOREIGN KEY (blocker_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_blocks PRIMARY KEY (blocker_id, blocked_id)
    CREATE UNIQUE INDEX pk_blocks ON public.blocks USING btree (blocker_id, blocked_id)

cohorts
    id character varying(36) NOT NULL
    group_id character varying(36) NOT NULL
    uri text NOT NULL
    name text NOT NULL
    orientation_text text NOT NULL DEFAULT ''::text
    language character varying(35) NOT NULL DEFAULT 'en'::character varying
    areas json NOT NULL
    opens_on date NOT NULL
    closes_on date NOT NULL
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT fk_cohorts_group_id_actors FOREIGN KEY (group_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_cohorts PRIMARY KEY (id)
    CONSTRAINT uq_cohorts_uri UNIQUE (uri)
    CREATE INDEX ix_cohorts_group_id ON public.cohorts USING btree (group_id, closes_on)
    CREATE UNIQUE INDEX pk_cohorts ON public.cohorts USING btree (id)
    CREATE UNIQUE INDEX uq_cohorts_uri ON public.cohorts USING btree (uri)

consortia
    actor_id character varying(36) NOT NULL
    charter_text text NOT NULL DEFAULT ''::text
    language character varying(35) NOT NULL DEFAULT 'en'::character varying
    continues_uri text
    created_at timestamp with time zone NOT NULL
    closed_at timestamp with time zone
    CONSTRAINT fk_consortia_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_consortia PRIMARY KEY (actor_id)
    CREATE UNIQUE INDEX pk_consortia ON public.consortia USING btree (actor_id)

consortium_coordinators
    group_id character varying(36) NOT NULL
    account_id character varying(36) NOT NULL
    added_at timestamp with time zone NOT NULL
    CONSTRAINT fk_consortium_coordinators_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT fk_consortium_coordinators_group_id_consortia FOREIGN KEY (group_id) REFERENCES consortia(actor_id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_coordinators PRIMARY KEY (group_id, account_id)
    CREATE UNIQUE INDEX pk_consortium_coordinators ON public.consortium_coordinators USING btree (group_id, account_id)

consortium_items
    group_id character varying(36) NOT NULL
    proposal_uri text NOT NULL
    author_uri text NOT NULL
    host character varying(255) NOT NULL
    state character varying(10) NOT NULL
    announce_uri text
    reason_text text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT ck_consortium_items_state_known CHECK (((state)::text = ANY ((ARRAY['listed'::character varying, 'withheld'::character varying, 'gone'::character varying])::text[])))
    CONSTRAINT fk_consortium_items_group_id_consortia FOREIGN KEY (group_id) REFERENCES consortia(actor_id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_items PRIMARY KEY (group_id, proposal_uri)
    CREATE INDEX ix_consortium_items_listed ON public.consortium_items USING btree (group_id, state, created_at)
    CREATE INDEX ix_consortium_items_proposal_uri ON public.consortium_items USING btree (proposal_uri)
    CREATE UNIQUE INDEX pk_consortium_items ON public.consortium_items USING btree (group_id, proposal_uri)

consortium_members
    group_id character varying(36) NOT NULL
    instance_id character varying(36) NOT NULL
    state character varying(10) NOT NULL
    activity_uri text
    note_text text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    decided_at timestamp with time zone
    CONSTRAINT ck_consortium_members_state_known CHECK (((state)::text = ANY ((ARRAY['asked'::character varying, 'invited'::character varying, 'member'::character varying, 'left'::character varying, 'removed'::character varying, 'rejected'::character varying])::text[])))
    CONSTRAINT fk_consortium_members_group_id_actors FOREIGN KEY (group_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_consortium_members_instance_id_actors FOREIGN KEY (instance_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_consortium_members PRIMARY KEY (group_id, instance_id)
    CREATE INDEX ix_consortium_members_instance_id ON public.consortium_members USING btree (instance_id)
    CREATE UNIQUE INDEX pk_consortium_members ON public.consortium_members USING btree (group_id, instance_id)
    CREATE TRIGGER note_member_added AFTER INSERT ON public.consortium_members FOR EACH ROW EXECUTE FUNCTION note_member_added():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = new.instance_id), ''), txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_member_changed AFTER UPDATE OF state ON public.consortium_members FOR EACH ROW EXECUTE FUNCTION note_member_changed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = new.instance_id), ''), txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_member_removed AFTER DELETE ON public.consortium_members FOR EACH ROW EXECUTE FUNCTION note_member_removed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', coalesce((SELECT host FROM actors WHERE id = old.instance_id), ''), txid_current()); RETURN NULL; END 

crawl_items
    actor_id character varying(36) NOT NULL
    uri text NOT NULL
    host character varying(255) NOT NULL
    state character varying(10) NOT NULL DEFAULT 'listed'::character varying
    attempts_count integer NOT NULL DEFAULT 0
    CONSTRAINT ck_crawl_items_state_known CHECK (((state)::text = ANY ((ARRAY['listed'::character varying, 'kept'::character varying, 'gone'::character varying, 'refused'::character varying])::text[])))
    CONSTRAINT fk_crawl_items_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_crawl_items PRIMARY KEY (actor_id, uri)
    CREATE INDEX ix_crawl_items_state ON public.crawl_items USING btree (actor_id, state)
    CREATE UNIQUE INDEX pk_crawl_items ON public.crawl_items USING btree (actor_id, uri)

crawls
    actor_id character varying(36) NOT NULL
    kind character varying(12) NOT NULL
    state character varying(10) NOT NULL DEFAULT 'waiting'::character varying
    is_check boolean NOT NULL DEFAULT false
    next_url text
    etag text
    pages_count integer NOT NULL DEFAULT 0
    listed_count integer NOT NULL DEFAULT 0
    total_count integer
    kept_count integer NOT NULL DEFAULT 0
    failures_count integer NOT NULL DEFAULT 0
    last_error text
    started_at timestamp with time zone
    finished_at timestamp with time zone
    next_due_at timestamp with time zone NOT NULL
    lease_until timestamp with time zone
    fence bigint NOT NULL DEFAULT '0'::bigint
    CONSTRAINT ck_crawls_kind_known CHECK (((kind)::text = ANY ((ARRAY['link'::character varying, 'consortium'::character varying])::text[])))
    CONSTRAINT ck_crawls_state_known CHECK (((state)::text = ANY ((ARRAY['waiting'::character varying, 'running'::character varying, 'done'::character varying, 'failed'::character varying])::text[])))
    CONSTRAINT fk_crawls_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_crawls PRIMARY KEY (actor_id)
    CREATE INDEX ix_crawls_next_due_at ON public.crawls USING btree (next_due_at)
    CREATE UNIQUE INDEX pk_crawls ON public.crawls USING btree (actor_id)

deliveries
    id bigint NOT NULL DEFAULT nextval('deliveries_id_seq'::regclass)
    activity_id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    object_uri text NOT NULL
    host character varying(255) NOT NULL
    inbox_url text NOT NULL
    is_delete boolean NOT NULL DEFAULT false
    state character varying(10) NOT NULL DEFAULT 'queued'::character varying
    attempts_count integer NOT NULL DEFAULT 0
    next_attempt_at timestamp with time zone NOT NULL
    last_status integer
    last_error text
    created_at timestamp with time zone NOT NULL
    finished_at timestamp with time zone
    CONSTRAINT ck_deliveries_state_known CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'delivered'::character varying, 'dead'::character varying, 'cancelled'::character varying])::text[])))
    CONSTRAINT fk_deliveries_activity_id_activities FOREIGN KEY (activity_id) REFERENCES activities(id) ON DELETE CASCADE
    CONSTRAINT pk_deliveries PRIMARY KEY (id)
    CONSTRAINT uq_deliveries_activity_id_inbox_url UNIQUE (activity_id, inbox_url)
    CREATE INDEX ix_deliveries_object ON public.deliveries USING btree (host, object_uri)
    CREATE INDEX ix_deliveries_queued ON public.deliveries USING btree (host, next_attempt_at) WHERE ((state)::text = 'queued'::text)
    CREATE INDEX ix_deliveries_state ON public.deliveries USING btree (state, id) WHERE ((state)::text <> 'queued'::text)
    CREATE UNIQUE INDEX pk_deliveries ON public.deliveries USING btree (id)
    CREATE UNIQUE INDEX uq_deliveries_activity_id_inbox_url ON public.deliveries USING btree (activity_id, inbox_url)

directory_changes
    number bigint NOT NULL DEFAULT nextval('directory_changes_number_seq'::regclass)
    kind character varying(10) NOT NULL
    subject text NOT NULL
    transaction_number bigint
    CONSTRAINT ck_directory_changes_kind_known CHECK (((kind)::text = ANY ((ARRAY['proposal'::character varying, 'author'::character varying, 'peer'::character varying])::text[])))
    CONSTRAINT pk_directory_changes PRIMARY KEY (number)
    CREATE INDEX ix_directory_changes_transaction_number ON public.directory_changes USING btree (transaction_number)
    CREATE UNIQUE INDEX pk_directory_changes ON public.directory_changes USING btree (number)

door_questions
    id character varying(36) NOT NULL
    question_uri text NOT NULL
    mentorship_id character varying(36)
    proposal_id character varying(36)
    actor_id character varying(36) NOT NULL
    member_id character varying(36) NOT NULL
    thread_uri text NOT NULL
    kind character varying(20) NOT NULL
    language character varying(35)
    state character varying(10) NOT NULL
    answer character varying(10)
    answered_how character varying(10)
    asked_at timestamp with time zone NOT NULL
    reminded_at timestamp with time zone
    expires_at timestamp with time zone NOT NULL
    answered_at timestamp with time zone
    CONSTRAINT ck_door_questions_state_known CHECK (((state)::text = ANY ((ARRAY['open'::character varying, 'answered'::character varying, 'expired'::character varying, 'cancelled'::character varying])::text[])))
    CONSTRAINT fk_door_questions_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id)
    CONSTRAINT fk_door_questions_member_id_actors FOREIGN KEY (member_id) REFERENCES actors(id)
    CONSTRAINT fk_door_questions_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT fk_door_questions_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_door_questions PRIMARY KEY (id)
    CONSTRAINT uq_door_questions_question_uri UNIQUE (question_uri)
    CREATE INDEX ix_door_questions_actor_id ON public.door_questions USING btree (actor_id, state)
    CREATE UNIQUE INDEX pk_door_questions ON public.door_questions USING btree (id)
    CREATE UNIQUE INDEX uq_door_questions_open ON public.door_questions USING btree (thread_uri) WHERE ((state)::text = 'open'::text)
    CREATE UNIQUE INDEX uq_door_questions_question_uri ON public.door_questions USING btree (question_uri)

drafts
    person_id character varying(36) NOT NULL
    kind character varying(20) NOT NULL
    key character varying(60) NOT NULL
    data json NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT fk_drafts_person_id_actors FOREIGN KEY (person_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_drafts PRIMARY KEY (person_id, kind, key)
    CREATE INDEX ix_drafts_updated_at ON public.drafts USING btree (updated_at)
    CREATE UNIQUE INDEX pk_drafts ON public.drafts USING btree (person_id, kind, key)

exports
    id character varying(36) NOT NULL
    account_id character varying(36) NOT NULL
    archive bytea
    created_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    CONSTRAINT fk_exports_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT pk_exports PRIMARY KEY (id)
    CREATE INDEX ix_exports_account_id ON public.exports USING btree (account_id)
    CREATE INDEX ix_exports_expires_at ON public.exports USING btree (expires_at)
    CREATE UNIQUE INDEX pk_exports ON public.exports USING btree (id)

feedback
    id character varying(36) NOT NULL
    uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    answers json NOT NULL
    body_text text NOT NULL DEFAULT ''::text
    is_here boolean NOT NULL
    created_at timestamp with time zone NOT NULL
    opened_at timestamp with time zone
    CONSTRAINT fk_feedback_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_feedback_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_feedback PRIMARY KEY (id)
    CONSTRAINT uq_feedback_mentorship_id_author_id UNIQUE (mentorship_id, author_id)
    CONSTRAINT uq_feedback_uri UNIQUE (uri)
    CREATE UNIQUE INDEX pk_feedback ON public.feedback USING btree (id)
    CREATE UNIQUE INDEX uq_feedback_mentorship_id_author_id ON public.feedback USING btree (mentorship_id, author_id)
    CREATE UNIQUE INDEX uq_feedback_uri ON public.feedback USING btree (uri)

fetch_failures
    uri text NOT NULL
    status integer
    error text NOT NULL
    until timestamp with time zone NOT NULL
    CONSTRAINT pk_fetch_failures PRIMARY KEY (uri)
    CREATE INDEX ix_fetch_failures_until ON public.fetch_failures USING btree (until)
    CREATE UNIQUE INDEX pk_fetch_failures ON public.fetch_failures USING btree (uri)

follows
    id character varying(36) NOT NULL
    uri text NOT NULL
    follower_id character varying(36) NOT NULL
    followed_id character varying(36) NOT NULL
    state character varying(10) NOT NULL
    created_at timestamp with time zone NOT NULL
    accepted_at timestamp with time zone
    CONSTRAINT ck_follows_state_known CHECK (((state)::text = ANY ((ARRAY['pending'::character varying, 'accepted'::character varying, 'rejected'::character varying])::text[])))
    CONSTRAINT fk_follows_followed_id_actors FOREIGN KEY (followed_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_follows_follower_id_actors FOREIGN KEY (follower_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_follows PRIMARY KEY (id)
    CONSTRAINT uq_follows_follower_id_followed_id UNIQUE (follower_id, followed_id)
    CONSTRAINT uq_follows_uri UNIQUE (uri)
    CREATE INDEX ix_follows_followed_id ON public.follows USING btree (followed_id, state)
    CREATE UNIQUE INDEX pk_follows ON public.follows USING btree (id)
    CREATE UNIQUE INDEX uq_follows_follower_id_followed_id ON public.follows USING btree (follower_id, followed_id)
    CREATE UNIQUE INDEX uq_follows_uri ON public.follows USING btree (uri)

form_tokens
    token_hash character varying(64) NOT NULL
    result_path text NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT pk_form_tokens PRIMARY KEY (token_hash)
    CREATE INDEX ix_form_tokens_created_at ON public.form_tokens USING btree (created_at)
    CREATE UNIQUE INDEX pk_form_tokens ON public.form_tokens USING btree (token_hash)

goals
    id character varying(36) NOT NULL
    uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    title text NOT NULL
    body_text text NOT NULL DEFAULT ''::text
    goal_type character varying(40)
    milestones json NOT NULL
    due_on date
    state character varying(10) NOT NULL
    version integer NOT NULL DEFAULT 1
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    done_at timestamp with time zone
    deleted_at timestamp with time zone
    CONSTRAINT ck_goals_state_known CHECK (((state)::text = ANY ((ARRAY['open'::character varying, 'done'::character varying, 'dropped'::character varying])::text[])))
    CONSTRAINT fk_goals_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_goals_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_goals PRIMARY KEY (id)
    CONSTRAINT uq_goals_uri UNIQUE (uri)
    CREATE INDEX ix_goals_mentorship_id ON public.goals USING btree (mentorship_id)
    CREATE UNIQUE INDEX pk_goals ON public.goals USING btree (id)
    CREATE UNIQUE INDEX uq_goals_uri ON public.goals USING btree (uri)

imported_mentorships
    id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    agreement_uri text NOT NULL
    source_uri text NOT NULL
    partner_uri text NOT NULL
    partner_name text NOT NULL
    side character varying(10) NOT NULL
    state character varying(20) NOT NULL
    title text NOT NULL
    started_on date
    ended_on date
    document json NOT NULL
    is_taken boolean NOT NULL DEFAULT false
    mentorship_id character varying(36)
    created_at timestamp with time zone NOT NULL
    CONSTRAINT ck_imported_mentorships_side_known CHECK (((side)::text = ANY ((ARRAY['mentor'::character varying, 'mentee'::character varying])::text[])))
    CONSTRAINT ck_imported_mentorships_state_known CHECK (((state)::text = ANY ((ARRAY['draft'::character varying, 'question'::character varying, 'proposed'::character varying, 'declined'::character varying, 'withdrawn'::character varying, 'expired'::character varying, 'superseded'::character varying, 'intro'::character varying, 'active'::character varying, 'paused'::character varying, 'completed'::character varying, 'ended-early'::character varying, 'ended-intro'::character varying, 'ended-safety'::character varying, 'lapsed'::character varying])::text[])))
    CONSTRAINT fk_imported_mentorships_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_imported_mentorships_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE SET NULL
    CONSTRAINT pk_imported_mentorships PRIMARY KEY (id)
    CONSTRAINT uq_imported_mentorships_actor_id_agreement_uri UNIQUE (actor_id, agreement_uri)
    CREATE UNIQUE INDEX pk_imported_mentorships ON public.imported_mentorships USING btree (id)
    CREATE UNIQUE INDEX uq_imported_mentorships_actor_id_agreement_uri ON public.imported_mentorships USING btree (actor_id, agreement_uri)

inbox_activities
    id bigint NOT NULL DEFAULT nextval('inbox_activities_id_seq'::regclass)
    activity_hash bytea NOT NULL
    activity_uri text NOT NULL
    type character varying(40) NOT NULL
    actor_uri text NOT NULL
    signer_uri text NOT NULL
    key_id text NOT NULL
    host character varying(255) NOT NULL
    body bytea
    state character varying(12) NOT NULL DEFAULT 'pending'::character varying
    reason character varying(30)
    detail text
    attempts_count integer NOT NULL DEFAULT 0
    next_attempt_at timestamp with time zone NOT NULL
    lease_until timestamp with time zone
    fence bigint NOT NULL DEFAULT '0'::bigint
    received_at timestamp with time zone NOT NULL
    finished_at timestamp with time zone
    CONSTRAINT ck_inbox_activities_state_known CHECK (((state)::text = ANY ((ARRAY['pending'::character varying, 'applied'::character varying, 'ignored'::character varying, 'refused'::character varying, 'quarantined'::character varying])::text[])))
    CONSTRAINT pk_inbox_activities PRIMARY KEY (id)
    CONSTRAINT uq_inbox_activities_activity_hash UNIQUE (activity_hash)
    CREATE INDEX ix_inbox_activities_body ON public.inbox_activities USING btree (finished_at) WHERE ((body IS NOT NULL) AND (finished_at IS NOT NULL))
    CREATE INDEX ix_inbox_activities_pending ON public.inbox_activities USING btree (lease_until, next_attempt_at, id) WHERE ((state)::text = 'pending'::text)
    CREATE INDEX ix_inbox_activities_state ON public.inbox_activities USING btree (state, id) WHERE ((state)::text <> 'pending'::text)
    CREATE UNIQUE INDEX pk_inbox_activities ON public.inbox_activities USING btree (id)
    CREATE UNIQUE INDEX uq_inbox_activities_activity_hash ON public.inbox_activities USING btree (activity_hash)

instance
    key character varying(50) NOT NULL
    value json NOT NULL
    CONSTRAINT pk_instance PRIMARY KEY (key)
    CREATE UNIQUE INDEX pk_instance ON public.instance USING btree (key)

link_notes
    actor_id character varying(36) NOT NULL
    note_text text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_link_notes_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_link_notes PRIMARY KEY (actor_id)
    CREATE UNIQUE INDEX pk_link_notes ON public.link_notes USING btree (actor_id)

logbook
    id character varying(36) NOT NULL
    uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    held_on date NOT NULL
    minutes integer NOT NULL
    notes_text text NOT NULL DEFAULT ''::text
    is_shared boolean NOT NULL DEFAULT false
    version integer NOT NULL DEFAULT 1
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    deleted_at timestamp with time zone
    CONSTRAINT ck_logbook_minutes_of_a_day CHECK (((minutes >= 1) AND (minutes <= 1440)))
    CONSTRAINT fk_logbook_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_logbook_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_logbook PRIMARY KEY (id)
    CONSTRAINT uq_logbook_uri UNIQUE (uri)
    CREATE INDEX ix_logbook_mentorship_id ON public.logbook USING btree (mentorship_id, held_on)
    CREATE UNIQUE INDEX pk_logbook ON public.logbook USING btree (id)
    CREATE UNIQUE INDEX uq_logbook_uri ON public.logbook USING btree (uri)

mails
    id bigint NOT NULL DEFAULT nextval('mails_id_seq'::regclass)
    recipient character varying(320) NOT NULL
    subject text NOT NULL
    text_body text NOT NULL
    html_body text
    state character varying(20) NOT NULL DEFAULT 'queued'::character varying
    attempts_count integer NOT NULL DEFAULT 0
    next_attempt_at timestamp with time zone NOT NULL
    lease_until timestamp with time zone
    fence integer NOT NULL DEFAULT 0
    last_error text
    created_at timestamp with time zone NOT NULL
    sent_at timestamp with time zone
    CONSTRAINT ck_mails_state_known CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'sent'::character varying, 'dead'::character varying])::text[])))
    CONSTRAINT pk_mails PRIMARY KEY (id)
    CREATE INDEX ix_mails_due ON public.mails USING btree (next_attempt_at) WHERE ((state)::text = 'queued'::text)
    CREATE UNIQUE INDEX pk_mails ON public.mails USING btree (id)

meetings
    id character varying(36) NOT NULL
    uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    times json NOT NULL
    minutes integer NOT NULL
    mode character varying(40)
    place_text text NOT NULL DEFAULT ''::text
    is_cancelled boolean NOT NULL DEFAULT false
    state character varying(10) NOT NULL
    starts_at timestamp with time zone
    version integer NOT NULL DEFAULT 1
    answer_uri text
    answer_version integer NOT NULL DEFAULT 0
    answer_to_version integer
    answer_starts_at timestamp with time zone
    changed_by character varying(10) NOT NULL
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT ck_meetings_state_known CHECK (((state)::text = ANY ((ARRAY['proposed'::character varying, 'agreed'::character varying, 'declined'::character varying, 'cancelled'::character varying])::text[])))
    CONSTRAINT fk_meetings_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_meetings_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_meetings PRIMARY KEY (id)
    CONSTRAINT uq_meetings_answer_uri UNIQUE (answer_uri)
    CONSTRAINT uq_meetings_uri UNIQUE (uri)
    CREATE INDEX ix_meetings_mentorship_id ON public.meetings USING btree (mentorship_id, starts_at)
    CREATE UNIQUE INDEX pk_meetings ON public.meetings USING btree (id)
    CREATE UNIQUE INDEX uq_meetings_answer_uri ON public.meetings USING btree (answer_uri)
    CREATE UNIQUE INDEX uq_meetings_uri ON public.meetings USING btree (uri)

mentorship_arrivals
    id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    agreement_uri text NOT NULL
    partner_uri text NOT NULL
    origin_uri text NOT NULL
    is_vouched boolean NOT NULL
    message json
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_mentorship_arrivals_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_mentorship_arrivals PRIMARY KEY (id)
    CONSTRAINT uq_mentorship_arrivals_actor_id UNIQUE (actor_id, agreement_uri, partner_uri, origin_uri)
    CREATE UNIQUE INDEX pk_mentorship_arrivals ON public.mentorship_arrivals USING btree (id)
    CREATE UNIQUE INDEX uq_mentorship_arrivals_actor_id ON public.mentorship_arrivals USING btree (actor_id, agreement_uri, partner_uri, origin_uri)

mentorship_events
    id character varying(36) NOT NULL
    mentorship_id character varying(36) NOT NULL
    event character varying(30) NOT NULL
    by character varying(10) NOT NULL
    state_before character varying(20) NOT NULL
    state_after character varying(20) NOT NULL
    version integer NOT NULL
    detail json NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_mentorship_events_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_mentorship_events PRIMARY KEY (id)
    CREATE INDEX ix_mentorship_events_mentorship_id ON public.mentorship_events USING btree (mentorship_id, id)
    CREATE UNIQUE INDEX pk_mentorship_events ON public.mentorship_events USING btree (id)

mentorship_moves
    id character varying(36) NOT NULL
    mentorship_id character varying(36) NOT NULL
    old_actor_id character varying(36) NOT NULL
    new_actor_id character varying(36) NOT NULL
    state character varying(10) NOT NULL
    created_at timestamp with time zone NOT NULL
    decided_at timestamp with time zone
    CONSTRAINT ck_mentorship_moves_state_known CHECK (((state)::text = ANY ((ARRAY['open'::character varying, 'confirmed'::character varying, 'refused'::character varying])::text[])))
    CONSTRAINT fk_mentorship_moves_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT fk_mentorship_moves_new_actor_id_actors FOREIGN KEY (new_actor_id) REFERENCES actors(id)
    CONSTRAINT fk_mentorship_moves_old_actor_id_actors FOREIGN KEY (old_actor_id) REFERENCES actors(id)
    CONSTRAINT pk_mentorship_moves PRIMARY KEY (id)
    CONSTRAINT uq_mentorship_moves_mentorship_id_new_actor_id UNIQUE (mentorship_id, new_actor_id)
    CREATE UNIQUE INDEX pk_mentorship_moves ON public.mentorship_moves USING btree (id)
    CREATE UNIQUE INDEX uq_mentorship_moves_mentorship_id_new_actor_id ON public.mentorship_moves USING btree (mentorship_id, new_actor_id)

mentorships
    id character varying(36) NOT NULL
    agreement_uri text
    offer_uri text
    thread_uri text NOT NULL
    proposal_id character varying(36)
    proposal_uri text NOT NULL
    proposal_title text NOT NULL
    purpose character varying(10) NOT NULL
    mentor_id character varying(36) NOT NULL
    mentee_id character varying(36) NOT NULL
    channel character varying(10) NOT NULL
    asker character varying(10) NOT NULL
    state character varying(20) NOT NULL
    standing json NOT NULL
    version integer NOT NULL DEFAULT 1
    epoch integer NOT NULL DEFAULT 0
    changed_by character varying(10) NOT NULL
    message_text text NOT NULL DEFAULT ''::text
    message_html text NOT NULL DEFAULT ''::text
    answers json NOT NULL
    language character varying(35)
    counters_count integer NOT NULL DEFAULT 0
    terms json NOT NULL
    terms_version integer NOT NULL DEFAULT 0
    terms_by character varying(10)
    mentor_confirmed_version integer
    mentor_confirmed_at timestamp with time zone
    mentee_confirmed_version integer
    mentee_confirmed_at timestamp with time zone
    reason character varying(30)
    reason_text text NOT NULL DEFAULT ''::text
    is_crossed boolean NOT NULL DEFAULT false
    is_announced boolean NOT NULL DEFAULT false
    seat_proposal_id character varying(36)
    holds_seat boolean NOT NULL DEFAULT false
    mentor_contact text NOT NULL DEFAULT ''::text
    mentee_contact text NOT NULL DEFAULT ''::text
    sent_at timestamp with time zone
    expires_at timestamp with time zone
    reminders_count integer NOT NULL DEFAULT 0
    decided_at timestamp with time zone
    intro_ends_at timestamp with time zone
    started_at timestamp with time zone
    ends_on date
    paused_at timestamp with time zone
    paused_until_on date
    ended_at timestamp with time zone
    alive_at timestamp with time zone
    nudges_count integer NOT NULL DEFAULT 0
    orphaned_at timestamp with time zone
    archived_at timestamp with time zone
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    CONSTRAINT ck_mentorships_asker_known CHECK (((asker)::text = ANY ((ARRAY['mentor'::character varying, 'mentee'::character varying])::text[])))
    CONSTRAINT ck_mentorships_changed_by_known CHECK (((changed_by)::text = ANY ((ARRAY['mentor'::character varying, 'mentee'::character varying, 'clock'::character varying])::text[])))
    CONSTRAINT ck_mentorships_channel_known CHECK (((channel)::text = ANY ((ARRAY['local'::character varying, 'libline'::character varying, 'note'::character varying])::text[])))
    CONSTRAINT ck_mentorships_purpose_known CHECK (((purpose)::text = ANY ((ARRAY['offer'::character varying, 'request'::character varying])::text[])))
    CONSTRAINT ck_mentorships_state_known CHECK (((state)::text = ANY ((ARRAY['draft'::character varying, 'question'::character varying, 'proposed'::character varying, 'declined'::character varying, 'withdrawn'::character varying, 'expired'::character varying, 'superseded'::character varying, 'intro'::character varying, 'active'::character varying, 'paused'::character varying, 'completed'::character varying, 'ended-early'::character varying, 'ended-intro'::character varying, 'ended-safety'::character varying, 'lapsed'::character varying])::text[])))
    CONSTRAINT ck_mentorships_two_people CHECK (((mentor_id)::text <> (mentee_id)::text))
    CONSTRAINT fk_mentorships_mentee_id_actors FOREIGN KEY (mentee_id) REFERENCES actors(id)
    CONSTRAINT fk_mentorships_mentor_id_actors FOREIGN KEY (mentor_id) REFERENCES actors(id)
    CONSTRAINT fk_mentorships_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE SET NULL
    CONSTRAINT fk_mentorships_seat_proposal_id_proposals FOREIGN KEY (seat_proposal_id) REFERENCES proposals(id) ON DELETE SET NULL
    CONSTRAINT pk_mentorships PRIMARY KEY (id)
    CONSTRAINT uq_mentorships_agreement_uri UNIQUE (agreement_uri)
    CONSTRAINT uq_mentorships_offer_uri UNIQUE (offer_uri)
    CONSTRAINT uq_mentorships_thread_uri UNIQUE (thread_uri)
    CREATE INDEX ix_mentorships_mentee_id ON public.mentorships USING btree (mentee_id, state)
    CREATE INDEX ix_mentorships_mentor_id ON public.mentorships USING btree (mentor_id, state)
    CREATE INDEX ix_mentorships_proposal_uri ON public.mentorships USING btree (proposal_uri, state)
    CREATE INDEX ix_mentorships_seat_proposal_id ON public.mentorships USING btree (seat_proposal_id)
    CREATE INDEX ix_mentorships_state ON public.mentorships USING btree (state)
    CREATE UNIQUE INDEX pk_mentorships ON public.mentorships USING btree (id)
    CREATE UNIQUE INDEX uq_mentorships_agreement_uri ON public.mentorships USING btree (agreement_uri)
    CREATE UNIQUE INDEX uq_mentorships_offer_uri ON public.mentorships USING btree (offer_uri)
    CREATE UNIQUE INDEX uq_mentorships_open ON public.mentorships USING btree (mentor_id, mentee_id, proposal_uri) WHERE ((state)::text = ANY ((ARRAY['draft'::character varying, 'question'::character varying, 'proposed'::character varying, 'intro'::character varying, 'active'::character varying, 'paused'::character varying])::text[]))
    CREATE UNIQUE INDEX uq_mentorships_thread_uri ON public.mentorships USING btree (thread_uri)

messages
    id character varying(36) NOT NULL
    uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    is_local boolean NOT NULL
    in_reply_to_uri text
    body_text text NOT NULL DEFAULT ''::text
    content_html text NOT NULL
    language character varying(35)
    published_at timestamp with time zone NOT NULL
    edited_at timestamp with time zone
    deleted_at timestamp with time zone
    received_at timestamp with time zone NOT NULL
    read_at timestamp with time zone
    CONSTRAINT fk_messages_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_messages_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_messages PRIMARY KEY (id)
    CONSTRAINT uq_messages_uri UNIQUE (uri)
    CREATE INDEX ix_messages_mentorship_id ON public.messages USING btree (mentorship_id, published_at)
    CREATE UNIQUE INDEX pk_messages ON public.messages USING btree (id)
    CREATE UNIQUE INDEX uq_messages_uri ON public.messages USING btree (uri)

need_counts
    host character varying(255) NOT NULL
    area character varying(40) NOT NULL
    language character varying(35) NOT NULL
    waiting_count integer
    places_count integer
    counted_at timestamp with time zone NOT NULL
    CONSTRAINT pk_need_counts PRIMARY KEY (host, area, language)
    CREATE UNIQUE INDEX pk_need_counts ON public.need_counts USING btree (host, area, language)

need_sources
    host character varying(255) NOT NULL
    counted_at timestamp with time zone
    next_due_at timestamp with time zone NOT NULL
    last_error text
    CONSTRAINT pk_need_sources PRIMARY KEY (host)
    CREATE UNIQUE INDEX pk_need_sources ON public.need_sources USING btree (host)

notifications
    id character varying(36) NOT NULL
    account_id character varying(36) NOT NULL
    kind character varying(30) NOT NULL
    from_actor_id character varying(36)
    subject_uri text
    created_at timestamp with time zone NOT NULL
    read_at timestamp with time zone
    event character varying(30) NOT NULL DEFAULT ''::character varying
    CONSTRAINT ck_notifications_kind_known CHECK (((kind)::text = ANY ((ARRAY['follow'::character varying, 'follow-request'::character varying, 'follow-accepted'::character varying, 'reply'::character varying, 'mention'::character varying, 'message'::character varying, 'like'::character varying, 'announce'::character varying, 'poll-vote'::character varying, 'sign-up'::character varying, 'mentorship'::character varying, 'mentorship-message'::character varying, 'link'::character varying, 'consortium'::character varying, 'suggestion'::character varying])::text[])))
    CONSTRAINT fk_notifications_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT fk_notifications_from_actor_id_actors FOREIGN KEY (from_actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_notifications PRIMARY KEY (id)
    CONSTRAINT uq_notifications_once UNIQUE (account_id, kind, event, from_actor_id, subject_uri)
    CREATE INDEX ix_notifications_of ON public.notifications USING btree (account_id, created_at)
    CREATE UNIQUE INDEX pk_notifications ON public.notifications USING btree (id)
    CREATE UNIQUE INDEX uq_notifications_once ON public.notifications USING btree (account_id, kind, event, from_actor_id, subject_uri)

oauth_attempts
    state_hash character varying(64) NOT NULL
    host character varying(255) NOT NULL
    actor_uri text NOT NULL
    browser_hash character varying(64) NOT NULL
    verifier_encrypted bytea NOT NULL
    next_path text NOT NULL
    created_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    CONSTRAINT pk_oauth_attempts PRIMARY KEY (state_hash)
    CREATE INDEX ix_oauth_attempts_expires_at ON public.oauth_attempts USING btree (expires_at)
    CREATE UNIQUE INDEX pk_oauth_attempts ON public.oauth_attempts USING btree (state_hash)

oauth_clients
    host character varying(255) NOT NULL
    client_id text NOT NULL
    secret_encrypted bytea NOT NULL
    scope character varying(40) NOT NULL
    endpoints json NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT pk_oauth_clients PRIMARY KEY (host)
    CREATE UNIQUE INDEX pk_oauth_clients ON public.oauth_clients USING btree (host)

peers
    host character varying(255) NOT NULL
    policy character varying(10) NOT NULL DEFAULT 'default'::character varying
    note text NOT NULL DEFAULT ''::text
    signature_scheme character varying(10)
    signature_learnt_at timestamp with time zone
    heard_at timestamp with time zone
    reached_at timestamp with time zone
    failures_count integer NOT NULL DEFAULT 0
    first_failure_at timestamp with time zone
    closed_until timestamp with time zone
    next_due_at timestamp with time zone
    lease_until timestamp with time zone
    fence bigint NOT NULL DEFAULT '0'::bigint
    created_at timestamp with time zone NOT NULL
    CONSTRAINT ck_peers_policy_known CHECK (((policy)::text = ANY ((ARRAY['default'::character varying, 'allowed'::character varying, 'silenced'::character varying, 'blocked'::character varying])::text[])))
    CONSTRAINT pk_peers PRIMARY KEY (host)
    CREATE INDEX ix_peers_next_due_at ON public.peers USING btree (next_due_at)
    CREATE UNIQUE INDEX pk_peers ON public.peers USING btree (host)
    CREATE TRIGGER note_peer_added AFTER INSERT ON public.peers FOR EACH ROW WHEN (((new.policy)::text <> 'default'::text)) EXECUTE FUNCTION note_peer_added():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', new.host, txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_peer_changed AFTER UPDATE OF policy ON public.peers FOR EACH ROW EXECUTE FUNCTION note_peer_changed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('peer', new.host, txid_current()); RETURN NULL; END 

post_recipients
    post_id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    CONSTRAINT fk_post_recipients_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_post_recipients_post_id_posts FOREIGN KEY (post_id) REFERENCES posts(id) ON DELETE CASCADE
    CONSTRAINT pk_post_recipients PRIMARY KEY (post_id, actor_id)
    CREATE INDEX ix_post_recipients_actor_id ON public.post_recipients USING btree (actor_id)
    CREATE UNIQUE INDEX pk_post_recipients ON public.post_recipients USING btree (post_id, actor_id)

posts
    id character varying(36) NOT NULL
    uri text NOT NULL
    author_id character varying(36) NOT NULL
    type character varying(20) NOT NULL
    title text NOT NULL DEFAULT ''::text
    content_html text NOT NULL
    language character varying(35)
    visibility character varying(10) NOT NULL
    in_reply_to_uri text
    context_uri text
    url text
    is_sensitive boolean NOT NULL DEFAULT false
    published_at timestamp with time zone NOT NULL
    edited_at timestamp with time zone
    received_at timestamp with time zone NOT NULL
    CONSTRAINT ck_posts_visibility_known CHECK (((visibility)::text = ANY ((ARRAY['public'::character varying, 'unlisted'::character varying, 'followers'::character varying, 'direct'::character varying])::text[])))
    CONSTRAINT fk_posts_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_posts PRIMARY KEY (id)
    CONSTRAINT uq_posts_uri UNIQUE (uri)
    CREATE INDEX ix_posts_author_id ON public.posts USING btree (author_id, published_at)
    CREATE INDEX ix_posts_in_reply_to_uri ON public.posts USING btree (in_reply_to_uri)
    CREATE UNIQUE INDEX pk_posts ON public.posts USING btree (id)
    CREATE UNIQUE INDEX uq_posts_uri ON public.posts USING btree (uri)

proposal_areas
    proposal_id character varying(36) NOT NULL
    area character varying(40) NOT NULL
    CONSTRAINT fk_proposal_areas_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_areas PRIMARY KEY (proposal_id, area)
    CREATE INDEX ix_proposal_areas_area ON public.proposal_areas USING btree (area)
    CREATE UNIQUE INDEX pk_proposal_areas ON public.proposal_areas USING btree (proposal_id, area)

proposal_languages
    proposal_id character varying(36) NOT NULL
    language character varying(35) NOT NULL
    CONSTRAINT fk_proposal_languages_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_languages PRIMARY KEY (proposal_id, language)
    CREATE INDEX ix_proposal_languages_language ON public.proposal_languages USING btree (language)
    CREATE UNIQUE INDEX pk_proposal_languages ON public.proposal_languages USING btree (proposal_id, language)

proposal_search
    number bigint NOT NULL DEFAULT nextval('proposal_search_number_seq'::regclass)
    proposal_id character varying(36) NOT NULL
    words text NOT NULL
    CONSTRAINT fk_proposal_search_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_search PRIMARY KEY (number)
    CONSTRAINT uq_proposal_search_proposal_id UNIQUE (proposal_id)
    CREATE INDEX ix_proposal_search_words ON public.proposal_search USING gin (array_to_tsvector(string_to_array(words, ' '::text)))
    CREATE UNIQUE INDEX pk_proposal_search ON public.proposal_search USING btree (number)
    CREATE UNIQUE INDEX uq_proposal_search_proposal_id ON public.proposal_search USING btree (proposal_id)
    CREATE TRIGGER note_words_added AFTER INSERT ON public.proposal_search FOR EACH ROW EXECUTE FUNCTION note_words_added():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.proposal_id, txid_current()); RETURN NULL; END 

proposal_sources
    proposal_id character varying(36) NOT NULL
    source character varying(20) NOT NULL
    actor_uri text NOT NULL
    seen_at timestamp with time zone NOT NULL
    CONSTRAINT ck_proposal_sources_source_known CHECK (((source)::text = ANY ((ARRAY['follow'::character varying, 'announce'::character varying, 'lookup'::character varying, 'delivery'::character varying])::text[])))
    CONSTRAINT fk_proposal_sources_proposal_id_proposals FOREIGN KEY (proposal_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_proposal_sources PRIMARY KEY (proposal_id, source, actor_uri)
    CREATE UNIQUE INDEX pk_proposal_sources ON public.proposal_sources USING btree (proposal_id, source, actor_uri)
    CREATE TRIGGER note_source_added AFTER INSERT ON public.proposal_sources FOR EACH ROW EXECUTE FUNCTION note_source_added():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.proposal_id, txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_source_removed AFTER DELETE ON public.proposal_sources FOR EACH ROW EXECUTE FUNCTION note_source_removed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', old.proposal_id, txid_current()); RETURN NULL; END 

proposals
    id character varying(36) NOT NULL
    uri text NOT NULL
    author_id character varying(36) NOT NULL
    is_local boolean NOT NULL
    purpose character varying(10) NOT NULL
    title text NOT NULL
    body_text text NOT NULL DEFAULT ''::text
    content_html text NOT NULL
    search_text text NOT NULL
    language character varying(35)
    areas json NOT NULL
    languages json NOT NULL
    modes json NOT NULL
    places_count integer NOT NULL
    open_until_on date
    audience character varying(10) NOT NULL
    status character varying(10) NOT NULL
    revision integer NOT NULL
    url text
    published_at timestamp with time zone NOT NULL
    edited_at timestamp with time zone
    updated_at timestamp with time zone NOT NULL
    fetched_at timestamp with time zone
    places_free_count integer NOT NULL DEFAULT 1
    waiting_count integer NOT NULL DEFAULT 0
    details json NOT NULL DEFAULT '{}'::json
    CONSTRAINT ck_proposals_audience_known CHECK (((audience)::text = ANY ((ARRAY['public'::character varying, 'network'::character varying, 'instance'::character varying])::text[])))
    CONSTRAINT ck_proposals_places_count_not_negative CHECK ((places_count >= 0))
    CONSTRAINT ck_proposals_purpose_known CHECK (((purpose)::text = ANY ((ARRAY['offer'::character varying, 'request'::character varying])::text[])))
    CONSTRAINT ck_proposals_status_known CHECK (((status)::text = ANY ((ARRAY['open'::character varying, 'full'::character varying, 'paused'::character varying, 'closed'::character varying])::text[])))
    CONSTRAINT fk_proposals_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_proposals PRIMARY KEY (id)
    CONSTRAINT uq_proposals_uri UNIQUE (uri)
    CREATE INDEX ix_proposals_author_id ON public.proposals USING btree (author_id)
    CREATE INDEX ix_proposals_listed ON public.proposals USING btree (purpose, status, published_at)
    CREATE INDEX ix_proposals_newest ON public.proposals USING btree (purpose, published_at, id, author_id, is_local, audience, open_until_on, status) WHERE ((status)::text = ANY ((ARRAY['open'::character varying, 'full'::character varying])::text[]))
    CREATE UNIQUE INDEX pk_proposals ON public.proposals USING btree (id)
    CREATE UNIQUE INDEX uq_proposals_uri ON public.proposals USING btree (uri)
    CREATE TRIGGER note_proposal_added AFTER INSERT ON public.proposals FOR EACH ROW EXECUTE FUNCTION note_proposal_added():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.id, txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_proposal_changed AFTER UPDATE ON public.proposals FOR EACH ROW EXECUTE FUNCTION note_proposal_changed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', new.id, txid_current()); RETURN NULL; END 
    CREATE TRIGGER note_proposal_removed AFTER DELETE ON public.proposals FOR EACH ROW EXECUTE FUNCTION note_proposal_removed():  BEGIN INSERT INTO directory_changes(kind, subject, transaction_number) VALUES ('proposal', old.id, txid_current()); RETURN NULL; END 

published_advice
    group_id character varying(36) NOT NULL
    host character varying(255) NOT NULL
    severity character varying(10) NOT NULL
    reason_text text NOT NULL DEFAULT ''::text
    since_on date NOT NULL
    CONSTRAINT ck_published_advice_severity_known CHECK (((severity)::text = ANY ((ARRAY['silenced'::character varying, 'blocked'::character varying])::text[])))
    CONSTRAINT fk_published_advice_group_id_consortia FOREIGN KEY (group_id) REFERENCES consortia(actor_id) ON DELETE CASCADE
    CONSTRAINT pk_published_advice PRIMARY KEY (group_id, host)
    CREATE UNIQUE INDEX pk_published_advice ON public.published_advice USING btree (group_id, host)

rate_windows
    key character varying(255) NOT NULL
    hits_count integer NOT NULL
    expires_at timestamp with time zone NOT NULL
    CONSTRAINT pk_rate_windows PRIMARY KEY (key)
    CREATE INDEX ix_rate_windows_expires_at ON public.rate_windows USING btree (expires_at)
    CREATE UNIQUE INDEX pk_rate_windows ON public.rate_windows USING btree (key)

reactions
    uri text NOT NULL
    kind character varying(10) NOT NULL
    actor_id character varying(36) NOT NULL
    object_uri text NOT NULL
    content text NOT NULL DEFAULT ''::text
    created_at timestamp with time zone NOT NULL
    CONSTRAINT ck_reactions_kind_known CHECK (((kind)::text = ANY ((ARRAY['like'::character varying, 'announce'::character varying, 'vote'::character varying])::text[])))
    CONSTRAINT fk_reactions_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_reactions PRIMARY KEY (uri)
    CONSTRAINT uq_reactions_kind_actor_id_object_uri UNIQUE (kind, actor_id, object_uri)
    CREATE INDEX ix_reactions_object_uri ON public.reactions USING btree (object_uri)
    CREATE UNIQUE INDEX pk_reactions ON public.reactions USING btree (uri)
    CREATE UNIQUE INDEX uq_reactions_kind_actor_id_object_uri ON public.reactions USING btree (kind, actor_id, object_uri)

records
    id character varying(36) NOT NULL
    mentorship_id character varying(36) NOT NULL
    actor_id character varying(36) NOT NULL
    document bytea NOT NULL
    is_shared boolean NOT NULL DEFAULT false
    share_token_hash character varying(64)
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_records_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id)
    CONSTRAINT fk_records_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT pk_records PRIMARY KEY (id)
    CONSTRAINT uq_records_mentorship_id_actor_id UNIQUE (mentorship_id, actor_id)
    CONSTRAINT uq_records_share_token_hash UNIQUE (share_token_hash)
    CREATE UNIQUE INDEX pk_records ON public.records USING btree (id)
    CREATE UNIQUE INDEX uq_records_mentorship_id_actor_id ON public.records USING btree (mentorship_id, actor_id)
    CREATE UNIQUE INDEX uq_records_share_token_hash ON public.records USING btree (share_token_hash)

remote_keys
    key_id text NOT NULL
    owner_uri text NOT NULL
    host character varying(255) NOT NULL
    public_pem text
    failure character varying(30)
    fetched_at timestamp with time zone NOT NULL
    refreshed_at timestamp with time zone
    CONSTRAINT pk_remote_keys PRIMARY KEY (key_id)
    CREATE INDEX ix_remote_keys_host ON public.remote_keys USING btree (host)
    CREATE INDEX ix_remote_keys_owner_uri ON public.remote_keys USING btree (owner_uri)
    CREATE UNIQUE INDEX pk_remote_keys ON public.remote_keys USING btree (key_id)

reports
    id character varying(36) NOT NULL
    uri text
    from_actor_uri text NOT NULL
    host character varying(255) NOT NULL
    content_text text NOT NULL
    object_uris json NOT NULL
    created_at timestamp with time zone NOT NULL
    closed_at timestamp with time zone
    CONSTRAINT pk_reports PRIMARY KEY (id)
    CONSTRAINT uq_reports_uri UNIQUE (uri)
    CREATE UNIQUE INDEX pk_reports ON public.reports USING btree (id)
    CREATE UNIQUE INDEX uq_reports_uri ON public.reports USING btree (uri)

saved_searches
    id character varying(36) NOT NULL
    account_id character varying(36) NOT NULL
    name text NOT NULL
    query json NOT NULL
    tells_by character varying(10) NOT NULL DEFAULT 'nothing'::character varying
    feed_token_hash character varying(64)
    told_until_number bigint NOT NULL DEFAULT '0'::bigint
    told_at timestamp with time zone
    created_at timestamp with time zone NOT NULL
    CONSTRAINT ck_saved_searches_tells_by_known CHECK (((tells_by)::text = ANY ((ARRAY['nothing'::character varying, 'mail'::character varying, 'feed'::character varying])::text[])))
    CONSTRAINT fk_saved_searches_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT pk_saved_searches PRIMARY KEY (id)
    CONSTRAINT uq_saved_searches_feed_token_hash UNIQUE (feed_token_hash)
    CREATE INDEX ix_saved_searches_account_id ON public.saved_searches USING btree (account_id)
    CREATE UNIQUE INDEX pk_saved_searches ON public.saved_searches USING btree (id)
    CREATE UNIQUE INDEX uq_saved_searches_feed_token_hash ON public.saved_searches USING btree (feed_token_hash)

sessions
    token_hash character varying(64) NOT NULL
    account_id character varying(36)
    csrf_token character varying(64) NOT NULL
    data json NOT NULL
    created_at timestamp with time zone NOT NULL
    seen_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    guest_actor_id character varying(36)
    CONSTRAINT fk_sessions_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT fk_sessions_guest_actor_id_actors FOREIGN KEY (guest_actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_sessions PRIMARY KEY (token_hash)
    CREATE INDEX ix_sessions_account_id ON public.sessions USING btree (account_id)
    CREATE INDEX ix_sessions_expires_at ON public.sessions USING btree (expires_at)
    CREATE UNIQUE INDEX pk_sessions ON public.sessions USING btree (token_hash)

spare_keys
    id character varying(36) NOT NULL
    public_pem text NOT NULL
    private_encrypted bytea NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT pk_spare_keys PRIMARY KEY (id)
    CREATE UNIQUE INDEX pk_spare_keys ON public.spare_keys USING btree (id)

suggestion_wishes
    actor_id character varying(36) NOT NULL
    wish character varying(10) NOT NULL
    changed_at timestamp with time zone NOT NULL
    CONSTRAINT ck_suggestion_wishes_wish_known CHECK (((wish)::text = ANY ((ARRAY['public'::character varying, 'all'::character varying, 'none'::character varying])::text[])))
    CONSTRAINT fk_suggestion_wishes_actor_id_actors FOREIGN KEY (actor_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_suggestion_wishes PRIMARY KEY (actor_id)
    CREATE UNIQUE INDEX pk_suggestion_wishes ON public.suggestion_wishes USING btree (actor_id)

suggestions
    id character varying(36) NOT NULL
    request_id character varying(36) NOT NULL
    offer_id character varying(36) NOT NULL
    member_id character varying(36) NOT NULL
    coordinator_id character varying(36) NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT fk_suggestions_coordinator_id_actors FOREIGN KEY (coordinator_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_member_id_actors FOREIGN KEY (member_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_offer_id_proposals FOREIGN KEY (offer_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT fk_suggestions_request_id_proposals FOREIGN KEY (request_id) REFERENCES proposals(id) ON DELETE CASCADE
    CONSTRAINT pk_suggestions PRIMARY KEY (id)
    CONSTRAINT uq_suggestions_request_id_offer_id UNIQUE (request_id, offer_id)
    CREATE INDEX ix_suggestions_member_id ON public.suggestions USING btree (member_id)
    CREATE UNIQUE INDEX pk_suggestions ON public.suggestions USING btree (id)
    CREATE UNIQUE INDEX uq_suggestions_request_id_offer_id ON public.suggestions USING btree (request_id, offer_id)

thanks
    id character varying(36) NOT NULL
    uri text NOT NULL
    note_uri text NOT NULL
    mentorship_id character varying(36) NOT NULL
    author_id character varying(36) NOT NULL
    thanked_id character varying(36) NOT NULL
    text text NOT NULL
    content_html text NOT NULL
    language character varying(35)
    state character varying(10) NOT NULL
    version integer NOT NULL DEFAULT 1
    answer_uri text
    created_at timestamp with time zone NOT NULL
    updated_at timestamp with time zone NOT NULL
    published_at timestamp with time zone
    CONSTRAINT ck_thanks_state_known CHECK (((state)::text = ANY ((ARRAY['asked'::character varying, 'agreed'::character varying, 'refused'::character varying, 'published'::character varying, 'withdrawn'::character varying])::text[])))
    CONSTRAINT fk_thanks_author_id_actors FOREIGN KEY (author_id) REFERENCES actors(id)
    CONSTRAINT fk_thanks_mentorship_id_mentorships FOREIGN KEY (mentorship_id) REFERENCES mentorships(id) ON DELETE CASCADE
    CONSTRAINT fk_thanks_thanked_id_actors FOREIGN KEY (thanked_id) REFERENCES actors(id)
    CONSTRAINT pk_thanks PRIMARY KEY (id)
    CONSTRAINT uq_thanks_answer_uri UNIQUE (answer_uri)
    CONSTRAINT uq_thanks_mentorship_id_author_id UNIQUE (mentorship_id, author_id)
    CONSTRAINT uq_thanks_note_uri UNIQUE (note_uri)
    CONSTRAINT uq_thanks_uri UNIQUE (uri)
    CREATE INDEX ix_thanks_thanked_id ON public.thanks USING btree (thanked_id, state)
    CREATE UNIQUE INDEX pk_thanks ON public.thanks USING btree (id)
    CREATE UNIQUE INDEX uq_thanks_answer_uri ON public.thanks USING btree (answer_uri)
    CREATE UNIQUE INDEX uq_thanks_mentorship_id_author_id ON public.thanks USING btree (mentorship_id, author_id)
    CREATE UNIQUE INDEX uq_thanks_note_uri ON public.thanks USING btree (note_uri)
    CREATE UNIQUE INDEX uq_thanks_uri ON public.thanks USING btree (uri)

tokens
    token_hash character varying(64) NOT NULL
    kind character varying(20) NOT NULL
    account_id character varying(36)
    email character varying(320)
    created_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    used_at timestamp with time zone
    uses_left integer NOT NULL DEFAULT 1
    CONSTRAINT ck_tokens_kind_known CHECK (((kind)::text = ANY ((ARRAY['confirm'::character varying, 'reset'::character varying, 'invite'::character varying, 'first-admin'::character varying])::text[])))
    CONSTRAINT fk_tokens_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE
    CONSTRAINT pk_tokens PRIMARY KEY (token_hash)
    CREATE INDEX ix_tokens_account_id ON public.tokens USING btree (account_id)
    CREATE UNIQUE INDEX pk_tokens ON public.tokens USING btree (token_hash)

tombstones
    uri text NOT NULL
    former_type character varying(20)
    owner_uri text
    deleted_at timestamp with time zone NOT NULL
    CONSTRAINT pk_tombstones PRIMARY KEY (uri)
    CREATE UNIQUE INDEX pk_tombstones ON public.tombstones USING btree (uri)

trusted_consortia
    group_id character varying(36) NOT NULL
    added_at timestamp with time zone NOT NULL
    CONSTRAINT fk_trusted_consortia_group_id_actors FOREIGN KEY (group_id) REFERENCES actors(id) ON DELETE CASCADE
    CONSTRAINT pk_trusted_consortia PRIMARY KEY (group_id)
    CREATE UNIQUE INDEX pk_trusted_consortia ON public.trusted_consortia USING btree (group_id)

vocabulary_terms
    id character varying(40) NOT NULL
    scheme character varying(20) NOT NULL
    broader_id character varying(20) NOT NULL
    labels json NOT NULL
    created_at timestamp with time zone NOT NULL
    CONSTRAINT pk_vocabulary_terms PRIMARY KEY (id)
    CREATE UNIQUE INDEX pk_vocabulary_terms ON public.vocabulary_terms USING btree (id)
