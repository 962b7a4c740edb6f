-- Contacts between a person and the brand, kept only as far as consent goes.

CREATE TABLE touchpoints (
    subject_id     uuid        NOT NULL,
    touchpoint_id  uuid        NOT NULL,
    event          text        NOT NULL,
    channel        text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    purposes       text[]      NOT NULL,
    sentiment      smallint CHECK (sentiment BETWEEN -2 AND 2),
    properties     bytea,
    PRIMARY KEY (subject_id, touchpoint_id)
);
COMMENT ON TABLE touchpoints IS 'One row a contact. [purposes=purposes]';
COMMENT ON COLUMN touchpoints.subject_id IS 'Whose contact. [pd=pseudonym; subject; erase=delete]';
COMMENT ON COLUMN touchpoints.touchpoint_id IS 'Derived by HMAC from the id that the sender gave, else random; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.event IS 'What happened: a name of letters, digits, dot, dash; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.channel IS 'Where it happened: a channel of the bundle; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.occurred_at IS 'When it happened, as the sender says; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.recorded_at IS 'When we learnt it, by the database''s clock; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.purposes IS 'The purposes allowed when it was recorded, for which alone it is kept; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.sentiment IS 'How it felt, -2 to 2; immutable. [pd=behaviour; erase=delete]';
COMMENT ON COLUMN touchpoints.properties IS 'What else the sender said; sealed; immutable. [pd=behaviour; sealed; erase=delete]';
