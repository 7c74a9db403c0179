"""Users: who they are, how they log in, what they may do, and whom they follow."""
