"""What is scarce and shared by all processes: the page reader's quota, the machine's cores, the split of OCR slots."""
