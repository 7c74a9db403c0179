"""Comments on articles, and what has to be known of articles for them."""
