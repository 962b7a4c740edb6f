-- How many contacts there were that nothing may keep, where the bundle lets a channel count them: no subject, no sender's
-- words, only events that the bundle itself names.

CREATE TABLE touchpoint_counts (
    day      date   NOT NULL,
    event    text   NOT NULL,
    channel  text   NOT NULL,
    n        bigint NOT NULL,
    PRIMARY KEY (day, event, channel)
);
COMMENT ON TABLE touchpoint_counts IS 'One row a day, event and channel. [purposes=none]';
COMMENT ON COLUMN touchpoint_counts.day IS 'The day on which they occurred, in UTC; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.event IS 'What happened: an event that a journey of the bundle names; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.channel IS 'Where: a channel of the bundle; immutable. [pd=none]';
COMMENT ON COLUMN touchpoint_counts.n IS 'How many, of whomever. [pd=none]';
