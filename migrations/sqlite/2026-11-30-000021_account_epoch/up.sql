-- Counts the changes of an account after which no token from before is good any more. A token names the epoch in which it
-- was issued.
ALTER TABLE account ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0);

-- As what somebody imported: the role, with the member that a focal point spoke for. A report is shown to an account only as
-- long as the account still is that. Of accounts that were changed since, nobody knows any more what they were.
ALTER TABLE import_report ADD COLUMN standing TEXT CHECK (standing <> '');
UPDATE import_report SET standing = (
    SELECT CASE WHEN account.member_id IS NULL THEN account.role ELSE account.role || ':' || account.member_id END
    FROM account WHERE account.id = import_report.account_id AND account.updated_at <= import_report.created_at
);
