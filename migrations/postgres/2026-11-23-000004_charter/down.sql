DROP TABLE charter_item;
DROP TABLE charter_version;
