"""The store on one machine: SQLite for what is known of answers and pictures, files for their bytes."""
