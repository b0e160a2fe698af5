DROP TABLE reference_load;
DROP TABLE change_entry;
DROP TABLE sequence_counter;
