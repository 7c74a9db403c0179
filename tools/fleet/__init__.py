"""Many services of one template: how far each has come, and all of them brought to today's."""
