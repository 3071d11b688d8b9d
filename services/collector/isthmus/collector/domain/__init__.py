"""What is read, when, and how gently: pure, and the same in every process."""
