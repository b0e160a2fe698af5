DROP TABLE event_member;
DROP TABLE event;
DROP TABLE collaboration_member;
DROP TABLE collaboration;
DROP TABLE practice_principle;
DROP TABLE practice;
