"""What comes in: file formats and the loader."""
