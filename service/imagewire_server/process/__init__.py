"""The process itself: its workers and their supervisor, its memory allocator, its CPUs and open files."""
