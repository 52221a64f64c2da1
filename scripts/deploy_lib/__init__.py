"""What `scripts/deploy` does: releases in dated folders, their processes kept alive, the last one taken back."""
