create table webhook_inbox (
    id bigint generated always as identity primary key,
    format integer not null,
    sender text not null,
    endpoint text collate "C" not null,
    label text,
    kind text not null,
    delivery_id text,
    key text collate "C" unique,
    keep_key interval not null,
    envelope text not null,
    -- Null once it was pruned.
    body bytea,
    state text collate "C" not null default 'pending'
        constraint webhook_inbox_state check (state in ('pending', 'running', 'done', 'dead')),
    attempts integer not null default 0,
    -- Grows each time a worker takes the row, and never shrinks: a worker whose lease has run out cannot write anymore.
    taken bigint not null default 0,
    -- Of a running one: until when it is leased.
    due_at timestamptz not null default now(),
    received_at timestamptz not null,
    finished_at timestamptz,
    -- From when on the key of a handled one need not be remembered.
    forget_at timestamptz,
    last_error text
) with (
    -- Each delivery leaves two dead versions of its row behind, and the table never stops growing.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);

-- What workers take from: however much was handled, waits for its time, or belongs to endpoints that nobody serves.
create index webhook_inbox_due on webhook_inbox (endpoint, format, due_at)
    where state in ('pending', 'running');

-- What operators list and count, without reading rows.
create index webhook_inbox_state on webhook_inbox (state, endpoint, id)
    include (received_at, format);

-- What is pruned.
create index webhook_inbox_bodies on webhook_inbox (finished_at)
    where state = 'done' and body is not null;
create index webhook_inbox_forget on webhook_inbox (forget_at)
    where state = 'done';
