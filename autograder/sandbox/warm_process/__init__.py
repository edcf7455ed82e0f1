"""The process that has imported TensorFlow once and forks a job from itself."""
