DROP TABLE password_reset;
DROP TABLE session;
