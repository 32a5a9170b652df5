"""The process itself: workers and their supervisor, the memory allocator, CPUs and open files."""
