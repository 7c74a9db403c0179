"""People as other services than auth know them: who they are, and whom they follow."""
