"""One plain function for each service task, a file for each stage of the lifecycle."""
