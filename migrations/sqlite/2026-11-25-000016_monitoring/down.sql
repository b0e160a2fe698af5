DROP TABLE measurement_revision;
DROP TABLE measurement;
DROP TABLE reporting_period;
DROP TABLE indicator_definition;
DROP TABLE indicator;
