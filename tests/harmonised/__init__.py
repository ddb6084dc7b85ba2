"""The delivered maps on files in national words and on those of compilers."""
