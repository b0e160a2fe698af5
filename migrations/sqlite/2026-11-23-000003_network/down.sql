DROP TABLE composition_figure;
DROP TABLE composition_statement;
DROP TABLE network_partner;
DROP TABLE network_item;
DROP TABLE network;
