-- Who made a bundle the active one, where an officer did while the service ran.

ALTER TABLE activations ADD COLUMN officer_id uuid;
COMMENT ON COLUMN activations.officer_id IS 'The officer who asked for it; null where a start or a signal did; immutable. [pd=none]';
