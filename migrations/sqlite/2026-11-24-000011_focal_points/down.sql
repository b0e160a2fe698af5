DROP INDEX import_report_account_id;
DROP TABLE focal_point;
