DROP TRIGGER sequence_counter_publications;
ALTER TABLE sequence_counter DROP COLUMN publications;
ALTER TABLE sequence_counter DROP COLUMN unannounced;
ALTER TABLE sequence_counter DROP COLUMN representation;
ALTER TABLE sequence_counter DROP COLUMN claimed;
ALTER TABLE sequence_counter DROP COLUMN generation;
DROP TABLE published_kind;
DROP TABLE document;
