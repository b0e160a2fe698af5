DROP TABLE territory;
