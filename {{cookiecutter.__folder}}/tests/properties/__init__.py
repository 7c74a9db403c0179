"""What holds for every request, whatever is in it: `./just properties`."""
