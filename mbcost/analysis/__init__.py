"""Questions about costed networks: one file a question, pure functions over costed rows."""
