"""What was measured for the book: a JSON file for each training or experiment (see `cnnlib.records`)."""
