"""Twenty versions of the template, made of the real one, and services that follow them."""
