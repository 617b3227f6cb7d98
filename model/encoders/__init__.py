"""Two more examples, in files as transformers and sentence-transformers save them."""
